"""A generated module is an ordinary nn.Module: everything that PyTorch does with one works."""

from __future__ import annotations

import copy
import os
import pickle
import re
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn

import cnndsl
from cnndsl.ir.program import Program
from tests.oracle.agreement import check
from tests.running import compiled, imported, program_of, sample

FOLDER = Path(__file__).parent / "cases"
CASES = ["net", "downsample", "inverted_residual", "loops", "repeats", "branches", "awkward_names", "outputs_named"]

each_case = pytest.mark.parametrize("case", CASES)


def text_of(case: str) -> str:
    return (FOLDER / f"{case}.cnn").read_text(encoding="utf-8")


def model_of(case: str) -> tuple[nn.Module, tuple[Tensor, ...], Program]:
    text = text_of(case)
    program = program_of(text)
    module = imported(compiled(text).python())
    torch.manual_seed(0)
    network = program.network()
    model: nn.Module = getattr(module, network.name)()
    return model.eval(), sample(program, network), program


@pytest.mark.parametrize("case", ["net", "repeats", "inverted_residual", "outputs_named"])
def test_it_compiles_to_a_single_graph(case: str) -> None:
    model, inputs, _ = model_of(case)
    torch.compiler.reset()
    compiled_model = torch.compile(model, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled_model(*inputs), model(*inputs))


@pytest.mark.parametrize("case", ["net", "branches", "downsample"])
def test_it_can_be_exported(case: str) -> None:
    model, inputs, _ = model_of(case)
    exported = torch.export.export(model, inputs)
    with torch.no_grad():
        torch.testing.assert_close(exported.module()(*inputs), model(*inputs))


@each_case
def test_a_copy_gives_the_same(case: str) -> None:
    model, inputs, _ = model_of(case)
    again = copy.deepcopy(model)
    with torch.no_grad():
        torch.testing.assert_close(again(*inputs), model(*inputs))


@each_case
def test_a_state_dict_goes_from_one_to_another(case: str) -> None:
    model, inputs, _ = model_of(case)
    other, _, _ = model_of(case)
    for parameter in other.parameters():
        nn.init.constant_(parameter, 0.5)
    other.load_state_dict(model.state_dict(), strict=True)
    with torch.no_grad():
        torch.testing.assert_close(other(*inputs), model(*inputs))


@each_case
def test_it_is_built_on_the_meta_device(case: str) -> None:
    text = text_of(case)
    program = program_of(text)
    with torch.device("meta"):
        model = getattr(imported(compiled(text).python()), program.network().name)()
    assert {p.device.type for p in model.parameters()} == {"meta"}
    outputs = model(*sample(program, program.network(), device="meta"))
    for tensor in outputs.values() if isinstance(outputs, dict) else [outputs]:
        assert tensor.is_meta


@each_case
def test_it_runs_in_bfloat16(case: str) -> None:
    model, inputs, _ = model_of(case)
    outputs = model.bfloat16()(*(tensor.bfloat16() for tensor in inputs))
    for tensor in outputs.values() if isinstance(outputs, dict) else [outputs]:
        assert tensor.dtype is torch.bfloat16


@pytest.mark.parametrize("case", ["constants", "fixed_weights", "outputs_named"])
def test_it_is_built_in_another_default_dtype(case: str) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        model, inputs, _ = model_of(case)
        assert {t.dtype for t in model.state_dict().values() if t.is_floating_point()} == {torch.bfloat16}
        outputs = model(*inputs)
    finally:
        torch.set_default_dtype(before)
    for tensor in outputs.values() if isinstance(outputs, dict) else [outputs]:
        assert tensor.dtype is torch.bfloat16


@each_case
def test_the_memory_format_makes_no_difference(case: str) -> None:
    model, inputs, _ = model_of(case)
    with torch.no_grad():
        plain = model(*inputs)
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]
        last = model(*(tensor.to(memory_format=torch.channels_last) for tensor in inputs))
    torch.testing.assert_close(last, plain)


@each_case
def test_it_learns(case: str) -> None:
    model, inputs, _ = model_of(case)
    outputs = model.train()(*inputs)
    tensors = outputs.values() if isinstance(outputs, dict) else [outputs]
    torch.stack([tensor.square().mean() for tensor in tensors]).sum().backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_module_in_a_file_can_be_pickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "downsample_pickled.py").write_text(compiled(text_of("downsample")).python(), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    model = __import__("downsample_pickled").ResNet().eval()
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - what was pickled a moment ago
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(again(x), model(x))


def test_a_loaded_network_is_a_class_that_can_be_pickled(tmp_path: Path) -> None:
    path = tmp_path / "small net.cnn"
    path.write_text("network Small(classes = 10) { input(3, 8, 8); conv(4, 3) -> relu -> linear(classes) }")
    network = cnndsl.load(path, classes=3)
    assert issubclass(network, nn.Module)
    model = network()
    assert model(torch.zeros(2, 3, 8, 8)).shape == (2, 3)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - what was pickled a moment ago
    assert type(again) is network


def test_load_takes_the_last_network_or_the_one_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.cnn"
    path.write_text("network A { input(4); linear(2) }\nnetwork B { input(4); linear(3) }")
    assert cnndsl.load(path).__name__ == "B"
    assert cnndsl.load(path, "A").__name__ == "A"
    with pytest.raises(KeyError):
        cnndsl.load(path, "C")
    path.write_text("network A { input(4); linier(2) }")
    with pytest.raises(cnndsl.CompilationError, match="nothing is called linier"):
        cnndsl.load(path)


def train_a_step(rank: int, path: str, results: str) -> None:
    """One of two processes: a step of training on data of its own; its gradients go to a file."""
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    store = dist.FileStore(f"{results}/meeting", 2)  # type: ignore[attr-defined]
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    module = ModuleType("distributed")
    source = Path(path).read_text(encoding="utf-8")
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the golden module
    torch.manual_seed(rank)
    model = DistributedDataParallel(module.ResNet())
    model(torch.randn(2, 3, 32, 32)).square().mean().backward()
    gradients = {name: p.grad for name, p in model.module.named_parameters()}
    torch.save(gradients, f"{results}/{rank}.pt")
    store.set(f"saved {rank}", "")
    store.wait(["saved 0", "saved 1"])
    # Gloo's threads live on after destroy_process_group, and an interpreter that takes itself apart around them
    # aborts now and then. Both results are on disk, and neither process owes the other anything: leave at once.
    os._exit(0)


def test_two_processes_train_it_together(tmp_path: Path) -> None:
    path = FOLDER / "downsample.py"
    spawn(train_a_step, args=(str(path), str(tmp_path)), nprocs=2)  # type: ignore[no-untyped-call]
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert first.keys() == second.keys()
    for name, gradient in first.items():
        assert gradient is not None, f"{name} was not trained"
        torch.testing.assert_close(gradient, second[name])


def test_nothing_but_torch_is_needed() -> None:
    """But for the packages that a text itself names, on its extern lines."""
    for path in sorted(FOLDER.glob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        modules = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
        text = path.with_suffix(".cnn").read_text(encoding="utf-8")
        named = set(re.findall(r'^extern .*from "(\w+)', text, re.MULTILINE))
        assert modules <= {"torch", "collections", "functools", "math", "typing"} | named, path.name


def test_maps_of_the_size_of_another_fit_any_input() -> None:
    text = """
        network Pyramid {
            input(3, ?, ?)
            fine   = it -> conv(4, 3, stride=2, padding=1) -> relu
            coarse = fine -> conv(8, 3, stride=2, padding=1) -> relu -> conv(4, 1)
            fine + upsample(coarse, like=fine, mode="bilinear")
            upsample(it, like=input) -> conv(2, 1)
        }"""
    model = imported(compiled(text).python()).Pyramid().eval()
    graph = torch.export.export(model, (torch.zeros(1, 3, 33, 18),)).module()
    for size in [(33, 18), (1, 1), (7, 64)]:
        assert model(torch.zeros(2, 3, *size)).shape == (2, 2, *size)
    x = torch.randn(1, 3, 33, 18)
    torch.testing.assert_close(graph(x), model(x))


def test_a_map_is_cut_to_the_size_of_another() -> None:
    text = "network Net { input(3, ?, ?); inner = it -> conv(2, [4, 3], stride=[1, 2]); crop(input, like=inner) }"
    check(text.replace("?, ?", "9, 10"))
    model = imported(compiled(text).python()).Net()
    for height, width in [(4, 3), (9, 8), (20, 33)]:
        x = torch.randn(2, 3, height, width)
        columns = (width - 1) // 2
        left = (width - columns) // 2
        assert torch.equal(model(x), x[:, :, 1 : height - 2, left : left + columns])
    refused = cnndsl.compile(text.replace("input, like=inner", "inner, like=input"))
    assert "is larger than" in refused.diagnostics[0].message


def test_positions_are_laid_out_as_those_of_another() -> None:
    text = """
        block Attention(heads) {
            groupnorm(1) -> flatten(2) -> permute([0, 2, 1])
            [it, it, it] -> multihead_attention(heads) -> permute([0, 2, 1])
            unflatten(it, like=input) + input
        }
        network Net { input(3, ?, ?); conv(4, 3) -> relu -> Attention(2) -> relu -> Attention(1) }"""
    check(text.replace("?, ?", "9, 10"))
    in_numbers = "(it -> unflatten(2, [input.height, input.width]))"
    numbers = text.replace("?, ?", "9, 10").replace("unflatten(it, like=input)", in_numbers)
    model = imported(compiled(text).python()).Net().eval()
    fixed = imported(compiled(numbers).python()).Net().eval()
    fixed.load_state_dict(model.state_dict())
    x = torch.randn(2, 3, 9, 10)
    torch.testing.assert_close(model(x), fixed(x))
    graph = torch.export.export(model, (x,)).module()
    torch.testing.assert_close(graph(x), model(x))
    assert model(torch.zeros(1, 3, 33, 18)).shape == (1, 4, 31, 16)

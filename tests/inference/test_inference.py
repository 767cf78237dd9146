"""`--target inference`: the same outputs from trained weights, with less to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from cnndsl.analysis import costs
from cnndsl.analysis.batchnorm_folding import for_inference
from cnndsl.analysis.state_dict import tensors
from cnndsl.compiler import load
from cnndsl.ir.program import Program
from tests.compiled import MODELS, compilation_of, program_of
from tests.conftest import Golden
from tests.inference.support import check, unsettle
from tests.oracle.generator import generate
from tests.oracle.nesting import network
from tests.running import compiled, imported

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.cnn"))

each_case = pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_every_model_gives_what_it_gives_in_training_form(path: Path) -> None:
    """The smallest network of each file: the others are made of the same blocks."""
    program = program_of(path)
    smallest = min(program.networks, key=lambda key: costs.of(program, key).macs or 0)
    alone = program.model_copy(update={"networks": (smallest,)})
    _, served = check(replace(compilation_of(path), program=alone), torch.float32)
    assert not any(isinstance(module, _DropoutNd) for module in served.modules())


@pytest.mark.parametrize("seed", range(40))
def test_a_random_program(seed: int) -> None:
    check(compiled(generate(seed).text()))


@pytest.mark.parametrize("seed", [131034, 131041, 131081, 131097, 131126, 131130, 131143])
def test_a_random_network_with_lines_for_training(seed: int) -> None:
    text = network(seed)
    assert "when training" in text
    check(compiled(text))


@each_case
def test_the_module_is_the_golden_one(path: Path, golden: Golden) -> None:
    golden(path.with_suffix(".py"), compilation_of(path).for_inference().python())


@each_case
def test_a_case_gives_what_it_gives_in_training_form(path: Path) -> None:
    check(compilation_of(path))


@each_case
def test_the_form_for_inference_survives_json(path: Path) -> None:
    program = compilation_of(path).for_inference().program
    assert program is not None
    assert Program.model_validate_json(program.model_dump_json()) == program


NORMS = {
    "conv(8, 3) -> batchnorm -> relu": 0,
    "conv(8, 3) -> dropout(0.2) -> batchnorm -> relu": 0,
    "conv_transpose(8, 3) -> batchnorm": 0,
    "conv_transpose(6, 3, groups = 3) -> batchnorm": 1,
    "batchnorm -> relu -> conv(8, 3)": 1,
    "conv(8, 3) -> relu -> batchnorm": 1,
    "conv(8, 3) -> batchnorm(track_running_stats = false)": 1,
    "conv(8, 3) -> batchnorm(affine = false)": 0,
    "flatten -> linear(8) -> batchnorm": 0,
    "a = input -> conv(8, 3)\n    b = a -> batchnorm\n    a + b": 1,
    "a = input -> conv(8, 3)\n    b = a -> batchnorm\n    b -> relu": 0,
    "a = input -> conv(8, 3)\n    b = a -> batchnorm\n    output b, a": 1,
    "c = conv(3, 3, padding=1)\n    n = batchnorm\n    input -> c -> n -> c -> n": 1,
    "{ conv(8, 3) -> batchnorm -> dropout(0.1) } -> relu": 0,
    "flatten -> linear(8) -> batchnorm -> stochastic_depth(0.1)": 0,
    "linear(3, axis=-1) -> batchnorm": 1,  # of another axis than that of the dense layer
    "c = conv(3, 3, padding=1)\n    d = conv(3, 3, padding=1)\n    input -> c -> d -> c -> batchnorm": 1,
}


@pytest.mark.parametrize(("layers", "left"), NORMS.items(), ids=list(NORMS))
def test_what_can_be_folded_is_and_nothing_else(layers: str, left: int) -> None:
    _, served = check(compiled(f"network Net {{\n    input(3, 8, 8)\n    {layers}\n}}"))
    assert sum(isinstance(module, _BatchNorm) for module in served.modules()) == left


ENDS = {
    # Behind a chain whose last layer is a convolution.
    "Sep(4) -> batchnorm": 0,
    "Sep(4) -> dropout(0.1) -> batchnorm -> relu": 0,
    "{ relu; Sep(4); batchnorm; relu; Sep(4); batchnorm; Sep(4) }": 0,
    "Outer(4) -> batchnorm -> relu -> Outer(4, act=true)": 0,
    "Outer(4, act=true) -> batchnorm": 1,
    "Sep(4) -> batchnorm -> Sep(4)": 0,
    "repeat 2 { Sep(4) -> batchnorm }": 0,
    "ss = [Sep(3) for i in range(2)]; for s in ss { s -> batchnorm }": 0,
    "s = Sep(3); input -> s -> batchnorm -> s": 1,
    "a = input -> Sep(4); b = a -> batchnorm; a + b": 1,
    "chain = { conv(3, 1); conv(3, 1) }; a = input -> chain -> batchnorm; a + (it -> chain[1])": 1,
    "Block(4) -> batchnorm": 1,
    "flatten -> Dense(4) -> batchnorm": 0,
    "Transposed(4) -> batchnorm -> Transposed(4, groups=2) -> batchnorm": 1,
}
CHAINS = """
sequence Sep(c) { conv(input.channels, 3, padding=1, groups=input.channels); conv(c, 1, bias=false); dropout(0.1) }
sequence Outer(c, act = false) { conv(c, 1); { relu; Sep(c) }; if act { relu } }
sequence Dense(c) { linear(c) }
sequence Transposed(c, groups = 1) { conv_transpose(c, 2, groups=groups) }
block Block(c) { conv(c, 1) }
"""


@pytest.mark.parametrize(("layers", "left"), ENDS.items(), ids=list(ENDS))
def test_a_normalisation_behind_a_chain_is_folded_into_its_last_layer(layers: str, left: int) -> None:
    compilation = compiled(f"{CHAINS}network Net {{ input(3, 8, 8); {layers} }}")
    _, served = check(compilation)
    assert sum(isinstance(module, _BatchNorm) for module in served.modules()) == left
    program = compilation.for_inference().checked().program
    assert set(served.state_dict()) == {key for key, _ in tensors(program, program.network())}
    assert costs.of(program, "Net").parameters == sum(weight.numel() for weight in served.parameters())


def test_a_chain_that_is_in_two_places_is_folded_in_one() -> None:
    compilation = compiled("network Net(make = conv(3, 1)) { input(3, 8, 8); make -> batchnorm -> make }")
    shared = nn.Sequential(nn.Conv2d(3, 3, 1))
    trained = imported(compilation.python()).Net(make=lambda *_: shared).eval()
    unsettle(trained)
    served = imported(compilation.for_inference().python()).Net
    x = torch.randn(2, 3, 8, 8)
    wanted = trained(x)
    torch.testing.assert_close(served.from_trained(trained.state_dict(), make=lambda *_: shared)(x), wanted)


OUT_OF_STEP = [
    "for s in ss { s -> batchnorm }; it -> ss[1] -> relu",
    "for [s, b] in zip(ss, bs) { s -> b }; it -> bs[1]",
    "for [s, b] in zip(ss, reversed(bs)) { s -> b }",
    "for s in reversed(ss) { s -> batchnorm }",
    "for [i, s] in enumerate(reversed(ss)) { s -> batchnorm }",
    "concat([it -> s -> b for [s, b] in zip(ss, reversed(bs))])",
    "y = it -> conv(3, 1); for [s, b] in zip(ss, reversed(bs)) { y = y + (it -> s -> b) }; y",
    "y = it -> conv(3, 1); for s in ss { y = y + (it -> s) }; y + (it -> ss[1] -> relu)",
    "ms = []; for s in ss { relu; ms = ms + [it] }; for [s, b, m] in zip(reversed(ss), bs, ms) { it + (m -> s -> b) }",
    "ms = []; for s in ss { relu; ms = ms + [it] }; for [s, b, m] in zip(ss, reversed(bs), ms) { it + (m -> s -> b) }",
]


@pytest.mark.parametrize("lines", OUT_OF_STEP)
def test_lists_that_are_not_gone_through_side_by_side_are_left_alone(lines: str) -> None:
    lists = "ss = [conv(3, 1) for i in range(n)]; bs = [batchnorm for i in range(n)]"
    check(compiled(f"network Net(n = 3) {{ input(3, 8, 8); {lists}; {lines} }}"))


def test_an_activation_of_a_list_that_is_applied_elsewhere_too_overwrites_nothing() -> None:
    lines = "for a in acts { conv(3, 1) -> a }; x = it -> maxpool(2); y = x -> acts[1]; x + y"
    check(compiled(f"network Net {{ input(3, 8, 8); acts = [relu for i in range(3)]; {lines} }}"))


PARAMETERS = """
block B(norm, act = relu) {{
    conv(4, 3, padding=1) -> norm -> act
    (it -> conv(4, 1) -> norm) + (it -> conv(4, 3, padding=1))
}}
network Net(norm = {norm}) {{
    input(3, 8, 8)
    B(norm) -> B(batchnorm, tanh)
    chain = {{ batchnorm; conv(2, 1); relu }}
    chain[:1] -> conv(5, 1) -> norm
}}"""


@pytest.mark.parametrize(
    ("norm", "left"), [("batchnorm", 1), ("batchnorm(affine=false)", 1), ("instancenorm", 1), ("groupnorm(1)", 1)]
)
def test_a_normalisation_that_is_a_parameter_is_folded_where_it_can_be(norm: str, left: int) -> None:
    _, served = check(compiled(PARAMETERS.format(norm=norm)))
    assert sum(isinstance(module, _BatchNorm) for module in served.modules()) == left


OVERWRITES = {
    "conv(8, 3) -> relu": 1,
    "relu -> conv(8, 3)": 0,  # the caller's own numbers
    "maxpool(2) -> relu": 0,
    "c = conv(3, 3, padding=1)\n    input -> c -> relu -> conv(3, 1)": 1,
    "x = input -> conv(3, 3)\n    y = x -> relu\n    x + y": 0,
    "x = input -> conv(3, 3)\n    y = x -> relu\n    output y, x": 0,
    "act = relu\n    input -> conv(3, 3) -> act -> conv(3, 3) -> act": 1,
    "act = relu\n    input -> act -> conv(3, 3) -> act": 0,
}


@pytest.mark.parametrize(("layers", "count"), OVERWRITES.items(), ids=list(OVERWRITES))
def test_what_nobody_reads_again_is_overwritten(layers: str, count: int) -> None:
    _, served = check(compiled(f"network Net {{\n    input(3, 8, 8)\n    {layers}\n}}"))
    assert sum(isinstance(module, nn.ReLU) and module.inplace for module in served.modules()) == count


BRANCHES = {
    # Branches that are summed are one convolution.
    "b1 + b3": ("b1 = input -> conv(4, 1)\n b3 = input -> conv(4, 3, padding=1)\n b1 + b3", 1),
    "b1 + b3, of what flows": ("a = it -> conv(4, 1)\n b = it -> conv(4, 3, padding=1)\n a + b", 1),
    "with strides": ("(input -> conv(4, 3, 2, padding=1)) + (input -> conv(4, 1, 2))", 1),
    "same": ('(input -> conv(4, 5, padding="same")) + (input -> conv(4, 3, padding="same"))', 1),
    "same, even": ('(input -> conv(4, 5, padding="same")) + (input -> conv(4, 2, padding="same"))', 1),
    "spread": ("(input -> conv(4, 3, padding=2, dilation=2)) + (input -> conv(4, 1))", 1),
    "not square": ("(input -> conv(4, [3, 1], padding=[1, 0])) + (input -> conv(4, 3, padding=1))", 1),
    "a chain": ("(input -> a: { conv(4, 1); batchnorm }) + (input -> b: { conv(4, 3, padding=1); batchnorm })", 1),
    "dropout": ("(input -> conv(4, 1) -> batchnorm -> dropout(0.1)) + (input -> conv(4, 1))", 1),
    "normalisation": ("(input -> conv(3, 3, padding=1)) + (input -> batchnorm)", 1),
    "normalisation first": ("(input -> batchnorm(affine=false)) + (input -> conv(3, 3, padding=1))", 1),
    "in groups": (
        "(input -> conv(3, 3, padding=1, groups=3)) + (input -> conv(3, 1, groups=3)) + (input -> batchnorm)",
        1,
    ),
    "with the input": ("(input -> conv(3, 3, padding=1)) + (input -> conv(3, 1)) + input", 1),
    "with another": (
        "y = input -> maxpool(3, 1, padding=1) -> relu\n y + (input -> conv(3, 1)) + (input -> conv(3, 1))",
        1,
    ),
    "in a condition": ("if it.height > 2 { (it -> conv(3, 1)) + (it -> conv(3, 1)) }\n relu", 1),
    "one after another": ("repeat 2 { a = it -> conv(4, 1)\n b = it -> conv(4, 3, padding=1)\n a + b }", 4),
    # These are none.
    "non-linear": ("(input -> conv(4, 1) -> relu) + (input -> conv(4, 1))", 2),
    "non-linear before": ("(input -> relu -> conv(4, 1)) + (input -> conv(4, 1))", 2),
    "two in a row": ("(input -> conv(4, 1) -> conv(4, 3, padding=1)) + (input -> conv(4, 1))", 3),
    "not centred": ("(input -> conv(4, 3)) + (input -> conv(4, 1, padding=[0, 0]) -> avgpool(3, 1))", 2),
    "other groups": ("(input -> conv(3, 1, groups=3)) + (input -> conv(3, 1))", 2),
    "other strides": ("(input -> conv(4, 1, 2)) + (input -> conv(4, 4, 2, padding=1))", 2),
    "spread in another way": ("(input -> conv(4, 3, padding=2, dilation=2)) + (input -> conv(4, 3, padding=1))", 2),
    "at the edge": ('(input -> conv(4, 3, padding=1, padding_mode="reflect")) + (input -> conv(4, 1))', 2),
    "of another size": ("(input -> conv(4, 1)) + (input -> conv(4, [1, 8]))", 2),
    "of another value": ("y = input -> relu\n (y -> conv(4, 1)) + (input -> conv(4, 1))", 2),
    "shared": ("c = conv(4, 1)\n (input -> c) + (input -> c)", 1),
    "read elsewhere": ("a = input -> conv(4, 1)\n b = input -> conv(4, 1)\n a + b\n it * a", 2),
    "given out": ("a = input -> conv(4, 1)\n b = input -> conv(4, 1)\n output a + b, a", 2),
    "a difference": ("(input -> conv(4, 1)) - (input -> conv(4, 1))", 2),
    "a product": ("(input -> conv(4, 1)) * (input -> conv(4, 1))", 2),
    "statistics of the batch": ("(input -> conv(3, 1)) + (input -> batchnorm(track_running_stats=false))", 1),
    "other groups of a normalisation": (
        "(input -> conv(3, 1, groups=3)) + (input -> batchnorm) + (input -> conv(3, 1))",
        2,
    ),
}


@pytest.mark.parametrize(("layers", "left"), BRANCHES.values(), ids=list(BRANCHES))
def test_branches_that_are_summed_are_one_convolution(layers: str, left: int) -> None:
    _, served = check(compiled(f"network Net {{\n    input(3, 8, 8)\n    {layers}\n}}"))
    assert sum(isinstance(module, nn.Conv2d) for module in served.modules()) == left


@pytest.mark.parametrize("path", ["serving_repvgg", "serving_mobileone"])
def test_each_block_of_branches_is_one_convolution(path: str) -> None:
    trained, served = check(compilation_of(HERE / "cases" / f"{path}.cnn"))
    blocks = sum(type(module).__name__ in ("RepVGGBlock", "Reparametrised") for module in trained.modules())
    assert sum(isinstance(module, nn.Conv2d) for module in served.modules()) == blocks == 5
    assert not any(isinstance(module, _BatchNorm) for module in served.modules())


class Twice(nn.Conv2d):
    """A subclass that does more than a convolution."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(super().forward(x))


class Handed(nn.Conv2d):
    """A subclass that gives what comes in."""

    def forward(self, x: Tensor) -> Tensor:
        return x


FACTORIES = """
sequence Norm(make) { make(3, 3, padding=1) -> batchnorm -> relu }
sequence Act(make) { make(3, 3, padding=1) -> relu }
network Net(make = conv) {
    input(3, 8, 8)
    Norm(make) -> Act(make) -> a: make(3, 3, padding=1) -> n: batchnorm -> r: relu
    input - it - (input -> b: make(3, 3, padding=1) -> s: relu)
}"""


@pytest.mark.parametrize("make", [nn.Conv2d, Twice, Handed])
@torch.no_grad()
def test_a_subclass_of_a_convolution_is_left_alone(make: type[nn.Conv2d]) -> None:
    compilation = compiled(FACTORIES)
    trained = imported(compilation.python()).Net(make=make).eval()
    unsettle(trained)
    served = imported(compilation.for_inference().python()).Net.from_trained(trained.state_dict(), make=make)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(served(x.clone()), trained(x))
    if make is not nn.Conv2d:
        assert sum(isinstance(module, _BatchNorm) for module in served.modules()) == 2


@pytest.mark.parametrize("make", [nn.Conv2d, Twice, Handed])
@torch.no_grad()
def test_a_branch_that_is_a_subclass_is_left_alone(make: type[nn.Conv2d]) -> None:
    compilation = compiled(
        "sequence Norm(make) { make(3, 3, padding=1) -> batchnorm }\n"
        "network Net(make = conv) { input(3, 8, 8)\n "
        "(input -> Norm(make)) + (input -> Norm(conv)) + (input -> batchnorm) }"
    )
    trained = imported(compilation.python()).Net(make=make).eval()
    unsettle(trained)
    served = imported(compilation.for_inference().python()).Net.from_trained(trained.state_dict(), make=make)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(served(x.clone()), trained(x))
    assert sum(isinstance(module, nn.Conv2d) for module in served.modules()) == (1 if make is nn.Conv2d else 2)


@torch.no_grad()
def test_a_class_with_another_forward_is_left_alone() -> None:
    compilation = compiled("network Net { input(3, 8, 8)\n c: conv(4, 3) -> n: batchnorm -> r: relu }")

    def other(module: Any) -> Any:
        def forward(self: Any, x: Tensor) -> Tensor:
            y: Tensor = self.c(x)
            z: Tensor = y + self.r(self.n(y))
            return z

        return type("Other", (module.Net,), {"forward": forward})

    trained = other(imported(compilation.python()))().eval()
    unsettle(trained)
    served = other(imported(compilation.for_inference().python())).from_trained(trained.state_dict())
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(served(x), trained(x))


def test_an_activation_in_two_places_is_looked_at_in_each() -> None:
    compilation = compiled(
        "sequence Act(act) { act }\nsequence Conv(act) { conv(3, 1) -> act }\n"
        "network Net(act = relu) { input(3, 8, 8)\n y = input -> Act(act) -> Conv(act)\n y + input }"
    )
    act = nn.ReLU()
    net = imported(compilation.for_inference().python()).Net
    trained = imported(compilation.python()).Net().eval()
    x = torch.randn(2, 3, 8, 8)
    served = net.from_trained(trained.state_dict(), act=lambda: act)
    torch.testing.assert_close(served(x.clone()), trained(x))


def test_a_state_dict_that_lacks_something_is_refused() -> None:
    model = load(MODELS[0].with_name("digits.cnn"))()
    serving = load(MODELS[0].with_name("digits.cnn"), target="inference")
    weights = model.state_dict()
    weights.popitem()
    with pytest.raises(RuntimeError, match="Missing key"):
        serving.from_trained(weights)  # type: ignore[attr-defined]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@torch.no_grad()
def test_weights_of_another_precision_lose_none_in_folding(dtype: torch.dtype) -> None:
    path = HERE / "cases" / "serving_downsample.cnn"
    trained = load(path)().eval()
    unsettle(trained)
    weights = trained.to(dtype).state_dict()
    served = load(path, target="inference").from_trained(weights)  # type: ignore[attr-defined]
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(served(x), trained.to(torch.float32)(x))


def test_what_comes_in_is_left_as_it_is() -> None:
    compilation = compiled("network Net { input(3, 8, 8); conv(4, 3) -> batchnorm -> relu }")
    trained, served = check(compilation)
    x = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    kept, weights = x.clone(), {name: value.clone() for name, value in trained.state_dict().items()}
    served(x)
    assert torch.equal(x, kept)
    assert all(torch.equal(value, weights[name]) for name, value in trained.state_dict().items())


@pytest.mark.parametrize(
    ("body", "left_out"),
    [
        ("relu; when training { y = it -> side: conv(2, 1) }", {"side"}),
        ("y = it -> deep: conv(4, 1); relu", {"deep"}),
        ("scale = parameter([3, 1, 1], init=1); when training { y = it * scale }; relu", {"scale"}),
        ("heads = [conv(2, 1)] * 2; when training { y = it; for head in heads { y = y -> head } }; relu", {"heads"}),
        ("y = it; for i in range(2) { conv(3, 1); when training { y = it -> conv(3, 1) } }", {"conv2"}),
        ("for i in range(n) { relu; when training { y = it -> conv(3, 1) -> if i > 0 { tanh } } }", {"conv1"}),
        ("y = it; when training { y = it if n > 1 else (it -> Inner(3) * 2) }; relu", {"inner1"}),
        ("y = it; when training { y = it if n == 1 else (it -> Inner(3) * 2) }; relu", set()),
        ("act = relu if n > 1 else identity; when training { y = it -> act -> late: linear(3) }", {"late"}),
    ],
)
def test_the_module_has_no_parts_for_training(body: str, left_out: set[str]) -> None:
    block = "block Inner(c) { conv(c, 1) }"
    compilation = compiled(f"{block}; network Net(n = 1) {{ input(3, 8, 8); {body}; output it, y when training }}")
    trained, served = check(compilation)
    keys = {key.partition(".")[0] for key in trained.state_dict()}
    assert left_out <= keys
    assert {key.partition(".")[0] for key in served.state_dict()} == keys - left_out
    assert "self.training" not in compilation.for_inference().python()


@pytest.mark.parametrize(
    ("body", "is_folded"),
    [
        ("conv(8, 3) -> batchnorm", True),
        ("if norm { conv(8, 3) -> batchnorm }", True),
        ("conv(8, 3); if norm { batchnorm }", False),
        ("a = conv(8, 3); b = batchnorm if norm else identity; a -> b", False),
        ("conv(8, 3) -> b: (batchnorm if norm else identity)", False),
        ("conv(8, 3) -> if norm { batchnorm } else { relu }", False),
    ],
)
def test_what_a_condition_parts_is_folded_neither_in_the_program_nor_in_the_class(body: str, is_folded: bool) -> None:
    compilation = compiled(f"block B(norm = true) {{ {body} }}\nnetwork Net {{ input(3, 8, 8); B() }}")
    _, served = check(compilation)
    program = for_inference(compilation.checked().program)
    assert set(served.state_dict()) == {key for key, _ in tensors(program, program.network())}
    assert is_folded == (len(served.state_dict()) == 2)


IN_PART = [
    "side = [input -> conv(2, 1) for k in range(3)]; conv(4, 1) -> relu; concat(it, side[0], side[2])",
    "side = [input -> conv(2, 1) for k in range(3)]; x = side[0]; if deep { x = side[2] }; x + 1",
    "last = [it, it]; for k in [1, 2] { x = input; repeat n { x = x -> conv(4, 1) }; last = [last[1], x] }; last[1]",
    "side = [input -> conv(2, 1) for k in range(n)]; when training { extra = side[0] }; side[1]",
    "side = [it]; when training { side = [it -> relu] }; if deep { side = side + [it -> conv(2, 1)] }; side[-1]",
]


@pytest.mark.parametrize("lines", IN_PART)
def test_a_part_of_a_list_has_its_place_where_another_one_is_for_nothing(lines: str) -> None:
    check(compiled(f"network Net(n = 2, deep = true) {{ input(4, 8, 8); {lines} }}"))


def test_parts_for_training_are_gone() -> None:
    text = """
network Net {
    input(3, 8, 8)
    init conv: weight = zeros
    body = input -> conv(8, 3, padding=1) -> dropout(0.5)
    when training { hint = body -> aux: conv(2, 1) }
    body -> fc: linear(4)
    output it, hint when training
}"""
    program = compiled(text).program
    assert program is not None
    network = for_inference(program).network()
    assert [child.name for child in network.children] == ["conv1", "fc"]
    assert len(network.outputs) == 1
    assert not network.init

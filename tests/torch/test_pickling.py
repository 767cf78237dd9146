"""What `load` makes in other processes: the source of a class travels with it."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
from torch import nn

import cnndsl
from cnndsl import generated
from tests.fuzz.words import ROOT

TEXT = """
extern Hardshrink(lambd = 0.5) from "torch.nn" (shape = same)
block Unit(n) { conv(n, 3, padding=1) -> batchnorm -> relu }
sequence Head(n) { flatten -> linear(n) }
network Base(width = 4, deep = 1) {
    input(1, 4, 4)
    Unit(width)
    for _ in range(deep) { Unit(2 * width) }
    Hardshrink
    Head(3)
}
network Wide = Base(8)
network Deep = Base(deep=2)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "my net.cnn"
    path.write_text(TEXT)
    return path


def loaded(path: Path, name: str | None = None, **options: Any) -> Any:
    return cnndsl.load(path, name, allow_extern="torch.nn", **options)


def sent(value: Any, protocol: int | None = None) -> Any:
    """What comes out of a pickle."""
    return pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - it was written here


def python(script: str, *arguments: str) -> str:
    """What a script prints in a process of its own, which has loaded nothing yet."""
    command = [sys.executable, "-W", "error", "-c", dedent(script), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_saved_network_loads_in_another_process(path: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = loaded(path)().eval()
    x = torch.randn(2, 1, 4, 4)
    expected = model(x)
    block = model.get_submodule("unit1")
    torch.save((x, expected, model, block, type(block), [loaded(path, "Wide")(), loaded(path, "Base")]), tmp_path / "m")
    path.unlink()
    said = python(
        """
        import sys, torch
        x, expected, model, block, Unit, (wide, Base) = torch.load(sys.argv[1], weights_only=False)
        assert torch.equal(model(x), expected)
        assert type(model).__name__ == "Deep" and type(wide).__name__ == "Wide"
        assert model.unit1 is block and type(block) is Unit
        assert {type(m).__module__ for m in (model, wide, block)} == {Base.__module__}
        model.train()(x).sum().backward()
        torch.save(model, sys.argv[1])  # and on
        print(sorted(Base().state_dict())[:2])
        """,
        str(tmp_path / "m"),
    )
    assert said.strip() == str(sorted(loaded_keys())[:2])
    back = torch.load(tmp_path / "m", weights_only=False)
    assert type(back) is type(model)


def loaded_keys() -> list[str]:
    return list(cnndsl.compile(TEXT).load("Base", allow_extern="torch.nn")().state_dict())


def test_the_form_for_serving(path: Path, tmp_path: Path) -> None:
    trained = loaded(path, "Wide")()
    serving = loaded(path, "Wide", target="inference").from_trained(trained.state_dict())
    x = torch.randn(2, 1, 4, 4)
    torch.save((x, serving(x), serving, trained), tmp_path / "m")
    python(
        """
        import sys, torch
        x, expected, serving, trained = torch.load(sys.argv[1], weights_only=False)
        assert torch.equal(serving(x), expected)
        assert type(serving) is not type(trained)
        again = type(serving).from_trained(trained.state_dict())
        assert torch.equal(again(x), expected)
        """,
        str(tmp_path / "m"),
    )


def test_workers_that_are_spawned(path: Path, tmp_path: Path) -> None:
    """In pools and data loaders, whatever is sent: networks, classes, or what is there to make them."""
    script = tmp_path / "main.py"
    script.write_text(
        dedent(
            f"""
            from concurrent.futures import ProcessPoolExecutor
            from functools import partial
            from multiprocessing import get_context

            import torch
            from torch.utils.data import DataLoader, Dataset

            import cnndsl

            def run(number, model, x, given):
                torch.save(model(x), given)

            def keys(made):
                return list(made().state_dict())

            class Features(Dataset):
                def __init__(self, model):
                    self.model = model
                def __len__(self):
                    return 2
                def __getitem__(self, index):
                    with torch.no_grad():
                        return self.model(torch.full((1, 1, 4, 4), float(index)))[0]

            if __name__ == "__main__":
                torch.set_num_threads(1)
                Net = cnndsl.load({str(path)!r}, allow_extern="torch.nn")
                model, x = Net().eval(), torch.randn(2, 1, 4, 4)
                torch.multiprocessing.spawn(run, (model, x, {str(tmp_path / "y")!r}))
                assert torch.equal(torch.load({str(tmp_path / "y")!r}), model(x))
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    expected = list(model.state_dict())
                    assert pool.submit(keys, Net).result() == expected
                    assert pool.submit(keys, partial(Net)).result() == expected
                    back = pool.submit(Net).result()
                    assert type(back) is Net and list(back.state_dict()) == expected
                loader = DataLoader(Features(model), num_workers=1, multiprocessing_context="spawn")
                seen = torch.cat(list(loader))
                assert torch.equal(seen, torch.stack([Features(model)[k] for k in range(2)]))
                print("all well")
            """
        )
    )
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout.strip() == "all well", done.stderr


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_in_one_process_a_class_stays_itself(path: Path, protocol: int) -> None:
    net = loaded(path)
    model = net()
    again, kind = sent((model, net), protocol)
    assert type(again) is kind is net
    assert again.state_dict()["unit1.conv1.weight"].equal(model.state_dict()["unit1.conv1.weight"])


def test_the_source_is_there_once(path: Path) -> None:
    net = loaded(path)
    made = pickle.dumps([net() for _ in range(3)])
    assert made.count(b"class Deep(") == 1


def test_copies_and_hooks(path: Path) -> None:
    model = loaded(path)()
    calls: list[str] = []
    model.register_state_dict_post_hook(functools.partial(note, calls))
    again = copy.deepcopy(model)
    assert type(again) is type(model)
    assert again.unit1 is not model.unit1
    assert copy.deepcopy(type(model)) is type(model)
    back = sent(model)
    for one in (again, back):
        one.state_dict()
        hooks = one._state_dict_hooks.values()
        assert [hook.args for hook in hooks] == [(["state_dict"],)]
    assert calls == []


def note(calls: list[str], *_arguments: object) -> None:
    calls.append("state_dict")


class Mine:
    """Stands for a class in a file of one's own; `test_subclasses` makes it a subclass of a network."""


def test_subclasses_are_their_own_file_s(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metaclass: Any = type(loaded(path))
    made = metaclass("Mine", (loaded(path),), {"__module__": __name__})
    monkeypatch.setattr(sys.modules[__name__], "Mine", made)
    written = pickle.dumps(made())
    assert type(pickle.loads(written)) is made  # noqa: S301 - it was written here
    assert b"tests.torch.test_pickling" in written
    local = metaclass("Local", (made,), {"__module__": __name__, "__qualname__": "f.<locals>.Local"})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(local())


def test_a_text_that_was_changed_is_another_class(path: Path) -> None:
    old = loaded(path)
    assert loaded(path) is old
    path.write_text(TEXT.replace("Head(3)", "Head(5)"))
    new = loaded(path)
    x = torch.zeros(2, 1, 4, 4)
    assert new()(x).shape == (2, 5)
    for made, classes in ((old, 3), (new, 5)):
        back = sent(made())
        assert type(back) is made
        assert back(x).shape == (2, classes)


def test_it_is_a_module_as_from_a_file(path: Path) -> None:
    net = loaded(path)
    module = sys.modules[net.__module__]
    assert module.__name__.startswith("cnndsl_loaded_my_net_")
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__
    assert module.__spec__.origin == module.__file__
    source = cnndsl.compile(path).python()
    assert inspect.getsource(module) == source
    assert inspect.getsource(net) in source
    assert inspect.getsource(net.forward).lstrip().startswith("def forward(self, x: Tensor)")
    assert inspect.getsourcelines(net)[1] == source[: source.index("class Deep(")].count("\n") + 1
    with pytest.raises(RuntimeError) as raised:
        net()(torch.zeros(2, 3, 4, 4))
    said = "".join(traceback.format_exception(raised.value))
    assert "x = self.unit1(x)" in said
    assert "self.conv1(x)" in said


def test_weights_alone_are_no_network(path: Path, tmp_path: Path) -> None:
    torch.save(loaded(path)(), tmp_path / "m")
    with pytest.raises(pickle.UnpicklingError, match=r"cnndsl.generated.rebuilt"):
        torch.load(tmp_path / "m", weights_only=True)
    torch.save(loaded(path)().state_dict(), tmp_path / "w")
    loaded(path)().load_state_dict(torch.load(tmp_path / "w", weights_only=True))


def test_what_fails_leaves_no_module() -> None:
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        generated.module_of("1 / 0\n", "net")
    assert set(sys.modules) == before


@pytest.mark.parametrize("stem", ["", "my-net", "x" * 1000, "a.b", "../é\n\x00", "torch"])
def test_odd_names(stem: str) -> None:
    module = generated.module_of("class Net(object):\n    pass\n", stem)
    assert module.__name__.isidentifier()
    assert module.__name__.isascii()
    assert len(module.__name__) < 100
    assert type(sent(module.Net())) is module.Net


def test_several_threads_get_one_class(path: Path) -> None:
    made: list[type[nn.Module]] = []
    source = cnndsl.compile(path).python() + "\n# of threads\n"
    threads = [threading.Thread(target=lambda: made.append(generated.module_of(source, "net").Deep)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1

"""What holds for every backend: its options are told, typed and checked, and the same text gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import cnndsl
from cnndsl.backends import registered
from cnndsl.backends.options import fields
from cnndsl.cli.backend import Command, options_of
from cnndsl.compilation import Compilation
from cnndsl.diagnostics import OptionError

NAMES = sorted(registered())
RESNET = Path("models/resnet.cnn").absolute()
DRAW = """
import sys
from pathlib import Path
import cnndsl
from cnndsl.backends import registered
for model in sys.argv[1:]:
    compilation = cnndsl.compile(Path(model))
    for name in registered():
        made = getattr(compilation, name)()
        print(name, getattr(made, "source", made))
"""


def compiled() -> Compilation:
    text = "block B(c) { conv(c, 3, padding=1) -> relu }; network Net { input(3, 8, 8); B(4) -> linear(2) }"
    return cnndsl.compile(text)


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_told(name: str) -> None:
    backend = registered()[name]
    method = getattr(compiled(), name)
    assert method.__name__ == name
    assert method.__doc__.startswith((backend.options.__doc__ or "").split("\n")[0])
    assert list(signature(method).parameters) == list(fields(backend.options))
    for option, field in fields(backend.options).items():
        assert (field.description or "").endswith("."), option
        assert f"\n{option}: {field.description}" in method.__doc__
        assert not field.is_required()


@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_takes_every_option(name: str) -> None:
    """Those of the terminal it gives by itself; no two have the same name, and the defaults are those of the model."""
    command = Command("x", params=[], callback=options_of(lambda: registered()[name].options)(lambda **_: 0))
    command.params = command.callback.__click_params__  # type: ignore[union-attr]
    with command.make_context("x", []) as context:
        given = context.params["options"]
    missing = set(fields(registered()[name].options)) - set(given)
    assert missing <= {"color", "width", "bars"}
    usual = registered()[name].options()
    assert {option: value or None for option, value in given.items()} == {
        option: getattr(usual, option) or None for option in given
    }


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("summary", {"depth": -1}, "depth is at least 0, and not -1"),
    ("summary", {"batch": 2**31}, "batch is at most 2,147,483,647, and not 2147483648"),
    ("summary", {"depth": "deep"}, "depth is a whole number, and not 'deep'"),
    ("summary", {"fold": 3}, "fold is True or False, and not 3"),
    ("summary", {"network": 3}, "network is a text, and not 3"),
    ("summary", {"format": "txt"}, "there is no format 'txt'; there are text, markdown, json, csv"),
    ("summary", {"columns": ["size"]}, "there is no column size; there are name, layer, arguments, output"),
    ("summary", {"columns": ["name"], "format": "csv"}, "columns are for text and Markdown; csv has all of them"),
    ("diagram", {"format": "jpg"}, "there is no format 'jpg'; there are svg, png, pdf"),
    ("dot", {"expand": "B"}, "expand takes a list of names, and not 'B'"),
    ("mermaid", {"expand": ["C"]}, "Net has no block or part C with an inside; its blocks are B"),
    ("volumes", {"expand": [3]}, "expand takes a list of names, and not [3]"),
    ("graph", {"sizes": {"H": 3}}, "Net has no open size H"),
    ("explain", {"part": "conv"}, "Net has no conv"),
]


@pytest.mark.parametrize(("name", "options", "words"), WRONG)
def test_a_wrong_value_is_refused(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError) as caught:
        getattr(compiled(), name)(**options)
    assert str(caught.value).startswith(words)
    assert caught.value.option == next(iter(options))
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


def test_type_checkers_know_the_options() -> None:
    """Each remark asks mypy for the error that is named, and is an error itself where there is none."""
    compilation = compiled()
    table: str = compilation.summary("Net", depth=1, columns=["name"])
    drawn: bytes = compilation.diagram("svg", "Net", expand={"B"}, direction="LR")
    assert table.startswith("Net")
    assert drawn.startswith(b"<svg")
    with pytest.raises(OptionError):
        compilation.summary(depth="1.5")  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        compilation.dot(theme="blue")  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match="Summary takes no option 'deepth'; its options are network, lang, sizes, format"
    ):
        compilation.summary(deepth=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Dot takes no further value by position"):
        compilation.dot("Net", "LR")  # type: ignore[call-arg, arg-type]


def test_a_text_with_errors_has_none_of_it() -> None:
    for name in NAMES:
        with pytest.raises(cnndsl.CompilationError):
            getattr(cnndsl.compile("network Net { input(3, 8, 8); rely }"), name)()


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, cnndsl.compiler; print(*sorted(name for name in sys.modules if '.backends.' in name))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []
    with pytest.raises(AttributeError, match=r"module 'cnndsl\.backends' has no attribute 'keras'"):
        getattr(cnndsl.backends, "keras")  # noqa: B009 - a type checker knows that it is not there


def test_the_same_bytes_whatever_the_order_of_sets() -> None:
    def run(seed: str) -> bytes:
        models = [str(RESNET.with_name(f"{name}.cnn")) for name in ("lenet", "googlenet")]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", DRAW, *models]
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout

    made = run("1")
    assert made == run("2")
    assert all(start in made for start in (b"digraph", b"flowchart", b"<svg"))

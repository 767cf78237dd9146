"""What is made for the documents is as the code and the models are now."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin
from xml.etree import ElementTree

import pytest
from pydantic.fields import FieldInfo

import cnndsl
from cnndsl.backends import registered
from cnndsl.backends.options import CommandLine, fields, mark_of
from cnndsl.highlighting import FILES
from cnndsl.i18n import Language
from cnndsl.reference import page
from tests.conftest import Golden
from tests.docs.blocks import BLOCKS, ROOT

OPTIONS = "| option | of | takes | by default | what it is for |\n| --- | --- | --- | --- | --- |\n"
"""How the table of options begins in docs/library.md."""
PICTURES = {"net": ROOT / "models" / "net.cnn", "first": ROOT / "docs" / "tutorial.md"}
"""Picture in docs/images -> the file that it shows, or the document with a text of its name."""


def test_the_page_of_layers_is_current(golden: Golden) -> None:
    golden(ROOT / "docs" / "layers.md", page())


@pytest.mark.parametrize("path", FILES)
def test_the_syntax_of_an_editor_is_current(path: str, golden: Golden) -> None:
    golden(ROOT / "editors" / path, FILES[path]())


def test_the_table_of_options_is_current(golden: Golden) -> None:
    document = ROOT / "docs" / "library.md"
    before, head, rest = document.read_text(encoding="utf-8").partition(OPTIONS)
    assert head
    golden(document, f"{before}{head}{''.join(_options())}\n{rest.partition(chr(10) * 2)[2]}")


def _options() -> Iterator[str]:
    """The rows of the table: each option once, with the methods that have it alike."""
    methods: dict[tuple[str, ...], list[str]] = {}
    for method, backend in registered().items():
        for name, field in fields(backend.options).items():
            line = mark_of(field, CommandLine) or CommandLine()
            flag = f"`{line.flag}` turns it off" if line.without else f"it is `{line.flag}`" if line.flag else ""
            cells = (name, _takes(field), _default(field.default), field.description or "", flag)
            methods.setdefault(cells, []).append(f"`{method}`")
    for (name, takes, default, words, flag), of in sorted(methods.items(), key=lambda row: -len(row[1])):
        also = f" On the command line {flag}." if flag else ""
        yield f"| `{name}` | {', '.join(of)} | {takes} | {default} | {words.replace('|', chr(92) + '|')}{also} |\n"


def _takes(field: FieldInfo) -> str:
    kinds: list[Any] = [kind for kind in get_args(field.annotation) or [field.annotation] if kind is not NoneType]
    if all(isinstance(kind, str) for kind in kinds):
        return ", ".join(f'`"{kind}"`' for kind in kinds)
    if get_origin(field.annotation) in (Collection, Mapping) or get_origin(kinds[0]) is Mapping:
        return "numbers by names" if get_origin(kinds[0]) is Mapping else "names"
    bounds = [f"{word} {getattr(mark, key):,}" for mark in field.metadata for key, word in SIDES if hasattr(mark, key)]
    return " ".join([{int: "a whole number", bool: "a truth value", str: "a text"}[kinds[0]], *bounds])


SIDES = (("ge", "from"), ("le", "to"))


def _default(value: object) -> str:
    return "" if value in (None, (), "") else f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(("docs", "language"), [("docs", "en"), ("docs/ja", "ja")])
def test_a_picture_is_current(docs: str, language: Language, name: str, request: pytest.FixtureRequest) -> None:
    drawn = _drawn(name, PICTURES[name], language)
    path = ROOT / docs / "images" / f"{name}.svg"
    if request.config.getoption("--update"):
        path.write_bytes(drawn)
    assert _content(path.read_bytes()) == _content(drawn)


def _drawn(name: str, source: Path, language: Language) -> bytes:
    if source.suffix == ".cnn":
        return cnndsl.compile(source).diagram("svg", theme="auto", lang=language)
    document = source.relative_to(ROOT).as_posix()
    [text] = [block.text for block in BLOCKS if block.document == document and block.file == f"{name}.cnn"]
    return cnndsl.compile(text, name=f"{name}.cnn").volumes(lang=language).encode()


def _content(picture: bytes) -> list[tuple[str, str | None, str]]:
    """What a picture says and in which order, whatever the renderer's version makes of the places."""
    elements = ElementTree.fromstring(picture).iter()  # noqa: S314 - our own file
    return [(re.sub(r"{.*}", "", e.tag), e.get("class"), (e.text or "").strip()) for e in elements]


def test_a_picture_that_is_not_current_is_noticed() -> None:
    before = cnndsl.compile("network Net { input(3, 8, 8); conv(8, 3) }").diagram()
    after = cnndsl.compile("network Net { input(3, 8, 8); conv(9, 3) }").diagram()
    assert _content(before) != _content(after)

"""What a notebook shows, in a real one; and that texts and bytes are still what they are."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import cnndsl
from cnndsl.display import Lines, MarkdownText, PictureBytes

NET = "network Net(classes = 4) { input(3, 8, 8); conv(5, 3) -> relu; linear(classes) }"


class Printed:
    """What was printed."""

    def __init__(self) -> None:
        self.shown = ""

    def text(self, text: str) -> None:
        self.shown += text


def printed(value: Any) -> str:
    printer = Printed()
    value._repr_pretty_(printer, False)
    return printer.shown


def run(*cells: str) -> list[Any]:
    """The outputs of the cells of a notebook."""
    pytest.importorskip("ipykernel", reason="a notebook needs ipykernel")
    nbclient = pytest.importorskip("nbclient", reason="a notebook needs nbclient")
    nbformat = pytest.importorskip("nbformat", reason="a notebook needs nbformat")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3", allow_errors=True).execute()
    return [cell.outputs for cell in book.cells]


def test_a_notebook() -> None:
    loaded, net, table, volumes, wrong, again, refused, keyword, warned, explained, page, changed = run(
        "%load_ext cnndsl",
        "%%cnn net --set classes=7\n" + NET,
        "net.summary()",
        "net.volumes()",
        "%%cnn\nnetwork Bad { input(3, 8, 8); conv(3, 9) } # <b>bold</b>",
        "print(net.program.network().outputs and net.ok, type(net.diagram()).__name__); net.diagram()",
        "%%cnn --set classes\n" + NET,
        "%%cnn class\n" + NET,
        "%%cnn\n" + NET.replace("relu;", "relu -> relu;"),
        "net.explain('conv1')",
        "net.html()",
        "net.diff(net)",
    )
    assert loaded == []
    data = net[0].data
    assert "<svg" in data["image/svg+xml"]
    assert "7 outputs" in data["image/svg+xml"]
    assert "text/html" not in data
    assert "| conv1 | conv" in table[0].data["text/markdown"]
    assert "conv1" in table[0].data["text/plain"]
    assert "\\n" not in table[0].data["text/plain"]
    assert volumes[0].data["image/svg+xml"].startswith("<svg")
    assert volumes[0].data["text/plain"].startswith("<image/svg+xml of ")
    assert wrong[0].output_type == "error", "no further cell is run"
    assert "error[E302]" in wrong[0].evalue
    assert "E302" in wrong[0].traceback[0]
    assert ".py" not in "".join(wrong[0].traceback)
    assert again[0].text == "True PictureBytes\n"
    assert set(again[1].data) == {"image/svg+xml", "text/plain"}
    assert "is not of the form NAME=VALUE" in refused[0].text
    assert "'class' is no name for a variable" in keyword[0].text
    assert "warning[" in warned[0].data["text/html"]
    assert "<svg" in warned[0].data["text/html"]
    assert explained[0].data["text/plain"].splitlines()[0].startswith("conv1 = conv(5, 3)")
    assert page[0].data["text/html"].startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert page[0].data["text/plain"].startswith("<text/html of ")
    assert changed[0].data["text/plain"] == "<Difference of Net and Net: none>"


def test_a_picture_is_still_its_bytes() -> None:
    picture = cnndsl.compile(NET).diagram()
    assert isinstance(picture, PictureBytes)
    assert isinstance(picture, bytes)
    assert picture == bytes(picture)
    for other in (pickle.loads(pickle.dumps(picture)), copy.deepcopy(picture)):  # noqa: S301 - our own
        assert (type(other), other, other.media) == (PictureBytes, picture, "image/svg+xml")
    assert picture._repr_mimebundle_(include=None, exclude=None) == {"image/svg+xml": picture.decode()}
    assert printed(picture) == f"<image/svg+xml of {len(picture):,} bytes>"
    png = cnndsl.compile(NET).diagram("png")
    assert isinstance(png, PictureBytes)
    assert png._repr_mimebundle_()["image/png"].startswith("iVBOR")


def test_a_table_is_still_its_text() -> None:
    compilation = cnndsl.compile(NET)
    table = compilation.summary()
    assert isinstance(table, MarkdownText)
    assert table == str(table)
    assert table._repr_markdown_() == compilation.summary(format="markdown")
    assert printed(table) == table.rstrip("\n")
    for other in (pickle.loads(pickle.dumps(table)), copy.copy(table)):  # noqa: S301 - our own
        assert (type(other), other) == (str, table)
    assert compilation.summary(format="json").startswith("{")


def test_texts_are_shown_as_lines() -> None:
    compilation = cnndsl.compile(NET)
    explained, markdown = compilation.explain(), compilation.explain(format="markdown")
    for text in (compilation.python(), compilation.dot(), compilation.mermaid(), explained, markdown):
        assert isinstance(text, Lines)
        assert printed(text) == text.rstrip("\n")
        assert type(pickle.loads(pickle.dumps(text))) is str  # noqa: S301 - our own
    assert isinstance(markdown, MarkdownText)
    assert markdown._repr_markdown_() == markdown
    assert not hasattr(explained, "_repr_markdown_")
    assert compilation.mermaid()._repr_markdown_().startswith("```mermaid\n")  # type: ignore[attr-defined]


def test_what_was_found_is_shown() -> None:
    compilation = cnndsl.compile("network Net { input(3, 8, 8) -> conv(3, 9) } # <script>alert(1)</script>")
    html = compilation._repr_html_()
    assert html is not None
    assert html.startswith("<pre")
    assert "<script" not in html
    assert "\x1b" not in html
    style = html[: html.index(">")]
    for rule in ("background:#fff", "color:#", "font-family:monospace", "white-space:pre;"):
        assert rule in style, "the page around it may be dark, and have another font for code"
    assert compilation._repr_svg_() is None
    assert cnndsl.compile(NET)._repr_html_() is None

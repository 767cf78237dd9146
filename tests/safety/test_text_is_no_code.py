"""What a text says stays text in all that is made of it: a label with signs of other languages changes no structure."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import cnndsl
from cnndsl.cli import main
from cnndsl.compilation import Compilation
from cnndsl.ir.names import MODULE_ATTRIBUTES, why_not, why_not_class, why_not_key
from tests.mermaid.reading import plain, read
from tests.running import compiled, imported

HOSTILE = [
    "'''", "\\", "\\'", "' + __import__('os') + '", "\\N", "#", "a}b", "';import os;'",
    "</text><script>alert(1)</script>", "--><script>", "<!--", "]]>", "&lt;script&gt;", "<img src=x onerror=alert(1)>",
    "`$(id)`", "$x$", "|a|b|", "[x](javascript:alert(1))", "**x**", "%%", "click n1 call", "end here", "\\l\\n", "=1+1",
    "+1", "-1", "@x", "\\input", "_^~&%$#", "日本 語", "::error::x",
]  # fmt: skip
HARMLESS = [f"part-{number}" for number in range(len(HOSTILE))]


def network(labels: list[str]) -> Compilation:
    """A network with these labels, each given to a layer of another size, so that no two are drawn as one."""
    lines = "".join(f'    "{label}": conv({number + 2}, 1)\n' for number, label in enumerate(labels))
    return compiled(f"network Net {{\n    input(3, 8, 8)\n{lines}}}\n")


class _Blank(ast.NodeTransformer):
    """Takes the labels out."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


def test_the_module_is_that_of_harmless_labels() -> None:
    hostile, harmless = (_Blank().visit(ast.parse(network(labels).python())) for labels in (HOSTILE, HARMLESS))
    assert ast.dump(hostile) == ast.dump(harmless)


def test_the_module_has_the_labels_to_the_letter() -> None:
    model = imported(network(HOSTILE).python()).Net()
    assert [name for name, _ in model.named_children()] == HOSTILE


@pytest.mark.parametrize("style", ["diagram", "volumes"])
def test_a_picture_has_no_elements_of_the_text(style: str) -> None:
    def parts(labels: list[str]) -> tuple[set[str], set[tuple[str, str]], str]:
        made = network(labels)
        svg = made.diagram(expand=["*"]) if style == "diagram" else made.volumes(expand=["*"]).encode()
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own
        attributes = [pair for element in root.iter() for pair in element.attrib.items()]
        links = {pair for pair in attributes if pair[0].startswith("on") or pair[0].endswith("href")}
        return {element.tag for element in root.iter()}, links, "".join(root.itertext())

    elements, links, words = parts(HOSTILE)
    assert (elements, links) == parts(HARMLESS)[:2]
    assert not any(tag.endswith("script") for tag in elements)
    assert all(name.endswith("href") and value.startswith("test.cnn#L") for name, value in links)
    assert "alert(1)" in words


def test_mermaid_has_the_same_chart() -> None:
    hostile, harmless = (read(network(labels).mermaid(expand=["*"])) for labels in (HOSTILE, HARMLESS))
    assert hostile.links == harmless.links
    assert len(hostile.nodes) == len(harmless.nodes)
    shown = " ".join(plain(node.label) for node in hostile.nodes.values())
    assert "<script>" in shown


def test_a_markdown_table_has_the_same_cells() -> None:
    hostile, harmless = (network(labels).summary(format="markdown").splitlines() for labels in (HOSTILE, HARMLESS))
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in hostile] == [line.count("|") for line in harmless]
    names = [re.split(r"(?<!\\)\|", line)[1] for line in hostile if line.startswith("|")][2:-1]
    assert [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", name.strip()) for name in names] == HOSTILE
    for name in names:
        assert re.search(r"(?<!\\)(?:\\\\)*[<>&`*\[\]$]", name) is None


def test_an_explanation_in_markdown_has_no_markup_of_the_text() -> None:
    said = network(HOSTILE).explain(format="markdown")
    outside_of_code = re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", said)
    assert re.search(r"(?<!\\)<|\]\(javascript", outside_of_code) is None


def test_latex_has_no_commands_of_the_text() -> None:
    said = network(HOSTILE).explain(format="latex")
    assert "\\input" not in said
    assert said.count("\\begin{") == said.count("\\end{") == network(HARMLESS).explain(format="latex").count("\\end{")
    bare = re.sub(r"\\[{}\\]", "", said)
    assert bare.count("{") == bare.count("}")


def test_a_page_has_no_elements_of_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def elements(labels: list[str]) -> tuple[Counter[str], set[str], str]:
        name = "hostile" if labels is HOSTILE else "harmless"
        path, page, words = (tmp_path / f"{name}.{suffix}" for suffix in ("cnn", "html", "txt"))
        lines = "".join(f'    "{label}": conv(2, 1)\n' for label in labels)
        path.write_text(f"network Net {{\n    input(1, 2, 2)\n{lines}    linear(3)\n}}\n", encoding="utf-8")
        words.write_text("\n".join(labels[8:11]), encoding="utf-8")
        arguments = ["explain", path, "--values", "1 2; 3 4", "--labels", words, "-o", page]
        assert main([str(argument) for argument in arguments]) == 0, capsys.readouterr().err
        reader = _Page()
        reader.feed(page.read_text(encoding="utf-8"))
        return reader.tags, reader.attributes, reader.words

    tags, attributes, words = elements(HOSTILE)
    assert (tags, attributes) == elements(HARMLESS)[:2]  # the scripts are the page's own
    assert not any(name.startswith("on") for name in attributes)
    assert "</text><script>alert(1)</script>" in words


class _Page(HTMLParser):
    """What is in a page, as a browser reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def test_csv_has_no_formulas() -> None:
    rows = list(csv.DictReader(network(HOSTILE).summary(format="csv").splitlines()))
    formulas = ("=", "+", "-", "@")
    assert [row["path"] for row in rows] == [f"'{x}" if x.startswith(formulas) else x for x in HOSTILE]
    assert not any(value.startswith(formulas) for row in rows for value in row.values())


def test_json_has_the_labels() -> None:
    rows = json.loads(network(HOSTILE).summary(format="json"))["rows"]
    assert [row["path"] for row in rows] == HOSTILE


@pytest.mark.parametrize("name", ["forward", "train", "self", "class", "torch", "nn", "super", "__init__", "a-b", "1a"])
def test_a_name_that_would_break_the_module_is_refused(name: str) -> None:
    assert why_not(name) is not None
    assert not cnndsl.compile(f"network Net {{ input(3, 8, 8); {name} = relu; {name} }}").ok


def test_no_attribute_of_a_module_can_be_lost() -> None:
    assert [name for name in sorted(MODULE_ATTRIBUTES) if not (why_not(name) and why_not_key(name))] == []


@pytest.mark.parametrize("name", ["print", "torch", "Tensor", "match", "__all__", "None"])
def test_a_class_cannot_be_called_as_what_the_module_uses(name: str) -> None:
    accepted = cnndsl.compile(f"block {name} {{ relu }}\nnetwork Net {{ input(3, 8, 8); {name} }}").ok
    assert accepted == (why_not_class(name) is None)


@pytest.mark.parametrize("name", ["begun", "channels_after", "make_divisible", "of_features", "with_weights"])
def test_what_a_generated_module_defines_is_no_name_of_a_class_or_a_parameter(name: str) -> None:
    block = f"block {name} {{ relu }}\nnetwork Net {{ input(3, 8, 8); {name} }}"
    parameter = f"network Net({name} = 3) {{ input(3, 8, 8); linear({name}) }}"
    for text in (block, parameter):
        assert [found.code for found in cnndsl.compile(text).diagnostics if found.code[0] == "E"] == ["E203"]


@pytest.mark.parametrize("label", ["a\u202eb", "a\u2028b", "a\u200bb", "a\x1b[2Jb", "a\rb", "a.b", "", "x" * 201])
def test_a_label_that_is_no_key_is_refused(label: str) -> None:
    assert why_not_key(label) is not None
    assert not cnndsl.compile(f'network Net {{ input(3, 8, 8); "{label}": relu }}').ok


def test_a_value_that_a_block_calls_x_is_not_its_first_one() -> None:
    block = "block B(x, x_) { conv(3, 1) -> relu; (it + x) * x_ }"
    made = compiled(f"{block}\nnetwork Net {{ input(3, 8, 8); a = it -> relu; B(input, a) }}\n").python()
    first = next(line for line in made.splitlines() if "def forward" in line)
    assert first == "    def forward(self, x: Tensor, x_: Tensor, x__: Tensor) -> Tensor:"
    assert "x = (x + x_) * x__" in made


def test_no_argument_of_a_class_from_elsewhere_is_one_that_python_refuses() -> None:
    text = 'extern Foo(__debug__ = 1) from "mine" (shape = same)\nnetwork Net { input(3, 8, 8); Foo }'
    assert [found.code for found in cnndsl.compile(text).diagnostics] == ["E203"]

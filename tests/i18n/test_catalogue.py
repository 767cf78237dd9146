"""Every sentence that is translated has its Japanese, with the same values in it, and no other is in the catalogue."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

import cnndsl
from cnndsl import i18n
from cnndsl.backends import registered
from cnndsl.backends.captions import macs
from cnndsl.backends.summary.entries import COLUMNS, SHORTER
from cnndsl.i18n import catalogue, language, speaking, tr, trn
from cnndsl.layers import formula, windows
from cnndsl.layers.base import Group, first_paragraph
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.lsp.vocabulary import FUNCTIONS, KEYWORDS, PROPERTIES, RULES
from cnndsl.web import TEMPLATES

JA = catalogue("ja")
PARAMETERS = {
    *("kernel", "padding", "stride", "dilation", "size", "sizes", "scale", "factor", "proj", "margins"),
    *("output_padding", "ceil_mode"),
}
"""The parameters that an explanation names."""
TABLES: dict[str, set[str]] = {
    "kinds of layers": {group.value for group in Group},
    "what a layer does": {first_paragraph(kind) for kind in KINDS.values()},
    "what an operation does": {first_paragraph(kind) for kind in OPERATIONS.values()},
    "what is asked of a value": {operation.asked for operation in OPERATIONS.values()},
    "axes": {"channels", "features", *(name for names in formula.AXES.values() for name in names)},
    "places": {f"{unit}s" for unit in windows.UNITS.values()},
    "counted places": {f"{{count:,}} {unit}s" for unit in windows.UNITS.values()},
    "ends of axes": {end for ends in windows.ENDS.values() for end in ends},
    "columns of summaries": {column.name for column in (*COLUMNS.values(), *SHORTER.values())},
    "heads of memory": {"memory", "parameters", "gradients", "values", "total"},
    "colours": {"grey", "red", "green", "blue", "opacity"},
    "places in a map": {"row {number}", "column {number}", "position {number}"},
    "heads of pages": {"Wrong", "Right", "Why", "To silence it"},
    "parameters": PARAMETERS,
    "what a difference is of": {"input", "inputs"},
    "keywords": {sentence for sentence, _ in KEYWORDS.values()},
    "functions": {sentence for sentence, _ in FUNCTIONS.values()},
    "rules": {*RULES.values()},
    "properties": {*PROPERTIES.values()},
}
"""What is translated and does not stand in a call as it is."""
SOURCES = sorted([*Path(cnndsl.__file__).parent.rglob("*.py"), *TEMPLATES.glob("*.html")])


def texts(node: ast.expr, known: Mapping[str, set[str]]) -> set[str]:
    """The texts that an expression may be: a text, one of two, or a name that was given some."""
    match node:
        case ast.Constant(value=str(text)):
            return {text} - {""}
        case ast.IfExp(body=one, orelse=other):
            return texts(one, known) | texts(other, known)
        case ast.Name(id=name):
            return known.get(name, set())
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="format"), args=args, keywords=[]):
            return {text.format(*map(ast.literal_eval, args)) for text in known.get(name, set())}
        case ast.JoinedStr(values=parts):
            found = [texts(part.value if isinstance(part, ast.FormattedValue) else part, known) for part in parts]
            return {"".join(next(iter(part)) for part in found)} if all(found) else set()
    return set()


def sentences(path: Path) -> Iterator[str]:
    """The keys of the calls of `tr` and `trn` in a file of Python, or in a template."""
    if path.suffix == ".html":
        yield from of_template(path)
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, values = node.targets[0], node.value
            pairs = [(target, values)]
            if isinstance(target, ast.Tuple) and isinstance(values, ast.Tuple):
                pairs = list(zip(target.elts, values.elts, strict=False))
            for name, value in pairs:
                if isinstance(name, ast.Name):
                    listed = value.elts[-1:] if isinstance(value, ast.Tuple) else [value]
                    known.setdefault(name.id, set()).update(*(texts(item, known) for item in listed))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "trn"):
            several = node.func.id == "trn" and len(node.args) > 1
            yield from texts(node.args[several], known)
            if isinstance(node.args[0], ast.Starred) and isinstance(node.args[0].value, ast.IfExp):
                yield from texts(node.args[0].value, known)


def of_template(path: Path) -> Iterator[str]:
    for call in Environment(autoescape=True).parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("tr", "trn"):
            said = call.args[call.node.name == "trn"]
            if isinstance(said, nodes.Const):
                yield said.value


def names(text: str) -> list[str]:
    """What stands in braces."""
    return sorted(f"{name}:{form}" for _, name, form, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "i18n.py"], ids=lambda path: path.stem)
def test_the_sentences_of_a_file_are_translated(path: Path) -> None:
    assert [sentence for sentence in sentences(path) if sentence not in JA] == []


@pytest.mark.parametrize("table", TABLES)
def test_what_is_no_sentence_of_a_file_is_translated(table: str) -> None:
    assert sorted(TABLES[table] - JA.keys()) == []


def test_nothing_else_is_in_the_catalogue() -> None:
    used = {sentence for path in SOURCES for sentence in sentences(path)} | set().union(*TABLES.values())
    assert sorted(JA.keys() - used) == []


def test_no_sentence_is_in_the_catalogue_twice() -> None:
    lines = Path(i18n.__file__).with_name("locales").joinpath("ja.toml").read_text(encoding="utf-8").splitlines()
    keys = [line for line in lines if line.startswith('"')]
    assert len(keys) == len(JA)


def test_values_stay_as_they_are() -> None:
    assert [key for key, said in JA.items() if names(key) != names(said)] == []
    assert [key for key, said in JA.items() if key.count("`") != said.count("`")] == []


EXAMPLES = [*(kind.example for kind in KINDS.values()), *(kind.example for kind in OPERATIONS.values())]


class Recorded(dict[str, str]):
    """A catalogue that keeps what it was asked for and has not."""

    missed: list[str]

    def get(self, key: str, default: str) -> str:  # type: ignore[override]
        if key not in self:
            self.missed.append(key)
        return super().get(key, default)


def test_nothing_that_is_said_of_any_layer_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the example of every layer and operation, whole and each part by itself; and of networks with blocks."""
    recorded = Recorded(JA)
    recorded.missed = []
    monkeypatch.setattr(i18n, "catalogue", lambda _: recorded)
    for example in EXAMPLES:
        compilation = cnndsl.compile(f"network Net {{ {example} }}")
        assert compilation.program is not None
        paths = [child.name for child in compilation.program.network().children]
        for part in ["", *paths]:
            assert compilation.explain(part, lang="ja") != compilation.explain(part)
        for name in ("dot", "volumes", "summary"):
            getattr(compilation, name)(lang="ja")
    assert sorted(set(recorded.missed)) == []


def test_what_a_language_lacks_stays_english() -> None:
    with speaking("ja"):
        assert tr("no such sentence {a}", a=1) == "no such sentence 1"


def test_numbers_of_one_and_of_several() -> None:
    said = ("{count:,} MAC", "{count:,} MACs")
    assert [trn(*said, count) for count in (0, 1, 2000)] == ["0 MACs", "1 MAC", "2,000 MACs"]
    with speaking("ja"):
        assert [trn(*said, count) for count in (1, 2000)] == ["1 MAC", "2,000 MAC"]
        assert macs(1_810_000_000) == "1.81 GMAC"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "de:ja:en"}, "ja"),
        ({"LANGUAGE": "en:ja"}, "en"),
        ({"LANG": "../ja"}, "en"),
    ],
)
def test_the_language_of_the_environment(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
        if name in environment:
            monkeypatch.setenv(name, environment[name])
    with speaking("auto"):
        assert language() == expected
    assert language() == "en"


@pytest.mark.parametrize("name", sorted(registered()))
def test_every_backend_speaks(name: str) -> None:
    """Only where it is asked for: whoever calls the library without gets the same bytes wherever it runs."""
    text = "network Net { input(3, 8, 8); conv(4, 3) -> dropout -> linear(8) -> linear(2) }"
    compilation = cnndsl.compile(text)
    made = [getattr(compilation, name)(**options) for options in ({}, {"lang": "en"}, {"lang": "ja"})]
    plain, english, japanese = (getattr(each, "source", each) for each in made)
    assert plain == english != japanese
    assert language() == "en"


def test_programs_read_english() -> None:
    compilation = cnndsl.compile("network Net { input(3, 8, 8); conv(4, 3) -> linear(2) }")
    for form in ("json", "csv"):
        assert compilation.summary(format=form, lang="ja") == compilation.summary(format=form)

"""What names stand for, as the server sees it, is what they stand for in the program that elaboration makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.ir import nodes
from cnndsl.layers.initialisers import FANS
from cnndsl.lsp.names import Names
from cnndsl.source import Source
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse
from tests.compiled import compilation_of

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "models", ROOT / "tests" / "semantics" / "cases", ROOT / "tests" / "torch" / "cases")
FILES = [path for folder in FOLDERS for path in sorted(folder.glob("*.cnn"))]
KINDS = {
    "parameter": {"parameter"},
    "local": {"local", "part", "loop"},
    "definition": {"network", "block", "sequence", "extern", "import"},
    "constant": {"constant", "import"},
}
"""What the program says of a name -> what the symbol may be."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_names_stand_for_what_they_do_in_the_program(path: Path) -> None:
    program = compilation_of(path).program
    if program is None:  # a case of errors
        return
    source = Source(path.name, path.read_text(encoding="utf-8"))
    names = Names(parse(source)[0])
    words = {name.span.start for name in names.words}
    parts = {name.span.start for _, name in names.taps}
    symbols = {span.start: symbol for symbol in names.symbols for span in symbol.uses}
    wrong = []
    for item in program.definitions:
        if item.file != path.name or isinstance(item, nodes.Extern) or item.name not in names.top.symbols:
            continue  # the last is what was cut out of a network
        called = {id(node.function) for node in nodes.walk(item) if isinstance(node, nodes.Call)}
        for node in nodes.walk(item):
            if not isinstance(node, nodes.Ref):
                continue
            at = source.offset(node.span.line) + node.span.column - 1
            kinds = KINDS.get(node.of)
            if at in parts:
                continue  # of a network that is cut there
            if id(node) in called and at in words:
                continue  # `dropout(dropout)` calls the layer, and the program has the name alone
            if node.name in FANS and at in words:
                continue  # of the layer that a rule fills
            fits = at in words if kinds is None else at in symbols and symbols[at].kind in kinds
            if not fits:
                wrong.append(f"{node.span.line}:{node.span.column} {node.name} is a {node.of}")
    assert wrong == []


@pytest.mark.parametrize("path", sorted((ROOT / "models").glob("*.cnn")), ids=lambda path: path.stem)
def test_every_name_is_something(path: Path) -> None:
    file, _ = parse(Source(path.name, path.read_text(encoding="utf-8")))
    names = Names(file)
    known = {span.start for symbol in names.symbols for span in symbol.spans}
    known |= {name.span.start for name in (*names.words, *names.properties)}
    known |= {argument.name.span.start for argument in names.arguments}
    known |= {name.span.start for name, _ in names.originals} | {name.span.start for _, name in names.taps}
    left = [node for node in tree.walk(file) if isinstance(node, tree.Name) and node.span.start not in known]
    measured = ("parameters", "macs", "memory", "receptive_field")
    assert [node.text for node in left if node.text not in ("training", "weight", "bias", *measured)] == []

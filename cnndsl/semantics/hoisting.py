"""Parts that are used above the line that declares them: their lines are put before the first use.

In: the tree of a file. Out: the same tree, with these lines further up in their bodies.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from cnndsl.ir.part_names import names_of
from cnndsl.ir.words import WORDS
from cnndsl.layers.registry import KINDS
from cnndsl.semantics.usage import asked_names
from cnndsl.syntax import tree


def declared_before_use(file: tree.File) -> tree.File:
    """The file, with the line that declares a part before the first that uses it, where its name means nothing else."""
    known = set(WORDS)
    for item in file.items:
        if isinstance(item, tree.Import):
            known |= {name.local.text for name in item.names}
        elif isinstance(item, tree.Lost):
            known |= set(item.names)
        else:
            known.add(item.name.text)
    items = [_reordered(item, known) if isinstance(item, tree.Definition) else item for item in file.items]
    return (
        replace(file, items=tuple(items)) if any(a is not b for a, b in zip(items, file.items, strict=True)) else file
    )


def _reordered(definition: tree.Definition, outside: set[str]) -> tree.Definition:
    lines = list(definition.body.statements)
    named = [line for line in lines if isinstance(line, tree.Bind) and len(line.targets) == 1 and not _flows(line)]
    candidates = [line for line in named if _makes_layer(line.value)]
    if not candidates or definition.kind == "sequence":
        return definition
    known = outside | {parameter.name.text for parameter in definition.parameters}
    places = {id(line): at for at, line in enumerate(lines)}
    given: dict[str, list[int]] = defaultdict(list)
    asked: dict[str, list[int]] = defaultdict(list)
    """By name the lines (their `id`) that give it a meaning, for each time that they do, and that ask for it."""
    flowing: set[str] = set()
    for line in lines:
        names = _given(line)
        flowing.update(names if _flows(line) else ())
        for name in names:
            given[name].append(id(line))
        for name in set(asked_names(line)):
            asked[name].append(id(line))
    is_moved = False
    for line in candidates:
        name, at = line.targets[0].text, places[id(line)]
        if name in known or len(given[name]) != 1:
            continue
        first = min(places[each] for each in (*asked[name], id(line)))
        if first == at:
            continue
        needs = set(asked_names(line))
        if needs & flowing or any(first <= places[each] < at for need in needs for each in given[need]):
            continue
        lines.insert(first, lines.pop(at))
        places.update((id(moved), place) for place, moved in enumerate(lines[first : at + 1], first))
        is_moved = True
    return replace(definition, body=replace(definition.body, statements=tuple(lines))) if is_moved else definition


def _makes_layer(node: tree.Expression) -> bool:
    """Whether an expression is one layer, as far as its text tells."""
    match node:
        case tree.Name():
            return node.text in KINDS
        case tree.Call(function=tree.Name(text=word)):
            return word in KINDS or word[:1].isupper()
        case tree.Pipe():
            return all(map(_makes_layer, node.stages))
        case tree.Binary(operator="*"):
            return _makes_layer(node.left)
        case tree.Conditional():
            return _makes_layer(node.yes) and _makes_layer(node.no)
        case _:
            return isinstance(node, (tree.Body, tree.If, tree.Labelled))


def _flows(line: tree.Statement) -> bool:
    """Whether a line gives names to values, as far as its text tells; the lines of braces are their own."""
    if isinstance(line, tree.Apply):
        return bool(line.targets)
    parts = tree.walk(line.value, tree.Body, tree.Attribute) if isinstance(line, tree.Bind) else ()
    return any(isinstance(node, (tree.It, tree.Input)) for node in parts)


def _given(line: tree.Statement) -> list[str]:
    """Every name that a line gives a meaning, also inside of braces."""
    names: list[str] = []
    for node in tree.walk(line):
        match node:
            case tree.Bind() | tree.Apply():
                names += [target.text for target in node.targets]
            case tree.Labelled(label=tree.Name(text=text)):
                names.append(text)
            case tree.For() | tree.Comprehension():
                names += names_of(node.targets)
            case _:
                continue
    return names

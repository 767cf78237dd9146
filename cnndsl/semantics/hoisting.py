"""Parts that are used above the line that declares them: their lines are put before the first use.

In: the tree of a file. Out: the same tree, with these lines further up in their bodies.
"""

from __future__ import annotations

from collections import Counter
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
    candidates = [line for line in lines if isinstance(line, tree.Bind) and _is_layer(line)]
    if not candidates or definition.kind == "sequence":
        return definition
    known = outside | {parameter.name.text for parameter in definition.parameters}
    given = Counter(name for line in lines for name in _given(line))
    flowing = {name for line in lines if _flows(line) for name in _given(line)}
    is_moved = False
    for line in candidates:
        name, at = line.targets[0].text, lines.index(line)
        if name in known or given[name] != 1:
            continue
        needs = set(asked_names(line))
        first = next((i for i, other in enumerate(lines[:at]) if name in asked_names(other)), None)
        if first is None or needs & flowing:
            continue
        if needs.isdisjoint(each for other in lines[first:at] for each in _given(other)):
            lines.insert(first, lines.pop(at))
            is_moved = True
    return replace(definition, body=replace(definition.body, statements=tuple(lines))) if is_moved else definition


def _is_layer(line: tree.Bind) -> bool:
    """Whether a line names one layer, as far as its text tells."""
    return len(line.targets) == 1 and not _flows(line) and _makes_layer(line.value)


def _makes_layer(node: tree.Expression) -> bool:
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
    if not isinstance(line, tree.Bind):
        return False
    todo: list[tree.Node] = [line.value]
    while todo:
        node = todo.pop()
        if isinstance(node, (tree.It, tree.Input)):
            return True
        if not isinstance(node, (tree.Body, tree.Attribute)):
            todo.extend(node.children)
    return False


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

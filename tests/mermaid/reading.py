"""A strict reader of the part of Mermaid's language that is written here: flowcharts with quoted labels.

It takes less than Mermaid does: names without any special meaning, every label in quotes, one statement
to a line, no markup but `<b>` and `<br/>`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_LABEL = r'"((?:[^"<>`{}\[\]|\\;%#]|#\d+;|</?b>|<br/>)*)"'
_SHAPES = {("([", "])"): "stadium", ("((", "))"): "circle", ("[[", "]]"): "subroutine", ("(", ")"): "round"}
_NODE = re.compile(rf"(n\d+)(\(\[|\(\(|\[\[|\(){_LABEL}(\]\)|\)\)|\]\]|\)):::(\w+)")
_LINK = re.compile(rf"(n\d+) (-->|-\.->)(?:\|{_LABEL}\|)? (n\d+)")
_GROUP = re.compile(rf"subgraph (g\d+)\[{_LABEL}\]")
_STYLE = re.compile(
    r"classDef (\w+) (fill:#[0-9A-F]{6},stroke:#[0-9A-F]{6},color:#[0-9A-F]{6}(?:,stroke-dasharray:\d \d)?)"
)
_CLASS = re.compile(r"class ([g\d,]+) (\w+)")
_COLOUR = re.compile(r"linkStyle ([\d,]+) stroke:#[0-9A-F]{6}")


@dataclass(frozen=True)
class Node:
    """A box: its label as it is written, its shape and its class."""

    label: str
    shape: str
    style: str


@dataclass(frozen=True)
class Link:
    """An arrow from one box to another."""

    tail: str
    head: str
    label: str
    dotted: bool


@dataclass
class Chart:
    """What a text says."""

    title: str
    direction: str
    nodes: dict[str, Node] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    styles: dict[str, str] = field(default_factory=dict)
    groups_style: str = ""
    coloured: set[int] = field(default_factory=set)


def plain(label: str) -> str:
    """A label as a reader sees it."""
    bare = re.sub(r"</?b>", "", label.replace("<br/>", "\n"))
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), bare)


def read(text: str) -> Chart:
    """The chart that a text describes. Raises AssertionError where it is none."""
    (title, *config), (head, *lines) = (part.splitlines() for part in text.removeprefix("---\n").split("\n---\n"))
    assert config in ([], ["config: {flowchart: {subGraphTitleMargin: {bottom: 20}}}"])
    assert ("    subgraph " in text) == bool(config)
    assert title.startswith("title: ")
    match = re.fullmatch("flowchart (TB|LR)", head)
    assert match, head
    chart = Chart(json.loads(title.removeprefix("title: ")).replace("&#37;", "%"), match[1])
    names: set[str] = set()
    open_groups = 0
    for line in map(str.strip, lines):
        if found := _NODE.fullmatch(line):
            name, start, label, end, style = found.groups()
            assert name not in chart.nodes, line
            chart.nodes[name] = Node(label, _SHAPES[start, end], style) if (start, end) in _SHAPES else _fail(line)
        elif found := _LINK.fullmatch(line):
            tail, arrow, label, head = found.groups()
            assert {tail, head} <= set(chart.nodes), line
            chart.links.append(Link(tail, head, label or "", arrow == "-.->"))
        elif found := _GROUP.fullmatch(line):
            assert found[1] not in names, line
            names.add(found[1])
            chart.groups.append(found[2])
            open_groups += 1
        elif line == "end":
            open_groups -= 1
            assert open_groups >= 0
        elif found := _STYLE.fullmatch(line):
            assert found[1] not in chart.styles, line
            chart.styles[found[1]] = found[2]
        elif found := _CLASS.fullmatch(line):
            assert set(found[1].split(",")) == names, line
            assert found[2] in chart.styles, line
            chart.groups_style = found[2]
        elif found := _COLOUR.fullmatch(line):
            chart.coloured = set(map(int, found[1].split(",")))
            assert max(chart.coloured) < len(chart.links)
        else:
            _fail(line)
    assert open_groups == 0
    return chart


def _fail(line: str) -> Node:
    message = f"not understood: {line}"
    raise AssertionError(message)

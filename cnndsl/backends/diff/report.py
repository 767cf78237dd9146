"""A difference -> text for a terminal, or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, fields
from itertools import islice
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from cnndsl.backends.captions import bytes_said, outputs_said
from cnndsl.backends.diff.comparison import Change, Status, courses
from cnndsl.backends.diff.difference import Difference, Keys, Line, Side, Version, folded
from cnndsl.backends.options import Color, CommandLine, Width, model
from cnndsl.display import json_lines
from cnndsl.i18n import tr, trn
from cnndsl.layers.formula import Shape, as_json, show
from cnndsl.terminal import Style, aligned, clean, filled, pad, paint, width

MOST = 20_000
"""More differences than this are not looked at."""
FOLLOWING = 12
"""So many lines tell what only follows, unless all are wanted."""
_KEYS = 4
"""So many keys of a kind are listed, unless all are wanted."""
_PATHS = 28
"""The paths have no more columns than this, but where one alone is longer."""
_MARKS: dict[str, tuple[str, Style]] = {
    "changed": ("~", "yellow"),
    "added": ("+", "green"),
    "removed": ("-", "red"),
    "renamed": (">", "cyan"),
    "follows": (" ", "dim"),
}
_GAP = "  "


_WHOLE = "Show also everything that only follows from other changes, and all keys."


@model
class Report:
    """Says what is different, or that nothing is."""

    _: KW_ONLY
    format: Annotated[Literal["text", "json"], Field(description="The form of the differences.")] = "text"
    whole: Annotated[bool, Field(description=_WHOLE), CommandLine(flag="--all")] = False
    color: Color = False
    width: Width = 80

    def of(self, difference: Difference) -> str:
        """The report; it ends with a line end. JSON has everything."""
        if self.format == "json":
            return json(difference)
        return "".join(f"{line.rstrip()}\n" for line in _Text(difference, self.color, self.width, self.whole).lines())


class Entry(NamedTuple):
    """A difference in words: its mark ("changed", "added", "removed" or "renamed"), where it is, and what it is."""

    line: Line
    mark: str
    name: str
    said: str


def entries(difference: Difference) -> list[Entry]:
    """The differences that do not only follow from others, those that are alike as one."""
    lines = _own(folded(islice(difference.lines(), MOST)))
    return [Entry(line, _mark(line), _name(line), ", ".join(_pieces(line))) for line in lines]


def of_network(difference: Difference) -> list[tuple[str, str]]:
    """What is different of the network as a whole: what of it, and how."""
    found = [(clean(tr(change.what)), clean(courses([change]))) for change in difference.changes]
    return found + [(tr("the network"), clean(note)) for note in difference.comparison.notes]


def _own(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.status is not Status.FOLLOWS]


class _Text:
    def __init__(self, difference: Difference, color: bool, columns: int, whole: bool) -> None:
        self._difference = difference
        self._color = color
        self._columns = columns
        self._whole = whole

    def lines(self) -> Iterator[str]:
        difference = self._difference
        for mark, version in zip("-+", (difference.before, difference.after), strict=True):
            network = version.network
            sizes = f"{_shapes(network.input_shapes)} -> {', '.join(outputs_said(network))}"
            yield self._painted(f"{mark * 3} {clean(version.program.source)}: {clean(network.name)}, {sizes}", "bold")
        yield ""
        if difference.same:
            yield tr("no difference: the same layers, sizes and keys")
            return
        yield from self._changes()
        yield from self._totals()
        yield ""
        yield from self._keys(difference.keys)

    def _changes(self) -> Iterator[str]:
        difference = self._difference
        found = list(islice(difference.lines(whole=self._whole), MOST + 1))
        lines = folded(found[:MOST])
        entries = [(_MARKS["changed"], what, [said]) for what, said in of_network(difference)]
        entries += [(_MARKS[_mark(line)], _name(line), list(_pieces(line))) for line in _own(lines)]
        if entries:
            yield from self._entries(entries)
            yield ""
        following = [line for line in lines if line.status is Status.FOLLOWS and any(_pieces(line))]
        if following:
            shown = following if self._whole else following[:FOLLOWING]
            yield self._painted(tr("what follows from that:") if entries else tr("other sizes:"), "bold")
            yield from self._entries([(_MARKS["follows"], _name(line), list(_pieces(line))) for line in shown])
            if len(following) > len(shown):
                yield "  " + tr("... and {count:,} more, which --all lists", count=len(following) - len(shown))
            yield ""
        if len(found) > MOST:
            yield tr("... and more: only the first {count:,} differences are shown", count=MOST)
            yield ""

    def _entries(self, entries: list[tuple[tuple[str, Style], str, list[str]]]) -> Iterator[str]:
        """A mark, a path and what is said of it, wrapped under itself."""
        room = max((width(name) for _, name, _ in entries if width(name) <= _PATHS), default=0)
        for (mark, style), name, pieces in entries:
            head = f"{mark} {pad(name, room)}"
            indent = 2 + room + len(_GAP)
            begin = head + _GAP
            if width(name) > room:
                yield self._painted(head.rstrip(), style)
                begin = " " * indent
            lines = filled(begin, _broken(pieces, self._columns - indent), self._columns, indent)
            yield from (self._painted(line, style) for line in lines)

    def _totals(self) -> Iterator[str]:
        before, after = self._difference.before, self._difference.after
        rows: list[tuple[str, ...]] = [("", tr("before"), tr("after"), tr("change"), "")]
        for name, old, new, in_bytes in _amounts(before, after):
            unknown = tr("not known") if in_bytes else tr("open")
            shown = [unknown if n is None else bytes_said(n) if in_bytes else f"{n:,}" for n in (old, new)]
            change = percent = ""
            if old is not None and new is not None:
                sign = "+" if new > old else "-"
                size = bytes_said(abs(new - old)) if in_bytes else f"{abs(new - old):,}"
                change = f"{sign}{size}" if new != old else tr("same")
                percent = _percent(100 * (new - old) / old) if old and new != old else ""
            rows.append((name, *shown, change, percent))
        head, *lines = (_GAP.join(cells).rstrip() for cells in aligned(rows, range(1, 5)))
        yield self._painted(head, "bold")
        yield from lines
        yield self._painted(tr("Memory is that of the values, for one sample in float32."), "dim")

    def _keys(self, keys: Keys) -> Iterator[str]:
        for path in keys.unknown:
            yield tr("What {path} holds is not known: it is a class from elsewhere.", path=clean(path))
        needed = keys.same + len(keys.missing) + len(keys.shapes)
        given = keys.same + len(keys.unexpected) + len(keys.shapes)
        others = tr(
            "{count:,} of those that fit would go into other layers: their own have other names now",
            count=keys.elsewhere,
        )
        if keys.fits:
            yes = self._painted(tr("loads"), "green")
            yield f"state_dict: {yes}" + tr(", all {count:,} keys have the same name and shape", count=needed)
            if keys.elsewhere:
                yield f"            {others}"
            if keys.reordered:
                order = tr("in another order: what an optimiser has saved goes by the order, and does not fit")
                yield f"            {order}"
            return
        no = self._painted(tr("does not load"), "red")
        said = tr(
            ", {same:,} of {given:,} old keys fit, {needed:,} are needed", same=keys.same, given=given, needed=needed
        )
        yield f"state_dict: {no}{said}"
        yield from self._listed(tr("missing"), [clean(key) for key in keys.missing])
        yield from self._listed(tr("unexpected"), [clean(key) for key in keys.unexpected])
        shapes = [f"{clean(key)} {show(old) or '1'} -> {show(new) or '1'}" for key, (old, new) in keys.shapes.items()]
        yield from self._listed(tr("other shape"), shapes)
        if keys.elsewhere:
            yield f"  {others}"
        if keys.renamed:
            kept = tr(
                "{count:,} of the {given:,} would fit under the new names of their layers",
                count=len(keys.kept),
                given=given,
            )
            yield f"  {kept}"

    def _listed(self, what: str, keys: list[str]) -> Iterator[str]:
        if not keys:
            return
        shown = [f"{key}," for key in (keys if self._whole else keys[:_KEYS])]
        shown[-1] = f"{shown[-1][:-1]} ..." if len(keys) > len(shown) else shown[-1][:-1]
        head = f"  {what} ({len(keys):,}): "
        indent = width(head) if all(width(head) + width(text) <= self._columns for text in shown) else 4
        yield from filled(head, shown, self._columns, indent)

    def _painted(self, text: str, style: Style) -> str:
        return paint(text, style, color=self._color)


def _broken(pieces: list[str], room: int) -> Iterator[str]:
    """The pieces with commas between them; word by word where one is too long for a line."""
    for at, piece in enumerate(pieces):
        text = piece if at == len(pieces) - 1 else f"{piece},"
        yield from [text] if width(text) <= room else text.split(" ")


def _mark(line: Line) -> str:
    if line.status is Status.CHANGED and not line.changes and not line.notes:
        return "renamed"
    return line.status.value


def _name(line: Line) -> str:
    first = line.side.path or f"{line.side.block} ({line.item.word})".lstrip()
    name = _span(line, first, line.lasts[1 if line.after else 0])
    return clean(f"{name} (x {line.times})" if line.times > 1 else name)


def _span(line: Line, first: str, last: str) -> str:
    """The paths of all that a line is of: two by their names, and of more the first and the last."""
    if last in ("", first):
        return first
    return f"{first}, {last}" if line.times == 2 and line.status is not Status.FOLLOWS else f"{first} ... {last}"


def _pieces(line: Line) -> Iterator[str]:
    """What is said of a difference, bit by bit."""
    before, after = line.before, line.after
    if before is None or after is None:
        yield clean(line.titles)
        if line.item.training:
            yield tr("in training only")
        yield from _held(line.side)
        return
    if line.renamed and before.path:
        yield clean(tr("was {name}", name=_span(line, before.path, line.lasts[0])))
    yield from map(clean, line.told)
    yield from map(clean, line.notes)
    if before.sizes and after.sizes and before.sizes != after.sizes:
        yield f"{_shapes(before.sizes)} -> {_shapes(after.sizes)}"
    if before.parameters != after.parameters:
        yield tr("{old} -> {new} parameters", old=f"{before.parameters:,}", new=f"{after.parameters:,}")
    if before.macs != after.macs:
        old, new = (tr("open") if side.macs is None else f"{side.macs:,}" for side in (before, after))
        yield tr("{old} -> {new} MACs", old=old, new=new)


def _held(side: Side) -> Iterator[str]:
    if side.sizes:
        yield _shapes(side.sizes)
    if side.parameters:
        yield trn("{count:,} parameter", "{count:,} parameters", side.parameters)
    if side.macs:
        yield trn("{count:,} MAC", "{count:,} MACs", side.macs)


def _amounts(before: Version, after: Version) -> Iterator[tuple[str, int | None, int | None, bool]]:
    """What the networks hold and take, before and after, and whether that is in bytes."""
    one, two = before.cost, after.cost
    yield tr("parameters"), one.parameters, two.parameters, False
    if (one.trainable, two.trainable) != (one.parameters, two.parameters):
        yield tr("trainable"), one.trainable, two.trainable, False
    if one.buffers or two.buffers:
        yield tr("buffers"), one.buffers, two.buffers, False
    yield tr("MACs"), one.macs, two.macs, False
    yield tr("memory, inference"), before.memory.peak, after.memory.peak, True
    yield tr("memory, training"), before.memory.kept, after.memory.kept, True


def _percent(change: float) -> str:
    return f"{change:+.{1 if abs(change) >= 0.05 else 3}f} %"


def _shapes(shapes: Iterable[Shape]) -> str:
    return ", ".join(map(show, shapes))


def json(difference: Difference) -> str:
    """One object: both networks, whether they are the same, what is different, the totals and the keys.

    Nothing is folded. Sizes are numbers, or text where they are left open; what depends on an open size is null.
    """
    told = {
        "before": _version(difference.before),
        "after": _version(difference.after),
        "same": difference.same,
        "network": {"changes": _changes(difference.changes), "notes": list(difference.comparison.notes)},
        "state_dict": _keys(difference.keys),
    }
    return json_lines(told, "differences", map(_line, difference.lines(whole=True)))


def _version(version: Version) -> dict[str, Any]:
    return {
        "file": version.program.source,
        "network": version.network.name,
        "inputs": as_json(version.network.input_shapes),
        "outputs": as_json(version.network.shapes_out(training=False)),
        "training_outputs": as_json(version.network.shapes_out(training=True)),
        "parameters": version.cost.parameters,
        "trainable": version.cost.trainable,
        "buffers": version.cost.buffers,
        "macs": version.cost.macs,
        "peak": version.memory.peak,
        "kept": version.memory.kept,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "status": line.status.value,
        "layer": line.title,
        "before": _side(line.before),
        "after": _side(line.after),
        "renamed": line.renamed,
        "changes": _changes(line.changes),
        "notes": list(line.notes),
    }


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {each.name: getattr(side, each.name) for each in fields(side)} | {"sizes": as_json(side.sizes)}


def _changes(changes: Iterable[Change]) -> dict[str, list[Any]]:
    return {change.what: [change.before, change.after] for change in changes}


def _keys(keys: Keys) -> dict[str, Any]:
    return {
        "loads": keys.fits,
        "missing": list(keys.missing),
        "unexpected": list(keys.unexpected),
        "shapes": {key: [list(old), list(new)] for key, (old, new) in keys.shapes.items()},
        "same": keys.same,
        "renamed": keys.renamed,
        "reordered": keys.reordered,
        "unknown": list(keys.unknown),
    }

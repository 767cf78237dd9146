"""What a sweep has found, in, and out a table for a terminal, CSV or JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from cnndsl.backends.captions import bytes_said
from cnndsl.display import csv_lines, json_lines
from cnndsl.frozen import frozen
from cnndsl.i18n import tr, trn
from cnndsl.sweeping.members import Member
from cnndsl.terminal import aligned, clean, paint

FEW = 20
"""How many members a table shows if it is not told."""
_REASONS = 3
"""How many reasons it says why members do not work out."""


@frozen()
class Swept:
    """The members of a sweep that are wanted, in the order in which they are shown, and those that do not work out.

    asked: how many were worked out. columns: the names of settings and measures.
    """

    network: str
    columns: tuple[str, ...]
    members: tuple[Member, ...]
    problems: tuple[Member, ...]
    asked: int


def sort_key(column: str) -> Callable[[Member], tuple[bool, float, str]]:
    """How members are sorted by a setting or measure: numbers before texts, and what is not known last."""

    def key(member: Member) -> tuple[bool, float, str]:
        value = member.row.get(column)
        if isinstance(value, (int, float)):
            return False, float(value), ""
        return value is None, 0.0, str(value)

    return key


def said(column: str, value: Any) -> str:
    """A setting or a measure for people: `7,794,184`, `12.5 MiB`, `[1, 2]`."""
    if value is None:
        return "not known"
    if column == "memory":
        return bytes_said(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and column in ("parameters", "macs"):
        return f"{value:,}"
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def text(swept: Swept, *, most: int = FEW, color: bool = False) -> str:
    """A table of the first `most` members, and a line that says how many there are, and why some do not work out."""
    return "\n".join(_lines(swept, most, color=color)) + "\n"


def _lines(swept: Swept, most: int, *, color: bool) -> Iterator[str]:
    shown = swept.members[:most]
    if shown:
        rows = [[said(name, member.row[name]) for name in swept.columns] for member in shown]
        heads, *lines = map("  ".join, aligned([swept.columns, *rows], range(len(swept.columns))))
        yield paint(heads, "bold", color=color)
        yield from (*lines, "")
    count = len(swept.members)
    of_which = trn(", of which {count:,} is shown", ", of which {count:,} are shown", len(shown))
    more = of_which if len(shown) < count else ""
    members = trn("{count:,} member", "{count:,} members", swept.asked)
    yield f"{swept.network}: {members}" + tr(", {count:,} wanted", count=count) + more
    reasons = Counter(map(_reason, swept.problems))
    for reason, times in reasons.most_common(_REASONS):
        example = next(member for member in swept.problems if _reason(member) == reason)
        told = trn(
            "{count:,} does not work out, {settings}",
            "{count:,} do not work out, such as {settings}",
            times,
            settings=settings_said(example),
        )
        yield paint(f"{told}: {clean(example.problem)}", "yellow", color=color)
    if len(reasons) > _REASONS:
        more = "and {count:,} more reasons, in the column `problem` of --format csv and json"
        yield tr(more, count=len(reasons) - _REASONS)


def _reason(member: Member) -> tuple[str, str]:
    """What is wrong and where, without the numbers that differ from member to member."""
    return member.problem.partition(":")[0], member.problem.rpartition("(")[2]


def settings_said(member: Member) -> str:
    """The settings of a member in a line: `width=16, kernel=7`."""
    return ", ".join(f"{name}={said(name, value)}" for name, value in member.settings.items())


def as_csv(swept: Swept) -> str:
    """A line a member, those that do not work out last, with the reason in the column `problem`."""
    return csv_lines([*swept.columns, "problem"], (row.values() for row in rows(swept)))


def as_json(swept: Swept) -> str:
    """One object: the network, and a list of members as in `rows`."""
    return json_lines({"made_by": "cnndsl sweep", "network": swept.network}, "members", rows(swept))


def rows(swept: Swept) -> list[dict[str, Any]]:
    """Each member as its settings and measures, and its problem, which is None where there is none."""
    found = [member.row for member in (*swept.members, *swept.problems)]
    return [{name: row.get(name) for name in (*swept.columns, "problem")} for row in found]

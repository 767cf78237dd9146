"""Where a picture that is too wide for its page is cut into rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """What stands between two places where a picture may be cut: where it begins and ends along the page."""

    start: float
    end: float


def rows(pieces: Sequence[Piece], room: float) -> list[int]:
    """The pieces with which rows begin, the first excepted: as few rows as there must be, about equally wide.

    Where a piece is wider than the room, the rows are as wide as that.
    """
    room = max(room, *(piece.end - piece.start for piece in pieces))
    count = len(_fill(pieces, room))
    least, most = 0.0, room
    while most - least > 1.0:
        middle = (least + most) / 2
        least, most = (least, middle) if len(_fill(pieces, middle)) <= count else (middle, most)
    return _fill(pieces, most)


def _fill(pieces: Sequence[Piece], room: float) -> list[int]:
    begins: list[int] = []
    start = pieces[0].start
    for at, piece in enumerate(pieces[1:], 1):
        if piece.end - start > room:
            begins.append(at)
            start = piece.start
    return begins

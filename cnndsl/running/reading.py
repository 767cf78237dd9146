"""Files that a user names for a run: only regular ones are opened, so that nothing is waited for."""

from __future__ import annotations

import stat
from pathlib import Path

from cnndsl.files import shown, unreadable

MOST_BYTES = 8 * 2**20
"""A text with more is not read."""


def check_regular(path: Path) -> int:
    """The size of a file in bytes. Raises Problem (E001) for what is not there, a folder, a pipe and a device."""
    try:
        found = path.stat()
    except (OSError, ValueError) as problem:
        raise unreadable(shown(path), problem) from None
    if not stat.S_ISREG(found.st_mode):
        what = "a directory" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise unreadable(shown(path), ValueError(f"it is {what}"))
    return found.st_size


def read_text(path: Path) -> str:
    """The text in a file. Raises Problem (E001) where it cannot be read or is larger than `MOST_BYTES`."""
    if check_regular(path) > MOST_BYTES:
        raise unreadable(shown(path), ValueError(f"it is larger than {MOST_BYTES // 2**20} MiB"))
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise unreadable(shown(path), problem) from None

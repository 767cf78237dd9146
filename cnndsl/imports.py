"""Where imported files come from.

A text may import from files in the folder of the file that the user named, and below it; from nowhere
else, whatever links lie there.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Protocol

LARGEST_FILE = 4 * 2**20
"""Bytes of one imported file."""


class ImportProblem(Exception):  # noqa: N818 - turned into a diagnostic at the import
    """A file cannot be imported; the message says why, `help` what to do."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002 - the word that the user sees
        super().__init__(message)
        self.message, self.help = message, help


class Reader(Protocol):
    """Gives the text of a file named by its path below the folder."""

    def __call__(self, path: PurePosixPath) -> str:
        """The text. Raises ImportProblem."""


def nowhere(path: PurePosixPath) -> str:
    """The reader for a text that stands in no file."""
    message = f"{path} cannot be imported: this text is in no folder"
    raise ImportProblem(message, "save the text in a file, and compile that")


class FolderReader:
    """Reads files in a folder and below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))

    def __call__(self, path: PurePosixPath) -> str:
        """The text of the file at `path`, relative to the folder. Raises ImportProblem."""
        target = Path(os.path.realpath(self.folder / path))  # unlike Path.resolve it does not raise for a loop of links
        if not target.is_relative_to(self.folder):
            message = f"{path} lies outside the folder of the file that is compiled"
            raise ImportProblem(message, "import from the same folder or one below it")
        try:
            if not target.is_file():
                message = f"there is no file {path}"
                raise ImportProblem(message, "the path counts from the folder of the importing file")
            if target.stat().st_size > LARGEST_FILE:
                message = f"{path} is larger than {LARGEST_FILE // 2**20} MiB"
                raise ImportProblem(message, "split it into smaller files")
            return target.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            message = f"{path} is not UTF-8 text"
            raise ImportProblem(message, "save it as UTF-8") from None
        except OSError as problem:
            message = f"{path} cannot be read: {problem.strerror or problem}"
            raise ImportProblem(message, "check the file and its permissions") from None

"""The texts that a tool is asked about: one that is given, or a file in the folder of the server or below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from cnndsl import files
from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.files import FolderReader, ImportProblem
from cnndsl.frozen import frozen
from cnndsl.project import find
from cnndsl.source import PACKAGED, Source


class Refused(ValueError):  # noqa: N818 - what happened
    """A tool is not given what it takes; the message says what it does take."""


class Text(BaseModel):
    """A text, or the file that it is in: one of the two."""

    model_config = ConfigDict(extra="forbid")

    file: Annotated[str | None, Field(description="A .cnn file in the folder of the server or below it.")] = None
    text: Annotated[str | None, Field(description="The text itself, where it is in no file.")] = None


class _Reader(FolderReader):
    """Reads what a text imports, as the compiler does, but nothing above the folder of the server."""

    def __init__(self, folder: Path, top: Path) -> None:
        super().__init__(folder)
        self._top = top

    def place(self, path: PurePosixPath) -> Path:
        target = super().place(path)
        if not str(path).startswith(PACKAGED) and not target.is_relative_to(self._top):
            message = f"{path} lies outside the folder that this server may read"
            raise ImportProblem(message, "start it in the folder of the project: cnndsl mcp FOLDER")
        return target


@frozen()
class Document:
    """A text that was read. `path` is its file, `data` the bytes there; a text that was given has none."""

    source: Source
    reader: FolderReader
    path: Path | None = None
    data: bytes = b""

    def compiled(self, settings: Mapping[str, Any], source: Source | None = None) -> Compilation:
        """What comes of it, or of another text in its place. Raises ValueError for a wrong pyproject.toml or setting,
        TypeError for a setting that is no value.
        """
        ignore = find(self.reader.folder).ignore
        return compile_source(source or self.source, settings, read=self.reader, ignore=ignore)


class Folder:
    """The folder below which everything stands that is read and written."""

    def __init__(self, top: Path) -> None:
        self._top = Path(os.path.realpath(top))

    def read(self, given: Text) -> Document:
        """Raises Refused, or Problem where a file cannot be read or is no text."""
        if (given.file is None) == (given.text is None):
            raise Refused("give either `file`, the name of a .cnn file, or `text`, what would stand in it")
        if given.file is None:
            data = (given.text or "").encode("utf-8", "surrogatepass")
            return Document(files.decode(data, "<text>"), _Reader(self._top, self._top))
        path = self._place(given.file, (".cnn",))
        data = files.load(path)
        source = files.decode(data, files.shown(path.relative_to(self._top)))
        return Document(source, _Reader(path.parent, self._top), path, data)

    def write(self, name: str, data: bytes, generated: Callable[[bytes], bool], suffixes: Iterable[str]) -> str:
        """Write a file, and nothing over one that is not ours; its name from the folder. Raises Refused, Problem."""
        path = self._place(name, suffixes)
        files.check_target(path, generated)
        files.write({path: data})
        return files.shown(path.relative_to(self._top))

    def _place(self, name: str, suffixes: Iterable[str]) -> Path:
        """The place of a file below the folder, no link on the way to it leading out. Raises Refused."""
        given = self._top / name
        if given.suffix not in suffixes:
            raise Refused(f"{name} does not end in {' or '.join(suffixes)}")
        path = Path(os.path.realpath(given))
        if not path.is_relative_to(self._top):
            raise Refused(
                f"{name} lies outside the folder that this server may read and write: give `text`, or start it there"
            )
        return path

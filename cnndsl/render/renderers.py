"""The programs that lay a graph out and draw it, and where they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from cnndsl.frozen import frozen

OVERRIDE = "CNNDSL_DOT"
"""The environment variable with the path of a program to use instead of all others. It is called as `dot` is."""

_PURE = "graphviz-pure"
_RESOLUTION = "-Gdpi=192"  # of a PNG: sharp on a screen of high density


class RendererFailed(Exception):  # noqa: N818 - the next renderer may do better
    """A renderer did not give a picture; the message says what it said."""


@frozen()
class Renderer:
    """A way to make a picture: `program` called as `dot` is."""

    name: str
    program: str

    def draw(self, dot: str, format: str, timeout: float) -> bytes:  # noqa: A002
        """The picture in this format. Raises RendererFailed, and TimeoutError after `timeout` seconds."""
        from graphviz.backend import execute

        command = [self.program, "-Kdot", f"-T{format}", *([_RESOLUTION] if format == "png" else [])]
        try:
            done = execute.run_check(command, input=dot.encode(), capture_output=True, quiet=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} was not done after {timeout:g} seconds") from None
        except subprocess.CalledProcessError as problem:
            said = problem.stderr.decode(errors="replace").strip().splitlines()
            message = f"{self.name}: {said[-1] if said else f'exit status {problem.returncode}'}"
            raise RendererFailed(message) from problem
        except (execute.ExecutableNotFound, OSError) as problem:
            raise RendererFailed(f"{self.name}: cannot run {self.program}") from problem
        picture: bytes = done.stdout
        if not picture:
            raise RendererFailed(f"{self.name} gave no picture")
        return picture


def candidates(format: str, *, letters: bool) -> Iterator[Renderer]:  # noqa: A002
    """The renderers that are here and can make this format, the best first.

    `letters` is true for a text with letters beyond Latin, Greek and Cyrillic, for which the renderer
    without a font engine has no shapes: in a PNG it comes last then.
    """
    override = os.environ.get(OVERRIDE)
    if override:
        yield Renderer(f"{override} (from {OVERRIDE})", override)
        return
    program = _pure()
    pure = [Renderer(_PURE, program)] if program else []
    dot = shutil.which("dot")
    others = [Renderer("dot", dot)] if dot else []
    yield from others + pure if format == "png" and letters else pure + others


def is_complete(renderer: Renderer) -> bool:
    """Whether the renderer finds shapes for letters of any script, with the fonts of the system."""
    return renderer.name != _PURE


def _pure() -> str | None:
    """The program of graphviz-pure, though the environment that it is installed in may not be activated."""
    folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    user = f"{os.name}_user"
    if user in sysconfig.get_scheme_names():
        folders.append(sysconfig.get_path("scripts", user))
    return shutil.which(_PURE, path=os.pathsep.join(folders)) or _installed() or shutil.which(_PURE)


def _installed() -> str | None:
    """The program by its distribution's own list of files, for an installation in a folder of the user's choice."""
    from importlib import metadata

    try:
        files = metadata.files(_PURE) or []
    except metadata.PackageNotFoundError:
        return None
    found = (str(file.locate()) for file in files if file.stem == _PURE)
    return next((path for path in found if os.access(path, os.X_OK)), None)

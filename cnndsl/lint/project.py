"""What a project says of warnings: `[tool.cnndsl] ignore = ["W204"]` in its pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cnndsl.lint.silence import parse_codes

_LARGEST = 2**20
"""How many bytes a pyproject.toml may have."""


class ProjectProblem(Exception):  # noqa: N818 - turned into words for the user
    """What a pyproject.toml says cannot be read, or means nothing; the message says where and why."""


def ignored(folder: Path) -> frozenset[str]:
    """The codes that the nearest pyproject.toml with a table [tool.cnndsl] ignores, from a folder upwards.

    Raises ProjectProblem.
    """
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file():
            table = _table(path)
            if table is not None:
                return _codes(path, table)
    return frozenset()


def _table(path: Path) -> Any:
    """The table [tool.cnndsl] of a file; None where it has none."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            message = f"{path} is larger than {_LARGEST // 2**20} MiB"
            raise ProjectProblem(message)
        tool = tomllib.loads(data.decode()).get("tool", {})
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror or problem}"
        raise ProjectProblem(message) from None
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8 text"
        raise ProjectProblem(message) from None
    except (ValueError, RecursionError) as problem:  # also for a number of more digits than Python reads
        message = f"{path} cannot be read: {problem}"
        raise ProjectProblem(message) from None
    return tool.get("cnndsl") if isinstance(tool, dict) else None


def _codes(path: Path, table: Any) -> frozenset[str]:
    more = sorted(set(table) - {"ignore"}) if isinstance(table, dict) else []
    if more:
        message = f"{path}: [tool.cnndsl] has nothing called {more[0]}, only ignore"
        raise ProjectProblem(message)
    codes = table.get("ignore", []) if isinstance(table, dict) else None
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        message = f'{path}: write [tool.cnndsl] and below it a list of codes, such as ignore = ["W204"]'
        raise ProjectProblem(message)
    try:
        return parse_codes(codes)
    except ValueError as problem:
        message = f"{path}: ignore in [tool.cnndsl]: {problem}"
        raise ProjectProblem(message) from None

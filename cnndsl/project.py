"""A folder -> what the pyproject.toml of the project around it says to all files there.

[tool.cnndsl]
ignore = ["W204"]                     # warnings that are not wanted
extern = ["einops.layers.torch"]      # modules whose classes `extern` lines may take
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnndsl.frozen import frozen

_LARGEST = 2**20
"""How many bytes a pyproject.toml may have."""
_SETTINGS = {"ignore": '["W204"]', "extern": '["torch.nn"]'}
"""What may be set, each a list of texts, with an example."""


class ProjectProblem(ValueError):  # noqa: N818 - turned into words for the user
    """What a pyproject.toml says cannot be read, or means nothing; the message says where and why."""


@frozen()
class Project:
    """The table [tool.cnndsl] of a pyproject.toml. `path` is None where no file has one."""

    path: Path | None = None
    ignore: tuple[str, ...] = ()
    extern: tuple[str, ...] = ()

    def problem(self, setting: str, why: object) -> ProjectProblem:
        """The problem that a setting means nothing."""
        return ProjectProblem(f"{self.path}: {setting} in [tool.cnndsl]: {why}")


def find(folder: Path) -> Project:
    """The project of a folder: the nearest pyproject.toml with a table [tool.cnndsl], from there upwards.

    Raises ProjectProblem.
    """
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file():
            table = _table(path)
            if table is not None:
                return Project(path, **_settings(path, table))
    return Project()


def _table(path: Path) -> Any:
    """The table [tool.cnndsl] of a file; None where it has none."""
    import tomllib

    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as problem:
        raise ProjectProblem(f"{path} cannot be read: {problem.strerror or problem}") from None
    if len(data) > _LARGEST:
        raise ProjectProblem(f"{path} is larger than {_LARGEST // 2**20} MiB")
    try:
        tool = tomllib.loads(data.decode()).get("tool", {})
    except UnicodeDecodeError:
        raise ProjectProblem(f"{path} is not UTF-8 text") from None
    except (ValueError, RecursionError) as problem:  # also for a number of more digits than Python reads
        raise ProjectProblem(f"{path} cannot be read: {problem}") from None
    return tool.get("cnndsl") if isinstance(tool, dict) else None


def _settings(path: Path, table: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        raise ProjectProblem(f"{path}: tool.cnndsl is a table: write [tool.cnndsl], and below it what is to be set")
    found = {}
    for name, value in table.items():
        if name not in _SETTINGS:
            raise ProjectProblem(f"{path}: [tool.cnndsl] has nothing called {name}, only {' and '.join(_SETTINGS)}")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            message = f"{path}: {name} in [tool.cnndsl] is a list of texts, such as {name} = {_SETTINGS[name]}"
            raise ProjectProblem(message)
        found[name] = tuple(value)
    return found

"""A family of networks, worked out member by member: what settings of a text's parameters cost, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnndsl.sweeping.members import USUAL
from cnndsl.sweeping.report import rows
from cnndsl.sweeping.run import EngineName, Plan, work_out
from cnndsl.sweeping.space import of_values

__all__ = ["sweep"]


def sweep(
    text: str | Path,
    settings: Mapping[str, Any],
    *,
    network: str | None = None,
    folder: str | Path | None = None,
    where: str | None = None,
    sort: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    measures: tuple[str, ...] = USUAL,
    jobs: int | None = None,
    engine: EngineName = "processes",
) -> list[dict[str, Any]]:
    """Work out what the members of a family cost: a row for each, of its settings, its measures and its problem.

    `sweep(Path("models/efficientnet.cnn"), {"width": [1, 1.1], "depth": [1, 1.2]})` is ready for
    `pandas.DataFrame` and `polars.DataFrame`. `problem` is None, or says why there is no such network.

    text: a text, or the Path of a file. settings: for parameters of the network the values that they take, each a list,
    range or array; any other value is taken alone. network: by default the last one that has all these parameters.
    folder: where the files are that a text imports. where: an expression of the language over settings and measures,
    such as "parameters < 8e6 and macs < 500e6"; what does not work out stays. sort: a column, or "-column" from the
    largest. sample: so many different members, drawn by the seed, instead of all. measures: of
    `cnndsl.analysis.MEASURES`, with those that `where` and `sort` speak of. jobs: processes, by default one a
    core; where Python starts them by spawn, call this below `if __name__ == "__main__"` in a script. engine: "ray" for
    the workers of a Ray, the one that this process is joined to or that of RAY_ADDRESS (`pip install "cnndsl[ray]"`).

    Raises CompilationError where the text is wrong whatever the settings are, ValueError for an unknown network or
    column and for too many members, TypeError for settings that are no values, OSError for a file that cannot be read,
    Problem for a file that is no text and for a condition that means nothing,
    WorkerKilledError where a process is killed.
    """
    from cnndsl.compiler import read_file
    from cnndsl.source import Source

    if isinstance(text, Path) and folder is None:
        folder = text.parent
    source = read_file(text) if isinstance(text, Path) else Source("<text>", text)
    place = None if folder is None else Path(folder)
    space = of_values(settings)
    plan = Plan.of(source, place, space, network=network, where=where, sort=sort, measures=measures)
    return rows(plan.swept(work_out(plan.text, space, space.numbers(sample, seed), jobs=jobs, engine=engine)))

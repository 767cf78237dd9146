"""Fuzz the compiler for a given time, or try again what failed.

    python -m tests.fuzz --minutes 10                     # texts that Hypothesis draws
    python -m tests.fuzz --minutes 10 --engine atheris    # inputs that reach new lines; needs the extra `fuzz`
    python -m tests.fuzz FILE...                          # replay

What failed is saved. The work is done in processes of a minute, so that one that is killed takes nothing with it, and
memory is the compiler's and not the fuzzer's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import randbelow
from shutil import rmtree
from time import monotonic, process_time

import click

from tests.fuzz import budget, commands
from tests.fuzz.words import ROOT
from tests.fuzz.worker import SAVED, Counts

_LEG = {"hypothesis": 60.0, "atheris": 300.0}  # seconds of one process


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), help="Draw the same again; by default by chance.")
@click.option("--engine", type=click.Choice(list(_LEG)), default="hypothesis", show_default=True)
@click.option("--save", type=click.Path(file_okay=False, path_type=Path), help="Where to save what fails.")
def main(files: tuple[Path, ...], minutes: float, seed: int | None, engine: str, save: Path | None) -> None:
    """Fuzz the compiler for a given time, or try FILES again."""
    if files:
        passed = [replay(path) for path in files]
        sys.exit(0 if all(passed) else 1)
    if engine == "atheris":
        _need_atheris()
    folder = save or Path(tempfile.mkdtemp(prefix="cnndsl-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    sys.exit(1 if run(engine, minutes * 60, randbelow(2**31) if seed is None else seed, folder) else 0)


def run(engine: str, seconds: float, seed: int, folder: Path) -> int:
    """Fuzz for some seconds, and print what was tried; how many inputs failed."""
    click.echo(f"{engine}, seed {seed}")
    total, leg = Counts(), 0
    end = monotonic() + seconds
    start = monotonic()
    while monotonic() < end - 1:
        counts = _leg(engine, seed + leg, min(_LEG[engine], end - monotonic()), folder)
        total.add(counts)
        leg += 1
    failed = _confirmed(folder / "found")
    _print(total, monotonic() - start, failed)
    return len(failed)


def _leg(engine: str, seed: int, seconds: float, folder: Path) -> Counts:
    """One process; if it does not survive, the input that it tried last is saved."""
    (folder / "counts.json").unlink(missing_ok=True)
    rmtree(folder / "modules", ignore_errors=True)
    command = [sys.executable, "-m", "tests.fuzz.worker", engine, str(seed), str(seconds), str(folder)]
    log = folder / "log.txt"
    with log.open("wb") as stream:
        done = subprocess.run(command, cwd=ROOT, stdout=stream, stderr=stream, check=False)
    found = folder / "found"
    found.mkdir(exist_ok=True)
    if done.returncode < 0:
        path = found / f"killed-{seed}.cnn"
        path.write_bytes((folder / "current").read_bytes())
        path.with_suffix(".txt").write_text(f"the process ended with signal {-done.returncode}\n", encoding="utf-8")
    elif done.returncode not in (0, SAVED):
        log.rename(found / f"broken-{seed}.txt")
    imported = commands.run("tests.fuzz.importing", str(folder / "modules"))
    if imported.returncode:
        for line in (imported.stdout + imported.stderr).splitlines():
            click.echo(f"imported: {line}")
        (found / f"import-{seed}.txt").write_text(imported.stdout + imported.stderr, encoding="utf-8")
    counts = folder / "counts.json"
    return Counts(**json.loads(counts.read_text(encoding="utf-8"))) if counts.exists() else Counts()


def _confirmed(found: Path) -> list[Path]:
    """The saved inputs that fail again in a process of their own; the others fail only where everything is watched."""
    failed = sorted([*found.glob("import-*.txt"), *found.glob("broken-*.txt")])
    for path in sorted(found.glob("*.cnn")):
        if commands.run("tests.fuzz", str(path)).returncode:
            failed.append(path)
        else:
            path.rename(path.with_suffix(".passes"))
    return failed


def replay(path: Path) -> bool:
    """Try one file and say how it went; whether it passes."""
    from tests.fuzz.check import check

    budget.bound_memory()
    before = process_time()
    try:
        outcome = check(path.read_bytes(), thorough=True)
        budget.check_memory()
    except (Exception, budget.OverBudget) as problem:
        import traceback

        click.echo(f"{path}: {''.join(traceback.format_exception(problem))}")
        return False
    word = "accepted" if outcome.accepted else "refused"
    click.echo(f"{path}: {word}; {process_time() - before:.2f} s, at most {outcome.seconds:.2f} s for {outcome.step}")
    return True


def _need_atheris() -> None:
    from importlib.util import find_spec

    if find_spec("atheris") is None:
        message = "atheris is not there: pip install -e '.[fuzz]'"
        raise click.UsageError(message)


def _print(total: Counts, seconds: float, failed: list[Path]) -> None:
    click.echo(f"{'kind':<14}{'accepted':>12}{'refused':>12}")
    for kind in sorted({*total.accepted, *total.refused}):
        click.echo(f"{kind:<14}{total.accepted.get(kind, 0):>12,}{total.refused.get(kind, 0):>12,}")
    click.echo(f"{'all':<14}{sum(total.accepted.values()):>12,}{sum(total.refused.values()):>12,}")
    click.echo(f"{seconds / 60:.1f} minutes; at most {total.megabytes:.0f} MB of memory")
    click.echo(f"codes seen: {len(total.codes)}: {' '.join(f'{k}:{n}' for k, n in sorted(total.codes.items()))}")
    click.echo(f"slowest: {total.seconds:.2f} s of processor time for {total.step}, of\n{total.slowest[:300]}")
    for path in failed:
        click.echo(f"FAILED {path}")
        if path.suffix == ".cnn":
            click.echo(f"    again: python -m tests.fuzz {path}")
    click.echo(f"{len(failed)} failed" if failed else "nothing failed")


if __name__ == "__main__":
    main()

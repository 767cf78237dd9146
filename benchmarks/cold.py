"""What a cold start costs: each command as a new process, against the imports that it is measured by.

    python -m benchmarks.cold [--runs 11]

Prints medians of the processor time (user and system, of the process and what it starts), and each as a ratio to
importing the libraries that the compiler is made of and to importing torch.  The runs of the commands take turns, so
that a busy moment of the machine hits them all.  All modules are compiled beforehand, as in an installation, and the
grammar's tables are in their cache, but for the first runs, which have an empty one.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import installed, machine, markdown, processor_time

MODEL = Path(__file__).parent.parent / "models" / "net.cnn"
LIBRARIES = "import lark, click; from pydantic import BaseModel"
FIRST = " (first run)"
TORCH = "import torch"
_COMMAND = "import sys; from cnndsl.__main__ import run; sys.exit(run())"
"""What the installed command `cnndsl` does."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure cold starts.")
    parser.add_argument("--runs", type=int, default=11, help="processes per command")
    runs = parser.parse_args().runs
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder))
        environment = installed(Path(folder) / "compiled") | {"XDG_CACHE_HOME": str(Path(folder) / "cache")}
        for command in commands.values():  # the first run fills caches, and is not counted
            processor_time(command, environment)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(runs):
            for name, command in commands.items():
                empty = {"XDG_CACHE_HOME": str(Path(folder) / f"empty {run} {name}")} if name.endswith(FIRST) else {}
                times[name].append(processor_time(command, environment | empty))
    medians = {name: statistics.median(found) for name, found in times.items()}
    bases = [name for name in (LIBRARIES, TORCH) if name in medians]
    rows = [
        [f"`{name}`", f"{1000 * median:.0f}", *(f"{median / medians[base]:.2f}" for base in bases)]
        for name, median in medians.items()
    ]
    print(markdown(["", "CPU ms", *(f"/ `{base}`" for base in bases)], rows))


def _commands(folder: Path) -> dict[str, list[str]]:
    python = [sys.executable, "-c"]
    cnndsl = [*python, _COMMAND]
    commands = {name: [*python, name] for name in ("pass", LIBRARIES)} | {
        "cnndsl --version": [*cnndsl, "--version"],
        "cnndsl check net.cnn": [*cnndsl, "check", str(MODEL)],
        "cnndsl summary net.cnn": [*cnndsl, "summary", str(MODEL)],
        "cnndsl compile --diagram none net.cnn": [
            *cnndsl, "compile", "--diagram", "none", str(MODEL), "-o", str(folder),
        ],
        "cnndsl compile net.cnn": [*cnndsl, "compile", str(MODEL), "-o", str(folder)],
        "cnndsl draw net.cnn": [*cnndsl, "draw", str(MODEL), "-o", str(folder / "drawn.svg")],
    }  # fmt: skip
    for name in ("cnndsl check net.cnn", "cnndsl compile net.cnn"):
        commands[name + FIRST] = commands[name]
    return commands | {TORCH: [*python, TORCH]} if importlib.util.find_spec("torch") else commands


if __name__ == "__main__":
    main()

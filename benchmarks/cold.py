"""What a cold start costs: each command as a new process, against the imports that it cannot do without.

    python -m benchmarks.cold [--runs 7]

Prints medians of the processor time (user and system, of the process and what it starts), and each as a
ratio to importing the libraries that the compiler is built on, and to importing torch.  The runs of the
commands take turns, so that a busy moment of the machine hits them all.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = Path(__file__).parent.parent / "models" / "net.cnn"
# The class itself: `import pydantic` alone puts the work off.
LIBRARIES, TORCH = "import lark; from pydantic import BaseModel", "import torch"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure cold starts.")
    parser.add_argument("--runs", type=int, default=7, help="processes per command")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder))
        for command in commands.values():  # the first run fills caches, and is not counted
            _seconds(command)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(_seconds(command))
    medians = {name: statistics.median(found) for name, found in times.items()}
    bases = [name for name in (LIBRARIES, TORCH) if name in medians]
    across = max(map(len, medians))
    print(f"{'':{across}}{'CPU s':>8}" + "".join(f"  / {base}" for base in bases))
    for name, median in medians.items():
        ratios = "".join(f"{median / medians[base]:>{len(base) + 4}.2f}" for base in bases)
        print(f"{name:{across}}{median:8.3f}{ratios}")


def _commands(folder: Path) -> dict[str, list[str]]:
    python = [sys.executable, "-c"]
    cnndsl = [sys.executable, "-m", "cnndsl"]
    commands = {
        LIBRARIES: [*python, LIBRARIES],
        "cnndsl --version": [*cnndsl, "--version"],
        "cnndsl check net.cnn": [*cnndsl, "check", str(MODEL)],
        "cnndsl compile net.cnn": [*cnndsl, "compile", str(MODEL), "-o", str(folder)],
        "cnndsl draw net.cnn": [*cnndsl, "draw", str(MODEL), "-o", str(folder / "drawn.svg")],
        "cnndsl summary net.cnn": [*cnndsl, "summary", str(MODEL)],
    }
    return commands | {TORCH: [*python, TORCH]} if importlib.util.find_spec("torch") else commands


def _seconds(command: list[str]) -> float:
    """The processor time of one process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()

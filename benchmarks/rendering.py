"""What a picture costs: networks of the gallery drawn as SVG, folded and unfolded, by the renderer that comes with pip.

    python -m benchmarks.rendering [--runs 5]

Each picture is a new process, from the text to the file.  Prints medians of the time that passes and of the
processor time (user and system, of the process and the renderer), and the latter as a ratio to importing Lark and
Pydantic.  The runs take turns, so that a busy moment of the machine hits them all.  All modules are compiled
beforehand, as in an installation.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.cold import LIBRARIES
from benchmarks.measuring import installed, machine, markdown

MODELS = Path(__file__).parent.parent / "models"
NETWORKS = {
    "LeNet5": "lenet",
    "ResNet50": "resnet",
    "ResNet152": "resnet",
    "DenseNet121": "densenet",
    "DenseNet201": "densenet",
    "GoogLeNet": "googlenet",
    "EfficientNetB0": "efficientnet",
}
"""Networks and the files of models/ that they are in."""
KINDS = {"folded": (), "unfolded": ("--expand", "*"), "volume": ("--style", "volume")}


class Took(NamedTuple):
    """Seconds of one process: that passed, and of the processor."""

    wall: float
    processor: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure pictures.")
    parser.add_argument("--runs", type=int, default=5, help="processes per picture")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = {LIBRARIES: [sys.executable, "-c", LIBRARIES]}
        for network in options.networks:
            for kind, arguments in KINDS.items():
                commands[f"{network} {kind}"] = _command(network, arguments, Path(folder) / "drawn.svg")
        environment = installed(Path(folder) / "compiled")
        for command in commands.values():  # the first run fills caches, and is not counted
            _took(command, environment)
        runs: dict[str, list[Took]] = {name: [] for name in commands}
        for _ in range(options.runs):
            for name, command in commands.items():
                runs[name].append(_took(command, environment))
    medians = {
        name: Took(*(statistics.median(part) for part in zip(*took, strict=True))) for name, took in runs.items()
    }
    base = medians[LIBRARIES].processor
    rows = [
        [name, f"{1000 * took.wall:.0f}", f"{1000 * took.processor:.0f}", f"{took.processor / base:.2f}"]
        for name, took in medians.items()
    ]
    print(f"{machine()}\n\n{markdown(['', 'ms that pass', 'CPU ms', f'/ `{LIBRARIES}`'], rows)}")


def _command(network: str, arguments: tuple[str, ...], target: Path) -> list[str]:
    model = MODELS / f"{NETWORKS[network]}.cnn"
    draw = [sys.executable, "-m", "cnndsl", "draw", str(model), "--network", network, "-o", str(target), "--force"]
    return [*draw, *arguments]


def _took(command: list[str], environment: dict[str, str]) -> Took:
    """The time of one process with its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    main()

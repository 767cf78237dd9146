"""Other tools on the same job, where they are installed: a table of the layers, and a picture, of ResNet-18.

    python -m benchmarks.others [--runs 11]

Each job is a new process.  The other tools are given the network as PyTorch or Keras has it, and cnndsl its text.
Printed are medians of the processor time, and each as a ratio to cnndsl on the same job.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import installed, machine, markdown, processor_time

MODEL = str(Path(__file__).parent.parent / "models" / "resnet.cnn")
_NETWORK = "from benchmarks.handwritten import ResNet18"


class Job(NamedTuple):
    """What is done, with what, and how: a program, and the packages that it needs."""

    what: str
    tool: str
    program: str
    packages: tuple[str, ...] = ()


_CNNDSL = "import sys; sys.argv[1:] = {arguments!r}; from cnndsl.__main__ import run; sys.exit(run())"
JOBS = (
    Job("table", "cnndsl", _CNNDSL.format(arguments=["summary", MODEL, "--network", "ResNet18"])),
    Job(
        "table",
        "torchinfo",
        f"from torchinfo import summary; {_NETWORK}; print(summary(ResNet18(), (1, 3, 224, 224)))",
        ("torch", "torchinfo"),
    ),
    Job(
        "table",
        "Keras",
        "import keras; keras.applications.ResNet50(weights=None).summary()",
        ("keras",),
    ),
    Job("picture", "cnndsl", _CNNDSL.format(arguments=["draw", MODEL, "--network", "ResNet18", "-o", "cnndsl.svg"])),
    Job(
        "picture",
        "torchview",
        f"from torchview import draw_graph; {_NETWORK}; from cnndsl.render import render; "
        "graph = draw_graph(ResNet18(), (1, 3, 224, 224), device='meta').visual_graph; "
        "open('torchview.svg', 'wb').write(render(graph.source, 'svg'))",
        ("torch", "torchview"),
    ),
    Job(
        "picture",
        "Keras",
        "import keras; model = keras.applications.ResNet50(weights=None); "
        "keras.utils.plot_model(model, 'keras.svg', show_shapes=True)",
        ("keras", "pydot"),
    ),
)
"""Keras has no ResNet-18, so it is given ResNet-50."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure other tools on the same job.")
    parser.add_argument("--runs", type=int, default=11, help="processes per job")
    runs = parser.parse_args().runs
    jobs = [job for job in JOBS if all(map(find_spec, job.packages))]
    missing = sorted({job.tool for job in JOBS} - {job.tool for job in jobs})
    with tempfile.TemporaryDirectory() as folder:
        environment = installed(Path(folder) / "compiled")
        environment["PYTHONPATH"] = f"{Path(__file__).parent.parent}:{environment.get('PYTHONPATH', '')}"
        failing = [job for job in jobs if not _works(job, environment, folder)]  # which also fills caches
        jobs = [job for job in jobs if job not in failing]
        times: dict[Job, list[float]] = {job: [] for job in jobs}
        for _ in range(runs):
            for job in jobs:
                times[job].append(processor_time([sys.executable, "-c", job.program], environment, folder))
    medians = {job: statistics.median(found) for job, found in times.items()}
    ours = {job.what: median for job, median in medians.items() if job.tool == "cnndsl"}
    rows = [
        [job.what, job.tool, f"{1000 * median:.0f}", f"{median / ours[job.what]:.1f}"]
        for job, median in medians.items()
    ]
    print(f"{machine()}\n\n{markdown(['job', 'tool', 'CPU ms', '/ cnndsl'], rows)}")
    if missing:
        print(f"\nNot installed, and left out: {', '.join(missing)}.")
    for job in failing:
        print(f"\n{job.tool} does not make the {job.what} with the versions that are installed.")


def _works(job: Job, environment: dict[str, str], folder: str) -> bool:
    try:
        processor_time([sys.executable, "-c", job.program], environment, folder)
    except subprocess.CalledProcessError:
        return False
    return True


if __name__ == "__main__":
    main()

"""Where the time of a cold `cnndsl compile` goes, by stage.

    python -m benchmarks.stages [--networks net resnet densenet] [--runs 11]

Each run is a new process that goes through the stages one after the other, as the command does; printed are the medians
of the processor time.  What a stage needs is imported in it, but for what the command line and the compiler import.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from benchmarks.measuring import installed, machine, markdown

MODELS = Path(__file__).parent.parent / "models"
STAGES = (
    "Python itself",
    "import of the command line",
    "import of the compiler",
    "read",
    "parse",
    "elaborate",
    "lint",
    "python",
    "dot",
    "render",
)
_PROGRAM = """\
import time
start = time.process_time()
import sys
from benchmarks.stages import measure
measure(sys.argv[1], start)
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure where the time goes.")
    parser.add_argument("--networks", nargs="+", default=["net", "resnet", "densenet"], help="files of models/")
    parser.add_argument("--runs", type=int, default=11, help="processes per file")
    options = parser.parse_args()
    print(f"{machine()}\n")
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks:
            runs = [_in_process(MODELS / f"{name}.cnn", Path(folder)) for _ in range(options.runs + 1)]
            columns.append([1000 * statistics.median(times) for times in zip(*runs[1:], strict=True)])
    rows = [[stage, *(f"{column[k]:.1f}" for column in columns)] for k, stage in enumerate(STAGES)]
    rows.append(["all", *(f"{sum(column):.1f}" for column in columns)])
    print(markdown(["CPU ms", *(f"{name}.cnn" for name in options.networks)], rows))


def _in_process(file: Path, folder: Path) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(file)], capture_output=True, text=True, check=True, env=installed(folder)
    )
    return list(json.loads(done.stdout))


def measure(name: str, start: float) -> None:
    """Go through the stages for one file and print the seconds of each; `start`: how long Python took to start."""
    at = [time.process_time()]

    def done() -> None:
        at.append(time.process_time())

    import cnndsl.cli
    import cnndsl.cli.compile  # noqa: F401 - as the command line does when it is called

    done()
    from cnndsl.compiler import compile_source  # noqa: F401 - all that it imports
    from cnndsl.files import FolderReader
    from cnndsl.lint import lint
    from cnndsl.semantics import elaborate
    from cnndsl.syntax.parser import parse

    done()
    from cnndsl import files

    path = Path(name)
    source = files.read(path)
    done()
    tree, _ = parse(source)
    done()
    read = FolderReader(path.parent)
    program, found = elaborate(tree, {}, None, read)
    if program is None:
        raise SystemExit(found[0].message)
    done()
    lint(program, source, read)
    done()
    from cnndsl.backends.pytorch import generate

    generate(program)
    done()
    from cnndsl.backends.graphviz import Dot
    from cnndsl.backends.options import Checked

    graph = Dot().of(Checked(program))
    done()
    from cnndsl.render import render

    render(graph, "svg", theme="auto")
    done()
    print(json.dumps([start, *(b - a for a, b in pairwise(at))]))


if __name__ == "__main__":
    main()

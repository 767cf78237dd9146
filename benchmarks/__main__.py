"""All that is measured of time, one part after the other, as Markdown.

    python -m benchmarks [--quick] [PART ...] > results.md

Each part is a module of its own, and can be run by itself with more to choose: `python -m benchmarks.cold --help`.
`--quick` takes a few runs of small cases, to see that everything works. What is compared with PyTorch, and is no
matter of time, is not among the parts: see benchmarks/oracle.py, receptive.py, reference.py and memory.py.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import NamedTuple


class Part(NamedTuple):
    """A module of this package with its arguments, usual and quick. It prints Markdown."""

    title: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


PARTS = {
    "cold": Part("Cold start", ("--runs", "21"), ("--runs", "3")),
    "stages": Part("Where the time goes", ("--runs", "11"), ("--runs", "2", "--networks", "net")),
    "editing": Part("In an editor", ("--runs", "21"), ("--runs", "2")),
    "scaling": Part("Growth", ("--runs", "3"), ("--runs", "1", "--sizes", "100", "1000")),
    "modules": Part(
        "Generated and written by hand", ("--runs", "30", "--compiled"), ("--runs", "3", "--networks", "Net")
    ),
    "inference": Part("The form for inference", ("--runs", "12"), ("ResNet18", "--runs", "1", "--batch", "1")),
    "rendering": Part("Pictures", ("--runs", "11"), ("--runs", "1", "--networks", "LeNet5")),
    "others": Part("Other tools", ("--runs", "11"), ("--runs", "1")),
}


def main() -> int:
    """Run the parts; 1 where one fails."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure cnndsl.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="a few runs of small cases")
    options = parser.parse_args()
    failed = False
    for name in options.parts or PARTS:
        part = PARTS[name]
        arguments = part.quick if options.quick else part.arguments
        command = ["-m", f"benchmarks.{name}", *arguments]
        print(f"## {part.title}\n\n`python {' '.join(command)}`\n", flush=True)
        failed |= subprocess.run([sys.executable, *command], check=False).returncode != 0
        print(flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The compiler beside PyTorch: drawn layers and drawn programs, and every case in which the two do not agree.

    python -m benchmarks.oracle [--cases 20000] [--programs 2000] [--seed 0]

A case is a layer with parameters and an input size.  PyTorch builds and runs it; the compiler has to take it or
refuse it as PyTorch does, with the same size, the same parameters and buffers, and the same numbers where it has a
second way of writing it.  A program is a whole text: the sizes of all modules in evaluation and in training,
parameters, multiply-accumulates, memory, what the middle of the output sees and the output itself are compared.
The same seed draws the same cases and programs.  Leaves with 1 if there is a disagreement.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings

from cnndsl.layers.catalogue import KINDS
from tests.layers.agreement import check, share
from tests.layers.cases import Case, cases
from tests.oracle.agreement import check as check_program
from tests.oracle.generator import Refused, generate

MOST_SHOWN = 20
"""More disagreements than this are counted, not shown."""


@dataclass
class Findings:
    """What was tried, and what did not agree: a heading, how to see it again, and what happened."""

    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    disagreements: list[tuple[str, str, str]] = field(default_factory=list)


def try_layers(count: int, number: int, findings: Findings) -> None:
    """Draw cases of every layer kind, in proportion to its parameters."""
    for kind in KINDS:
        draw(kind, share(kind, count), number, findings)


def draw(kind: str, count: int, number: int, findings: Findings) -> None:
    """Draw cases of one kind; there are fewer where it has not as many."""
    verdicts = findings.verdicts[kind] = Counter()

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(kind))
    def attempt(case: Case) -> None:
        problem = problem_of(lambda: verdicts.update([check(case)]))
        if problem:
            verdicts["disagree"] += 1
            again = f"from tests.layers.agreement import Case, check\ncheck({case!r})"
            findings.disagreements.append((kind, again, problem))

    attempt()


def try_programs(count: int, number: int, findings: Findings) -> Counter[str]:
    """Draw programs; what they hold, by name."""
    used: Counter[str] = Counter()
    first = number * 1_000_000
    for at in range(first, first + count):
        try:
            draft = generate(at)
        except Refused as refused:
            findings.disagreements.append((f"program {at}", "", str(refused)))
            continue
        text = draft.text()
        used.update(draft.used.keys() | {"programs"})
        used["lines"] += len(text.splitlines())
        problem = problem_of(lambda text=text: check_program(text))  # type: ignore[misc]
        if problem:
            findings.disagreements.append((f"program {at}", shortened(text, problem), problem))
    return used


def problem_of(attempt: Callable[[], object]) -> str:
    """What an attempt raises: the kind of error and its message; empty where nothing is."""
    try:
        attempt()
    except Exception as error:  # whatever goes wrong is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {place.name}: {error}"
    return ""


def shortened(text: str, problem: str) -> str:
    """The text without the lines that the problem does not need: with the same kind of error at the same place."""
    kind, _, _ = problem.partition(":")
    lines = text.splitlines()
    changed = True
    while changed:
        changed = False
        for at in reversed(range(len(lines))):
            fewer = [*lines[:at], *lines[at + 1 :]]
            if problem_of(lambda fewer=fewer: check_program("\n".join(fewer))).startswith(f"{kind}:"):  # type: ignore[misc]
                lines, changed = fewer, True
    return "\n".join(lines)


def table(findings: Findings) -> str:
    """The cases of each layer kind."""
    columns = ("taken", "refused", "disagree")
    lines = [f"{'layer':22}{'cases':>8}" + "".join(f"{column:>10}" for column in columns)]
    total: Counter[str] = Counter()
    for kind, verdicts in findings.verdicts.items():
        total.update(verdicts)
        lines.append(f"{kind:22}{verdicts.total():>8,}" + "".join(f"{verdicts[column]:>10,}" for column in columns))
    lines.append(f"{'all':22}{total.total():>8,}" + "".join(f"{total[column]:>10,}" for column in columns))
    return "\n".join(lines)


def main() -> int:
    """Draw, compare and print; the exit code."""
    parser = argparse.ArgumentParser(description="Compare the compiler with PyTorch on drawn layers and programs.")
    parser.add_argument("--cases", type=int, default=20_000, help="layers with an input, over all kinds")
    parser.add_argument("--programs", type=int, default=2_000, help="whole programs")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # said once, of speed
    findings = Findings()
    start = time.process_time()
    if options.cases:
        try_layers(options.cases, options.seed, findings)
        print(table(findings), flush=True)
    if options.programs:
        used = try_programs(options.programs, options.seed, findings)
        print(f"\n{used.pop('programs'):,} programs of {used.pop('lines'):,} lines; so many of them with")
        for name, many in sorted(used.items(), key=lambda item: (-item[1], item[0])):
            print(f"  {name:22}{many:>6,}")
    for heading, again, problem in findings.disagreements[:MOST_SHOWN]:
        print(f"\n{heading}\n{problem}\n{again}")
    print(f"\n{len(findings.disagreements)} disagreements; {time.process_time() - start:.0f} s of processor time")
    return 1 if findings.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())

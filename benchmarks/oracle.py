"""The compiler beside PyTorch: drawn layers and drawn programs, and every case in which the two do not agree.

    python -m benchmarks.oracle [--cases 20000] [--programs 2000] [--seed 0] [--jobs 1]
    python -m benchmarks.oracle --case conv "{'channels': 8, 'kernel': 5}" "(3, 32, 32)"
    python -m benchmarks.oracle --program 17

A case is a layer with parameters and an input size.  PyTorch builds and runs it; the compiler has to take it or
refuse it as PyTorch does, from the text of a network of this layer, with the same size, the same parameters and
buffers, the same module as it prints itself, the same multiply-accumulates, and the same numbers where there is a
second way of writing it.  A program is a whole text: the sizes of all modules in evaluation and in training,
parameters, multiply-accumulates, memory, what the middle of the output sees and the output itself are compared.  Where
its sizes can be left open, what is then said of it is compared too: for many sizes, and with other networks beside it.
With each come a block and a network whose loops, lists and conditions stand inside one another, and a text of the tests
with changes that leave it right.

The same seed draws the same cases and programs, in however many jobs.  The second and the third form try one again;
each disagreement is shown with the command that does.  Leaves with 1 if there is one.
"""

from __future__ import annotations

import argparse
import ast
import platform
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from itertools import repeat
from multiprocessing import get_context
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

from cnndsl.layers.registry import KINDS
from tests.layers.agreement import check, share
from tests.layers.cases import Case, cases
from tests.layers.compiled import network_of
from tests.oracle.agreement import check as check_program
from tests.oracle.blocks import DEFINITIONS
from tests.oracle.generator import Draft, Refused, generate
from tests.oracle.mutation import drawn
from tests.oracle.nesting import network, program
from tests.oracle.opened import check_open, opened
from tests.torch.constructors import check as check_constructors

MOST_SHOWN = 20
"""More disagreements than this are counted, not shown."""
COMMAND = "python -m benchmarks.oracle"
PROGRAMS_OF_A_SEED = 1_000_000
CHUNK = 50
"""Programs that a process tries in one go."""


@dataclass
class Findings:
    """What was tried, and what did not agree: the command that tries it again, the text, and what happened."""

    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    """For each layer kind what came of its cases."""
    held: dict[str, Counter[str]] = field(default_factory=dict)
    """For each thing that a program can hold how many had it, and how many of these agreed."""
    programs: int = 0
    lines: int = 0
    disagreements: list[tuple[str, str, str]] = field(default_factory=list)

    def __add__(self, other: Findings) -> Findings:
        held = {name: counts.copy() for name, counts in self.held.items()}
        for name, counts in other.held.items():
            held.setdefault(name, Counter()).update(counts)
        return Findings(
            self.verdicts | other.verdicts,
            held,
            self.programs + other.programs,
            self.lines + other.lines,
            self.disagreements + other.disagreements,
        )


# Layers


def try_layer(kind: str, count: int, number: int) -> Findings:
    """Draw cases of one kind; there are fewer where it has not as many."""
    findings = Findings()
    be_strict()

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
        try_case(case, findings)

    attempt()
    return findings


def try_case(case: Case, findings: Findings) -> None:
    """Compare one case."""
    verdicts = findings.verdicts.setdefault(case.kind, Counter())
    problem = problem_of(lambda: verdicts.update([check(case)]))
    if problem:
        verdicts["disagree"] += 1
        again = f'{COMMAND} --case {case.kind} "{case.parameters}" "{case.x}"'
        findings.disagreements.append((again, network_of(case), problem))


def layers_table(findings: Findings) -> str:
    """The cases of each layer kind."""
    columns = {
        "taken": "taken by both",
        "refused": "refused by both",
        "narrower": "by us alone",
        "disagree": "disagree",
    }
    lines = [f"{'layer':22}{'cases':>8}" + "".join(f"{head:>17}" for head in columns.values())]
    total: Counter[str] = Counter()
    for counts in findings.verdicts.values():
        total.update(counts)
    for kind, counts in (*findings.verdicts.items(), ("all", total)):
        lines.append(f"{kind:22}{counts.total():>8,}" + "".join(f"{counts[column]:>17,}" for column in columns))
    return "\n".join(lines)


# Programs


def try_programs(numbers: Iterable[int]) -> Findings:
    """Generate the programs with these numbers and compare them."""
    findings = Findings()
    be_strict()
    for number in numbers:
        findings.programs += 1
        again = f"{COMMAND} --program {number}"
        try:
            draft = generate(number)
        except Refused as refused:
            findings.disagreements.append((again, "", str(refused)))
            continue
        text = draft.text()
        findings.lines += len(text.splitlines())
        problem = problem_of(lambda text=text: try_text(text))  # type: ignore[misc]
        if not problem:
            problem = problem_of(lambda draft=draft, number=number: try_open(draft, number))  # type: ignore[misc]
            text = text if not problem else draft.blocks + draft.network("Net", opened(draft))
        for inside in () if problem else (program(number), network(number)):
            problem = problem or problem_of(lambda inside=inside: try_text(inside))  # type: ignore[misc]
            text = text if not problem else inside
        if not problem:
            changed = drawn(number)
            problem = problem_of(lambda changed=changed: check_constructors(changed, most=12))  # type: ignore[misc]
            text = text if not problem else changed
        for name in draft.used:
            findings.held.setdefault(name, Counter()).update(["programs"] if problem else ["programs", "agree"])
        if problem:
            findings.disagreements.append((again, shortened(text, problem), problem))
    return findings


def try_text(text: str) -> None:
    """Compare a program with PyTorch, also where its constructors are given other arguments than the text gives."""
    check_program(text)
    check_constructors(text)


def try_open(draft: Draft, number: int) -> None:
    """Leave the sizes of a program open, beside another one."""
    if check_open(draft, generate(number + 1)):
        draft.used["open sizes"] += 1


def shortened(text: str, problem: str) -> str:
    """The text without the lines that the problem does not need: with the same kind of error at the same place."""
    kind, _, _ = problem.partition(":")
    lines = text.splitlines()
    changed = True
    while changed:
        changed = False
        for at in reversed(range(len(lines))):
            fewer = [*lines[:at], *lines[at + 1 :]]
            if problem_of(lambda fewer=fewer: try_text("\n".join(fewer))).startswith(f"{kind}:"):  # type: ignore[misc]
                lines, changed = fewer, True
    return "\n".join(lines)


def programs_table(findings: Findings) -> str:
    """How many programs hold each construct, each make of block and each kind of layer."""
    parts = []
    makes: dict[str, Callable[[str], bool]] = {
        "construct": lambda name: name not in DEFINITIONS and name not in KINDS,
        "block": DEFINITIONS.__contains__,
        "layer": KINDS.__contains__,
    }
    for heading, belongs in makes.items():
        rows = [(name, counts["programs"], counts["agree"]) for name, counts in findings.held.items() if belongs(name)]
        lines = [f"{heading:22}{'programs':>10}{'agree':>8}"]
        lines += [f"{name:22}{tried:>10,}{agree:>8,}" for name, tried, agree in sorted(rows, key=lambda row: -row[1])]
        parts.append("\n".join(lines))
    return f"{findings.programs:,} programs of {findings.lines:,} lines\n\n" + "\n\n".join(parts)


def problem_of(attempt: Callable[[], object]) -> str:
    """What an attempt raises: the kind of error and its message; empty where nothing is."""
    try:
        attempt()
    except Exception as error:  # whatever goes wrong is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {place.name}: {error}"
    return ""


def be_strict() -> None:
    """Let what PyTorch warns of belong to its word on a layer, but for what is of speed, and said once in a process.

    Small tensors are worked on faster by one thread.
    """
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    for of_speed in ("Using padding='same' with even kernel", "LSTM with projections is not supported with oneDNN"):
        warnings.filterwarnings("ignore", of_speed)


def in_jobs(jobs: int, work: Callable[..., Findings], *arguments: Iterable[Any]) -> Findings:
    """The findings of many calls, in their order, so many at a time; what does not agree is shown.

    Each call has a process of its own: PyTorch may end it, by a fault in what is written in C++.
    """
    findings = Findings()
    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(partial(alone, work), *arguments):
            room = max(0, MOST_SHOWN - len(findings.disagreements))
            show(found.disagreements[:room])
            findings += found
            cases = sum(counts.total() for counts in findings.verdicts.values())
            tried = f"{findings.programs:,} programs" if findings.programs else f"{cases:,} cases"
            print(f"{len(findings.disagreements)} disagreements in {tried}", file=sys.stderr)
    return findings


def alone(work: Callable[..., Findings], *given: Any) -> Findings:
    """The findings of a call, in a process of its own; where that ends early, of each program by itself."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(work, *given).result()
    except BrokenProcessPool:
        if work is try_programs and len(given[0]) > 1:
            return sum((alone(work, [number]) for number in given[0]), Findings())
        again = f"{COMMAND} --program {given[0][0]}" if work is try_programs else f"{COMMAND} of {given[0]}"
        return Findings(programs=int(work is try_programs), disagreements=[(again, "", "the process ended early")])


def show(disagreements: Iterable[tuple[str, str, str]]) -> None:
    """Print what did not agree, and how to try it again."""
    for again, text, problem in disagreements:
        print(f"\n{again}\n{text}\n{problem}\n", flush=True)


def main() -> int:
    """Draw, compare and print; the exit code."""
    parser = argparse.ArgumentParser(description="Compare the compiler with PyTorch on drawn layers and programs.")
    parser.add_argument("--cases", type=int, default=20_000, help="layers with an input, over all kinds")
    parser.add_argument("--programs", type=int, default=2_000, help="whole programs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--case", nargs=3, metavar=("KIND", "PARAMETERS", "SIZE"), help="one layer, and nothing else")
    one.add_argument("--program", type=int, metavar="N", help="one program, and nothing else")
    options = parser.parse_args()
    findings = Findings()
    start = time.perf_counter()
    if options.case:
        kind, parameters, size = options.case
        be_strict()
        case = Case(kind, ast.literal_eval(parameters), ast.literal_eval(size))
        print(network_of(case))
        try_case(case, findings)
        show(findings.disagreements)
        print(layers_table(findings))
    elif options.program is not None:
        with suppress(Refused):
            texts = (generate(options.program).text(), program(options.program), network(options.program))
            print(*texts, drawn(options.program), sep="\n")
        findings = try_programs([options.program])
        show(findings.disagreements)
    else:
        libraries = ", ".join(f"{name} {version(name)}" for name in ("cnndsl", "torch", "hypothesis"))
        print(f"seed {options.seed}; {libraries}, Python {platform.python_version()}\n", flush=True)
        if options.cases:
            shares = [share(kind, options.cases) for kind in KINDS]
            findings += in_jobs(options.jobs, try_layer, KINDS, shares, repeat(options.seed))
            print(layers_table(findings) + "\n", flush=True)
        if options.programs:
            first = options.seed * PROGRAMS_OF_A_SEED
            last = first + options.programs
            chunks = [range(at, min(at + CHUNK, last)) for at in range(first, last, CHUNK)]
            findings += in_jobs(options.jobs, try_programs, chunks)
            print(programs_table(findings))
    print(f"\n{len(findings.disagreements)} disagreements in {time.perf_counter() - start:.0f} s")
    return 1 if findings.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())

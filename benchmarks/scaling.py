"""How the compiler grows with the network: time by stage and peak memory, for networks of different make.

    python -m benchmarks.scaling [--sizes 10 100 1000 10000 100000] [--runs 3]

Each size is compiled in a process of its own. Prints the medians of the processor time by stage, of the whole way from
the text to Python, the peak of the memory that Python allocated on that way, per layer, and the slope: the power of the
number of layers with which the time to Python grows, from one size to the next (1 is linear).
The limits on what a text may ask for are raised.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

from benchmarks.measuring import machine, markdown

STAGES = ("parse", "elaborate", "python", "dot")
TO_PYTHON = STAGES[:3]


def chain(layers: int) -> str:
    """As many layers, each on a line of its own."""
    lines = "    conv(8, 3, padding=1) -> relu\n" * (layers // 2)
    return f"network Chain {{\n    input(3, 8, 8)\n{lines}}}\n"


def loop(layers: int) -> str:
    """As many layers, made by a loop, no two convolutions in a row alike."""
    body = "conv(8 + i % 7, 3, padding=1) -> relu"
    return f"network Loop {{\n    input(3, 8, 8)\n    for i in range({layers // 2}) {{ {body} }}\n}}\n"


def residual(layers: int) -> str:
    """Blocks with a skip, all alike, in a chain."""
    return f"""\
block Residual(channels) {{
    conv(channels, 3, padding=1) -> batchnorm -> relu -> conv(channels, 3, padding=1) -> batchnorm
    it + input -> relu
}}
network Net {{
    input(8, 8, 8)
    body: Residual(8) * {layers // 6}
}}
"""


def dense(layers: int) -> str:
    """Blocks that add channels, so that no two are alike."""
    return f"""\
block DenseLayer(growth) {{
    batchnorm -> relu -> conv(growth, 3, padding=1)
    concat(input, it)
}}
network Net {{
    input(8, 8, 8)
    for i in range({layers // 3}) {{ "layer{{i}}": DenseLayer(4) }}
}}
"""


MAKES: dict[str, Callable[[int], str]] = {f.__name__: f for f in (chain, loop, residual, dense)}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure how compilation grows.")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[10, 100, 1000, 10_000, 100_000], help="numbers of layers"
    )
    parser.add_argument("--runs", type=int, default=3, help="processes per network")
    parser.add_argument("--make", choices=sorted(MAKES), nargs="+", default=list(MAKES))
    parser.add_argument("--one", nargs=2, metavar=("MAKE", "LAYERS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        make, layers = options.one
        print(json.dumps(_measure(MAKES[make](int(layers)))))
        return
    print(f"{machine()}\n")
    stages = [f"{stage} s" for stage in STAGES]
    print(markdown(["network", "layers", *stages, "text to Python s", "kB a layer", "slope"], ()))
    for make in options.make:
        before: tuple[int, float] | None = None
        for layers in options.sizes:
            runs = [_in_process(make, layers) for _ in range(options.runs)]
            median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            total = sum(median[stage] for stage in TO_PYTHON)
            slope = "" if before is None else f"{math.log(total / before[1]) / math.log(layers / before[0]):.2f}"
            times = [f"{median[stage]:.3f}" for stage in STAGES]
            row = [make, f"{layers:,}", *times, f"{total:.3f}", f"{median['memory'] / 1000 / layers:.1f}", slope]
            print(f"| {' | '.join(row)} |", flush=True)
            before = layers, total


def _in_process(make: str, layers: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.scaling", "--one", make, str(layers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _measure(text: str) -> dict[str, float]:
    """Time each stage, then go from text to Python once more to see the memory."""
    from cnndsl.backends.graphviz import Dot
    from cnndsl.backends.options import Checked
    from cnndsl.backends.pytorch import generate
    from cnndsl.compiler import compile  # noqa: A004 - the package's own word
    from cnndsl.semantics import elaborate
    from cnndsl.semantics.values import Limits
    from cnndsl.source import Source
    from cnndsl.syntax import parser
    from cnndsl.syntax.parser import parse

    parser.LONGEST = 10**9
    compile("network Warm { input(3, 8, 8)\n conv(8, 3) -> relu }")
    limits = Limits(layers=10**7, work=10**9, size=10**8, items=10**7)
    clock = time.process_time
    times = [clock()]
    tree, _ = parse(Source("net.cnn", text))
    times.append(clock())
    program, found = elaborate(tree, {}, limits)
    times.append(clock())
    if program is None:
        raise SystemExit(found[0].message)
    generate(program)
    times.append(clock())
    Dot().of(Checked(program))
    times.append(clock())
    seconds = {stage: times[k + 1] - times[k] for k, stage in enumerate(STAGES)}
    tracemalloc.start()
    again, _ = elaborate(parse(Source("net.cnn", text))[0], {}, limits)
    if again is not None:
        generate(again)
    _, peak = tracemalloc.get_traced_memory()
    return seconds | {"memory": float(peak)}


if __name__ == "__main__":
    main()

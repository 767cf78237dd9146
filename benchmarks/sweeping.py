"""How long the members of a family take, and whether their figures are those of real modules.

    python -m benchmarks.sweeping [--members 1000] [--small 10000] [--checked 200]

Sweeps EfficientNet by width, depth and size, twice, and a small network by four parameters, in as many processes as
there are cores; then builds members drawn at random without numbers (on PyTorch's meta device), and compares their
parameters and multiply-accumulates.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from random import Random
from typing import Any

import cnndsl
from benchmarks.measuring import machine, markdown

EFFICIENTNET = Path(__file__).parents[1] / "models" / "efficientnet.cnn"
FAMILY = {
    "width": [k / 50 for k in range(25, 76)],
    "depth": [k / 20 for k in range(20, 29)],
    "size": list(range(128, 417, 32)),
}
LARGE_FAMILY = FAMILY | {"width": [k / 20 for k in range(10, 41)], "depth": [k / 10 for k in range(5, 31)]}
"""With as many layers as EfficientNet-B7 has."""
SMALL = """\
network Small(width = 8, kernel = 3, layers = 2, classes = 10) {
    input(3, 32, 32)
    for i in range(layers) { conv(width * 2 ** i, kernel, padding="same") -> batchnorm -> relu -> maxpool(2) }
    global_avgpool -> linear(classes)
}
"""
SMALL_FAMILY = {"width": range(1, 65), "kernel": range(1, 12), "layers": range(1, 6), "classes": range(2, 102)}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Measure how long a sweep takes.")
    parser.add_argument("--members", type=int, default=1000, help="members of EfficientNet")
    parser.add_argument("--small", type=int, default=10_000, help="members of a small network")
    parser.add_argument("--checked", type=int, default=200, help="members that are built and compared")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{machine()}\n")
    print(markdown(["family", "members", "seconds", "do not work out"], ()))
    rows = []
    for name, text, family, count in (
        ("EfficientNet", EFFICIENTNET, FAMILY, options.members),
        ("EfficientNet, up to 3 times as deep", EFFICIENTNET, LARGE_FAMILY, options.members),
        ("a small network", SMALL, SMALL_FAMILY, options.small),
    ):
        begun = time.monotonic()
        found = cnndsl.sweep(text, family, sample=count, seed=options.seed)
        seconds = time.monotonic() - begun
        failed = sum(row["problem"] is not None for row in found)
        print(f"| {name} | {len(found):,} | {seconds:.1f} | {failed:,} |", flush=True)
        rows.append(found)
    members = [row for row in rows[1] if row["problem"] is None]
    drawn = Random(options.seed).sample(members, min(options.checked, len(members)))  # noqa: S311 - nothing secret
    wrong = [row for row in drawn if _counted(row) != (row["parameters"], row["macs"])]
    print(f"\n{len(drawn)} of EfficientNet built on the meta device: {len(wrong)} differ")
    for row in wrong:
        print(row)


def _counted(row: dict[str, float]) -> tuple[int, int]:
    """The parameters and multiply-accumulates of a member, as PyTorch counts them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    given: dict[str, Any] = {name: row[name] for name in FAMILY}
    with torch.device("meta"):
        module = cnndsl.load(EFFICIENTNET, "EfficientNet", **given)().eval()
        with FlopCounterMode(display=False) as counter:
            module(torch.zeros(1, 3, int(row["size"]), int(row["size"])))
    return sum(each.numel() for each in module.parameters()), counter.get_total_flops() // 2


if __name__ == "__main__":
    main()

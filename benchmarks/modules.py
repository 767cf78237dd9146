"""Generated modules against the same networks written by hand: forward, and forward with backward.

    python -m benchmarks.modules [--networks Net ResNet18 MobileNetV2] [--runs 20] [--device cpu] [--compiled]

Both have the same weights, and their outputs are compared first.  The runs are paired and interleaved, the one that
comes first changing from pair to pair; printed are the medians of the times and of the ratios of the pairs.  On the CPU
processor time is measured, on one thread, and on another device the time that passes.  With `--compiled` both go
through `torch.compile` too, which on the CPU needs a C++ compiler.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import cnndsl
from benchmarks import handwritten
from benchmarks.measuring import machine, markdown

MODELS = Path(__file__).parent.parent / "models"


class Network(NamedTuple):
    """A file of `models/`, the network in it, the class that is written by hand, and an input."""

    file: str
    by_hand: type[nn.Module]
    input: tuple[int, ...]


NETWORKS = {
    "Net": Network("net.cnn", handwritten.Net, (64, 3, 32, 32)),
    "ResNet18": Network("resnet.cnn", handwritten.ResNet18, (4, 3, 224, 224)),
    "MobileNetV2": Network("mobilenetv2.cnn", handwritten.MobileNetV2, (4, 3, 224, 224)),
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Compare generated modules with hand-written ones.")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--runs", type=int, default=20, help="pairs of runs")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compiled", action="store_true", help="with torch.compile too")
    options = parser.parse_args()
    torch.manual_seed(0)
    if options.device == "cpu":
        torch.set_num_threads(1)
    forms: dict[str, Callable[[Any], Any]] = {"eager": lambda model: model}
    if options.compiled and options.device == "cpu" and not (shutil.which("c++") or shutil.which("g++")):
        print("torch.compile is left out: there is no C++ compiler here\n")
    elif options.compiled:
        forms["torch.compile"] = torch.compile
    print(f"{machine()}, PyTorch {torch.__version__}, {options.device}\n")
    print(markdown(["network", "form", "pass", "generated ms", "by hand ms", "generated / by hand"], ()))
    for name in options.networks:
        generated, by_hand, x = pair(name, options.device)
        for form, wrap in forms.items():
            models = wrap(generated), wrap(by_hand)
            for passes, run in (("forward", _forward), ("forward + backward", _backward)):
                times = _times(models, run, x, options.runs)
                row = [f"{1000 * statistics.median(found):.2f}" for found in times]
                ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
                print(f"| {name} | {form} | {passes} | {' | '.join(row)} | {ratio:.3f} |", flush=True)


def pair(name: str, device: str = "cpu", samples: int | None = None) -> tuple[nn.Module, nn.Module, Tensor]:
    """The generated module and the hand-written one with the same weights, and an input, of `samples` if that is given.

    Raises AssertionError where they do not compute the same.
    """
    network = NETWORKS[name]
    generated: nn.Module = cnndsl.load(MODELS / network.file, name)()
    by_hand = network.by_hand()
    weights = list(generated.state_dict().values())
    by_hand.load_state_dict(dict(zip(by_hand.state_dict(), weights, strict=True)))
    x = torch.randn(samples or network.input[0], *network.input[1:], device=device)
    models = generated.to(device), by_hand.to(device)
    with torch.no_grad():
        torch.testing.assert_close(*(model.eval()(x) for model in models))
    return *models, x


def _forward(model: nn.Module, x: Tensor) -> None:
    with torch.no_grad():
        model.eval()(x)


def _backward(model: nn.Module, x: Tensor) -> None:
    model.train().zero_grad()
    model(x).sum().backward()


def _times(
    models: tuple[nn.Module, nn.Module], run: Callable[[nn.Module, Tensor], None], x: Tensor, runs: int
) -> tuple[list[float], list[float]]:
    """The seconds of each run of both models, in pairs."""
    times: tuple[list[float], list[float]] = ([], [])
    for k in range(-2, runs):  # the first two warm up
        for which in (0, 1) if k % 2 else (1, 0):
            seconds = _seconds(models[which], run, x)
            if k >= 0:
                times[which].append(seconds)
    return times


def _seconds(model: nn.Module, run: Callable[[nn.Module, Tensor], None], x: Tensor) -> float:
    if x.device.type == "cpu":
        begin = time.process_time()
        run(model, x)
        return time.process_time() - begin
    torch.accelerator.synchronize()
    begin = time.perf_counter()
    run(model, x)
    torch.accelerator.synchronize()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()

"""What the form for inference gains: the forward pass of a network in training form, over that in the form for serving.

    python -m benchmarks.inference [NAME ...] [--runs 10] [--batch 1 16] [--device cpu]

Both forms have the same weights and are in evaluation mode.  Their runs take turns, so that a busy moment of the
machine hits both; printed are the median times of the two, the median of the ratios of the pairs, and the largest
difference of the outputs as a part of the largest output.  A name may be a pattern (`resnet*`).
"""

from __future__ import annotations

import argparse
import time
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median

import torch
from torch import nn

import cnndsl
from benchmarks.measuring import machine, markdown

MODELS = Path(__file__).parent.parent / "models"
NETWORKS = {
    "ResNet18": "resnet.cnn",
    "ResNet50": "resnet.cnn",
    "MobileNetV2": "mobilenetv2.cnn",
    "MobileNetV3Large": "mobilenetv3.cnn",
    "VGG16BN": "vgg.cnn",
    "DenseNet121": "densenet.cnn",
    "EfficientNetB0": "efficientnet.cnn",
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Compare the forms for training and for inference.")
    parser.add_argument("names", nargs="*", default=["ResNet50", "MobileNetV2"], metavar="NAME")
    parser.add_argument("--runs", type=int, default=10, help="pairs of runs of each network")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    rows = []
    for name, file in NETWORKS.items():
        if any(fnmatchcase(name.lower(), pattern.lower()) for pattern in options.names):
            trained = cnndsl.load(MODELS / file, name)().to(options.device).eval()
            serving = cnndsl.load(MODELS / file, name, target="inference")
            served = serving.from_trained(trained.state_dict()).to(options.device)  # type: ignore[attr-defined]
            rows += [row(name, trained, served, batch, options.runs, options.device) for batch in options.batch]
    print(f"{machine()}, PyTorch {torch.__version__}, {options.device}, {torch.get_num_threads()} threads\n")
    header = ("network", "batch", "training ms", "inference ms", "training / inference", "difference")
    print(markdown(header, rows))


@torch.inference_mode()
def row(name: str, trained: nn.Module, served: nn.Module, batch: int, runs: int, device: str) -> tuple[str, ...]:
    """A line of the table."""
    x = torch.randn(batch, 3, 224, 224, device=device)
    wanted, found = trained(x), served(x)  # the first runs choose algorithms, and are not counted
    difference = float((wanted - found).abs().max() / wanted.abs().max())
    pairs = []
    for turn in range(runs):
        times = {}
        for model in (trained, served) if turn % 2 == 0 else (served, trained):
            times[model] = _seconds(model, x)
        pairs.append((times[trained], times[served]))
    before, after = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(slow / fast for slow, fast in pairs)
    return name, str(batch), f"{before * 1e3:.1f}", f"{after * 1e3:.1f}", f"{ratio:.2f}", f"{difference:.1e}"


def _seconds(model: nn.Module, x: torch.Tensor) -> float:
    start = time.perf_counter()
    model(x)
    if x.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

"""The memory that the compiler foresees for the networks of `models/`, against what PyTorch allocates.

    python -m benchmarks.memory [NAME ...] [--batch 1]

A name may be a pattern (`resnet*`).  The peak in inference is measured with the generated module: the bytes of all
tensors that are alive after an operation, parameters and buffers left out; what is kept in training is measured
as the bytes that autograd saves.  Sizes in millions of bytes, in float32.
"""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from pathlib import Path

import torch

import cnndsl
from cnndsl.analysis.costs.memory import memory
from tests.analysis.measure import Living, kept
from tests.running import sample

MODELS = Path(__file__).parent.parent / "models"
NETWORKS = {
    "Net": "net.cnn",
    "AlexNet": "alexnet.cnn",
    "VGG16": "vgg.cnn",
    "GoogLeNet": "googlenet.cnn",
    "ResNet18": "resnet.cnn",
    "ResNet50": "resnet.cnn",
    "DenseNet121": "densenet.cnn",
    "MobileNetV2": "mobilenetv2.cnn",
    "EfficientNetB0": "efficientnet.cnn",
    "ShuffleNetV2_1_0": "shufflenetv2.cnn",
    "SqueezeNet1_1": "squeezenet.cnn",
    "Generator": "dcgan.cnn",
    "Autoencoder": "autoencoder.cnn",
    "M5": "m5.cnn",
    "TextCNN": "textcnn.cnn",
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Compare the memory that is foreseen with what PyTorch allocates.")
    parser.add_argument("names", nargs="*", default=["*"], metavar="NAME")
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    print(f"{'':20}{'peak':>10}{'PyTorch':>10}{'ratio':>8}   {'kept':>10}{'PyTorch':>10}{'ratio':>8}")
    for name, file in NETWORKS.items():
        if any(fnmatchcase(name.lower(), pattern.lower()) for pattern in options.names):
            print(row(name, file, options.batch), flush=True)


def row(name: str, file: str, batch: int) -> str:
    """A line of the table."""
    program = cnndsl.compile((MODELS / file).read_text(encoding="utf-8"), name=file, folder=MODELS).program
    if program is None:
        message = f"{file} does not compile: see `cnndsl check`"
        raise SystemExit(message)
    network = program.network(name)
    said = memory(program, name, batch=batch)
    model = cnndsl.load(MODELS / file, name)().eval()
    given = sample(program, network, batch)
    held = [*model.parameters(), *model.buffers()]
    living = Living(held)
    with torch.no_grad(), living:
        model(*(tensor.clone() for tensor in given))
    model.train()
    found, _ = kept(lambda: model(*given), held)
    figures = ""
    for ours, theirs in ((said.peak, living.peak), (said.kept, sum(found.values()))):
        assert ours is not None  # noqa: S101 - no size of these networks is open
        figures += f"{ours / 1e6:>10.3f}{theirs / 1e6:>10.3f}{theirs / ours:>8.3f}   "
    return f"{name:20}{figures.rstrip()}"


if __name__ == "__main__":
    main()

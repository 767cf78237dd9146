"""Train the network of `models/digits.cnn` to read handwritten digits.

The pictures are those that come with scikit-learn: 1,797 of them, grey, 8 x 8. A quarter is kept apart
and shown to the network only at the end.  Needs PyTorch and scikit-learn; takes some seconds.

    python docs/examples/train_digits.py [WEIGHTS]

The trained weights are saved in the file WEIGHTS, where one is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import cnndsl

MODEL = Path(__file__).parents[2] / "models" / "digits.cnn"
EPOCHS = 8
BATCH = 32
MAX_RATE = 0.01


def load() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures (N, 1, 8, 8) with numbers from 0 to 1 to learn from and to test with, then the digits of both (N)."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(digits.target)
    split = train_test_split(images, labels, test_size=0.25, stratify=labels, random_state=0)
    return tuple(split)


def train(net: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Show the network every picture `EPOCHS` times, in a new order each time, and correct its weights."""
    batches = DataLoader(TensorDataset(images, labels), batch_size=BATCH, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, MAX_RATE, total_steps=EPOCHS * len(batches))
    loss = nn.CrossEntropyLoss()
    net.train()
    for epoch in range(EPOCHS):
        total = 0.0
        for pictures, digits in batches:
            optimizer.zero_grad()
            error = loss(net(pictures), digits)
            error.backward()
            optimizer.step()
            schedule.step()
            total += error.item() * len(pictures)
        print(f"epoch {epoch + 1}: mean loss {total / len(images):.3f}")


def accuracy(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of the pictures for which the right digit has the highest score."""
    net.eval()
    with torch.no_grad():
        right = net(images).argmax(dim=1) == labels
    return float(right.float().mean())


def main() -> None:
    """Train, print how much of the test the network gets right, and save the weights where the command line says."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # with pictures as small as these, several threads would mostly wait for one another
    images, test_images, labels, test_labels = load()
    net = cnndsl.load(MODEL)()
    train(net, images, labels)
    print(f"test accuracy: {100 * accuracy(net, test_images, test_labels):.1f} %")
    if len(sys.argv) > 1:
        torch.save(net.state_dict(), sys.argv[1])


if __name__ == "__main__":
    main()

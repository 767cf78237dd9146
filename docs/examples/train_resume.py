"""Train in bfloat16, with a checkpoint after each epoch, and go on from the one that there is.

python docs/examples/train_resume.py checkpoint.pt [EPOCHS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from train_digits import MODEL, accuracy, load

import cnndsl

checkpoint, epochs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4
device = "cuda" if torch.cuda.is_available() else "cpu"
images, test_images, labels, test_labels = (tensor.to(device) for tensor in load())
batches = DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=True)
net = cnndsl.load(MODEL)().to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
first = 0
if checkpoint.exists():
    saved = torch.load(checkpoint, map_location=device, weights_only=True)
    net.load_state_dict(saved["net"])
    optimizer.load_state_dict(saved["optimizer"])
    first = saved["epoch"]
for epoch in range(first, epochs):
    net.train()
    for pictures, digits in batches:
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = nn.functional.cross_entropy(net(pictures), digits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    saved = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}
    torch.save(saved, checkpoint.with_suffix(".new"))
    checkpoint.with_suffix(".new").replace(checkpoint)  # whole or not at all
    print(f"epoch {epoch + 1}: test accuracy {100 * accuracy(net, test_images, test_labels):.1f} %", flush=True)

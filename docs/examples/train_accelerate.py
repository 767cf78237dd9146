"""The loop of PyTorch, which accelerate takes to whatever there is.

accelerate launch docs/examples/train_accelerate.py
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from train_digits import MODEL, accuracy, load

import cnndsl

accelerator = Accelerator()
images, test_images, labels, test_labels = load()
torch.manual_seed(0)
net = cnndsl.load(MODEL)()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
batches = DataLoader(TensorDataset(images, labels), batch_size=16, shuffle=True)
net, optimizer, batches = accelerator.prepare(net, optimizer, batches)
for _ in range(4):
    for pictures, digits in batches:
        loss = nn.functional.cross_entropy(net(pictures), digits)
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
model = accelerator.unwrap_model(net)
right = accuracy(model, test_images.to(accelerator.device), test_labels.to(accelerator.device))
accelerator.print(f"test accuracy: {100 * right:.1f} %")

"""Train with weights, gradients and optimizer divided among the processes (FSDP2), and save each its own part.

torchrun --standalone --nproc_per_node 2 docs/examples/train_fsdp.py checkpoint/
"""

from __future__ import annotations

import os
import sys

import torch
import torch.distributed.checkpoint as dcp
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from train_digits import MODEL, load

import cnndsl

kind = "cuda" if torch.cuda.is_available() else "cpu"
mesh = init_device_mesh(kind, (int(os.environ["WORLD_SIZE"]),))
images, test_images, labels, test_labels = (tensor.to(kind) for tensor in load())
torch.manual_seed(0)
net = cnndsl.load(MODEL)().to(kind)
for name in ("conv1", "conv2", "fc1", "fc2"):  # of a large network its blocks: `for block in net.layers`
    fully_shard(net.get_submodule(name), mesh=mesh)
fully_shard(net, mesh=mesh)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
generator = torch.Generator().manual_seed(mesh.get_local_rank())  # each process draws batches of its own
for _ in range(160):
    batch = torch.randint(len(images), (32,), generator=generator).to(kind)
    loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
dcp.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, checkpoint_id=sys.argv[1])
net.eval()
with torch.no_grad():
    right = net(test_images).argmax(dim=1) == test_labels
if mesh.get_local_rank() == 0:
    print(f"test accuracy: {100 * right.float().mean():.1f} %")
distributed.destroy_process_group()

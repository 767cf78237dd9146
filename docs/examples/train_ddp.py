"""Train on several devices or machines, each with a part of every batch (DistributedDataParallel).

torchrun --standalone --nproc_per_node 2 docs/examples/train_ddp.py weights.pt
"""

from __future__ import annotations

import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
from train_digits import MODEL, accuracy, load

import cnndsl

dist.init_process_group()  # nccl where there are GPUs, else gloo; torchrun says who is who
rank, gpus = dist.get_rank(), torch.cuda.device_count()
device = torch.device("cuda", rank % gpus) if gpus else torch.device("cpu")
torch.set_num_threads(1)
images, test_images, labels, test_labels = load()
data = TensorDataset(images, labels)
sampler: DistributedSampler[object] = DistributedSampler(data)
batches = DataLoader(data, batch_size=16, sampler=sampler)
torch.manual_seed(0)
model = nn.SyncBatchNorm.convert_sync_batchnorm(cnndsl.load(MODEL)()) if gpus else cnndsl.load(MODEL)()
net = DistributedDataParallel(model.to(device))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(4):
    sampler.set_epoch(epoch)  # another order in each
    for pictures, digits in batches:
        loss = nn.functional.cross_entropy(net(pictures.to(device)), digits.to(device))
        optimizer.zero_grad()
        loss.backward()  # the gradients of all processes are averaged here
        optimizer.step()
if rank == 0:
    torch.save(model.state_dict(), sys.argv[1])
    print(f"test accuracy: {100 * accuracy(model, test_images.to(device), test_labels.to(device)):.1f} %")
dist.destroy_process_group()

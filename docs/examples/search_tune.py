"""Search a family with Ray Tune, on as many machines as the Ray has; the worst of each round are given up early.

python docs/examples/search_tune.py FOLDER [SAMPLES]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from ray import tune
from torch import nn
from train_digits import MODEL, accuracy, load

import cnndsl

FAMILY = MODEL.read_text().replace("network Digits {", "network Digits(width) {").replace("conv(32", "conv(width")


def train(settings: dict[str, Any]) -> None:
    """Train a member, and report its accuracy after each epoch."""
    torch.set_num_threads(1)
    images, test_images, labels, test_labels = load()
    net = cnndsl.compile(FAMILY, settings={"width": settings["width"]}).load()()
    optimizer = torch.optim.Adam(net.parameters(), lr=settings["rate"])
    for _ in range(4):
        net.train()
        for batch in torch.randperm(len(images)).split(64):
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        tune.report({"accuracy": accuracy(net, test_images, test_labels)})


if __name__ == "__main__":
    folder, samples = Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    affordable = [row["width"] for row in cnndsl.sweep(FAMILY, {"width": range(4, 65, 4)}, where="parameters < 30000")]
    space = {"width": tune.choice(affordable), "rate": tune.loguniform(1e-4, 1e-1)}
    if tune.Tuner.can_restore(folder / "digits"):
        tuner = tune.Tuner.restore(str(folder / "digits"), train, resume_unfinished=True)
    else:
        asha = tune.schedulers.ASHAScheduler(metric="accuracy", mode="max")
        told = tune.TuneConfig(num_samples=samples, scheduler=asha)
        kept = tune.RunConfig(  # a trial whose worker dies is begun again
            name="digits", storage_path=str(folder), failure_config=tune.FailureConfig(max_failures=3)
        )
        tuner = tune.Tuner(train, param_space=space, tune_config=told, run_config=kept)
    best = tuner.fit().get_best_result("accuracy", "max")
    print(f"best: {best.config}, test accuracy {100 * best.metrics['accuracy']:.1f} %")

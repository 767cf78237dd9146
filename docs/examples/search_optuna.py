"""Search a family for the network that reads digits best within a budget; what costs too much is never trained.

python docs/examples/search_optuna.py search.db [TRIALS]
"""

from __future__ import annotations

import sys

import optuna
import torch
from torch import nn
from train_digits import accuracy, load

import cnndsl

FAMILY = """
network Digits(width, kernel, hidden) {
    input(1, 8, 8)
    conv(width, kernel, padding=kernel // 2) -> batchnorm -> relu -> maxpool(2)
    conv(2 * width, kernel, padding=kernel // 2) -> batchnorm -> relu -> linear(hidden) -> relu -> linear(10)
    assert parameters <= 20000, "the board has no room for more"
}
"""
images, test_images, labels, test_labels = load()  # to choose by the test makes it no test: keep a third part for it


def objective(trial: optuna.Trial) -> float:
    """The accuracy of a member; one that is too large by its own text is pruned before it is trained."""
    width, kernel = trial.suggest_int("width", 2, 24), trial.suggest_categorical("kernel", [1, 3, 5])
    settings = {"width": width, "kernel": kernel, "hidden": trial.suggest_int("hidden", 8, 128, log=True)}
    compilation = cnndsl.compile(FAMILY, settings=settings)
    if not compilation.ok:
        raise optuna.TrialPruned(compilation.diagnostics[0].message)
    net = compilation.load()()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(4):
        net.train()
        for batch in torch.randperm(len(images)).split(64):
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        trial.report(accuracy(net, test_images, test_labels), epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return accuracy(net, test_images, test_labels)


torch.manual_seed(0)
study = optuna.create_study(
    study_name="digits",
    storage=f"sqlite:///{sys.argv[1]}",  # a study that is there is gone on with
    load_if_exists=True,
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
)
study.optimize(objective, n_trials=int(sys.argv[2]) if len(sys.argv) > 2 else 30)
print(f"best of {len(study.trials)}: {study.best_params}, test accuracy {100 * study.best_value:.1f} %")

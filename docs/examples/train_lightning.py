"""The network in a module of Lightning, which brings the loop: `python docs/examples/train_lightning.py`."""

from __future__ import annotations

import lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from train_digits import MODEL, accuracy, load

import cnndsl


class Digits(lightning.LightningModule):
    """The network, its loss and its optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.net = cnndsl.load(MODEL)()

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        pictures, digits = batch
        return nn.functional.cross_entropy(self.net(pictures), digits)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


if __name__ == "__main__":
    lightning.seed_everything(0)
    images, test_images, labels, test_labels = load()
    trainer = lightning.Trainer(max_epochs=4, logger=False, enable_checkpointing=False, enable_progress_bar=False)
    digits = Digits()
    trainer.fit(digits, DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=True))
    print(f"test accuracy: {100 * accuracy(digits.net.cpu(), test_images, test_labels):.1f} %")

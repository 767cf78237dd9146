"""Chapter 8 of the teaching text: the whole network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from cnndsl.analysis import costs
from cnndsl.cli import main
from cnndsl.ir.program import Plain
from cnndsl.layers.shape import Flatten
from tests.running import build, compiled, program_of

CASES = Path(__file__).parents[1] / "torch" / "cases"
NET = (Path(__file__).parents[2] / "models" / "net.cnn").read_text(encoding="utf-8")
LABELLED = (CASES / "net_labelled.cnn").read_text(encoding="utf-8")
PRINTED = """\
Net(
  (conv1): Conv2d(3, 8, kernel_size=(5, 5), stride=(1, 1))
  (conv2): Conv2d(8, 16, kernel_size=(5, 5), stride=(1, 1))
  (pool): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  (dropout): Dropout(p=0.5, inplace=False)
  (relu): ReLU()
  (fc1): Linear(in_features=400, out_features=256, bias=True)
  (fc2): Linear(in_features=256, out_features=10, bias=True)
)"""


class WithoutFlatten(nn.Module):
    """The text's own listing: nothing between the last map and the first dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 5)
        self.conv2 = nn.Conv2d(8, 16, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.dropout = nn.Dropout(p=0.5)
        self.relu = nn.ReLU()
        self.fc1 = nn.Linear(16 * 5 * 5, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        x = self.fc2(self.dropout(self.relu(self.fc1(x))))
        return x  # noqa: RET504 - as the text has it


def test_it_prints_to_the_letter() -> None:
    assert str(build(NET)) == PRINTED


def test_every_size_is_derived() -> None:
    module = program_of(NET).network()
    heights = [int(shape[1]) for shape in module.values if len(shape) == 3]
    assert list(dict.fromkeys(heights)) == [32, 28, 14, 10, 5]
    assert [int(shape[0]) for shape in module.values if len(shape) == 1] == [400, 256, 256, 256, 10]
    assert "self.fc1 = nn.Linear(16 * 5 * 5, 256)" in compiled(NET).python()


def test_parameters_and_multiply_accumulates() -> None:
    program = program_of(NET)
    cost = costs.of(program, program.network().id)
    assert cost.parameters == 608 + 3_216 + 102_656 + 2_570 == 109_050
    assert cost.macs == 8 * 28 * 28 * 75 + 16 * 10 * 10 * 200 + 400 * 256 + 256 * 10 == 895_360
    assert sum(p.numel() for p in build(NET).parameters()) == 109_050


def test_a_batch_of_pictures_goes_in_and_ten_scores_each_come_out() -> None:
    model = build(NET)
    with torch.no_grad():
        assert model(torch.zeros(7, 3, 32, 32)).shape == (7, 10)


def test_pool_and_relu_are_one_module_each() -> None:
    model = build(NET)
    calls: dict[str, int] = {}
    for name, part in model.named_children():
        part.register_forward_hook(lambda *_, name=name: calls.update({name: calls.get(name, 0) + 1}))
    model(torch.zeros(1, 3, 32, 32))
    assert calls == {"conv1": 1, "conv2": 1, "pool": 2, "dropout": 1, "relu": 3, "fc1": 1, "fc2": 1}


def test_the_flatten_that_the_text_forgets_is_put_in() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        WithoutFlatten()(torch.zeros(2, 3, 32, 32))
    inserted = [step.action for step in program_of(NET).network().steps if isinstance(step.action, Plain)]
    assert [(type(action.layer), action.inserted) for action in inserted] == [(Flatten, True)]
    assert "self.fc1(torch.flatten(x, 1))" in compiled(NET).python()


def test_it_takes_the_weights_of_the_text_and_gives_what_that_computes() -> None:
    by_hand = WithoutFlatten().eval()
    model = build(NET)
    model.load_state_dict(by_hand.state_dict(), strict=True)
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        maps = by_hand.pool(by_hand.relu(by_hand.conv2(by_hand.pool(by_hand.relu(by_hand.conv1(x))))))
        expected = by_hand.fc2(by_hand.relu(by_hand.fc1(maps.flatten(1))))
        torch.testing.assert_close(model(x), expected)


def test_both_ways_to_write_it_have_the_same_weights() -> None:
    first, second = build(NET).state_dict(), build(LABELLED).state_dict()
    assert {name: tensor.shape for name, tensor in first.items()} == {n: t.shape for n, t in second.items()}
    assert list(first) == list(second)


def test_another_number_of_classes() -> None:
    assert build(LABELLED, classes=100)(torch.zeros(1, 3, 32, 32)).shape == (1, 100)


def test_nothing_is_written_for_a_network_that_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.cnn"
    path.write_text(NET.replace("conv2 -> relu -> pool", "conv2 -> relu -> pool -> conv2"), encoding="utf-8")
    assert main(["compile", str(path)]) == 1
    shown = capsys.readouterr().err
    assert "conv2 was built for an input of 8 x 14 x 14, and 16 x 5 x 5 comes in here" in shown
    assert [item.name for item in tmp_path.iterdir()] == ["net.cnn"]

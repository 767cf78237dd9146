from __future__ import annotations

import re
import sys

import pytest

from cnndsl import reference
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.terminal import width
from tests.cli.conftest import Command


def test_all_kinds_with_a_line_each(cnndsl: Command) -> None:
    result = cnndsl("layers")
    assert (result.code, result.err) == (0, "")
    listed = re.findall(r"^  (\w+) +(\S.*)$", result.out, re.MULTILINE)
    assert sorted(name for name, _ in listed) == sorted([*KINDS, *OPERATIONS])
    assert dict(listed)["relu6"] == "A ReLU that stops at 6: min(max(0, x), 6)"


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_terminal_of_any_width_has_all_words(cnndsl: Command, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    words = cnndsl("layers").out.split()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = cnndsl("layers", "--color", "never").out
    assert shown.split() == words
    assert all(len(line) <= max(min(columns, 120), 43) for line in shown.splitlines())


@pytest.mark.parametrize("name", KINDS)
def test_one_kind(cnndsl: Command, name: str) -> None:
    result = cnndsl("layers", name)
    assert (result.code, result.err) == (0, "")
    assert result.out == reference.describe(name)
    for parameter in KINDS[name].parameters():
        assert re.search(rf"^  {parameter.name} +\S", result.out, re.MULTILINE)
    assert all(width(line) <= 80 for line in result.out.splitlines())
    assert re.search(r"^sizes: +\d+( x \d+)*", result.out, re.MULTILINE)


@pytest.mark.parametrize("name", OPERATIONS)
def test_one_operation(cnndsl: Command, name: str) -> None:
    result = cnndsl("layers", name)
    assert (result.code, result.err) == (0, "")
    assert OPERATIONS[name].written.removesuffix(")") in result.out
    assert all(width(line) <= 80 for line in result.out.splitlines())


def test_a_layer_that_is_an_operation_too(cnndsl: Command) -> None:
    heads = re.findall(r"^upsample\(.*", cnndsl("layers", "upsample").out, re.MULTILINE)
    assert [head.split(",")[0] for head in heads] == ["upsample([size]", "upsample(x"]


MAXPOOL = """\
maxpool(kernel, [stride], padding=0, dilation=1, ceil_mode=false)

Max pooling: the map is cut into regions, and each keeps its largest value.

Output along an axis: floor((I + 2D - L*(K - 1) - 1) / S) + 1 for input I,
kernel K, padding D, stride S and dilation L (torch.nn.MaxPool2d); with
`ceil_mode` the division rounds up. With padding="same" it is I / S, rounded up,
for every size that comes in; what is added counts as smaller than any number.

  kernel     size of the region (whole number, at least 1, or one for each axis;
             kernel_size in PyTorch)
  stride     how far the region moves at each step; the kernel's size unless
             given (whole number, at least 1, or one for each axis)
  padding    rows and columns added on every side, at most half of the kernel;
             "same" adds what gives the size divided by the stride, rounded up,
             "valid" none (whole number, at least 0, or one for each axis, or
             "same" or "valid")
  dilation   distance between the cells of the region (whole number, at least 1,
             or one for each axis)
  ceil_mode  whether a region that hangs over the end still counts (true or
             false)

PyTorch:  nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d
brings:   MaxPool1dSame, MaxPool2dSame, MaxPool3dSame, pad_same, same_border,
          spread
takes:    channels x length, or channels x height x width, or channels x depth x
          height x width
example:  input(8, 28, 28) -> maxpool(2)
sizes:    8 x 28 x 28 -> 8 x 14 x 14
"""


def test_what_is_said_of_a_kind(cnndsl: Command) -> None:
    assert cnndsl("layers", "maxpool").out == MAXPOOL


def test_a_class_that_the_generated_module_brings(cnndsl: Command) -> None:
    assert "\nbrings:   StochasticDepth\n" in cnndsl("layers", "stochastic_depth").out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Conv2d", "Conv2d is called conv here: cnndsl layers conv"),
        ("MaxPooling2D", "MaxPooling2D is called maxpool here: cnndsl layers maxpool"),
        ("Dense", "Dense is called linear here: cnndsl layers linear"),
        ("covn", "there is no layer covn; did you mean conv?"),
        ("concatenate", "concatenate is called concat here: cnndsl layers concat"),
        ("concta", "there is no layer concta; did you mean concat?"),
        ("xyzzy", "there is no layer xyzzy"),
    ],
)
def test_a_name_that_is_none(cnndsl: Command, name: str, message: str) -> None:
    result = cnndsl("layers", name)
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"Invalid value for NAME: {message}\n")


def test_colours(cnndsl: Command) -> None:
    for arguments in (["layers"], ["layers", "conv"]):
        plain, painted = cnndsl(*arguments).out, cnndsl(*arguments, "--color", "always").out
        assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain != painted

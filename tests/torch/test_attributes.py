"""What the constructor works out and `forward` needs is kept in attributes that hide nothing."""

from __future__ import annotations

import torch

from cnndsl.backends.torch.attributes import Attributes
from tests.running import agree, build, compiled, imported, program_of


def test_a_number_of_the_block_reaches_a_call_in_forward() -> None:
    text = """
        block Shrink(size) {
            conv(4, 1)
            adaptive_avgpool(it, size)
        }
        network Net {
            input(4, 8, 8)
            a: Shrink(5)
            b: Shrink(2)
        }
    """
    program = program_of(text)
    agree(program, imported(compiled(text).python()), program.network())
    assert build(text).get_submodule("a").output_size == 5


def test_a_number_of_the_network_reaches_a_call_in_forward() -> None:
    text = "network Net(slope = 0.5) {\n    input(2, 4, 4)\n    leaky_relu(it, slope)\n}"
    net = imported(compiled(text).python()).Net(slope=0.25)
    assert torch.equal(net(torch.full((1, 2, 4, 4), -1.0)), torch.full((1, 2, 4, 4), -0.25))


def test_an_attribute_hides_no_part() -> None:
    text = """
        block Unit(channels, stride = 1) {
            residual: conv(channels, 3, stride, padding=1)
            if stride == 1 and input.channels == channels { input + it }
        }
        block Row(n) {
            turns: conv(4, 1)
            for i in range(n) { "part{i}": relu }
        }
        network Net {
            input(4, 8, 8)
            a: Unit(4)
            b: Unit(8, 2)
            c: Row(3)
            d: Row(2)
        }
    """
    program = program_of(text)
    net = agree(program, imported(compiled(text).python()), program.network())
    assert [name for name, _ in net.get_submodule("c").named_children()] == ["turns", "part0", "part1", "part2"]


def test_names_are_given_once_and_kept_clear_of() -> None:
    attributes = Attributes({"residual"})
    assert attributes.holding("stride == 1", "residual") == "self.residual_2"
    assert attributes.holding("stride == 1", "active") == "self.residual_2"
    assert attributes.holding("n", "training") == "self.training_2"
    assert attributes.holding("n + 1", "turns") == "self.turns"
    assert attributes.held == {"residual_2": "stride == 1", "training_2": "n", "turns": "n + 1"}


def test_what_needs_no_argument_is_said_as_it_is() -> None:
    attributes = Attributes(())
    assert [attributes.said(text, "size") for text in ("(2, 3)", "1e-05", "True", '"mean"')] == [
        "(2, 3)",
        "1e-05",
        "True",
        '"mean"',
    ]
    assert attributes.held == {}
    assert attributes.said("2 * width", "size") == "self.size"

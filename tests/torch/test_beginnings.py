"""How weights begin in drawn networks: bit for bit as when the rules are carried out by hand, layer by layer."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import cnndsl
from tests.running import build, compiled, imported
from tests.torch import constructors

RULES: dict[str, Callable[[Tensor], Tensor]] = {
    "normal(0, 0.3)": lambda tensor: nn.init.normal_(tensor, 0, 0.3),
    "uniform(-0.1, 0.2)": lambda tensor: nn.init.uniform_(tensor, -0.1, 0.2),
    "constant(0.5)": lambda tensor: nn.init.constant_(tensor, 0.5),
    "zeros": nn.init.zeros_,
    "default": lambda tensor: tensor,
}
KINDS = {
    "conv": ("4", "3", "padding=1"),
    "conv_transpose": ("4", "3", "padding=1"),
    "batchnorm": (),
    "layernorm": ('axis="channels"',),
    "prelu": ("4",),
}
Said = dict[str, str]
"""A tensor of a layer -> the rule by which it begins; empty where its numbers are given."""


class Drawn:
    """A text, the same without a word on how weights begin, and what it says by the paths of the layers."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a test draws as it likes
        self.said: dict[str, tuple[str, Said]] = {}
        self.rules: dict[str, Said] = {}
        parts: list[tuple[str, str]] = []
        for kind in KINDS:
            if self._random.random() < 0.5:
                self.rules[kind] = self._rules(kind)
        self.inner = {kind: self._rules(kind) for kind in KINDS if self._random.random() < 0.3}
        inner: dict[str, tuple[str, Said]] = {}
        block = [self._layer(f"part{k}", inner) for k in range(2)]
        for k in range(3):
            if self._random.random() < 0.4:
                times = self._random.randint(1, 3)
                parts.append((f"b{k}: Block * {times}",) * 2)
                self.said |= {f"b{k}.{i}.{path}": said for i in range(times) for path, said in inner.items()}
            else:
                parts.append(self._layer(f"layer{k}", self.said))
        lines, inside = _init_lines(self.rules), _init_lines(self.inner)
        self.text = _text(inside + [line for line, _ in block], lines + [line for line, _ in parts])
        self.plain = _text([line for _, line in block], [line for _, line in parts])

    def _rules(self, kind: str) -> Said:
        names = ["weight"] if kind == "prelu" else self._random.choice((["weight"], ["bias"], ["weight", "bias"]))
        return {name: self._random.choice(list(RULES)) for name in names}

    def _layer(self, name: str, said: dict[str, tuple[str, Said]]) -> tuple[str, str]:
        kind = self._random.choice(list(KINDS))
        rules = self._rules(kind) if self._random.random() < 0.4 else {}
        given = list(KINDS[kind])
        if kind.startswith("conv") and "bias" not in rules and self._random.random() < 0.3:
            given.append("bias=false")
        elif kind == "batchnorm" and "bias" not in rules and self._random.random() < 0.3:
            given.append("bias=[1, 2, 3, 4]")
            rules["bias"] = ""
        own = [f"{tensor}_init={rule}" for tensor, rule in rules.items() if rule]
        said[name] = (kind, rules)
        return f"{name}: {kind}({', '.join(given + own)})", f"{name}: {kind}({', '.join(given)})"


def _init_lines(rules: dict[str, Said]) -> list[str]:
    said = {kind: ", ".join(f"{name} = {rule}" for name, rule in of_kind.items()) for kind, of_kind in rules.items()}
    return [f"init {kind}: {what}" for kind, what in said.items()]


def _text(block: list[str], lines: list[str]) -> str:
    inside = "\n    ".join
    return f"block Block {{\n    {inside(block)}\n}}\nnetwork Net {{\n    input(4, 6, 6)\n    {inside(lines)}\n}}\n"


@pytest.mark.parametrize("seed", range(40))
def test_a_layers_own_word_and_the_rules_of_the_network(seed: int) -> None:
    drawn = Drawn(seed)
    torch.manual_seed(seed)
    found = build(drawn.text).state_dict()
    torch.manual_seed(seed)
    model = build(drawn.plain)
    for path, module in model.named_modules():
        kind, own = drawn.said.get(path, ("", {}))
        for name in ("weight", "bias"):
            around = drawn.rules.get(kind, {}).get(name)
            if "part" in path:
                around = drawn.inner.get(kind, {}).get(name, around)
            rule = own.get(name, around)
            tensor = getattr(module, name, None)
            if rule and tensor is not None:
                RULES[rule](tensor.data)
    wanted = model.state_dict()
    assert list(found) == list(wanted)
    assert [name for name in wanted if not torch.equal(found[name], wanted[name])] == [], drawn.text


def test_rules_of_bodies_in_one_another_and_of_fans() -> None:
    """The innermost holds, `fan_in` and `fan_out` are those of each layer, and a parameter in a rule stays one."""
    text = """
        block Outer(channels, std = 0.5) {
            init conv, linear: weight = normal(0, std), bias = constant(3)
            inner: Inner(channels) -> own: conv(channels, 1, bias=false) -> flatten
            dense: linear(4, weight_init=default)
        }
        sequence Inner(channels) {
            init conv: weight = constant(1 / sqrt(fan_in)), bias = constant(1 / fan_out)
            conv(channels, 3) -> relu -> conv(2 * channels, 3, groups=2)
        }
        network Net(gain = 1.0) {
            input(2, 6, 6)
            init conv: weight = constant(gain * (2 / fan_out) ** 0.5)
            first: conv(4, 3, padding=1) -> outer: Outer(4)
        }
    """
    module = imported(compiled(text).python())
    torch.manual_seed(0)
    net = module.Net(gain=3.0)
    values = {name: parameter.detach().flatten() for name, parameter in net.named_parameters()}
    assert values["first.weight"].unique().tolist() == pytest.approx([3 * (2 / 36) ** 0.5])
    assert values["first.bias"].unique().numel() == 4
    assert values["outer.inner.0.weight"].unique().tolist() == pytest.approx([1 / 6])
    assert values["outer.inner.0.bias"].unique().tolist() == pytest.approx([1 / 36])
    assert values["outer.inner.2.weight"].unique().tolist() == pytest.approx([1 / 18**0.5])
    assert values["outer.inner.2.bias"].unique().tolist() == pytest.approx([1 / 72])
    assert 0.2 < values["outer.own.weight"].std() < 0.8
    assert values["outer.dense.bias"].unique().tolist() == [3]
    assert values["outer.dense.weight"].abs().max() < 0.6  # 1 / sqrt(fan_in) at most, by nn.Linear itself


def test_a_layer_that_is_used_in_a_condition_keeps_its_own_word() -> None:
    net = build(
        """
        block Perhaps(wide) {
            c = conv(3, 1, weight_init = zeros)
            if wide { it + (input -> c) }
        }
        network Net { input(3, 8, 8); a: Perhaps(true) -> b: Perhaps(false) -> linear(2) }
        """
    )
    assert not net.get_parameter("a.c.weight").any()


def test_the_rules_of_a_network_in_another_come_before_those_around_it() -> None:
    text = """
        network Inner { input(3, 8, 8); init conv: weight = constant(2); conv(4, 3) -> relu -> conv(3, 1) }
        network Plain { input(3, 6, 6); conv(4, 3) -> relu -> linear(3) }
        network Deep { input(3, 8, 8); init conv: bias = constant(3); Inner -> relu -> conv(3, 1) }
        network Outer {
            input(3, 8, 8)
            init conv: weight = constant(5), bias = ones
            init linear: bias = constant(7)
            conv(3, 1) -> Inner -> relu -> Plain
        }
        network Around { input(3, 8, 8); Deep -> relu -> linear(2) }
    """

    def begins(network: str) -> dict[str, float]:
        state = cnndsl.compile(text).load(network)().state_dict()
        return {key: tensor.flatten()[0].item() for key, tensor in state.items() if tensor.unique().numel() == 1}

    inner = {"inner1.conv1.weight": 2.0, "inner1.conv2.weight": 2.0}
    outer = {"conv1.weight": 5.0, "conv1.bias": 1.0, "plain1.conv1.weight": 5.0, "plain1.conv1.bias": 1.0}
    outer |= {"inner1.conv1.bias": 1.0, "inner1.conv2.bias": 1.0, "plain1.linear1.bias": 7.0}
    assert begins("Outer") == inner | outer
    deep = inner | {"inner1.conv1.bias": 3.0, "inner1.conv2.bias": 3.0, "conv1.bias": 3.0}
    assert begins("Deep") == deep
    assert begins("Around") == {f"deep1.{key}": value for key, value in deep.items()}


@pytest.mark.parametrize("line", ["multihead_attention(2, bias=false) -> linear(7, axis=-1)", "multihead_attention(2)"])
def test_a_rule_for_dense_layers_reaches_the_end_of_attention(line: str) -> None:
    """As `isinstance(module, nn.Linear)` does in PyTorch; a bias that is not there is left alone."""
    rule = "init linear: weight = constant(0.5), bias = constant(0.25)"
    model = build(f"network Net {{ input(5, 8); {rule}; attend: {line} }}")
    begun = dict(model.named_parameters())
    assert begun["attend.out_proj.weight"].eq(0.5).all()
    assert "false" in line or begun["attend.out_proj.bias"].eq(0.25).all()
    assert not begun["attend.in_proj_weight"].eq(0.5).any()


def test_layers_that_alone_say_how_they_begin_are_named() -> None:
    text = """
    network Net(std = 0.1) {
        input(3, 8, 8)
        stem: conv(4, 3, weight_init=kaiming_normal, bias_init=constant(2)) -> relu
        last: conv(4, 1, weight_init=default, bias_init=zeros) -> relu
        fc: linear(3, weight_init=normal(0, std))
    }
    """
    made = cnndsl.compile(text).python()
    assert "for module in self.modules()" not in made
    assert "nn.init.normal_(self.fc.weight, std=std)" in made
    model = imported(made).Net(std=0)
    assert model.stem.bias.unique().tolist() == [2]
    assert not model.last.bias.any()
    assert not model.fc.weight.any()


ARGUMENTS = [
    ("B(unit)", "unit -> relu", "B(conv(4, 1, weight_init=zeros, bias_init=ones))"),
    ("B(unit)", "unit -> unit", "B(conv(4, 1, weight_init=constant(std)) -> relu) -> B({ conv(4, 1) -> tanh })"),
    ("B(unit)", "unit(4) -> unit(5)", "B(conv(kernel=3, padding=1, weight_init=constant(std)))"),
    ("B(unit)", "unit(4) -> unit(5)", "B(conv(kernel=3, padding=1, bias=[1, 2, 3, 4]) if n > 9 else conv(kernel=1))"),
    ("B(unit = conv(4, 1, weight_init=zeros))", "unit", "B -> relu -> B(conv(5, 1, weight_init=constant(n)))"),
    ("B(units)", "for each in units { each }", "B([conv(4, 1, weight_init=constant(std * i)) for i in range(n)])"),
    ("B(unit)", "a = [it -> unit for i in range(3)]; sum(a)", "B(conv(3, 1, weight_init=ones)) -> B(conv(3, 1))"),
    ("B(unit)", "init conv: weight = constant(2)\nunit -> conv(2, 1)", "B(conv(3, 1, weight_init=constant(std)))"),
    ("B(unit)", "unit", "B(conv(2, 1, weight=[[1]], bias_init=zeros)) -> B(conv(2, 1, weight=[[2]]))"),
]


@pytest.mark.parametrize(("head", "body", "line"), ARGUMENTS, ids=[line for _, _, line in ARGUMENTS])
def test_a_layer_that_is_an_argument_keeps_its_own_word(head: str, body: str, line: str) -> None:
    lines = f"init linear: bias = zeros\n    repeat n {{ {line} }}\n    linear(2)"
    constructors.check(
        f"block {head} {{ {body} }}\nnetwork N(n = 2, std = 0.5) {{\n    input(3, 8, 8)\n    {lines}\n}}\n", most=12
    )


def test_a_layer_that_is_told_how_it_begins_is_a_constant() -> None:
    lines = "input(3, 8, 8); B(conv(kernel=n)); linear(m)"
    text = f"block B(unit) {{ unit(4, weight_init=zeros) }}\nnetwork N(n = 2, m = 3) {{ {lines} }}"
    assert constructors.check(text)["int"] >= 3
    assert "It is written for n=2." in compiled(text).python()


def test_a_layer_that_is_a_parameter_of_the_network_keeps_its_own_word() -> None:
    layer = "conv(4, 1, weight_init=constant(0.5))"
    constructors.check(f"network N(unit = {layer}, n = 2) {{ input(2, 4, 4); repeat n {{ unit -> relu }}; linear(2) }}")


@pytest.mark.parametrize(
    ("head", "body", "line", "reason"),
    [
        ("B(unit)", "unit(4, weight_init=zeros)", "B(conv(kernel=1)) -> B(conv(kernel=3))", "is told how its weights"),
        ("B(rule)", "conv(4, 1, weight_init=rule)", "B(zeros) -> B(ones)", "a rule by which weights begin is given as"),
    ],
)
def test_a_rule_where_it_cannot_be_an_argument(head: str, body: str, line: str, reason: str) -> None:
    text = f"block {head} {{ {body} }}\nnetwork N(n = 2) {{ input(3, 8, 8); {line}; linear(2) }}\n"
    with pytest.raises(cnndsl.CompilationError, match=f"(?s)E601.*{reason}.*help: "):
        compiled(text).python()

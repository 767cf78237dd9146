"""Whether weights load, against PyTorch: what `load_state_dict` of the real modules says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.backends import diff
from cnndsl.backends.diff import Report
from cnndsl.backends.diff.difference import Keys
from cnndsl.ir.program import Program
from tests.running import imported, program_of

MODELS = Path(__file__).parents[2] / "models"
CASES = Path(__file__).parent / "cases"
PAIRS = [
    ("resnet", "ResNet18", "ResNet34"),
    ("resnet", "ResNet50", "ResNet18"),
    ("resnet", "ResNet50", "WideResNet50_2"),
    ("vgg", "VGG11", "VGG16BN"),
    ("vgg", "VGG16BN", "VGG16"),
    ("mobilenetv3", "MobileNetV3Small", "MobileNetV3Large"),
    ("squeezenet", "SqueezeNet1_0", "SqueezeNet1_1"),
    *((case, "Before", "After") for case in ("edited", "spelled", "blocks", "inserted", "wiring")),
]

BACKFILLED = ".num_batches_tracked"
"""What batch normalisation does without: files of long ago do not have it."""

pytestmark = pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter")


@cache
def read(file: str) -> tuple[Program, ModuleType]:
    folder = CASES if (CASES / f"{file}.cnn").exists() else MODELS
    compilation = cnndsl.compile((folder / f"{file}.cnn").read_text(encoding="utf-8"), name=f"{file}.cnn")
    assert compilation.program is not None
    return compilation.program, imported(compilation.python())


def on_meta(file: str, network: str) -> nn.Module:
    with torch.device("meta"):
        net: nn.Module = getattr(read(file)[1], network)()
    return net


def said(file: str, before: str, after: str) -> Keys:
    program, _ = read(file)
    return diff.compare(program, program, before, after).keys


def refused(net: nn.Module, state: dict[str, Tensor]) -> set[str]:
    """The keys whose shapes PyTorch refuses."""
    try:
        net.load_state_dict(state, strict=False)
    except RuntimeError as problem:
        return set(re.findall(r"size mismatch for ([\w.]+):", str(problem)))
    return set()


@pytest.mark.parametrize(("file", "before", "after"), PAIRS)
def test_what_pytorch_says(file: str, before: str, after: str) -> None:
    keys = said(file, before, after)
    state, net = on_meta(file, before).state_dict(), on_meta(file, after)
    wrong = refused(net, state)
    assert set(keys.shapes) == wrong
    fitting = {key: tensor for key, tensor in state.items() if key not in wrong}
    told = net.load_state_dict(fitting, strict=False)
    assert list(keys.unexpected) == [key for key in state if key in set(told.unexpected_keys)]
    missing = {key for key in keys.missing if not key.endswith(BACKFILLED)}
    assert missing == {key for key in told.missing_keys if not key.endswith(BACKFILLED)} - wrong
    assert keys.same == len(fitting) - len(told.unexpected_keys)
    assert keys.fits == (not told.missing_keys and not told.unexpected_keys and not wrong)
    target = net.state_dict()
    assert keys.missing == {key: tuple(target[key].shape) for key in keys.missing}
    assert keys.shapes == {key: (tuple(state[key].shape), tuple(target[key].shape)) for key in wrong}


@pytest.mark.parametrize(("file", "before", "after"), PAIRS)
def test_what_has_another_name_fits_under_it(file: str, before: str, after: str) -> None:
    """Under the new names of their layers, as many of the old tensors load as is said."""
    keys = said(file, before, after)
    state, target = on_meta(file, before).state_dict(), on_meta(file, after).state_dict()

    def fit(names: dict[str, str]) -> set[str]:
        taken = {key: state.get(names.get(key, key)) for key in target}
        return {key for key, tensor in taken.items() if tensor is not None and tensor.shape == target[key].shape}

    assert len(fit({})) == keys.same
    assert {keys.renamed.get(key, key) for key in fit(keys.renamed)} == set(keys.kept.values())
    assert set(keys.renamed) <= fit(keys.renamed)


def test_a_layer_put_into_a_chain_loses_no_weights() -> None:
    keys = said("vgg", "VGG16", "VGG16BN")
    assert all(re.fullmatch(r"features\.\d+\.(weight|bias)", key) for key in keys.renamed)
    assert len(keys.kept) == 32  # of 13 convolutions and 3 dense layers


def test_another_order_is_told() -> None:
    text = "network {} {{ input(4); a = linear(4); b = linear(4); {} }}"
    program = cnndsl.compile(
        text.format("Before", "a -> b")
        + "\n"
        + text.format("After", "a -> b").replace("a = linear(4); b = linear(4)", "b = linear(4); a = linear(4)")
    ).program
    assert program is not None
    found = diff.compare(program, program, "Before", "After")
    assert found.keys.fits
    assert found.keys.reordered
    assert not found.same
    assert "in another order" in Report().of(found)


def test_another_order_behind_another_name_of_a_block_is_told() -> None:
    text = "block {} {{ {}; a -> b }}\nnetwork Net {{ input(4); unit: {} }}"
    before = program_of(text.format("One", "a = linear(4); b = linear(4)", "One"))
    after = program_of(text.format("Two", "b = linear(4); a = linear(4)", "Two"))
    keys = diff.compare(before, after).keys
    assert keys.fits
    assert keys.reordered


def test_what_a_class_from_elsewhere_holds_is_not_known() -> None:
    program = program_of((CASES / "given.cnn").read_text(encoding="utf-8"))
    assert diff.compare(program, program, "Before", "After").keys.unknown == ("act",)


def test_classes_from_elsewhere_that_are_the_same_hold_the_same() -> None:
    extern = 'extern Swish(beta = 1.0) from "my.layers" (shape = same)\n'
    text = extern + "block B() {{ conv(4, 1) -> {} }}\nnetwork Net {{ input(3, 8, 8); Swish() -> {}: B() }}"
    before = program_of(text.format("Swish()", "a"))
    assert diff.compare(before, program_of(text.format("Swish()", "a"))).keys.unknown == ()
    assert diff.compare(before, program_of(text.format("Swish(2.0)", "a"))).keys.unknown == ("a.swish1",)
    assert diff.compare(before, program_of(text.format("Swish()", "b"))).keys.unknown == ("a.swish1", "b.swish1")


def test_a_class_from_elsewhere_with_other_rules_is_changed() -> None:
    text = 'extern Up(n) from "my.layers" (shape = {}, parameters = {})\nnetwork Net {{ input(3, 8, 8); Up(2) }}'
    before, after = (program_of(text.format(*rules)) for rules in (("same", 4), ("[6, 8, 8]", 8)))
    rules = "shape = same, parameters = 4 -> shape = 6 x 8 x 8, parameters = 8"
    assert f"~ up1 rules {rules}" in " ".join(diff.Report(width=200).of(diff.compare(before, after)).split())


def test_what_a_class_from_elsewhere_may_hold_is_not_unexpected() -> None:
    extern = 'extern Swish(beta = 1.0) from "my.layers" (shape = same)\n'
    text = extern + "network Net {{ input(3, 8, 8); act: {} }}"
    before, after = program_of(text.format("prelu(3)")), program_of(text.format("Swish()"))
    assert diff.compare(before, after).keys.unexpected == {}


@pytest.mark.parametrize(
    ("before", "after", "elsewhere"),
    [
        ("a: CONV -> relu -> b: CONV", "b: CONV -> relu -> a: CONV", 4),
        ("CONV -> relu -> CONV -> gelu", "CONV -> sigmoid -> CONV -> relu -> CONV -> gelu", 2),
        ("a: CONV -> relu -> b: CONV", "a: CONV -> relu -> c: CONV", 0),
    ],
)
def test_tensors_of_other_layers_are_told_and_not_taken(before: str, after: str, elsewhere: int) -> None:
    program = program_of(
        "\n".join(
            f"network {name} {{ input(4, 8, 8); {body.replace('CONV', 'conv(4, 3, padding=1)')} }}"
            for name, body in (("Before", before), ("After", after))
        )
    )
    found = diff.compare(program, program, "Before", "After")
    kept = found.keys.kept
    assert found.keys.elsewhere == elsewhere
    assert len(kept) == len(set(kept.values())) == 4
    assert ("would go into other layers" in Report().of(found)) == bool(elsewhere)

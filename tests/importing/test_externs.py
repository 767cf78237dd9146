"""What the language cannot say becomes an `extern` of its class, or is refused with the reason."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import cnndsl
from cnndsl.importing import Unreadable, import_module
from tests.importing import networks
from tests.importing.test_modules import MAP, imported

HERE = "tests.importing.networks"


def test_the_smallest_class_that_has_no_words_is_an_extern() -> None:
    found = imported(networks.Foreign(), MAP)
    size = "(height - 1) // 2 + 1, (width - 1) // 2 + 1"
    assert f'extern Ranked(channels, times = 2) from "{HERE}" (shape = [channels * times, {size}])' in found.text
    assert 'from "torch.nn" (shape = [channels, height * 2, width * 2]' in found.text
    assert "inner: Ranked(input.channels, times)" in found.text
    assert found.externs == {"torch.nn.Upsample": 1, f"{HERE}.Noisy": 2, f"{HERE}.Ranked": 2}
    assert found.declared == f"5 externs ({', '.join(found.externs)})"
    assert found.remarks == ()


def test_the_text_fits_maps_of_other_sizes() -> None:
    text = imported(networks.Foreign(), MAP).text.replace("input(3, 16, 16)", "input(3, 21, 35)")
    made = cnndsl.compile(text).load(allow_extern=["torch.nn", HERE])()
    original = networks.Foreign()
    made.load_state_dict(original.state_dict())
    x = torch.rand(2, 3, 21, 35)
    assert torch.equal(made.eval()(x), original.eval()(x))


def _local() -> nn.Module:
    class Local(networks.Unsayable):
        pass

    return Local()


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (networks.Around(networks.Secret(0.5)), "Secret does not tell factor of its constructor"),
        (networks.Around(networks.Paired(), 2), "Paired takes or gives something else than one value"),
        (networks.Around(_local()), "Local of tests.importing.test_externs is no class that a text can name"),
    ],
    ids=["arguments", "values", "name"],
)
def test_what_cannot_be_an_extern_is_refused(module: nn.Module, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        import_module(module, [(4,)])
    assert reason in str(refused.value)
    assert "sort(...) is no call of the language" in str(refused.value)


def test_buffers_are_constants_where_they_are_small() -> None:
    found = imported(networks.Buffered(), MAP)
    assert "mean = constant([0.485, 0.456, 0.406])" in " ".join(found.text.split())
    assert "std = constant([0.229, 0.224, 0.225], [3, 1, 1], persistent=false)" in " ".join(found.text.split())
    assert found.externs == {f"{HERE}.Grid": 1, f"{HERE}.Versioned": 1}


def test_arguments_of_which_only_what_follows_is_kept() -> None:
    layers = [networks.Standardised(3, 8, 3, 2, gamma=1.7139, eps=1e-3), networks.Standardised(8, 4, 1, eps=1e-3)]
    found = imported(nn.Sequential(*layers), MAP)
    size = "(height - 1) // stride + 1, (width - 1) // stride + 1"
    line = "in_channel, out_channels, kernel_size, stride = 1, gamma = 1, eps = 0.001"
    assert f'extern Standardised({line}) from "{HERE}" (shape = [out_channels, {size}])' in found.text
    assert "Standardised(3, 8, 3, 2, 1.7139)" in found.text


def test_an_argument_without_a_plain_default_is_left_out_in_all_uses_or_none() -> None:
    layers = [networks.Standardised(3, 8, 3), networks.Standardised(8, 4, 5, padding=0)]
    text = imported(nn.Sequential(*layers), MAP).text
    assert "Standardised(3, 8, 3, 1)" in text
    assert "Standardised(8, 4, 5, 0)" in text
    assert "height + 2 * padding - kernel_size + 1" in text


def test_a_word_of_which_the_number_is_kept() -> None:
    text = imported(nn.Sequential(networks.Worded(3), networks.Worded(5)), MAP).text
    assert f'extern Worded(kernel_size) from "{HERE}" (shape = same, parameters = 0)' in text


def test_an_argument_that_is_a_list() -> None:
    module = nn.Sequential(networks.Around(networks.Windowed([1, 2])), networks.Around(networks.Windowed([3, 4])))
    text = imported(module, (4, 8)).text
    assert "block Around(window = [1, 2])" in text


def test_one_class_with_tables_is_said_in_one_way() -> None:
    layers = nn.Conv2d(3, 4, 1), networks.Frozen(4), nn.Conv2d(4, 70, 1), networks.Frozen(70)
    found = imported(nn.Sequential(*layers), MAP)
    assert found.externs == {f"{HERE}.Frozen": 2}
    assert "constant" not in found.text


def test_one_place_for_maps_of_all_sizes() -> None:
    text = imported(nn.Sequential(networks.Powered(), nn.Flatten(), nn.Linear(3, 2)), MAP).text
    assert f'extern Powered from "{HERE}" (shape = [channels, 1, 1], parameters = 1)' in text

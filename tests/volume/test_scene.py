"""What is drawn, and what is one volume."""

from __future__ import annotations

import pytest

from cnndsl.backends.volume.scene import FEW, MANY, MOST, Scene
from tests.volume.support import model_scene, scene, told

BLOCK = """
block Residual(channels) {
    conv1: conv(channels, 3, padding=1) -> relu
    conv2: conv(channels, 3, padding=1)
    it + input
}
"""


def bands(drawn: Scene, name: str) -> list[str]:
    """The stripes on the volume with this name."""
    (found,) = (volume for volume in drawn.volumes if volume.name == name)
    return [band.title for band in found.bands]


def test_layers_that_keep_the_size_are_stripes() -> None:
    drawn = model_scene("net")
    assert told(drawn) == [
        ("input", "", "3×32×32"),
        ("Conv2d 5×5", "conv1", "8×28×28"),
        ("MaxPool2d 2×2", "pool", "8×14×14"),
        ("Conv2d 5×5", "conv2", "16×10×10"),
        ("MaxPool2d 2×2", "pool", "16×5×5"),
        ("Flatten", "", "400"),
        ("Linear", "fc1", "256"),
        ("Linear", "fc2", "10"),
    ]
    assert bands(drawn, "conv1") == ["ReLU"]
    assert bands(drawn, "fc1") == ["ReLU", "Dropout"]
    assert [(link.tail, link.head) for link in drawn.links] == [(i, i + 1) for i in range(7)]


def test_a_layer_that_keeps_the_size_of_what_others_read_stands_alone() -> None:
    drawn = scene("network Net { input(4, 8, 8); x = it -> conv(4, 1); x -> relu; it + x; relu }")
    assert [(volume.title, [band.title for band in volume.bands]) for volume in drawn.volumes] == [
        ("input", []),
        ("Conv2d 1×1", []),
        ("ReLU", []),
        ("+", []),
        ("ReLU", []),
    ]


def test_a_map_of_single_numbers_is_flat_already() -> None:
    drawn = scene("network Net { input(4, 8, 8); adaptive_avgpool(1) -> linear(2) }")
    assert [title for title, *_ in told(drawn)] == ["input", "AdaptiveAvgPool2d", "Linear"]


def test_blocks_with_branches_stay_closed_and_equal_ones_are_one() -> None:
    assert told(model_scene("resnet", "ResNet50")) == [
        ("input", "", "3×224×224"),
        ("Conv2d 7×7", "conv1", "64×112×112"),
        ("MaxPool2d 3×3", "maxpool", "64×56×56"),
        ("Bottleneck × 3", "layer1", "256×56×56"),
        ("Bottleneck × 4", "layer2", "512×28×28"),
        ("Bottleneck × 6", "layer3", "1024×14×14"),
        ("Bottleneck × 3", "layer4", "2048×7×7"),
        ("AdaptiveAvgPool2d", "avgpool", "2048×1×1"),
        ("Linear", "fc", "1000"),
    ]


def test_equal_layers_in_a_row_are_one_where_there_are_many() -> None:
    titles = [title for title, *_ in told(model_scene("vgg", "VGG16"))]
    assert titles == [
        "input",
        *("Conv2d 3×3 × 2", "MaxPool2d 2×2") * 2,
        *("Conv2d 3×3 × 3", "MaxPool2d 2×2") * 3,
        "Flatten",
        "Linear × 2",
        "Linear",
    ]
    assert "Conv2d 3×3 × 2" not in [title for title, *_ in told(model_scene("alexnet"))]


def test_every_use_is_counted() -> None:
    drawn = model_scene("resnet", "ResNet152")
    assert sum(volume.count for volume in drawn.volumes if volume.title == "Bottleneck") == 3 + 8 + 36 + 3


def test_a_small_network_is_shown_whole() -> None:
    drawn = scene(f"{BLOCK} network Net {{ input(8, 8, 8); Residual(8) * 2 }}")
    assert [volume.title for volume in drawn.volumes] == ["input", *["Conv2d 3×3", "Conv2d 3×3", "+"] * 2, "output"]
    assert [(link.tail, link.head) for link in drawn.links if link.head - link.tail > 1] == [(0, 3), (3, 6)]


def test_the_reader_may_choose() -> None:
    text = f"{BLOCK} network Net {{ input(8, 8, 8); a: Residual(8) -> b: Residual(8) }}"
    assert [volume.title for volume in scene(text, depth=0).volumes] == ["input", "Residual"]
    assert len(scene(text, depth=1).volumes) == 8
    assert [volume.title for volume in scene(text, depth=0, expand=("b",)).volumes] == [
        "input",
        "Residual",
        "Conv2d 3×3",
        "Conv2d 3×3",
        "+",
        "output",
    ]


def test_residual_blocks_are_told_from_others() -> None:
    def hops(name: str, network: str | None = None) -> list[list[bool]]:
        return [volume.hops for volume in model_scene(name, network).volumes if volume.kind == "block"]

    assert hops("resnet", "ResNet18") == [[True, True]] * 4
    assert hops("mobilenetv2")[1:3] == [[False, True], [False, True, True]]
    assert not any(map(any, hops("squeezenet")))


def test_layers_side_by_side_are_not_drawn_as_skips() -> None:
    text = """
        block Mix { output [sum([x -> conv(y.channels, 1) for x in input]) for y in input] }
        network Net { input(3, 8, 8); [it -> conv(4, 1), it -> conv(6, 1), it]; Mix; concat(it) }"""
    assert [volume.hops for volume in scene(text, depth=0).volumes if volume.kind == "block"] == [[False]]


def test_an_operation_of_several_values_says_so() -> None:
    text = "network Net { input(6, 8, 8); a, b, c = split(it, 3); a * b + c }"
    assert [volume.others for volume in scene(text).volumes][:2] == [0, 2]


def test_a_class_from_elsewhere_has_its_name() -> None:
    text = """
        extern Halve(n) from "layers" (shape = [channels, height // 2, width // 2])
        network Net { input(3, 8, 8); Halve(2) }"""
    assert [volume.title for volume in scene(text).volumes] == ["input", "Halve"]


def test_what_goes_around_is_linked() -> None:
    drawn = model_scene("unet")
    names = [volume.name or volume.title for volume in drawn.volumes]
    around = [(names[link.tail], drawn.volumes[link.head]) for link in drawn.links if link.head > link.tail + 1]
    assert [(name, volume.joined) for name, volume in around] == [
        ("enc4.1", (512, 512)),
        ("enc3.1", (256, 256)),
        ("enc2.1", (128, 128)),
        ("enc1", (64, 64)),
    ]


def test_shared_layers_are_marked() -> None:
    drawn = model_scene("siamese")
    marked = [volume.name for volume in drawn.volumes if volume.shared]
    assert marked == [f"encoder.{i} · shared" for i in (0, 3, 6, 9, 12)]


def test_windows() -> None:
    drawn = scene("""
    network Net {
        input(1, 4, 16, 16)
        conv(2, [1, 3, 3], dilation=[1, 2, 2]) -> maxpool([2, 4, 4]) -> conv(4, 1) -> flatten -> linear(2)
    }
    """)
    assert [(volume.window, volume.whole) for volume in drawn.volumes] == [
        (None, False),
        ((1, 5, 5), False),
        ((2, 4, 4), False),
        ((1, 1, 1), False),
        (None, False),
        (None, True),
    ]


def test_several_inputs_and_outputs_have_their_names() -> None:
    drawn = scene("""
    network Net {
        left = input(2, 8, 8)
        right = input(2, 8, 8)
        both = concat(left, right)
        output logits = both -> linear(2), code = both -> conv(1, 1)
    }
    """)
    assert [volume.title for volume in drawn.volumes[:2]] == ["input left", "input right"]
    assert [volume.lines[-1] for volume in drawn.volumes[-2:]] == ["output logits", "output code"]
    assert [volume.name for volume in drawn.volumes[-2:]] == ["linear1 · output logits", "conv1 · output code"]


def test_a_sign_at_the_end_leads_to_a_map() -> None:
    body = "a = input -> conv(4, 3, padding=1); b = input -> conv(4, 1)"
    drawn = scene(f"network Net {{ input(3, 8, 8); {body}; a + b }}")
    assert told(drawn)[-2:] == [("+", "", "4×8×8"), ("output", "", "4×8×8")]
    drawn = scene(f"network Net {{ input(3, 8, 8); {body}; output total = a + b, first = a }}")
    assert [volume.title for volume in drawn.volumes] == ["input", "Conv2d 3×3", "Conv2d 1×1", "+", "output total"]


def test_what_is_there_in_training_only() -> None:
    drawn = model_scene("googlenet")
    assert {volume.name.split(".")[0] for volume in drawn.volumes if volume.training and volume.name} == {
        "aux1",
        "aux2",
    }


@pytest.mark.parametrize("body", ["conv(4, 3, padding=1) -> relu", "conv(4, 3, padding=1) -> maxpool(3, 1, 1)"])
def test_the_longest_row_is_one(body: str) -> None:
    drawn = scene(f"network Net {{ input(4, 8, 8); repeat 2000 {{ {body} }} }}")
    assert [volume.count for volume in drawn.volumes] == [1, 2_000]


def test_many_different_layers_close_what_has_a_name() -> None:
    text = "sequence Part(c) { conv(c, 3, padding=1) -> conv(c + 1, 3, padding=1) }\nnetwork Net { input(1, 8, 8); "
    few = scene(text + " -> ".join(f"Part({c})" for c in range(1, FEW // 2)) + " }")
    many = scene(text + " -> ".join(f"Part({c})" for c in range(1, MANY)) + " }")
    assert {volume.kind for volume in few.volumes} == {"io", "convolution"}
    assert {volume.kind for volume in many.volumes} == {"io", "block"}


def test_of_a_great_many_volumes_the_middle_is_one() -> None:
    body = " -> ".join(f"conv({1 + i % 7}, 1)" for i in range(3 * MOST))
    drawn = scene(f"network Net {{ input(1, 8, 8); x = it -> conv(1, 1); x -> {body}; conv(1, 1); it + x }}")
    assert len(drawn.volumes) == MOST + 1
    middle = drawn.volumes[MOST // 2]
    assert middle.title == f"… {3 * MOST + 5 - MOST:,} more"
    chain = [(link.tail, link.head) for link in drawn.links if link.head == link.tail + 1]
    assert len(chain) == MOST
    assert [(link.tail, link.head) for link in drawn.links if link.head != link.tail + 1] == [(1, MOST - 1)]
    assert all(link.tail < link.head for link in drawn.links)

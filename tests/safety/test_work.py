"""Whatever numbers and names a text holds, what it takes to check it and to explain what is wrong is bounded.

Work is counted in lines of Python that run, and memory in bytes, so that the machine does not matter.
"""

from __future__ import annotations

import sys
import tracemalloc
from types import FrameType
from typing import Any

import pytest

import cnndsl
from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Diagnostic
from cnndsl.fixing import fix
from cnndsl.hints import characters, spelling
from cnndsl.source import Source

LINES, BYTES = 60_000, 8_000_000
"""What a short text may take; a plain one takes some 5,000 lines."""


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """What is imported when it is needed is there, and does not count."""
    for line in ("conv(8, 3, stride=7)", "rely", "conv(3, 3, groups=2)", "$", 'x = "a" * 9'):
        fix(Source("net.cnn", f"network Net {{ input(3, 32, 32); {line} }}\n"), check, unsafe=True)


def check(source: Source) -> tuple[Diagnostic, ...]:
    return compile_source(source).diagnostics


class TooMuch(BaseException):
    """A text takes more than that. Nothing on the way takes it for a failure of its own."""


def work(text: str, limit: int) -> int:
    """How many lines run while a text is checked and mended. Raises TooMuch above a limit."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            if count > limit:
                message = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise TooMuch(message)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        fix(Source("net.cnn", text), check, unsafe=True)
    finally:
        sys.settrace(before)
    return count


HUGE = [
    "conv(8, 3, stride=1000000)",
    "conv(8, 3, stride=2000000000)",
    "conv(8, 2000000000)",
    "conv(8, [2000000000, 1], stride=[1, 2000000000])",
    "conv(8, 3, padding=2000000000)",
    "conv(8, 3, padding=2000000000, stride=2000000000)",
    "conv(8, 3, dilation=2000000000)",
    "conv(8, 1024, padding=1000000000, dilation=976563)",
    "conv(8, 2000000000, padding=1000000000, stride=1999999999)",
    "conv(3, 3, groups=2000000000)",
    "conv(2000000000, 3)",
    'conv(8, 2000000001, padding="same")',
    'conv(8, 3, padding=2000000000, padding_mode="reflect")',
    "conv(8, 1, stride=999999937) -> conv(8, 1, stride=999999929)",
    "conv_transpose(8, 3, stride=20000000, dilation=2000000)",
    "conv_transpose(8, 3, stride=2000000000)",
    "conv_transpose(8, 2000000000)",
    "conv_transpose(8, 3, padding=2000000000)",
    "conv_transpose(8, 3, output_padding=2000000000)",
    "conv_transpose(1, 3, stride=4096) -> conv_transpose(1, 3, stride=4095) -> conv(1, 3, stride=4093)",
    "maxpool(2000000000)",
    "maxpool(3, stride=2000000000, padding=1)",
    "maxpool(3, stride=2000000000, padding=1, ceil_mode=true)",
    "maxpool(1024, stride=1000000007, padding=512, dilation=1000003)",
    "avgpool(3, stride=2000000000)",
    "lppool(2, 3, stride=2000000000)",
    "adaptive_avgpool(2000000000)",
    "adaptive_avgpool(4096) -> adaptive_avgpool(4095) -> adaptive_avgpool(4093)",
    "adaptive_maxpool([1, 2000000000])",
    "upsample(2000000000)",
    "upsample(scale=2000000000)",
    "upsample(scale=[1.0000001, 60000])",
    'upsample(1999999999, mode="bilinear", align_corners=true)',
    "pixel_shuffle(2000000000)",
    "pixel_unshuffle(2000000000)",
    "channel_shuffle(2000000000)",
    "groupnorm(2000000000)",
    "local_response_norm(2000000001)",
    "pad(2000000000)",
    'pad(2000000000, mode="circular")',
    "crop(2000000000)",
    "split(it, 2000000000)",
    "a, b = split(it, [1000000000, 1000000000])",
    "reshape([1000000000, 1000000000, -1])",
    "unflatten(1, [2000000000, -1])",
    "flatten(1000000000)",
    "permute([0, 2, 3, 1000000000])",
    "softmax(axis=1000000000)",
    "linear(2000000000)",
    "linear(10 ** 1000000)",
    "embedding(2000000000, 2000000000, padding_idx=-2000000000)",
    "relu * 2000000000",
    "repeat 2000000000 { relu }",
    "for i in range(2000000000) { relu }",
    "x = [1] * 2000000000",
    'x = "a" * 2000000000',
    "a" * 60_000 + " -> " + "b" * 60_000,
    "dropout(5" + "0" * 4000 + ")",
    "dropout(" + "9" * 4000 + "%)",
]


@pytest.mark.parametrize("line", HUGE, ids=lambda line: line[:60])
def test_numbers_that_are_huge(line: str) -> None:
    text = f"network Net {{\n    input(3, 32, 32)\n    {line}\n}}\n"
    assert work(text, LINES) < LINES
    tracemalloc.start()
    try:
        cnndsl.compile(text)
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [
        "input(1000000000, 1000000000, 1000000000)\n conv(8, 3, stride=7, padding=1)",
        "input(3, 2000000000, 2000000000)\n conv(8, 3, stride=1999999999)",
        "input(3, 1000000000, 1000000000)\n maxpool(7, stride=1000003)\n adaptive_avgpool(999999937)",
        "input(3, 1000000000)\n conv_transpose(3, 1000000)\n conv(3, 1000000, stride=999983)",
        "input(2147483647)\n linear(2147483647)",
        "input(3, ?, ?)\n maxpool(2000000000)",
        "input(3, 1000, 1000)\n a = it -> conv(4, 3, stride=2)\n b = it -> conv(4, 3, stride=3)\n concat(a, b, it)",
    ],
)
def test_maps_that_are_huge(body: str) -> None:
    assert work(f"network Net {{\n {body}\n}}\n", LINES) < LINES


def alike(count: int) -> dict[str, str]:
    """Texts in which many names are unknown, and as many nearly the same are known."""
    pairs = [(f"feature_map_{k:04}", f"feature_mapp_{k:04}") for k in range(count)]
    head = "network Net {\n    input(3, 8, 8)\n"
    return {
        "names": head + "".join(f"{known} = relu(it)\n" for known, _ in pairs)
        + "".join(f"{other}\n" for _, other in pairs) + "}\n",
        "names on the left": head + "".join(f"{known} = {other}\n" for known, other in pairs) + "}\n",
        "parameters": f"block B({', '.join(f'{known} = 1' for known, _ in pairs)}) {{ relu }}\n" + head
        + "".join(f"B({other}=1)\n" for _, other in pairs) + "}\n",
        "blocks": "".join(f"block {known} {{ relu }}\n" for known, _ in pairs) + head
        + "".join(f"{other}\n" for _, other in pairs) + "}\n",
        "layers": head + "".join(f"relu -> conv(8, 3, paddink{k}=3) -> softmac{k}\n" for k in range(count)) + "}\n",
        "one letter": head + "".join(f"{'a' * (k % 90)}{known} = relu(it)\n" for k, (known, _) in enumerate(pairs))
        + "".join(f"{'a' * (k % 90)}{other}\n" for k, (_, other) in enumerate(pairs)) + "}\n",
        "codes": head + "".join(f"relu  # cnndsl: ignore[W2O{k}]\n" for k in range(count)) + "}\n",
    }  # fmt: skip


@pytest.mark.parametrize("kind", alike(0))
def test_names_that_are_nearly_known(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing names takes most; each is compared with few others, however many there are."""
    compared = 0
    plain = spelling.likeness

    def counted(a: str, b: str) -> float:
        nonlocal compared
        compared += 1
        return plain(a, b)

    monkeypatch.setattr(spelling, "likeness", counted)
    read = 0

    class Letters(dict[str, str]):
        def get(self, letter: str, other: str) -> str:  # type: ignore[override]
            nonlocal read
            read += 1
            return super().get(letter, other)

    monkeypatch.setattr(characters, "_ALIKE", Letters())
    found = []
    for count in (100, 200):
        compared = 0
        diagnostics = cnndsl.compile(alike(count)[kind]).diagnostics
        found.append(compared)
        assert compared <= 20 * len(diagnostics)
    assert found[1] <= 2.1 * found[0]
    assert not read, "letters of other scripts are looked for in names without any"

"""Fixes: what they make of texts, and that they make none worse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Diagnostic, Edit, Fix, Severity
from cnndsl.fixing import Fixed, edited, fix
from cnndsl.source import Source, Span
from cnndsl.syntax.parser import parse
from tests.conftest import Golden

HERE = Path(__file__).parent
CASES = sorted((HERE / "fixing" / "cases").glob("*.cnn"))
TEXTS = [
    path.read_text(encoding="utf-8")
    for path in sorted([*HERE.rglob("cases/*.cnn"), *(HERE.parent / "models").glob("*.cnn")])
]
LINES = sorted({line for text in TEXTS for line in text.splitlines() if line.strip()})


def check(source: Source) -> tuple[Diagnostic, ...]:
    return compile_source(source).diagnostics


def fixed(text: str) -> Fixed:
    return fix(Source("net.cnn", text), check)


def errors(text: str) -> int:
    return sum(d.severity is Severity.ERROR for d in check(Source("net.cnn", text)))


def unread(text: str) -> int:
    return len(parse(Source("net.cnn", text))[1])


# What becomes of texts


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_what_becomes_of_a_text(path: Path, golden: Golden) -> None:
    text = path.read_text(encoding="utf-8")
    after = fixed(text)
    golden(path.with_suffix(".fixed.txt"), after.source.text)
    assert after.applied
    assert (unread(after.source.text), errors(after.source.text)) <= (unread(text), errors(text))


BODY = "network Net {{\n    input(3, 32, 32)\n    {}\n}}\n"


@pytest.mark.parametrize(
    ("line", "now"),
    [
        ("conv(8, 5) -> rely", "conv(8, 5) -> relu"),
        ("nn.Conv2d(3, 8, 5)", "conv(8, 5)"),
        ("Conv2d(8, 5)", "conv(8, 5)"),
        ("Conv2d(3, 8, kernel_size=5)", "conv(8, kernel=5)"),
        ("GroupNorm(3, 3)", "groupnorm(3)"),
        ("BatchNorm2d(3) -> relu", "batchnorm -> relu"),
        ("Linear(3 * 32 * 32, 10)", "linear(10)"),
        ("linear(3 * 32 * 32, 10)", "linear(10)"),
        ("conv(8, 3, in_channels=3)  # kept", "conv(8, 3)  # kept"),
        ("conv(in_channels=3, channels=8, kernel=3)", "conv(channels=8, kernel=3)"),
        ("batchnorm(num_features=3) -> relu", "batchnorm -> relu"),
        ("conv(padding=1, 8, 3)", "conv(padding=1, channels=8, kernel=3)"),
        ('conv(8, 3, activation="relu")', "conv(8, 3) -> relu"),
        ('c: conv(8, 3, activation="linear")', "c: conv(8, 3)"),
        ("conv(8, (3, 3))", "conv(8, [3, 3])"),
        ("conv(8, 3, bias=False)", "conv(8, 3, bias=false)"),
        ("conv(8, 3, padding='same')", 'conv(8, 3, padding="same")'),
        ("conv(8 3)", "conv(8, 3)"),
        ("conv(8, 3)) -> relu", "conv(8, 3) -> relu"),
        ("p = maxpool(2); x = self.p(F.relu(it)); x", "p = maxpool(2); x = relu(it) -> p; x"),
        ("conv(math.floor(8.5), 3)", "conv(floor(8.5), 3)"),
        ("a = relu(it); torch.cat([a, input], dim=1)", "a = relu(it); concat([a, input], axis=1)"),
        ("a = relu(it); Add()([a, input])", "a = relu(it); add([a, input])"),
        ("conv(16 / 2, 3)", "conv(16 // 2, 3)"),
        ('conv(8, 3, padding="SAME")', 'conv(8, 3, padding="same")'),
        ("conv(channels: 8, kernel: 3)", "conv(channels=8, kernel=3)"),
        ("maxpool: 2", "maxpool(2)"),
        ("relu // first", "relu # first"),
        ("relu -> groupnorm(3, 3)", "relu -> groupnorm(3)"),
        ("relu -> norm: batchnorm(3, momentum=0.2)", "relu -> norm: batchnorm(momentum=0.2)"),
        ("c = relu -> conv1\n    conv1 = conv(8, 3)", None),
        ("if 2 > 1\n    {\n        relu\n    }", "if 2 > 1 {\n        relu\n    }"),
        ("repeat 2  # twice\n    { conv(8, 3) }", "repeat 2 {  # twice\n     conv(8, 3) }"),
        ("dropout(0,25) -> linear(2)", "dropout(0.25) -> linear(2)"),
        ("conv(8, 3, padding=1) relu", "conv(8, 3, padding=1) -> relu"),
        ("if 3 =< 2 { relu } elseif 2 === 2 { tanh }", "if 3 <= 2 { relu } else if 2 == 2 { tanh }"),
        ("x := relu(it); x", "x = relu(it); x"),
        ("relu -> conv1", None),
        ("conv(8, 3) => relu", "conv(8, 3) -> relu"),
        ("conv(8, 3) --> relu >> tanh - > elu ー＞ celu", "conv(8, 3) -> relu -> tanh -> elu -> celu"),
        ("if 2 > 1&&3 > 2 || !(1 > 2) { relu }", "if 2 > 1 and 3 > 2 or not (1 > 2) { relu }"),
        ("n = 2; conv(n ^ 3, 3)", "n = 2; conv(n ** 3, 3)"),
        ("relu $", "relu"),
        ('"""The first layer."""\n    conv(8, 3)', "# The first layer.\n    conv(8, 3)"),
        ("/* The first\n     * layer.\n     */\n    conv(8, 3)", "# The first\n     # layer.\n    conv(8, 3)"),
        ("conv(8, 3) /* the first */", "conv(8, 3) # the first"),
        ('for i in [1] { f"conv{i}": conv(8, 3) }', 'for i in [1] { "conv{i}": conv(8, 3) }'),
        ("conv 8, 3)", "conv(8, 3)"),
        ("first: conv 8 3 -> relu", "first: conv(8, 3) -> relu"),
        ("n = 3; n += 1; conv(n, 3)", "n = 3; n = n + 1; conv(n, 3)"),
        ("n = 3; n *= 1 + n; n++; conv(n, 3)", "n = 3; n = n * (1 + n); n = n + 1; conv(n, 3)"),
        ("relu; it += input", "relu; it + input"),
        ("conv(8, 3), relu, maxpool(2),", "conv(8, 3) -> relu -> maxpool(2)"),
        ("repeat 2 { conv(8, 3) -> relu } linear(10)", "repeat 2 { conv(8, 3) -> relu }; linear(10)"),
        ("conv(8, 3) -> {relu}linear(10)", "conv(8, 3) -> {relu};linear(10)"),
        ("conv{8, 3}", "conv(8, 3)"),
        ("n = 3; conv(n > 2 ? 8 : 4, 3)", None),
        ("conv(3 @ 2, 3)", None),
        ("conv(8, 3) relu", "conv(8, 3) -> relu"),
        ("conv（8，3） → relu", "conv(8,3) -> relu"),
        ("conv(8, 3) // the first", "conv(8, 3) # the first"),
        ("self.conv1 = conv(8, 3); conv1", "conv1 = conv(8, 3); conv1"),
        ("conv1 = conv(8, 3); relu(conv1(it))", "conv1 = conv(8, 3); relu(it -> conv1)"),
        ("c: { conv(8, 3) -> relu -> fc: linear(10) }", "c: { conv(8, 3) -> relu -> flatten -> fc: linear(10) }"),
        ("conv(8, 3) -> relu -> output", "conv(8, 3) -> relu"),
        ("return relu(it)", "relu(it)"),
        ("y = conv(it, 8, 3); y", "y = it -> conv(8, 3); y"),
        ("relu,", "relu"),
        ("x = relu(it); output = x", "x = relu(it); output x"),
        ("dropout(50%)", "dropout(0.5)"),
        ("conv: 8, 3", "conv(8, 3)"),
        ("conv(8, 3) -> batchnorm -> relu", "conv(8, 3, bias=false) -> batchnorm -> relu"),
        ("conv(8, 3, bias=true) -> batchnorm -> relu", "conv(8, 3, bias=false) -> batchnorm -> relu"),
        ("conv(\n        8,  # filters\n        3) -> batchnorm -> relu", None),
        ("conv(  # no input\n        8, 3,\n        in_channels=3)", None),
        ("conv(8, 3) -> nonsense", None),
        ("conv(8, 3) -> maxpool(64)", None),
    ],
)
def test_a_line(line: str, now: str | None) -> None:
    after = fixed(BODY.format(line))
    assert after.source.text == BODY.format(line if now is None else now)
    assert now is None or errors(after.source.text) == 0


@pytest.mark.parametrize(
    "sizes", ["3, 32, 32", "(3, 32, 32)", "[3, 32, 32]", "shape=(3, 32, 32)", "None, 3, 32, 32", "-1, 3, 32, 32"]
)
def test_sizes_of_an_input(sizes: str) -> None:
    after = fixed(f"network Net {{ input({sizes}); relu }}")
    assert after.source.text == "network Net { input(3, 32, 32); relu }"


def test_sizes_that_are_left_open() -> None:
    after = fixed("network Net { input(3, None, -1); relu }")
    assert after.source.text == "network Net { input(3, ?, ?); relu }"


def test_what_is_done_is_told() -> None:
    after = fixed(BODY.format("conv(8, kernel_size=5) -> rely"))
    assert after.told == [("net.cnn", 3, 13, "kernel_size becomes kernel"), ("net.cnn", 3, 31, "rely becomes relu")]


def test_a_name_that_could_be_two_is_left() -> None:
    text = BODY.format("fc1 = linear(8); fc2 = linear(8); fc1 -> relu -> fc2; fc3")
    assert fixed(text).source.text == text


def test_a_word_of_daily_speech_that_is_nearly_a_name_is_left() -> None:
    text = BODY.format("pool1 = maxpool(2); conv1 = conv(8, 3); conv1 -> pool1 -> pool")
    assert fixed(text).source.text == text


def test_a_fix_that_shows_more_mistakes_than_it_mends_is_left() -> None:
    hidden = BODY.format("a = rely\n" + "    input -> a -> conv(8, 64)\n" * 3 + "    b = sigmoyd")
    assert errors(hidden) == 2
    after = fixed(hidden).source.text
    assert "rely" in after
    assert "sigmoid" in after


# How they are applied


def test_titles() -> None:
    source = Source("net.cnn", "conv(8,  5)")
    spans = [Span(source, 0, 4), Span(source, 6, 7), Span(source, 7, 9), Span(source, 11, 11)]
    edits = [Edit(span, text) for span, text in zip(spans, ["Conv", "", "", " -> relu"], strict=True)]
    assert [Fix((edit,)).title for edit in edits] == [
        "conv becomes Conv", ", is removed", "a space is removed", "-> relu is added",
    ]  # fmt: skip
    assert Fix(tuple(edits)).title == "conv becomes Conv; , is removed; a space is removed; and 1 more"
    assert edited(source, reversed(edits)).text == "Conv(85) -> relu"


# No text gets worse


@st.composite
def careless(draw: st.DrawFn) -> str:
    """A text in which some lines are gone, come twice, are those of others, or have words and signs changed."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()[:60]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(lines) - 1, 0)))
        kind = draw(st.sampled_from(["drop", "other", "sign", "word"]))
        if kind == "other" or not lines:
            lines.insert(at, draw(st.sampled_from(LINES)))
        elif kind == "drop":
            del lines[at]
        elif kind == "sign":
            place = draw(st.integers(0, len(lines[at])))
            sign = draw(st.sampled_from(["", ",", ")", "(", "->", "'", "（", " ", "|", ":", "=", "//", "%"]))
            lines[at] = lines[at][:place] + sign + lines[at][place + draw(st.integers(0, 1)) :]
        else:
            words = {"relu": "ReLU", "conv": "Conv2d", "linear": "nn.Linear", "kernel": "kernel_size", "true": "True"}
            word = draw(st.sampled_from(sorted(words)))
            lines[at] = re.sub(rf"\b{word}\b", words[word], lines[at])
    return "\n".join(lines) + "\n"


@settings(max_examples=60)
@given(careless())
def test_no_text_gets_worse(text: str) -> None:
    after = fixed(text)
    assert unread(after.source.text) <= unread(text)
    if not unread(text):
        assert errors(after.source.text) <= errors(text)
    assert bool(after.applied) == (after.source.text != text)
    assert [d.message for d in after.left] == [d.message for d in check(after.source)]
    assert _comments(after.source.text) >= _comments(text)


def _comments(text: str) -> set[str]:
    """The comments that stand on lines of their own."""
    return {line.strip() for line in text.splitlines() if line.strip().startswith("# ")}

"""Fixes: what they make of texts, and that they make none worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from cnndsl.fixing import Fixed, edited, fix
from cnndsl.source import Source, Span
from tests.conftest import Golden
from tests.fixing.mutated import complaints, mended, mutated

HERE = Path(__file__).parent
CASES = sorted((HERE / "fixing" / "cases").glob("*.cnn"))


def check(source: Source) -> tuple[Diagnostic, ...]:
    return compile_source(source).diagnostics


def fixed(text: str, *, unsafe: bool = False) -> Fixed:
    return fix(Source("net.cnn", text), check, unsafe=unsafe)


def errors(text: str) -> int:
    return sum(d.severity is Severity.ERROR for d in check(Source("net.cnn", text)))


# What becomes of texts


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_what_becomes_of_a_text(path: Path, golden: Golden) -> None:
    text = path.read_text(encoding="utf-8")
    after, suggested = fixed(text), fixed(text, unsafe=True)
    golden(path.with_suffix(".fixed.txt"), after.source.text)
    golden(path.with_suffix(".unsafe.txt"), suggested.source.text)
    assert suggested.applied
    assert errors(suggested.source.text) <= errors(after.source.text) <= errors(text)


BODY = "network Net {{\n    input(3, 32, 32)\n    {}\n}}\n"


SAFE = [
    ("if 2 > 1&&3 > 2 || 1 > 2 { relu }", "if 2 > 1 and 3 > 2 or 1 > 2 { relu }"),
    ("nn.Conv2d(3, 8, 5)", "conv(8, 5)"),
    ("Conv2d(3, 8, kernel_size=5)", "conv(8, kernel=5)"),
    ("GroupNorm(3, 3)", "groupnorm(3)"),
    ("BatchNorm2d(3) -> relu", "batchnorm -> relu"),
    ("Linear(3 * 32 * 32, 10)", "linear(10)"),
    ("linear(3 * 32 * 32, 10)", "linear(10)"),
    ("conv(8, 3, in_channels=3)  # kept", "conv(8, 3)  # kept"),
    ("conv(in_channels=3, channels=8, kernel=3)", "conv(channels=8, kernel=3)"),
    ("batchnorm(num_features=3) -> relu", "batchnorm -> relu"),
    ("conv(8, (3, 3))", "conv(8, [3, 3])"),
    ("conv(8, 3, bias=False)", "conv(8, 3, bias=false)"),
    ("conv(8, 3, padding='same')", 'conv(8, 3, padding="same")'),
    ("p = maxpool(2); x = self.p(F.relu(it)); x", "p = maxpool(2); x = relu(it) -> p; x"),
    ("conv(math.floor(8.5), 3)", "conv(floor(8.5), 3)"),
    ("a = relu(it); torch.cat([a, input], dim=1)", "a = relu(it); concat([a, input], axis=1)"),
    ('conv(8, 3, padding="SAME")', 'conv(8, 3, padding="same")'),
    ("conv(channels: 8, kernel: 3)", "conv(channels=8, kernel=3)"),
    ("if 2 > 1\n    {\n        relu\n    }", "if 2 > 1 {\n        relu\n    }"),
    ("repeat 2  # twice\n    { conv(8, 3) }", "repeat 2 {  # twice\n     conv(8, 3) }"),
    ("if 3 =< 2 { relu } elseif 2 === 2 { tanh }", "if 3 <= 2 { relu } else if 2 == 2 { tanh }"),
    ("conv(8, 3) => relu", "conv(8, 3) -> relu"),
    ("conv(8, 3) --> relu >> tanh - > elu ー＞ celu", "conv(8, 3) -> relu -> tanh -> elu -> celu"),
    ('"""The first layer."""\n    conv(8, 3)', "# The first layer.\n    conv(8, 3)"),
    ("/* The first\n     * layer.\n     */\n    conv(8, 3)", "# The first\n     # layer.\n    conv(8, 3)"),
    ("conv(8, 3) /* the first */", "conv(8, 3) # the first"),
    ('for i in [1] { f"conv{i}": conv(8, 3) }', 'for i in [1] { "conv{i}": conv(8, 3) }'),
    ("conv（8，3） → relu", "conv(8,3) -> relu"),
    ("self.conv1 = conv(8, 3); conv1", "conv1 = conv(8, 3); conv1"),
    ("conv1 = conv(8, 3); relu(conv1(it))", "conv1 = conv(8, 3); relu(it -> conv1)"),
    ("y = conv(it, 8, 3); y", "y = it -> conv(8, 3); y"),
    ("dropout(50%)", "dropout(0.5)"),
    ("conv(  # no input\n        8, 3,\n        in_channels=3)", "conv(  # no input\n        8, 3)"),
]
"""Lines that say the same otherwise, and what `--fix` makes of them."""
SUGGESTED = [
    ("x = it -> conv(8, 3) -> relu\n    maxpool(2)", "conv(8, 3) -> relu as x\n    maxpool(2)"),
    ("x := relu(it); x", "x = relu(it); x"),
    ("conv(8, 5) -> rely", "conv(8, 5) -> relu"),
    ("Conv2d(8, 5)", "conv(8, 5)"),
    ("conv(padding=1, 8, 3)", "conv(padding=1, channels=8, kernel=3)"),
    ('conv(8, 3, activation="relu")', "conv(8, 3) -> relu"),
    ('c: conv(8, 3, activation="linear")', "c: conv(8, 3)"),
    ("conv(8 3)", "conv(8, 3)"),
    ("conv(8, 3)) -> relu", "conv(8, 3) -> relu"),
    ("a = relu(it); Add()([a, input])", "a = relu(it); add([a, input])"),
    ("conv(16 / 2, 3)", "conv(16 // 2, 3)"),
    ("maxpool: 2", "maxpool(2)"),
    ("relu // first", "relu # first"),
    ("relu -> groupnorm(3, 3)", "relu -> groupnorm(3)"),
    ("relu -> norm: batchnorm(3, momentum=0.2)", "relu -> norm: batchnorm(momentum=0.2)"),
    ("dropout(0,25) -> linear(2)", "dropout(0.25) -> linear(2)"),
    ("conv(8, 3, padding=1) relu", "conv(8, 3, padding=1) -> relu"),
    ("if !(1 > 2) { relu }", "if not (1 > 2) { relu }"),
    ("n = 2; conv(n ^ 3, 3)", "n = 2; conv(n ** 3, 3)"),
    ("relu $", "relu"),
    ("conv 8, 3)", "conv(8, 3)"),
    ("first: conv 8 3 -> relu", "first: conv(8, 3) -> relu"),
    ("n = 3; n += 1; conv(n, 3)", "n = 3; n = n + 1; conv(n, 3)"),
    ("n = 3; n *= 1 + n; n++; conv(n, 3)", "n = 3; n = n * (1 + n); n = n + 1; conv(n, 3)"),
    ("relu; it += input", "relu; it + input"),
    ("conv(8, 3), relu, maxpool(2),", "conv(8, 3) -> relu -> maxpool(2)"),
    ("repeat 2 { conv(8, 3) -> relu } linear(10)", "repeat 2 { conv(8, 3) -> relu }; linear(10)"),
    ("conv(8, 3) -> {relu}linear(10)", "conv(8, 3) -> {relu};linear(10)"),
    ("conv{8, 3}", "conv(8, 3)"),
    ("conv(8, 3) relu", "conv(8, 3) -> relu"),
    ("conv(8, 3) // the first", "conv(8, 3) # the first"),
    ("c: { conv(8, 3) -> relu -> fc: linear(10) }", "c: { conv(8, 3) -> relu -> flatten -> fc: linear(10) }"),
    ("conv(8, 3) -> relu -> output", "conv(8, 3) -> relu"),
    ("return relu(it)", "relu(it)"),
    ("relu,", "relu"),
    ("x = relu(it); output = x", "x = relu(it); output x"),
    ("conv: 8, 3", "conv(8, 3)"),
    ("conv(8, 3) -> batchnorm -> relu", "conv(8, 3, bias=false) -> batchnorm -> relu"),
    ("conv(8, 3, bias=true) -> batchnorm -> relu", "conv(8, 3, bias=false) -> batchnorm -> relu"),
]
"""Lines in which something else may be meant, and what `--fix --unsafe` makes of them."""
LEFT = [
    "c = relu -> conv1\n    conv1 = conv(8, 3)",
    "relu -> conv1",
    "n = 3; conv(n > 2 ? 8 : 4, 3)",
    "conv(3 @ 2, 3)",
    "conv(\n        8,  # filters\n        3) -> batchnorm -> relu",
    "conv(8, 3) -> nonsense",
    "conv(8, 3) -> maxpool(64)",
]
"""Lines for which there is no fix, or none that makes them better."""


@pytest.mark.parametrize(("line", "now"), SAFE)
def test_the_same_otherwise(line: str, now: str) -> None:
    after = fixed(BODY.format(line))
    assert after.source.text == BODY.format(now)
    assert errors(after.source.text) == 0


@pytest.mark.parametrize(("line", "now"), SUGGESTED)
def test_a_suggestion(line: str, now: str) -> None:
    left = fixed(BODY.format(line))
    assert left.source.text == BODY.format(line)
    assert not left.applied
    assert any(d.fix is not None and not d.fix.is_safe for d in left.left)
    after = fixed(BODY.format(line), unsafe=True)
    assert after.source.text == BODY.format(now)
    assert errors(after.source.text) == 0


@pytest.mark.parametrize("line", LEFT)
def test_a_line_that_is_left(line: str) -> None:
    assert fixed(BODY.format(line), unsafe=True).source.text == BODY.format(line)


@pytest.mark.parametrize(
    ("sizes", "unsafe"),
    [
        ("3, 32, 32", False),
        ("(3, 32, 32)", False),
        ("[3, 32, 32]", False),
        ("shape=(3, 32, 32)", True),
        ("None, 3, 32, 32", True),
        ("-1, 3, 32, 32", True),
    ],
)
def test_sizes_of_an_input(sizes: str, unsafe: bool) -> None:
    text = f"network Net {{ input({sizes}); relu }}"
    assert not unsafe or "input(3, 32, 32)" not in fixed(text).source.text
    after = fixed(text, unsafe=unsafe)
    assert after.source.text == "network Net { input(3, 32, 32); relu }"


def test_sizes_that_are_left_open() -> None:
    after = fixed("network Net { input(3, None, -1); relu }")
    assert after.source.text == "network Net { input(3, ?, ?); relu }"


def test_what_is_done_is_told() -> None:
    after = fixed(BODY.format("conv(8, kernel_size=5) -> rely"), unsafe=True)
    assert after.told == [("net.cnn", 3, 13, "kernel_size becomes kernel"), ("net.cnn", 3, 31, "rely becomes relu")]


def test_a_fix_of_another_file_is_left(tmp_path: Path) -> None:
    (tmp_path / "parts.cnn").write_text("block B() { conv(8, kernel_size=3) }\n")
    text = 'from "parts.cnn" import B\nnetwork Net { input(3, 8, 8); conv(8, kernel_size=3) -> B() }\n'
    made = fix(Source("net.cnn", text), lambda source: compile_source(source, folder=tmp_path).diagnostics)
    assert made.source.text == text.replace("kernel_size", "kernel")
    assert [d.span.source.name for d in made.left if d.span is not None] == ["parts.cnn"]


def test_a_name_that_could_be_two_is_left() -> None:
    text = BODY.format("fc1 = linear(8); fc2 = linear(8); fc1 -> relu -> fc2; fc3")
    assert fixed(text, unsafe=True).source.text == text


def test_a_word_of_daily_speech_that_is_nearly_a_name_is_left() -> None:
    text = BODY.format("pool1 = maxpool(2); conv1 = conv(8, 3); conv1 -> pool1 -> pool")
    assert fixed(text, unsafe=True).source.text == text


def test_a_fix_that_shows_more_mistakes_than_it_mends_is_left() -> None:
    hidden = BODY.format("a = rely\n" + "    input -> a -> conv(8, 64)\n" * 3 + "    b = sigmoyd")
    assert errors(hidden) == 2
    after = fixed(hidden, unsafe=True).source.text
    assert "rely" in after
    assert "sigmoid" in after


# How they are applied


def test_titles() -> None:
    source = Source("net.cnn", "conv(8,  5)")
    spans = [Span(source, 0, 4), Span(source, 6, 7), Span(source, 7, 9), Span(source, 11, 11)]
    edits = [Edit(span, text) for span, text in zip(spans, ["Conv", "", "", " -> relu"], strict=True)]
    assert [Fix((edit,), Applicability.SAFE).title for edit in edits] == [
        "conv becomes Conv", ", is removed", "a space is removed", "-> relu is added",
    ]  # fmt: skip
    assert (
        Fix(tuple(edits), Applicability.UNSAFE).title
        == "conv becomes Conv; , is removed; a space is removed; and 1 more"
    )
    assert edited(source, reversed(edits)).text == "Conv(85) -> relu"


# No text gets worse


@pytest.mark.parametrize("number", range(0, 60, 2))
def test_no_text_gets_worse(number: int) -> None:
    """`python -m benchmarks.fixes` tries more."""
    case = mutated(number)
    for unsafe in (False, True):
        after = mended(case.text, unsafe=unsafe)
        assert complaints(case, after, unsafe=unsafe) == []
        assert [d.message for d in after.left] == [d.message for d in check(after.source)]
        assert _comments(after.source.text) >= _comments(case.text)


def _comments(text: str) -> set[str]:
    """The comments that stand on lines of their own."""
    return {line.strip() for line in text.splitlines() if line.strip().startswith("# ")}


@pytest.mark.parametrize("now", ["a b", "a\nb", "", "x", "b"])
def test_a_fix_that_brings_another_error_is_not_taken(now: str) -> None:
    """Such as `check` says that there is one for each letter, and of `a` that it should be something else."""

    def letters(source: Source) -> list[Diagnostic]:
        found = []
        for at, letter in enumerate(source.text):
            span = Span(source, at, at + 1)
            wanted = Fix.suggested(span, now) if letter == "a" else None
            if letter.isalpha():
                found.append(Diagnostic("E101", f"here is {letter}", span, fix=wanted))
        return found

    after = fix(Source("net.cnn", "c a"), letters, unsafe=True)
    assert after.source.text == ("c " if now == "" else "c a")


def test_an_error_that_moves_is_another_one() -> None:
    """The same words at another place are no reason to take on a change."""

    def moving(source: Source) -> list[Diagnostic]:
        at = len(source.text) - 1
        first = Diagnostic("E101", "wrong", Span(source, 0, 1), fix=Fix.safe(Span(source, 0, 1), "b"))
        return [first] if source.text[0] == "a" else [Diagnostic("E101", "wrong", Span(source, at, at + 1))]

    assert fix(Source("net.cnn", "a c"), moving).source.text == "a c"


# What says the same, and what does not

KEPT = [
    "conv(8, 3) -> logsigmoid",
    "relu -> maxunpool(2)",
    "conv(8, 3) -> swiglu",
    "flatten -> softmin",
    "weight = done",
    "linear(1,024)",
    "dropout(5)",
    "dropout(0,5)",
    "nn.Conv2d(\n        1,\n        3,\n        3)",
    "for width, kernel in [[16, 3] -> [32, 3]] { conv(width, kernel) }",
    "f = conv(8, 3); g = it -> f\n    output it,\n    g",
    "init conv: weight = zeros,\n        bias = zeros\n    conv(8, 3)",
    "nn.Conv2d(1, 16, 3)",
    "nn.Conv2d(in_channels=4, out_channels=16, kernel_size=3)",
    "conv(16, 3, in_channels=4)",
    "linear(100, 10)",
    "nn.Linear(32, 10)",
    "nn.Conv1d(3, 8, 5)",
    "BatchNorm1d(3)",
    "BatchNorm2d(4)",
    "nn.GroupNorm(3, 4)",
    "nn.LayerNorm(2)",
    "nn.Softmax()",
    "nn.MaxPool2d(3, 2, 1, 1, False, True)",
    "F.softmax(it)",
    "torch.cat([it, input])",
    "self.relu(it)",
    "x = 7 //\n    relu",
    "conv(8, 3) // 2",
    "BatchNormalization(momentum=0.99)",
    "LeakyReLU(alpha=0.3)",
    "repeat 2 { nn.Conv2d(3, 8, 3, padding=1) }",
    "repeat 2 { nn.BatchNorm2d(3) }",
    "relu = tanh; it -> nn.ReLU",
    "conv(8, 3, padding='sa{1}me')",
    "conv(8, 3, 1, 1, 1, 1, 0)",
    "conv(8, (1,024))",
    "x = (8, 3)",
    "conv(8, 3) ^ relu",
    "x = it | relu",
    "n = 8 – 3; conv(n, 3)",
    "if 2 = 2 { relu }",
    "x:= relu(it); x",
    "return relu(it)",
    "import torch",
    "let n = 3; conv(n, 3)",
    "conv1 = nn.Conv2d(3, 8, 5); it -> conv1",
]
"""Lines that `--fix` changed into those of another network, and others like them."""


@pytest.mark.parametrize("line", KEPT)
def test_what_may_mean_something_else_is_left(line: str) -> None:
    after = fixed(BODY.format(line.replace("{", "{{").replace("}", "}}")).replace("{{", "{").replace("}}", "}"))
    assert line in after.source.text
    assert not after.applied


def test_a_network_of_another_name_is_no_near_one() -> None:
    text = "block InceptionAux { relu }\nnetwork Net { input(3, 32, 32); Inception }\n"
    assert fixed(text).source.text == text


@pytest.mark.parametrize(
    ("line", "now"),
    [
        ("nn.Conv2d(3, 8, 5)", "conv(8, 5)"),
        ("nn.Conv2d(\n        3,\n        8,\n        3)", "conv(\n        8,\n        3)"),
        ("n = 3; nn.Conv2d(n, 8, 5)", "n = 3; conv(8, 5)"),
        ("nn.Conv2d(in_channels=3, out_channels=8, kernel_size=5)", "conv(channels=8, kernel=5)"),
        ("relu -> c: nn.Conv2d(3, 8, 5) -> relu", "relu -> c: conv(8, 5) -> relu"),
        ("y = it -> nn.Conv2d(3, 8, 5); y", "y = it -> conv(8, 5); y"),
        ("conv(8, 5) -> nn.BatchNorm2d(8) -> nn.ReLU(inplace=True)", "conv(8, 5) -> batchnorm -> relu(inplace=true)"),
        ("nn.Linear(3 * 32 * 32, 10, False)", "linear(10, false)"),
        ("nn.Linear(in_features=3072, out_features=10)", "linear(features=10)"),
        ("nn.GroupNorm(1, 3)", "groupnorm(1)"),
        ("nn.Dropout2d(0.1)", "dropout_channels(0.1)"),
        ("nn.Softmax(dim=1)", "softmax(axis=1)"),
        ("torch.cat([it, input], 1)", "concat([it, input], 1)"),
        (
            "if it.width > 3 { relu } elif it.width > 2 { tanh }",
            "if it.width > 3 { relu } else if it.width > 2 { tanh }",
        ),
        ("if 3 => 2 { relu => tanh }", "if 3 >= 2 { relu -> tanh }"),
        ("relu\n    // 3 is not divided here", "relu\n    # 3 is not divided here"),
        ("conv(8, 3, bias=0)", "conv(8, 3, bias=false)"),
        ("conv(0x10, 3)", "conv(16, 3)"),
        ("linear(1_024)", "linear(1024)"),
        ("dropout(25%)", "dropout(0.25)"),
        ("co\u200bnv(8, 3)", "conv(8, 3)"),
    ],
)
def test_what_says_the_same_is_written(line: str, now: str) -> None:
    after = fixed(BODY.format(line))
    assert after.source.text == BODY.format(now)
    assert errors(after.source.text) == 0
    assert all(d.fix is not None and d.fix.is_safe for d in after.applied)


def test_what_comes_into_a_block_is_not_known() -> None:
    text = "block Unit { nn.Conv2d(3, 3, 3, padding=1) }\nnetwork Net { input(3, 8, 8); Unit -> conv(4, 1) -> Unit }\n"
    assert fixed(text).source.text == text


def test_a_line_of_a_network_agrees_with_all_its_variants() -> None:
    text = "network Net(n = 3) {{ input(n, 8, 8); nn.BatchNorm2d(3) }}\nnetwork Other = Net(n = {})\n"
    assert "; batchnorm }" in fixed(text.format(3)).source.text
    assert fixed(text.format(4)).source.text == text.format(4)


def test_a_network_of_pytorch_is_taken_over_only_as_far_as_its_sizes_agree() -> None:
    text = (HERE / "fixing" / "cases" / "ported.cnn").read_text(encoding="utf-8")
    after = fixed(text)
    assert not after.left
    wrong = fixed(text.replace("16 * 5 * 5", "16 * 4 * 4"))
    assert "nn.Linear(16 * 4 * 4, 120)" in wrong.source.text
    assert any(d.fix is not None and not d.fix.is_safe for d in wrong.left)

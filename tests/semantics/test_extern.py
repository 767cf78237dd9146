"""Classes from elsewhere: what the line may say, what its rules come to, and what becomes of a use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import cnndsl
from cnndsl.analysis import costs
from cnndsl.analysis.shapes import infer
from cnndsl.compilation import Compilation, CompilationError
from cnndsl.ir.program import Leaf, Program
from cnndsl.layers.extern import Extern
from tests.running import agree, compiled, imported

SCALE = 'extern Scale(channels, start = 1.0) from "own_layers" (shape = same, parameters = channels)\n'
PATCHES = """
extern Patches(features, size, channels) from "own_layers" (
    shape = [features, height // size * (width // size)],
    parameters = features * (channels * size ** 2 + 1),
    rank = 3,
)
"""


LEVELS = """
extern Levels(widths) from "own_layers" (
    shape = [[each, (height - 1) // 2 ** i + 1, (width - 1) // 2 ** i + 1] for [i, each] in enumerate(widths)],
    parameters = 3 * sum(widths),
)
"""


class Scale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, channels: int, start: float = 5.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.full((channels,), float(start)))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor.view(-1, *[1] * (x.dim() - 2))


class Patches(nn.Conv2d):
    """Squares of a picture, each as a list of features."""

    def __init__(self, features: int, size: int, channels: int) -> None:
        super().__init__(channels, features, size, stride=size)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten(2)


class Levels(nn.Module):
    """A picture in several sizes, of the channels that are asked for: as a tuple, also of one."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.weights = nn.ParameterList([torch.ones(width, 3, 1, 1) for width in widths])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(nn.functional.conv2d(x, weight, stride=2**at) for at, weight in enumerate(self.weights))


class Told(nn.Module):
    """Remembers what it was constructed with."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__()
        self.told = (arguments, named)

    def forward(self, x: Tensor) -> Tensor:
        return x


@pytest.fixture(autouse=True)
def _own_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("own_layers")
    vars(module).update(Scale=Scale, Patches=Patches, Levels=Levels, Told=Told, function=lambda: None)
    monkeypatch.setitem(sys.modules, "own_layers", module)


def network(line: str, size: str = "3, 8, 8") -> str:
    return f"network Net {{\n    input({size})\n    {line}\n}}\n"


def findings(text: str) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in cnndsl.compile(text).diagnostics]


def check(text: str) -> nn.Module:
    """Build a network, and compare its sizes and parameters with what the program says."""
    program = compiled(text).program
    assert program is not None
    return agree(program, imported(compiled(text).python()), program.network())


# What is made of a use


def test_sizes_and_parameters() -> None:
    model = check(SCALE + PATCHES + network("conv(4, 3)\n    Scale(it.channels) -> Patches(5, 2, 4) -> linear(2)"))
    assert dict(model.named_children()).keys() == {"conv1", "scale1", "patches1", "linear1"}
    assert torch.equal(model.get_parameter("scale1.factor"), torch.ones(4))


@pytest.mark.parametrize(
    "line",
    [
        "a, b = it -> Levels([4, 5])\n    concat(a, upsample(b, like=a))",
        "Levels([4, 5]) as a, b\n    output a, b",
        "maps = it -> both: Levels([4, 5, 6])\n    output low = maps[2], high = maps[0]",
        "maps = it -> Levels([4, 5])\n    output [a -> conv(2, 1) for a in maps]",
        "Levels([4]) -> conv(2, 1)",
        "levels = Levels([3])\n    levels -> levels",
        "a, b = it -> {Levels([4, 5])}\n    output b, a",
    ],
)
def test_several_values(line: str) -> None:
    check(LEVELS + network(line))


def test_several_values_in_a_block_of_any_arguments() -> None:
    text = LEVELS + "block B(widths, n) { a, b = it -> Levels(widths); concat(a -> conv(n, 1), a); output it, b }\n"
    program = compiled(text + network("a, _ = it -> B([4, 5], 2)\n    b, _ = input -> B([4, 5], 6)\n    concat(a, b)"))
    module = imported(program.python())
    assert tuple(module.B(3).state_dict()) == tuple(module.Net().b1.state_dict())
    other = compiled(text + network("a, _ = it -> B([4, 5], 2)\n    b, _ = input -> B([6, 4], 6)\n    concat(a, b)"))
    with pytest.raises(CompilationError, match=r"E601.*what Levels gives depends on a parameter"):
        other.python()


def test_a_chain_gives_one_value() -> None:
    for given, words in [("[4, 5]", "2 values"), ("[4]", "a tuple of one")]:
        ((code, message),) = findings(LEVELS + network(f"chain: (Levels({given}) -> conv(2, 1))"))
        assert (code, message) == (
            "E404",
            f"each layer of a chain gives one value to the next, and Levels gives {words}",
        )


def test_several_values_with_other_inputs_and_open_sizes() -> None:
    program = compiled(LEVELS + network("a, b = it -> Levels([4, 5])\n    output b, a")).program
    assert program is not None
    assert infer(program, {"Net": [(3, 20, 10)]}).network().output_shapes == ((5, 10, 5), (4, 20, 10))
    assert Program.model_validate_json(program.model_dump_json()) == program
    open_sizes = compiled(LEVELS + network("a, b = it -> Levels([4, 5])\n    output b, a", "3, ?, 8")).program
    assert open_sizes is not None
    assert str(open_sizes.network().output_shapes[0][1]) == "(H + 1) // 2"


def test_arguments_are_given_by_name() -> None:
    told = 'extern Told(a, b = 2, c = "text", d = [1, 2], e = true) from "own_layers" (shape = same, parameters = 0)\n'
    rest = {"c": "text", "d": (1, 2), "e": True}
    for call, named in [
        ("Told(7)", {"a": 7, "b": 2, **rest}),
        ("Told(a=7)", {"a": 7, "b": 2, **rest}),
        ("Told(7, 1.5, e=false)", {"a": 7, "b": 1.5, **rest, "e": False}),
        ('Told([[1, 2], [3, 4]], d=[], c="\\")', {"a": ((1, 2), (3, 4)), "b": 2, "c": "\\", "d": (), "e": True}),
        ("Told(-1, c=it.height * 2)", {"a": -1, "b": 2, **rest, "c": 16}),
    ]:
        model = check(told + network(call))
        assert model.get_submodule("told1").told == ((), named)


def test_characters_that_nobody_sees_are_escaped() -> None:
    text = "".join(map(chr, [*range(32), 0x7F, 0x85, 0xAD, 0x200B, 0x2028, 0x202E, 0xFEFF])).replace("\n", "")
    told = 'extern Told(a) from "own_layers" (shape = same)\n'
    source = compiled(told + network(f'Told("{text}")')).python()
    assert not set(text) & set(source)
    assert imported(source).Net().told1.told == ((), {"a": text})


def test_one_and_true_are_two_things() -> None:
    text = """
extern Told(a) from "own_layers" (shape = same, parameters = 0)
block Unit(layer) { first: layer }
network Net { input(3); a: Unit(Told(1)); b: Unit(Told(true)); c: Unit(Told(1.0)) }
"""
    model = check(text)
    values = [model.get_submodule(f"{name}.first").told[1]["a"] for name in "abc"]  # type: ignore[index]
    assert [type(value) for value in values] == [int, bool, float]


def test_a_shared_one_has_one_set_of_numbers() -> None:
    model = check(SCALE + network("scale = Scale(3)\n    scale -> relu -> scale"))
    assert list(model.state_dict()) == ["scale.factor"]


def test_in_chains_and_loops() -> None:
    model = check(SCALE + network("stem: { conv(4, 3) -> Scale(4) * 2 -> extra: Scale(4, start=0.5) }\n    Scale(4)"))
    assert list(model.state_dict())[2:] == [f"stem.{name}.factor" for name in ("1", "2", "extra")] + ["scale1.factor"]


def test_a_parameter_of_the_network_stays_one() -> None:
    text = SCALE + PATCHES + "network Net(width = 4) { input(3, 8, 8); Patches(2 * width, 2, 3) -> Scale(2 * width) }"
    model = imported(compiled(text).python()).Net(width=3)
    assert model(torch.zeros(2, 3, 8, 8)).shape == (2, 6, 16)


def test_a_rule_may_ask_anything_of_parameters() -> None:
    text = """
extern Told(wide, many = 1) from "own_layers" (
    shape = [channels * (2 if wide > 2 else 1), height // many, width if many < 2 else 4], parameters = 0
)
network Net(wide = 1, classes = 3) { input(3, 8, 8); Told(wide); linear(classes) }
"""
    module = imported(compiled(text).python())
    for wide in (1, 2, 3, 4):
        assert module.Net(wide=wide).linear1.in_features == (2 if wide > 2 else 1) * 3 * 8 * 8
    program = compiled(text, wide=4).program
    assert program is not None
    assert program.network().values[-2] == (384,)


def test_each_use_has_its_own_sizes() -> None:
    text = """
extern Told(by, mode = "wide") from "own_layers" (
    shape = [channels * by, height // 2, width] if mode == "high" else [by, by, by], parameters = 0
)
network Net(by = 2) { input(3, 8, 8); Told(1); Told(2) -> Told(by, "high"); linear(2) }
"""
    module = imported(compiled(text).python())
    assert [module.Net(by=by).linear1.in_features for by in (1, 2, 5)] == [2 * by * 1 * 2 for by in (1, 2, 5)]


def test_blocks_say_their_own_names() -> None:
    text = SCALE + "block Unit(width) { conv(width, 3, padding=1) -> Scale(width) }\n"
    source = compiled(text + network("Unit(4) -> Unit(8)")).python()
    assert source.count("class Unit") == 1
    assert "Scale(channels=width, start=1.0)" in source


def test_a_default_may_depend_on_another_parameter() -> None:
    text = """
extern Told(a, b = a * 2) from "own_layers" (shape = [b, features], parameters = 0)
network Net(width = 4) { input(3); flat: unflatten(1, [1, 3]) -> flatten; Told(width) -> conv(2, 1) }
"""
    source = compiled(text).python()
    assert "Told(a=width, b=width * 2)" in source
    assert "nn.Conv1d(2 * width, 2, 1)" in source


def test_sizes_left_open() -> None:
    text = SCALE + PATCHES + network("conv(4, 3) -> Scale(4) -> Patches(5, 2, 4) -> conv(2, 1)", "3, ?, 8")
    program = compiled(text).program
    assert program is not None
    (size,) = program.network().open
    assert size.words == "H is at least 4"
    assert str(program.network().output_shapes[0][1]) == "3 * (H // 2) - 3"
    model = imported(compiled(text).python()).Net()
    assert model(torch.zeros(2, 3, 13, 8)).shape == (2, 2, 15)


def test_other_inputs_for_the_shape_pass() -> None:
    program = compiled(PATCHES + network("Patches(5, 2, 3)")).program
    assert program is not None
    again = infer(program, {"Net": [(3, 20, 10)]})
    assert again.network().output_shapes == ((5, 50),)


def test_json_and_back() -> None:
    program = compiled(SCALE + PATCHES + network("Scale(3) -> Patches(5, 2, 3)")).program
    assert program is not None
    again = Program.model_validate_json(program.model_dump_json())
    assert again == program
    assert costs.of(again, "Net") == costs.of(program, "Net")


@pytest.mark.parametrize("field", ["name", "package"])
@pytest.mark.parametrize("value", ["os; import sys", "a b", "", ".x", "class", "__import__", "a.\nb"])
def test_nothing_else_is_read_from_json(field: str, value: str) -> None:
    given = {"name": "Scale", "package": "own_layers", field: value}
    with pytest.raises(ValueError, match=r"is no (module|name)"):
        Extern.model_validate(given)


def test_nothing_is_imported_to_compile(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("raise SystemExit('imported')\n")
    text = 'extern Own from "own" (shape = same)\n' + network("Own -> relu")
    code = f"import cnndsl; c = cnndsl.compile({text!r}); c.python(); c.dot(); print(c.summary())"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Own parameters not counted" in ran.stdout


def test_what_is_not_counted_is_told() -> None:
    text = 'extern Own(a) from "own" (shape = same)\nblock Unit { Own([1, true]) }\n'
    compilation = compiled(text + network("Unit -> linear(2)"))
    assert compilation.program is not None
    assert not costs.of(compilation.program, "Net").complete
    summary = compilation.summary(width=200)
    assert "Own parameters not counted, a [1, true]" in summary
    assert "parameters  at least 386" in summary
    assert "Net: 3 x 8 x 8 in, 2 out, at least 386 parameters." in compilation.python()
    assert "at least 386 parameters" in compilation.dot()
    assert "at least" not in compiled(SCALE + network("Scale(3)")).summary()


def test_it_is_explained_by_its_name() -> None:
    compilation = compiled(SCALE + network("Scale(3, start=2) -> conv(4, 3)"))
    assert "scale1 = Scale(3, start=2)" in compilation.explain()


def test_one_from_another_file(tmp_path: Path) -> None:
    (tmp_path / "own.cnn").write_text(SCALE + "block Scaled(c) { conv(c, 1) -> Scale(c) }\n")
    (tmp_path / "net.cnn").write_text('from "own.cnn" import Scale, Scaled\n' + network("Scaled(4) -> Scale(4)"))
    loaded = cnndsl.load(tmp_path / "net.cnn", allow_extern="own_layers")
    assert loaded()(torch.ones(2, 3, 8, 8)).shape == (2, 4, 8, 8)


# What is refused


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ('extern A from "" (shape = same)', "E213", "is no module: it is written as in Python"),
        ('extern A from ".own" (shape = same)', "E213", "is no module: it is written as in Python"),
        ('extern A from "own layers" (shape = same)', "E213", "is no module: it is written as in Python"),
        ('extern A from "os;x" (shape = same)', "E213", "is no module: it is written as in Python"),
        ('extern A from "own.class" (shape = same)', "E213", "class is a word of Python"),
        ('extern A from "__future__" (shape = same)', "E213", "two underscores are Python's own"),
        ('extern A from "own{1}" (shape = same)', "E213", "the module is a plain text"),
        ('extern A from "own"', "E213", "the size of what comes out of A is missing"),
        ('extern A from "own" (parameters = 3)', "E213", "the size of what comes out of A is missing"),
        ('extern A from "own" (shape = same, shape = same)', "E213", "shape is said twice"),
        ('extern A from "own" (shape = same, ranks = 3)', "E213", "an extern says nothing of ranks"),
        ('extern class from "own" (shape = same)', "E203", "class cannot be the name of a class"),
        ('extern nn from "own" (shape = same)', "E203", "nn cannot be the name of a class"),
        ('extern StochasticDepth from "own" (shape = same)', "E203", "cannot be the name of a class"),
        ('extern A(lambda) from "own" (shape = same)', "E203", "lambda cannot be a parameter"),
        ('extern A(a, a) from "own" (shape = same)', "E204", "there is already a parameter called a"),
        ('extern A from "own" (shape = same)\nblock A { relu }', "E204", "there is already something called A"),
        ('block A { relu }\nextern A from "own" (shape = same)', "E204", "there is already something called A"),
    ],
)
def test_lines_that_are_refused(line: str, code: str, message: str) -> None:
    ((found, said),) = findings(f"{line}\n{network('relu')}")
    assert (found, message in said) == (code, True), said


@pytest.mark.parametrize(
    ("rules", "code", "message"),
    [
        ("shape = 3", "E213", "a shape is a list of 1 to 8 sizes, and this is the number 3"),
        ("shape = channels", "E213", "a shape is a list of 1 to 8 sizes, and this is channels"),
        ("shape = []", "E213", "a shape is a list of 1 to 8 sizes, and this is a list of 0"),
        ("shape = [[], same]", "E213", "a shape is a list of 1 to 8 sizes, and this is a list of 0"),
        ("shape = [[channels], height]", "E213", "a shape is a list of 1 to 8 sizes, and this is height"),
        ("shape = [[[channels]]]", "E213", "a size is a number, and this is a list of 1"),
        ("shape = [[same], same]", "E213", 'a size is a number, and this is the text "same"'),
        ("shape = [same, [length]]", "E315", "an input of 3 x 8 x 8 has no length"),
        ('shape = ["a"]', "E213", 'a size is a number, and this is the text "a"'),
        ("shape = [true]", "E213", "a size is a number, and this is true"),
        ("shape = [chanels]", "E201", "nothing is called chanels"),
        ("shape = [channels if height > 2 else 1]", "E213", "cannot be compared here"),
        ("shape = [max(height, width)]", "E207", "this size is left open"),
        ("shape = [height ** 2]", "E309", "a size that is left open"),
        ("shape = [length]", "E315", "an input of 3 x 8 x 8 has no length"),
        ("shape = [features]", "E315", "an input of 3 x 8 x 8 has no features"),
        ("shape = [height / 2]", "E315", "which is no whole number: 4.0"),
        ("shape = [height - 8]", "E315", "which for an input of 3 x 8 x 8 is 0"),
        ("shape = [height // (width - 8)]", "E315", "which is no number"),
        ("shape = [height * 10 ** 12]", "E313", "more than 2,147,483,647 numbers"),
        ("shape = same, parameters = height - 9", "E315", "which for an input of 3 x 8 x 8 is -1"),
        ("shape = same, parameters = [1]", "E213", "a size is a number, and this is a list"),
        ("shape = same, rank = 2", "E301", "A takes values of 2 axes, and the input is 3 x 8 x 8"),
        ("shape = same, rank = [1, 4]", "E301", "A takes values of 1 or 4 axes"),
        ("shape = same, rank = 0", "E213", "rank is a number of axes from 1 to 8"),
        ("shape = same, rank = true", "E213", "rank is a number of axes from 1 to 8"),
        ("shape = same, rank = channels", "E309", "a size that is left open"),
    ],
)
def test_rules_that_are_refused(rules: str, code: str, message: str) -> None:
    ((found, said),) = findings(f'extern A from "own" ({rules})\n{network("A")}')
    assert (found, message in said) == (code, True), (found, said)


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("Told", "E207", "Told needs a"),
        ("Told(1, 2, 3)", "E207", "Told takes at most 2 arguments: a, b"),
        ("Told(1, c=2)", "E207", "Told has no parameter c"),
        ("Told(1, a=2)", "E207", "Told is given a twice"),
        ("Told(b=1, 2)", "E207", "an argument without a name stands after one with a name"),
        ("Told(relu)", "E206", "Told: a must be a number, a text or a list of them, and this is the layer relu"),
        ("Told([1, [relu]])", "E206", "and this is the layer relu"),
        ("Told(1, b=input)", "E206", "and this is a value"),
        ("Told(input)", "E406", "Told is a layer and not a call"),
        ("Told(1)(2)", "E207", "Told has its arguments already"),
        ("init Told: weight = zeros", "E212", "init names a kind of layer"),
        ("Told(1, weight=[[1]])", "E207", "Told has no parameter weight"),
        ("shared = Told(1)\n    shared -> linear(5) -> shared", "E308", "shared was built for an input of 3 x 8 x 8"),
    ],
)
def test_uses_that_are_refused(line: str, code: str, message: str) -> None:
    told = 'extern Told(a, b = 2) from "own" (shape = same, parameters = 8 if false else a)\n'
    if "shared" in line:
        told = 'extern Told(a, b = 2) from "own" (shape = same, parameters = channels * a)\n'
        line = "shared = Told(1)\n    shared -> conv(4, 3) -> shared"
    found = findings(told + network(line))
    assert (code, True) in [(c, message in m) for c, m in found], found


def test_an_argument_that_is_a_size_left_open() -> None:
    ((code, message),) = findings('extern A(a) from "own" (shape = same)\n' + network("A(it.height)", "3, ?, 8"))
    assert code == "E309"
    assert message.startswith("A: a needs a number")


def test_names_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text('extern Norm from "one" (shape = same)\nblock A { Norm }\n')

    def found(text: str) -> Compilation:
        return cnndsl.compile(f'from "a.cnn" import A\n{text}{network("A -> Norm")}', folder=tmp_path)

    assert found('extern Norm from "one" (shape = same)\n').ok
    for other in ('extern Norm from "two" (shape = same)\n', "block Norm { relu }\n"):
        assert [d.code for d in found(other).diagnostics] == ["E204"]


def test_names_of_classes_are_kept_free() -> None:
    text = 'extern Own from "own" (shape = same)\nown = Own\nblock B(Own) { conv(Own, 3) }\n' + network("B(3) -> own")
    ((code, message),) = findings(text)
    assert code == "E203"
    assert "there is a class of this name" in message


def test_what_is_not_used_is_not_imported() -> None:
    assert "own" not in compiled(SCALE + network("relu")).python()


def test_children_are_named_by_their_class() -> None:
    program = compiled('extern HTTPNorm from "own" (shape = same)\n' + network("HTTPNorm -> HTTPNorm")).program
    assert program is not None
    assert [child.name for child in program.network().children] == ["http_norm1", "http_norm2"]
    assert all(isinstance(child.unit, Leaf) for child in program.network().children)

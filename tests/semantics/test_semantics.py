"""What the language means: names, sharing, scopes, chains, loops, arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import cnndsl
from cnndsl.ir.program import Call, Combine, Leaf, Module, Plain
from tests.running import build, compiled, program_of


def network(body: str, before: str = "", inputs: str = "3, 8, 8", **settings: Any) -> Module:
    """The network with these lines."""
    return program_of(text(body, before, inputs), **settings).network()


def text(body: str, before: str = "", inputs: str = "3, 8, 8") -> str:
    return f"{before}\nnetwork Net {{\n    input({inputs})\n{body}\n}}\n"


def names(module: Module) -> list[str]:
    return [child.name for child in module.children]


def calls(module: Module) -> list[str]:
    return [step.action.child for step in module.steps if isinstance(step.action, Call)]


def kinds(module: Module) -> list[str]:
    """The kinds of layers and operations, in the order of execution."""
    found = []
    for step in module.steps:
        if isinstance(step.action, Call):
            unit = module.child(step.action.child).unit
            found.append(unit.layer.kind if isinstance(unit, Leaf) else unit.module)
        else:
            found.append((step.action.layer if isinstance(step.action, Plain) else step.action.operation).kind)
    return found


def keys(body: str, before: str = "", inputs: str = "3, 8, 8") -> list[str]:
    """The keys of the network's state_dict."""
    return list(build(text(body, before, inputs)).state_dict())


def errors(source: str, **settings: Any) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in cnndsl.compile(source, settings=settings).diagnostics]


# Names of parts


def test_unnamed_layers_are_named_by_kind_and_count() -> None:
    module = network("conv(4, 3) -> relu -> conv(4, 3) -> relu\nmaxpool(2)\nlinear(2)")
    assert names(module) == ["conv1", "relu1", "conv2", "relu2", "maxpool1", "linear1"]


def test_an_automatic_name_keeps_clear_of_the_names_that_are_written() -> None:
    module = network("conv(4, 3)\nconv2: conv(4, 3)\nconv(4, 1)\nconv1 = conv(4, 1)\nconv1")
    assert names(module) == ["conv3", "conv2", "conv4", "conv1"]


def test_unnamed_blocks_are_named_as_snakes() -> None:
    before = "block SEBlock { relu }\nblock Conv2dNorm { relu }\nblock X { relu }"
    assert names(network("SEBlock -> Conv2dNorm -> X -> X", before)) == ["se_block1", "conv2d_norm1", "x1", "x2"]


def test_a_learned_tensor_has_the_name_that_its_line_gives_to_it_alone() -> None:
    lines = "a = parameter([3, 1, 1])\nb = parameter([3, 8, 8]) * parameter([3, 8, 8])\nit * a + b"
    module = network(lines)
    assert names(module) == ["a", "parameter1", "parameter2"]


def test_a_line_that_went_wrong_gives_its_name_to_no_other() -> None:
    source = text("a = parameter([0])\nit + parameter([3, 8, 8]) + parameter([3, 8, 8])")
    assert [code for code, _ in errors(source)] == ["E208"]


def test_parts_are_registered_in_the_order_of_their_names() -> None:
    module = network("b = conv(3, 1)\na = relu\na -> b\nc: tanh")
    assert names(module) == ["b", "a", "c"]
    assert calls(module) == ["a", "b", "c"]


def test_children_of_a_sequence_are_numbered_and_keep_their_labels() -> None:
    before = "sequence S { conv(4, 3); act: relu; conv(4, 3) }"
    assert keys("S", before) == ["s1.0.weight", "s1.0.bias", "s1.2.weight", "s1.2.bias"]


def test_labels_with_braces_are_worked_out() -> None:
    module = network('for i in range(2) { for [j, k] in [[0, "x"], [1, "y"]] { "b{i}_{j + 1}-{k}{-2}": relu } }')
    assert names(module) == ["b0_1-x-2", "b0_2-y-2", "b1_1-x-2", "b1_2-y-2"]


def test_a_computed_label_binds_no_name() -> None:
    text = 'network N { input(3, 8, 8); for i in range(2) { "part{i}": conv(3, 1) }; part0 -> part1 }'
    assert [found.code for found in cnndsl.compile(text).diagnostics] == ["E201", "E201"]


# Sharing and fresh layers


def test_a_name_is_one_layer_however_often_it_is_used() -> None:
    module = network("a = conv(3, 1)\na -> a\nit -> a")
    assert names(module) == ["a"]
    assert calls(module) == ["a", "a", "a"]


def test_a_label_in_an_expression_is_known_from_the_next_line_on() -> None:
    module = network("y = it -> a: conv(3, 1)\nz = y + (y -> b: conv(3, 1))\nconcat(y, z -> a, it -> b)")
    assert names(module) == ["a", "b"]
    assert calls(module) == ["a", "b", "a", "b"]


def test_a_kind_is_a_new_layer_each_time() -> None:
    assert names(network("relu -> relu\nrelu")) == ["relu1", "relu2", "relu3"]


def test_a_label_names_a_layer_that_can_be_used_again() -> None:
    module = network("pool: maxpool(2) -> relu\nrelu -> pool")
    assert calls(module) == ["pool", "relu1", "relu2", "pool"]
    assert errors(text("pool: maxpool(2) -> pool")) == [("E201", "pool is a name from the next line on")]


def test_copies_have_weights_of_their_own() -> None:
    assert keys("a: conv(3, 1, bias=false) * 3") == ["a.0.weight", "a.1.weight", "a.2.weight"]
    assert keys("a: conv(3, 1, bias=false) * 1") == ["a.0.weight"]
    assert keys("conv(3, 1, bias=false) * 2") == ["conv1.0.weight", "conv1.1.weight"]


def test_no_copy_is_no_layer() -> None:
    assert names(network("conv(4, 3) * 0\nrelu")) == ["relu1"]


def test_a_layer_in_a_list_with_a_name_is_one_layer() -> None:
    module = network("x = [conv(3, 1), relu]\nit -> x[0] -> x[0] -> x[1]")
    assert names(module) == ["x.0", "x.1"]
    assert kinds(module) == ["conv", "conv", "relu"]


def test_a_layer_given_as_an_argument_is_a_recipe() -> None:
    before = "block B(unit) { unit -> unit }"
    assert keys("B(conv(3, 1, bias=false))", before) == ["b1.unit1.weight", "b1.unit2.weight"]


def test_a_chain_with_a_name_is_one_part() -> None:
    module = network("stem = conv(3, 1) -> relu\nstem -> stem")
    assert names(module) == ["stem"]
    assert keys("stem = conv(3, 1) -> relu\nstem -> stem") == ["stem.0.weight", "stem.0.bias"]


# Shadowing and scopes


def test_a_name_may_hide_a_layer_kind_from_its_line_on() -> None:
    module = network("relu = relu\nconv(3, 1) -> relu\nrelu")
    assert names(module) == ["relu", "conv1"]


def test_inside_a_chain_of_its_own_the_kind_is_seen() -> None:
    assert keys("conv: { conv(4, 1, bias=false) -> conv(4, 1, bias=false) }") == ["conv.0.weight", "conv.1.weight"]
    assert keys("conv = conv(4, 1, bias=false)\nlater: { conv(2, 1, bias=false) }\n") == ["later.0.weight"]


def test_a_parameter_may_have_the_name_of_a_layer_kind() -> None:
    module = network("B(tanh)", "block B(relu) { relu }")
    inside = program_of(text("B(tanh)", "block B(relu) { relu }")).modules["B"]
    assert (names(inside), kinds(inside)) == (["relu1"], ["tanh"])
    assert names(module) == ["b1"]


def test_a_constant_may_be_bound_again() -> None:
    module = network("n = 2\nn = n + 1\nconv(n, 1)\nfor i in range(3) { n = n * 2 }\nconv(n, 1)")
    assert [module.values[k][0] for k in (1, 2)] == [3, 24]


def test_a_value_may_be_bound_again() -> None:
    module = network("x = input\nfor i in range(2) { x = x -> conv(3, 1) }\nx + input")
    assert calls(module) == ["conv1.0", "conv1.1"]
    assert module.steps[-1].inputs == (2, 0)


def test_a_brace_sees_constants_and_no_values() -> None:
    assert names(network("n = 4\na: { conv(n, 1) }")) == ["a"]
    assert errors(text("v = input -> relu\na: { v }"))[0][0] == "E402"


def test_a_brace_that_is_applied_at_once_is_spliced_in() -> None:
    module = network("{ conv(4, 1); relu }\ninput -> { tanh }")
    assert names(module) == ["conv1", "relu1", "tanh1"]
    assert names(network("{ conv(4, 1); relu }")) == ["conv1", "relu1"]


def test_input_in_a_brace_is_what_it_is_applied_to() -> None:
    module = network("conv(4, 3) -> { conv(input.channels * 2, 1) }")
    assert module.output_shapes == ((8, 6, 6),)


def test_a_block_sees_the_constants_of_the_file_and_not_those_of_its_user() -> None:
    before = "width = 5\nblock B { conv(width, 1) }"
    assert network("width = 7\nB", before).output_shapes == ((5, 8, 8),)


def test_blocks_may_be_used_before_they_are_defined() -> None:
    source = "network Net { input(3, 8, 8); B }\nblock B { C }\nblock C { relu }"
    assert program_of(source).network().output_shapes == ((3, 8, 8),)


def test_the_targets_of_a_comprehension_are_its_own() -> None:
    module = network("i = 7\nx = [i * 2 for i in range(3)]\nconv(i, 1)\nconv(x[2], 1)")
    assert [shape[0] for shape in module.values[1:]] == [7, 4]


def test_defaults_of_parameters_see_the_parameters_before_them() -> None:
    before = "block B(n, m = n * 2) { conv(m, 1) }"
    assert network("B(3)", before).output_shapes == ((6, 8, 8),)


# Bodies


def test_a_bare_line_goes_on_and_a_bound_value_does_not() -> None:
    module = network("conv(4, 3)\nside = input -> conv(5, 3)\nrelu\nit + 1\nside -> tanh")
    assert module.output_shapes == ((5, 6, 6),)


def test_a_bare_value_becomes_the_current_one() -> None:
    module = network("a = input -> conv(4, 1)\nconv(5, 1)\na\nrelu")
    assert module.output_shapes == ((4, 8, 8),)
    assert names(module) == ["conv1", "conv2", "relu1"]
    assert [step.inputs for step in module.steps] == [(0,), (0,), (1,)]


def test_input_and_it() -> None:
    module = network("conv(3, 1) -> relu\nit + input -> tanh")
    assert kinds(module) == ["conv", "relu", "add", "tanh"]
    assert module.steps[2].inputs == (2, 0)


def test_an_arrow_at_the_beginning_of_a_line_goes_on() -> None:
    assert kinds(network("conv(4, 3)\n    -> relu  # then\n    # in between\n    -> tanh")) == ["conv", "relu", "tanh"]


def test_semicolons_and_line_breaks_in_brackets() -> None:
    assert kinds(network("conv(\n    4,\n    3,\n); relu;; tanh;")) == ["conv", "relu", "tanh"]


def test_identity_leaves_no_module() -> None:
    assert names(network("identity -> relu -> identity")) == ["relu1"]
    assert names(network("a = identity\nrelu -> a")) == ["relu1"]


# Conditions and loops


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("true", "relu"),
        ("false", "tanh"),
        ("input.channels == 3", "relu"),
        ("1 < 2 < 3", "relu"),
        ("1 < 2 > 3", "tanh"),
        ("not (1 == 1.0)", "tanh"),
        ("2 in [1, 2]", "relu"),
        ("2 not in [1, 2]", "tanh"),
        ("[1, 2] == [1, 2]", "relu"),
        ('"a" < "b" and "a" != "b"', "relu"),
        ("false and 1 / 0 == 1", "tanh"),
        ("true or 1 / 0 == 1", "relu"),
        ("input.shape == [3, 8, 8]", "relu"),
        ("relu == relu", "relu"),
        ("relu == tanh", "tanh"),
        ("[] == []", "relu"),
    ],
)
def test_conditions(condition: str, expected: str) -> None:
    assert kinds(network(f"if {condition} {{ relu }} else {{ tanh }}")) == [expected]
    assert kinds(network(f"x = relu if {condition} else tanh\nx")) == [expected]
    assert kinds(network(f"relu6 -> if {condition} {{ relu }} else {{ tanh }}")) == ["relu6", expected]


def test_else_if() -> None:
    lines = "if n == 1 { relu } else if n == 2 { tanh } else { sigmoid }"
    source = f"network Net(n = 1) {{ input(3)\n{lines} }}"
    assert [kinds(program_of(source, n=n).network()) for n in (1, 2, 3)] == [["relu"], ["tanh"], ["sigmoid"]]


def test_an_if_without_else_is_the_identity() -> None:
    assert names(network("relu -> if false { tanh }")) == ["relu1"]
    assert names(network("skip = if false { tanh }\nrelu -> skip")) == ["relu1"]


def test_what_is_not_taken_is_not_looked_at() -> None:
    assert kinds(network("if false { conv(1, 99) } else { relu }")) == ["relu"]


def test_loops_stand_in_the_same_body() -> None:
    module = network("for c in [4, 8] { conv(c, 3) -> relu }\nrepeat 2 { tanh }")
    assert calls(module) == ["conv1.0", "relu1.0", "conv1.1", "relu1.1", "tanh1.0", "tanh1.1"]


def test_loops_over_rows_and_counted_ones() -> None:
    module = network("for [i, c] in enumerate([4, 5], 1) { conv(c * i, 1) }")
    assert [shape[0] for shape in module.values[1:]] == [4, 10]


def test_loops_in_a_chain_are_spliced_in() -> None:
    assert keys("a: { for c in [4, 5] { conv(c, 1, bias=false) }; repeat 2 { relu; conv(6, 1, bias=false) } }") == [
        "a.0.weight",
        "a.1.weight",
        "a.3.weight",
        "a.5.weight",
    ]


def test_loops_that_never_turn() -> None:
    assert names(network("repeat 0 { conv(9, 9) }\nfor i in [] { conv(9, 9) }\nrelu")) == ["relu1"]


def test_lists_collect_values() -> None:
    module = network("kept = []\nfor i in range(3) { conv(3, 1); kept = kept + [it] }\nconcat(kept[0], kept[-1])")
    assert module.steps[-1].inputs == (1, 3)
    assert module.output_shapes == ((6, 8, 8),)


# Chains


def test_an_arrow_makes_one_flat_chain() -> None:
    found = keys("a: { conv(4, 1, bias=false) -> conv(4, 1, bias=false) * 2 -> conv(4, 1, bias=false) }")
    assert found == [f"a.{k}.weight" for k in range(4)]


def test_a_brace_is_one_stage_of_the_chain_around_it() -> None:
    found = keys("a: { { conv(4, 1, bias=false) -> relu } -> conv(4, 1, bias=false) }")
    assert found == ["a.0.0.weight", "a.1.weight"]


def test_the_features_of_a_map_are_flattened_before_a_chain() -> None:
    module = network("head: { linear(4) -> relu }")
    assert [type(step.action) for step in module.steps] == [Plain, Call]
    assert errors(text("head: { relu -> linear(4) }"))[0][0] == "E311"
    assert kinds(network("linear(4, axis=-1)")) == ["linear"]


def test_flatten_is_a_module_in_a_chain_and_a_call_in_a_body() -> None:
    assert names(network("flatten")) == []
    assert [str(part) for part in build(text("a: { flatten }")).children()] == [
        "Sequential(\n  (0): Flatten(start_dim=1, end_dim=-1)\n)"
    ]


# Arithmetic


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7 // 2 + 7 % 4", 6),
        ("2 ** 3 ** 1", 8),
        ("-2 ** 2 + 8", 4),
        ("(1 + 2) * 3 - 4", 5),
        ("7 / 2 * 2", 7.0),
        ("len([1, 2, 3])", 3),
        ('len("four")', 4),
        ("min(5, 3, 4)", 3),
        ("max([5, 3, 4])", 5),
        ("sum([1, 2, 3])", 6),
        ("sum([]) + 1", 1),
        ("round(2.4)", 2),
        ("round(2.5)", 2),
        ("floor(2.9)", 2),
        ("ceil(2.1)", 3),
        ("int(2.9)", 2),
        ("int(float(2))", 2),
        ("abs(-3)", 3),
        ("range(5)[3]", 3),
        ("range(2, 10, 3)[-1]", 8),
        ("[1, 2, 3, 4][1:3][1]", 3),
        ("[1, 2, 3][1:][0]", 2),
        ("[1, 2, 3][:2][1]", 2),
        ("([1] + [2] * 2)[2]", 2),
        ("[x * y for [x, y] in [[1, 2], [3, 4]]][1]", 12),
        ("len([x for x in range(10) if x % 3 == 0])", 4),
        ("enumerate([5, 6])[1][0]", 1),
        ("zip([1, 2], [3, 4])[1][1]", 4),
        ("make_divisible(37, 8)", 40),
        ("make_divisible(35, 8)", 32),
        ("make_divisible(3, 8)", 8),
        ("3 if 1 < 2 else 4", 3),
        ("sqrt(16)", 4),
        ("log2(8) + log10(100) + log(1) + exp(0)", 6),
        ("sorted([3, 1, 2])[0]", 1),
        ('len(sorted(["b", "a"])[0])', 1),
        ("reversed([3, 1, 2])[0]", 2),
        ("len(unique([3, 1, 3, 2]))", 3),
        ("unique([3, 1, 3, 2])[-1]", 2),
        ("3 if any([false, 1 < 2]) and not any([]) else 4", 3),
        ("3 if all([false, 1 < 2]) or not all([]) else 4", 4),
    ],
)
def test_expressions(expression: str, value: float) -> None:
    assert network(f"conv(int({expression}), 1)").output_shapes[0][0] == value


def test_numbers_are_those_of_python() -> None:
    leaf = network("dropout(.5 / 2)").child("dropout1").unit
    assert isinstance(leaf, Leaf)
    assert leaf.layer.model_dump()["p"] == 0.25


def test_sizes_of_values() -> None:
    body = "conv(input.channels + input.height * input.width + input.rank, 1)\nflatten\nlinear(it.features // 2)"
    assert network(body, inputs="3, 4, 2").output_shapes == (((3 + 4 * 2 + 3) * 4 * 2 // 2,),)
    assert network("conv(input.length, 1)", inputs="3, 5").output_shapes == ((5, 5),)
    assert network("conv(input.depth, 1)", inputs="3, 5, 2, 2").output_shapes == ((5, 5, 2, 2),)


def test_arithmetic_on_values() -> None:
    model = build(text("a = input * 2\nb = (a - input) / 4 + 0.5\n-b * input", inputs="4"))
    x = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    torch.testing.assert_close(model(x), -((x * 2 - x) / 4 + 0.5) * x)


def test_values_are_broadcast_within_a_sample() -> None:
    module = network("gate = input -> global_avgpool\ninput * gate")
    assert module.output_shapes == ((3, 8, 8),)
    assert errors(text("a = input -> flatten\na + input"))[0][0] == "E306"


def test_parameters_are_traced_through_arithmetic() -> None:
    source = (
        "network Net(width = 8, ratio = 2, classes = 10) {\n    input(3, 8, 8)\n"
        "    hidden = max(width // ratio, 1) * 2\n    conv(hidden, 3) -> global_avgpool\n    linear(classes - 1 + 1)\n}"
    )
    python = compiled(source).python()
    assert "hidden = max(width // ratio, 1) * 2" in python
    assert "nn.Conv2d(3, hidden, 3)" in python
    changes: list[dict[str, Any]] = [{"width": 4}, {"ratio": 3}, {"width": 5, "ratio": 7}]
    for settings in changes:
        built = build(source)
        given = type(built)(**settings)
        again = build(source, **settings)
        assert {k: v.shape for k, v in given.state_dict().items()} == {
            k: v.shape for k, v in again.state_dict().items()
        }


# Outputs


def test_several_outputs() -> None:
    model = build(text("a = input -> conv(4, 1)\noutput a, it -> relu"))
    first, second = model(torch.zeros(1, 3, 8, 8))
    assert (first.shape[1], second.shape[1]) == (4, 3)
    named = build(text("output top = input -> conv(4, 1), bottom = input"))(torch.zeros(1, 3, 8, 8))
    assert {name: value.shape[1] for name, value in named.items()} == {"top": 4, "bottom": 3}


def test_the_values_at_the_end_are_the_outputs() -> None:
    assert network("split(input, 3)").output_shapes == ((1, 8, 8),) * 3


# Settings


def test_settings_are_values_for_parameters() -> None:
    source = """network Net(n = 4, act = "relu", deep = false, widths = [1]) {
        input(3, 8, 8)
        conv(n, 1) -> if act == "relu" { relu } else { tanh }
        if deep { for w in widths { conv(w, 1) } }
    }"""
    assert kinds(program_of(source).network()) == ["conv", "relu"]
    changed = program_of(source, n=6, act="tanh", deep=True, widths=[2, 5])
    assert kinds(changed.network()) == ["conv", "tanh", "conv", "conv"]
    assert changed.network().output_shapes == ((5, 8, 8),)
    assert changed.settings == {"n": 6, "act": "tanh", "deep": True, "widths": [2, 5]}


def test_settings_that_no_network_has() -> None:
    source = "network Net(width = 4) { input(3, 8, 8); conv(width, 1) }"
    assert errors(source, widht=3) == [("E209", "no network of <text> has a parameter widht")]
    assert errors(source, width="wide")[0][0] == "E208"


def test_a_parameter_without_a_default_is_needed() -> None:
    source = "network Net(classes) { input(3, 8, 8); linear(classes) }"
    assert errors(source) == [("E210", "Net needs a value for classes")]
    assert program_of(source, classes=7).network().output_shapes == ((7,),)
    variant = "network Wide(width = 4) = Net(2 * width)"
    assert program_of(f"{source}\n{variant}").networks == ("Wide",)


def test_a_base_without_defaults_is_there_for_its_variants() -> None:
    source = "network Base(n) { input(3, 8, 8); conv(n, 1) }\nnetwork A = Base(4)\nnetwork B = Base(n = 5)"
    program = program_of(source)
    assert [program.modules[key].name for key in program.networks] == ["A", "B"]
    assert program.network("A").output_shapes == ((4, 8, 8),)
    assert program.network().output_shapes == ((5, 8, 8),)


@pytest.mark.parametrize("same", [True, False])
def test_an_arrow_behind_a_choice_goes_with_what_the_parentheses_say(same: bool) -> None:
    written = f"same = {str(same).lower()}\n"
    of_both = network(written + "(relu if same else tanh) -> conv(2, 1)")
    assert kinds(of_both) == ["relu" if same else "tanh", "conv"]
    of_one = network(written + "relu if same else (tanh -> conv(2, 1))")
    assert kinds(of_one) == (["relu"] if same else ["tanh", "conv"])
    last = network(written + "conv(2, 1) -> act: relu if same else tanh")
    assert kinds(last) == ["conv", "relu" if same else "tanh"]


@pytest.mark.parametrize(("divisor", "channels"), [(8, 48), (5, 45), (7, 49), (1, 47), (100, 100)])
def test_make_divisible_takes_a_parameter_for_its_divisor(divisor: int, channels: int) -> None:
    source = "network Net(g = 8) { input(3, 8, 8); conv(make_divisible(47, g), 1) }"
    assert program_of(source, g=divisor).network().output_shapes == ((channels, 8, 8),)


def test_names_in_braces_hide_nothing_behind_them() -> None:
    body = """
        for i in range(2) {
            width = 4
            "layer{i}": { width = width * 2; pad = 1; conv(width, 3, padding=pad) -> relu: relu }
            relu -> pad(1)
        }
        { for i in range(2) { conv(8, 1) } } -> { for i in range(3) { conv(i + 1, 1) } }
        -> { n = 5; conv(n, 1) } -> { n = 6; conv(n, 1) }"""
    module = network(body)
    shapes = [module.values[step.outputs[0]] for step in module.steps]
    assert [int(shape[0]) for shape in shapes] == [8, 8, 8, 8, 8, 8, 8, 8, 1, 2, 3, 5, 6]


# What is reported, and once


def test_a_mistake_in_a_block_is_reported_once() -> None:
    source = "block B(n) { conv(n, 3) -> rely }\nnetwork Net { input(3, 32, 32); B(1) -> B(2); B(3) }"
    assert errors(source) == [("E201", "nothing is called rely")]


def test_nothing_follows_from_a_mistake() -> None:
    assert len(errors(text("a = foo\nb = a + 1\nc = it -> a\nconv(b, 3) -> c\nlinear(b)\noutput c, b"))) == 1


def test_nothing_follows_from_a_constant_that_is_too_long_a_sum() -> None:
    assert [code for code, _ in errors(text("conv(n, 1)", f"n = {'+'.join(['1'] * 5000)}"))] == ["E501"]


def test_a_default_that_is_too_long_a_sum() -> None:
    long = "+".join(["1"] * 5000)
    assert [code for code, _ in errors(f"network Net(n = {long}) {{ input(3, 8, 8); conv(n, 1) }}")] == ["E501"]
    source = text("B", f"block B(n = {long}) {{ conv(n, 1) }}")
    assert [code for code, _ in errors(source)] == ["E501"]


def test_each_network_is_checked() -> None:
    source = "network A { input(3); foo }\nnetwork B { input(3); bar }\nblock Unused { baz }"
    assert [message for _, message in errors(source)] == [f"nothing is called {name}" for name in ("foo", "bar", "baz")]


def test_combinations_are_operations() -> None:
    module = network("a, b, c = split(input, 3)\nconcat(a, b + c) - a")
    assert [type(step.action) for step in module.steps] == [Combine] * 4

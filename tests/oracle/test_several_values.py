"""Layers that are applied to several values: attention of a query to keys and values, and bilinear ones."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

import cnndsl
from cnndsl.analysis import costs
from cnndsl.analysis.shapes import infer
from cnndsl.ir.program import Program
from tests.layers.compiled import counted
from tests.oracle.agreement import check_fields
from tests.running import agree, compiled, imported, sample

INPUTS = "network Net {{\n    q = input(5, 8)\n    k = input({0}, {1})\n    v = input({0}, {2})\n    {3}\n}}\n"
WIDTHS = [*itertools.product([8, 6], repeat=2)]


def theirs_and_ours(text: str) -> tuple[nn.Module, Program]:
    """The network, in evaluation, whose sizes and parameters are what the program says."""
    program = compiled(text).program
    assert program is not None
    assert Program.model_validate_json(program.model_dump_json()) == program
    return agree(program, imported(compiled(text).python()), program.network()).eval(), program


@pytest.mark.parametrize("bias", ["true", "false"])
@pytest.mark.parametrize(("key", "value"), WIDTHS)
def test_attention_is_pytorchs(key: int, value: int, bias: str) -> None:
    text = INPUTS.format(7, key, value, f"[q, k, v] -> part: multihead_attention(2, bias={bias})")
    model, program = theirs_and_ours(text)
    own = nn.MultiheadAttention(8, 2, kdim=key, vdim=value, bias=bias == "true", batch_first=True).eval()
    assert list(model.state_dict()) == [f"part.{name}" for name in own.state_dict()]
    model.load_state_dict({f"part.{name}": tensor for name, tensor in own.state_dict().items()})
    given = sample(program, program.network())
    torch.testing.assert_close(model(*given), own(*given)[0])
    with torch.no_grad(), counted() as counter:
        model(*given)
    assert costs.of(program, "Net").macs == counter.get_total_flops() / 2 / len(given[0])
    check_fields(program, model, given)


def test_bilinear_is_pytorchs() -> None:
    for sizes in ([(5,), (3,)], [(4, 5), (4, 3)], [(2, 4, 5), (2, 4, 3)]):
        a, b = (", ".join(map(str, size)) for size in sizes)
        text = f"network Net {{ a = input({a}); b = input({b}); [a, b] -> part: bilinear(6) }}"
        model, program = theirs_and_ours(text)
        own = nn.Bilinear(5, 3, 6)
        assert repr(model.get_submodule("part")) == repr(own)
        model.load_state_dict({f"part.{name}": tensor for name, tensor in own.state_dict().items()})
        given = sample(program, program.network())
        torch.testing.assert_close(model(*given), own(*given))
        check_fields(program, model, given)
        with torch.no_grad(), counted() as counter:
            model(*given)
        assert costs.of(program, "Net").macs == counter.get_total_flops() / 2 / len(given[0])


def test_blocks_keep_sizes_and_values_open() -> None:
    text = """
    block Decode(memory, heads) {
        [it, memory, memory] -> attention: multihead_attention(heads) -> layernorm(axis=-1)
        [it, input] -> mix: bilinear(it.shape[1])
    }
    network Net {
        q = input(5, 8)
        k = input(7, 6)
        q -> Decode(k, 2) -> Decode(k -> linear(12, axis=-1), 4)
    }
    """
    model, _ = theirs_and_ours(text)
    kind = type(model.get_submodule("decode1"))
    assert kind is type(model.get_submodule("decode2"))
    other = kind(16, 10, 2)
    assert other(torch.randn(2, 3, 16), torch.randn(2, 9, 10)).shape == (2, 3, 16)
    assert other.get_parameter("attention.k_proj_weight").shape == (16, 10)


def test_one_layer_attends_to_itself_and_to_others() -> None:
    lines = "attend = multihead_attention(2)\n    q -> attend\n    [it, k, v] -> attend\n    [it, q, q] -> attend"
    model, program = theirs_and_ours(INPUTS.format(7, 8, 8, lines))
    assert [name for name, _ in model.named_children()] == ["attend"]
    assert infer(program, {"Net": [(9, 8), (4, 8), (4, 8)]}).network().output_shapes == ((9, 8),)
    ((code, message),) = findings(INPUTS.format(7, 6, 8, lines))
    assert code == "E308"
    assert message == "attend was built for an input of 5 x 8, and 5 x 8 and 7 x 6 and 7 x 8 comes in here"


def findings(text: str) -> list[tuple[str, str]]:
    return [(found.code, found.message) for found in cnndsl.compile(text).diagnostics]


def test_lengths_left_open() -> None:
    text = """
    network Net {
        q = input(8, 1, ?)
        k = input(8, 1, ?)
        v = input(8, 1, ?)
        places = { flatten(2) -> permute([0, 2, 1]) }
        [q -> places, k -> places, v -> places] -> multihead_attention(2)
    }
    """
    program = compiled(text).program
    assert program is not None
    assert [rule.words for rule in program.network().open][-1] == "W3 = W2"
    model = imported(compiled(text).python()).Net()
    assert model(*(torch.randn(2, 8, 1, width) for width in (3, 4, 4))).shape == (2, 3, 8)


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("[q, k] -> multihead_attention(2)", "E407", "multihead_attention is applied to 1 or 3 values, and here are 2"),
        ("q -> bilinear(3)", "E407", "bilinear is applied to 2 values, and here is 1"),
        ("[q, k, v] -> bilinear(3)", "E407", "bilinear is applied to 2 values, and here are 3"),
        ("[q, k] -> relu", "E404", "one value goes through an arrow, and here are 2 values"),
        ("[q, v] -> bilinear(3)", "E306", "needs equal sizes on the others: 5 x 8 and 7 x 8"),
        ("[q, q, v] -> multihead_attention(2)", "E306", "the keys are 5 x 8, the values 7 x 8"),
        ("[q, q, v -> flatten] -> multihead_attention(2)", "E301", "the input is 56"),
        ("[q, k, v] -> multihead_attention(3)", "E304", "3 heads do not divide the 8 features"),
        ("chain = { bilinear(3) -> relu }\n    [q, q] -> chain", "E404", "one value goes through an arrow"),
        ("[q, parameter([5, 8])] -> bilinear(3)", "E316", "bilinear takes the first axis for the batch"),
        ("multihead_attention(q, k, v, 2)", "E406", "so it must be a layer and not a call"),
        ("bilinear(q, k, 3)", "E406", "so it must be a layer and not a call"),
        ("attend = multihead_attention(2)\n    attend(q, k, v)", "E207", "attend is a layer"),
    ],
)
def test_what_is_refused(line: str, code: str, message: str) -> None:
    found = findings(INPUTS.format(7, 8, 8, line))
    assert (code, True) in [(other, message in said) for other, said in found], found


@pytest.mark.parametrize("size", ["12", "12, 4, 3"])
def test_a_cosine_similarity_is_written_as_the_hint_says(size: str) -> None:
    """What PyTorch has no axis for in a list of features: also where a vector is shorter than its `eps`."""
    text = f"network Net {{ input({size}); a, b = split(it, 2); cosine_similarity(a, b) }}"
    ((found,),) = (diagnostic.help for diagnostic in cnndsl.compile(text).diagnostics)
    model = imported(compiled(text.replace("cosine_similarity(a, b)", found.removeprefix("write "))).python()).Net()
    x = torch.randn(3, *map(int, size.split(", ")))
    x[1] *= 1e-9
    a, b = x.chunk(2, 1)
    torch.testing.assert_close(model(x).squeeze(1), nn.functional.cosine_similarity(a, b))

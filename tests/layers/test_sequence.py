"""Recurrent layers and attention: PyTorch's own, with its keys, wherever they stand in a text."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import fx, nn

import cnndsl
from cnndsl.generated import module_of
from tests.running import build, compiled

LAYERS = {
    "lstm(6, 2, dropout=0.2, bidirectional=true)": nn.LSTM(8, 6, 2, dropout=0.2, bidirectional=True, batch_first=True),
    "lstm(6, proj=3, bias=false)": nn.LSTM(8, 6, proj_size=3, bias=False, batch_first=True),
    "gru(6, 2)": nn.GRU(8, 6, 2, batch_first=True),
    'rnn(6, nonlinearity="relu")': nn.RNN(8, 6, nonlinearity="relu", batch_first=True),
    "multihead_attention(2, bias=false)": nn.MultiheadAttention(8, 2, bias=False, batch_first=True),
}


@pytest.mark.parametrize("text", LAYERS)
def test_it_is_pytorchs_in_a_body_in_a_chain_and_as_a_parameter(text: str) -> None:
    theirs = copy.deepcopy(LAYERS[text]).eval()
    x = torch.randn(3, 5, 8)
    given = theirs(x, x, x)[0] if isinstance(theirs, nn.MultiheadAttention) else theirs(x)[0]
    texts = (
        f"network Net {{ input(5, 8); part: {text} }}",
        f"network Net {{ input(5, 8); part = {{ {text} }}; part }}",
        f"block Of(unit) {{ part = unit; part }}\nnetwork Net {{ input(5, 8); part: Of({text}) }}",
    )
    for source, prefix in zip(texts, ("part.", "part.0.", "part.part."), strict=True):
        model = build(source)
        assert list(model.state_dict()) == [f"{prefix}{key}" for key in theirs.state_dict()]
        model.load_state_dict({f"{prefix}{key}": value for key, value in theirs.state_dict().items()})
        torch.testing.assert_close(model(x), given)


RECOGNISER = """
network Net(features = 6) {
    input(1, 8, ?)
    conv(4, 3, padding=1) -> flatten(1, 2) -> permute([0, 2, 1])
    lstm(features, bidirectional=true) -> multihead_attention(3) -> gru(5)
}
"""


@torch.no_grad()
def test_graphs_can_be_made_of_it() -> None:
    model = module_of(compiled(RECOGNISER).python(), "net").Net(features=9).eval()
    scripted, traced = torch.jit.script(model), fx.symbolic_trace(model)
    for width in (3, 8):
        x = torch.randn(2, 1, 8, width)
        torch.testing.assert_close(scripted(x), model(x))
        torch.testing.assert_close(traced(x), model(x))


def test_a_run_gives_what_the_module_gives() -> None:
    explained = compiled(RECOGNISER.replace("?", "7"))
    model = build(RECOGNISER.replace("?", "7"))
    from cnndsl.tracing.runner import Look, run

    class Nobody:
        def looks(self, *_: object) -> Look:
            return Look.NOT

        def saw(self, ran: object) -> None:
            raise AssertionError(ran)

    assert explained.program is not None
    x = torch.randn(2, 1, 8, 7)
    (gave,) = run(explained.program, explained.program.network(), model, (x,), Nobody())
    torch.testing.assert_close(gave, model(x))


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("lstm(8, dropout=0.5)", "the dropout of lstm stands between its layers, and it has one"),
        ("lstm(8, proj=8)", "proj=8 must be smaller than the 8 features"),
        ("multihead_attention(5)", "5 heads do not divide the 8 features"),
        ("flatten -> gru(8)", "gru takes length x features, and the input is 40"),
    ],
)
def test_what_does_not_fit_is_refused(layer: str, said: str) -> None:
    assert [d.message for d in cnndsl.compile(f"network Net {{ input(5, 8); {layer} }}").diagnostics] == [said]

"""Maps that dense layers take as lists of their features, where arguments say whether there is such a layer."""

from __future__ import annotations

import pytest

import cnndsl
from tests.running import imported
from tests.torch.constructors import check


@pytest.mark.parametrize(
    "text",
    [
        "network Net(ws = [4, 3]) { input(2, 3, 3); for w in ws { linear(w) } }",
        "network Net(n = 2, m = 2, w = 5) { input(2, 3, 3); for i in range(n) { for j in range(m) { linear(w) } } }",
        "network Net(ws = [[4, 3], [5]]) { input(2, 3, 3); for row in ws { for w in row { linear(w); relu } } }",
        """
        network Net(n = 2, m = 2, w = 5) {
            input(2, 3, 3)
            conv(3, 1)
            for i in range(n) { for j in range(m) { linear(w); relu } }
            linear(4)
        }
        """,
        """
        network Net(n = 2, m = 1, k = 2, w = 5) {
            input(2, 3, 3)
            for i in range(n) { for j in range(m) { for l in range(k) { linear(w) } } }
        }
        """,
        """
        network Net(n = 2, m = 1, w = 5) {
            input(2, 3, 3)
            for i in range(n) { for j in range(m) { linear(w) }; linear(w + 1) }
        }
        """,
        """
        network Net(ws = [[4, 3], [5]]) {
            input(2, 3, 3)
            a = it
            for row in ws { for w in row { a = a -> linear(w) } }
            a
        }
        """,
    ],
)
def test_loops_that_may_have_no_turn(text: str) -> None:
    assert check(text).total() >= 5


@pytest.mark.parametrize(
    "text",
    [
        """
        sequence S(ws) { for w in ws { linear(w); relu } }
        network Net(ws = [4, 3]) { input(2, 3, 3); S(ws); linear(5) }
        """,
        """
        sequence S(ws) { for w in ws { linear(w) }
            softmax }
        network Net(ws = [4, 3]) { input(2, 3, 3); S(ws); linear(5) }
        """,
        """
        sequence S(ws) { for w in ws { linear(w); relu }
            linear(3) }
        network Net(ws = [4, 3]) { input(2, 3, 3); S(ws) }
        """,
        """
        sequence S(ws, k = 2) { for w in ws { if w > k { linear(w) } } }
        network Net(ws = [4, 3, 5], k = 2) { input(2, 3, 3); S(ws, k) }
        """,
        """
        sequence S(ws, vs) { for w in ws { linear(w); relu }
            for v in vs { linear(v); tanh } }
        network Net(ws = [4, 3], vs = [3]) { input(2, 3, 3); S(ws, vs) }
        """,
        """
        sequence Dense(w) { linear(w); relu }
        sequence S(ws) { for w in ws { Dense(w) } }
        network Net(ws = [4, 3]) { input(2, 3, 3); S(ws); tanh }
        """,
        """
        sequence T(ws) { for w in ws { linear(w); relu } }
        sequence S(ws) { T(ws)
            tanh }
        network Net(ws = [4, 3]) { input(2, 3, 3); S(ws) }
        """,
        """
        sequence S(n, w) { linear(w) * n }
        network Net(n = 2, w = 18) { input(2, 3, 3); S(n, w) }
        """,
        """
        sequence R(n) { if n > 0 { linear(4); R(n - 1) } }
        network Net(n = 3) { input(2, 3, 3); R(n) }
        """,
        "network Net(ws = [4, 3]) { input(2, 3, 3); s = { for w in ws { linear(w); tanh } }; s; linear(3) }",
        "network Net(ws = [4, 3]) { input(2, 3, 3); { for w in ws { linear(w); tanh } } * 2; linear(3) }",
        """
        sequence T(ws, n = 2) {
            { for w in ws { linear(w); tanh } }
            { for i in range(n) { linear(2) } }
        }
        network Net(ws = [4, 3], n = 2) { input(2, 3, 3); T(ws, n); linear(3) }
        """,
    ],
)
def test_chains_that_may_begin_otherwise(text: str) -> None:
    assert check(text).total() >= 3


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        (
            "network Net(ws = [[4], [5]]) { input(2, 3, 3); for row in ws { for w in row { linear(w) } } }",
            [[[]], [[], []], []],
            "for these arguments there is no value in x, but a map",
        ),
        (
            """
            sequence S(ws) { for w in ws { linear(w); relu } }
            network Net(ws = [4, 3]) { input(2, 3, 3); S(ws) }
            """,
            [[]],
            "for these arguments there is no dense layer to take the map",
        ),
        (
            "network Net(ws = [4, 3]) { input(2, 3, 3); s = { for w in ws { linear(w); tanh } }; s }",
            [[]],
            "for these arguments there is no dense layer to take the map",
        ),
    ],
)
def test_what_would_stay_a_map_is_refused(text: str, given: list[list[int]], said: str) -> None:
    module = imported(cnndsl.compile(text).python())
    for ws in given:
        with pytest.raises(ValueError, match=f"^{said}$"):
            module.Net(ws=ws)


@pytest.mark.parametrize(
    "text",
    [
        "network Net(n = 0) { input(2, 3, 3); for i in range(n) { linear(4) } }",
        "network Net(n = 2, m = 0) { input(2, 3, 3); for i in range(n) { for j in range(m) { linear(3) } } }",
        "network Net(ws = [[]]) { input(2, 3, 3); for r in ws { for w in r { linear(w) } } }",
        """
        sequence S(ws) { for w in ws { linear(w) } }
        network Net(ws = []) { input(2, 3, 3); S(ws) }
        """,
        """
        sequence S(f = false) { if f { linear(3) } }
        network Net(f = false) { input(2, 3, 3); S(f); conv(3, 1) }
        """,
        """
        sequence S(k) { if 4 < k + 4 { relu } else { linear(k) } }
        network Net(m = 1) { input(2, 3, 3); S(m) }
        """,
        """
        sequence S(k) { if 4 < k + 4 { } else { linear(k) } }
        network Net(m = 1, n = 2) {
            input(2, 5, 5)
            S(m)
            for i in range(n) { if i == 3 { conv(it.height, 3, padding=1) } }
        }
        """,
        "network Net(n = 0) { input(2, 3, 3); t = 1; for i in range(n) { t = it * t; conv(2, 1) }; it * t }",
    ],
)
def test_what_the_text_leaves_a_map_is_one(text: str) -> None:
    check(text)


def test_features_need_no_dense_layer() -> None:
    """A chain that is given a list of features leaves it as it is."""
    text = """
    sequence S(ws) { for w in ws { linear(w); relu } }
    network Net(ws = [4, 3]) { input(2, 3, 3); flatten; S(ws); linear(3) }
    """
    python = cnndsl.compile(text).python()
    assert "of_features" not in python
    imported(python).Net(ws=[])
    assert check(text)["tuple"] >= 5

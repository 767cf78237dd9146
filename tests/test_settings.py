from __future__ import annotations

import json
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import cnndsl
from cnndsl.settings import from_python, parse, parse_value, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100", 100), ("-1", -1), ("+2", 2), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e-5", 1e-5), ("1E3", 1000.0),
        ("true", True), ("false", False), ("relu6", "relu6"), ("畳", "畳"), ('"two words"', "two words"), ('""', ""),
        ("[]", []), ("[3, 4, 6, 3]", [3, 4, 6, 3]), (" [ 1,2 , ] ", [1, 2]),
        ('[relu, "x,]", [true]]', ["relu", "x,]", [True]]),
    ],
)  # fmt: skip
def test_values(text: str, value: object) -> None:
    found = parse_value(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing"), ("  ", "missing"), ("True", "written true"), ("[False]", "written false"),
        ("two words", "double quotes"), ("3 4", "not a value"), ("1_000", "not a value"), ("12abc", "not a value"),
        ("[1 2]", "not a value"), ("[,]", "not a value"), ("[1,,2]", "not a value"), ("[1", "not a value"),
        ("1]", "not a value"), ("]", "not a value"), ("'x'", "not a value"), ('"x', "not a value"),
        ('"a\nb"', "not a value"),
        ("1e999", "too large"), ("9" * 5000, "too long"), ("{}", "not a value"), ("__import__('os')", "not a value"),
        ('"\udcff"', "not a value"), ("-", "not a value"), ("1.2.3", "not a value"), ("[" * 100_000, "nested"),
    ],
)  # fmt: skip
def test_what_is_no_value(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_value(text)


@given(st.text())
def test_any_text_is_a_value_or_refused(text: str) -> None:
    try:
        parse_value(text)
    except ValueError as problem:
        assert str(problem)  # noqa: PT017 - either outcome is right, as long as there are words


@given(
    st.recursive(
        st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False), st.lists, max_leaves=20
    )
)
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse_value(json.dumps(value)) == value


def test_names() -> None:
    assert parse(["classes=100"]) == {"classes": 100}
    assert parse([" 層 = [1]"]) == {"層": [1]}
    assert parse(['label="a=b"']) == {"label": "a=b"}


@pytest.mark.parametrize("text", ["classes", "=1", "1x=2", "a b=1", "a.b=1", ""])
def test_what_is_no_setting(text: str) -> None:
    with pytest.raises(ValueError, match="NAME=VALUE"):
        parse([text])


@given(
    st.recursive(
        st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        st.lists,
        max_leaves=20,
    )
)
def test_what_is_written_is_read_back(value: object) -> None:
    text = written("name", value)
    if text is not None:
        assert parse([text]) == {"name": value}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100, "n=100"), (1.0, "n=1.0"), (True, "n=true"), ("relu6", "n=relu6"), ("two words", 'n="two words"'),
        ("", 'n=""'), ([3, [4.5, "x"]], 'n=[3, [4.5, "x"]]'),
        ("true", 'n="true"'), ('"', None), ("\\", None), ("a\nb", None), (None, None), (float("nan"), None),
    ],
)  # fmt: skip
def test_how_a_value_is_written(value: object, text: str | None) -> None:
    assert written("n", value) == text


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (3, 3), (0.5, 0.5), (True, True), ("relu", "relu"), ([1, [2.5, "x"]], [1, [2.5, "x"]]),
        ((3, 4, 6, 3), [3, 4, 6, 3]), (range(2), [0, 1]), (np.int64(7), 7), (np.float32(0.5), 0.5),
        (np.bool_(True), True), (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]), (torch.tensor(5), 5),
        (torch.tensor([1.5, 2.0]), [1.5, 2.0]), ([np.int32(1), (2,)], [1, [2]]),
    ],
)  # fmt: skip
def test_values_from_python(given: object, value: object) -> None:
    found = from_python({"n": given})
    assert repr(found) == repr({"n": value})  # which tells 1 from 1.0 and true


class ListConfig(Sequence[object]):
    """A sequence as libraries for configurations have them: no list, and it makes its items when it is asked."""

    def __init__(self, *items: object) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, at: Any) -> Any:
        return self._items[at]


class DictConfig(Mapping[str, object]):
    """A mapping of this kind."""

    def __init__(self, **items: object) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __getitem__(self, name: str) -> object:
        return self._items[name]


def test_configurations() -> None:
    given = DictConfig(widths=ListConfig(8, ListConfig(16, 1.5)), name="a", deep=deque([1]), bits=array("i", [1, 2]))
    assert from_python(given) == {"widths": [8, [16, 1.5]], "name": "a", "deep": [1], "bits": [1, 2]}
    text = "network Net(widths = [4]) { input(3, 8, 8); for width in widths { conv(width, 1) } }"
    made = cnndsl.compile(text, settings=DictConfig(widths=ListConfig(8, 16)))
    assert made.program is not None
    assert made.program.settings == {"widths": [8, 16]}
    assert cnndsl.compile(text, settings=DictConfig()).ok


@pytest.mark.parametrize("given", [["a"], [], "a=1", 3, [("a", 1)], np.array([1, 2])])
def test_settings_that_are_no_mapping(given: Any) -> None:
    with pytest.raises(TypeError, match=r'a mapping from names to values, such as {"classes": 100}, not \w+$'):
        cnndsl.compile("network Net { input(3, 8, 8) }", settings=given)


def test_names_that_are_no_text() -> None:
    with pytest.raises(TypeError, match="the name of a setting is a text, and 1 is int"):
        from_python({1: 2})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "given", [None, {}, DictConfig(a=1), b"x", bytearray(b"x"), memoryview(b"x"), object(), 1j, [None], {1, 2}]
)
def test_what_is_no_value_in_python(given: object) -> None:
    with pytest.raises(TypeError, match="the setting n must be"):
        from_python({"n": given})


def test_lists_without_an_end() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested"):
        from_python({"n": endless})
    deep = f"{'[' * 100}1{']' * 100}"
    assert written("n", from_python({"n": parse_value(deep)})["n"]) == f"n={deep}"


@pytest.mark.parametrize("given", [float("nan"), float("inf"), [np.float64("-inf")]])
def test_numbers_that_are_not_finite(given: object) -> None:
    with pytest.raises(ValueError, match="the setting n must be finite"):
        from_python({"n": given})

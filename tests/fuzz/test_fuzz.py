"""A few of the texts that `python -m tests.fuzz` tries for a given time, and every one that once found a defect."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

import cnndsl
from tests.fuzz.check import check
from tests.fuzz.choose import Drawn, Given
from tests.fuzz.commands import run
from tests.fuzz.covering import escaped
from tests.fuzz.texts import KINDS, any_text
from tests.fuzz.words import ROOT

CORPUS = sorted((ROOT / "tests" / "fuzz" / "corpus").glob("*.cnn"))
_FAILS = b"# fails: "
EXAMPLES = {"valid": 4, "repeated": 12, "mutated": 30}


def corpus() -> list[ParameterSet]:
    """The inputs. One that begins with `# fails: ` and a reason is expected to fail until what it says is mended."""
    cases = []
    for path in CORPUS:
        line = path.read_bytes().partition(b"\n")[0]
        reason = line.removeprefix(_FAILS).decode() if line.startswith(_FAILS) else None
        marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
        cases.append(pytest.param(path, id=path.stem, marks=marks))
    return cases


@pytest.mark.parametrize("path", corpus())
def test_the_corpus(path: Path) -> None:
    check(path.read_bytes(), patient=True, thorough=True)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_a_kind(kind: str) -> None:
    outcomes = []

    @st.composite
    def texts(draw: DrawFn) -> bytes:
        return KINDS[kind][0](Drawn(draw))

    @settings(max_examples=EXAMPLES.get(kind, 60))
    @given(texts())
    def attempt(data: bytes) -> None:
        outcomes.append(check(data, patient=True).accepted)

    attempt()
    assert any(outcomes) or kind not in ("valid", "grammatical", "mutated")
    assert not all(outcomes) or kind == "valid"


def test_bytes_decide_on_a_text() -> None:
    """As they do for atheris: the same bytes on the same text, others on another one, none on one too."""
    data = [bytes([k, 255 - k] * 300) for k in range(40)]
    texts = [any_text(Given(piece)) for piece in data]
    assert texts == [any_text(Given(piece)) for piece in data]
    assert len(set(texts)) > 30
    assert any_text(Given(b""))


def test_the_command(tmp_path: Path) -> None:
    options = ["--minutes", "0.02", "--seed", "1", "--save", str(tmp_path)]
    done = run("tests.fuzz", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing failed" in done.stdout
    assert "MB of memory" in done.stdout


def test_words_that_atheris_can_read() -> None:
    assert escaped('a"\\') == r"a\x22\x5c"
    assert escaped("é\n") == r"\xc3\xa9\x0a"


def test_a_replay(tmp_path: Path) -> None:
    path = tmp_path / "net.cnn"
    path.write_text("network Net { input(3, 8, 8); conv(2, 3) }")
    done = run("tests.fuzz", str(path))
    assert done.returncode == 0
    assert f"{path}: accepted" in done.stdout
    assert cnndsl.compile(path.read_text()).ok

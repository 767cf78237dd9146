"""Every code of an error or warning has a page; each page shows it in what is wrong, and not in what is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnndsl import pages
from cnndsl.i18n import speaking
from tests.docs.blocks import ROOT, Block, blocks_of

INDEX = ROOT / "docs" / "errors.md"
CODES = pages.codes()
ROWS = re.compile(r"^\| \[([EW]\d{3})\]\(errors/\1\.md\) \| (.*) \|$", re.MULTILINE)


def codes_of_the_source() -> set[str]:
    found: set[str] = set()
    for path in Path(ROOT / "cnndsl").rglob("*.py"):
        found.update(re.findall(r'"([EW]\d{3})"', path.read_text(encoding="utf-8")))
    return found


def sections(code: str) -> dict[str, str]:
    """The sections of a page by their headings; what comes first under the code."""
    first, *parts = re.split(r"^## (.*)$", pages.page(code).text, flags=re.MULTILINE)
    return {code: first} | dict(zip(parts[::2], parts[1::2], strict=True))


def blocks_in(code: str, section: str) -> list[Block]:
    return [block for block in blocks_of(f"docs/errors/{code}.md") if block.text in sections(code)[section]]


def test_every_code_has_a_page_and_no_other_has() -> None:
    assert sorted(codes_of_the_source()) == CODES


def test_every_page_is_in_the_index_once() -> None:
    listed = ROWS.findall(INDEX.read_text(encoding="utf-8"))
    assert sorted(listed) == [(code, pages.page(code).title) for code in CODES]


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_its_sections_and_says_something_in_each(code: str) -> None:
    wanted = [code, "Wrong", "Right", "Why"] + (["To silence it"] if code[0] == "W" else [])
    found = sections(code)
    assert list(found) == wanted
    for section in (code, "Why"):
        assert len(found[section].split()) > 8
    assert pages.page(code).title[:1].isalnum()
    assert len(pages.page(code).title) <= 70


# That the texts give what they show is checked with those of all other documents.


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_gives_this_code_and_no_other(code: str) -> None:
    blocks = blocks_in(code, "Wrong")
    shown = [block for block in blocks if block.kind == "console"]
    assert {found for block in shown for found in re.findall(r"^\w+\[([EW]\d+)\]", block.text, re.MULTILINE)} == {code}
    assert {found for block in blocks for found in block.codes} <= {code}


@pytest.mark.parametrize("code", CODES)
def test_the_right_example_gives_no_code(code: str) -> None:
    blocks = blocks_in(code, "Right")
    assert any(block.kind in ("cnn", "console") for block in blocks)
    for block in blocks:
        assert not block.codes
        assert block.kind != "console" or not re.search(r"\[[EW]\d+\]", block.text)


@pytest.mark.parametrize("code", [code for code in CODES if code[0] == "W" and code != "W001"])
def test_a_page_says_how_to_silence_a_warning(code: str) -> None:
    said = sections(code)["To silence it"]
    assert {f"ignore[{code}]", f"ignore-file[{code}]", f"--ignore {code}", f'ignore = ["{code}"]'} <= set(
        re.findall(r"ignore(?:-file)?\[\w+\]|--ignore \w+|ignore = \[\"\w+\"\]", said)
    )


JAPANESE = (ROOT / "docs" / "ja" / "errors.md").read_text(encoding="utf-8")


def test_every_code_has_an_entry_in_japanese_and_no_other_has() -> None:
    entries = re.findall(r"^## \[(\w+)\]\(\.\./errors/(\w+)\.md\): \S", JAPANESE, flags=re.MULTILINE)
    assert entries == [(code, code) for code in CODES]


@pytest.mark.parametrize("code", CODES)
def test_a_page_in_japanese_has_its_own_words_and_the_same_examples(code: str) -> None:
    with speaking("ja"):
        page = pages.translated(code)
    _, meaning, *sections = re.split(r"^#+ .*$", page.text, flags=re.MULTILINE)
    said = [section for section in (meaning, *sections) if re.search(r"[ぁ-ん]{2}", section)]
    assert len(said) >= 2, "it says what the code means, and why"
    assert page.title != pages.page(code).title
    assert [block.text for block in blocks_of(f"docs/errors/{code}.md")] == re.findall(
        r"^```[^\n]*\n((?:.*\n)*?)```$", page.text, flags=re.MULTILINE
    )
    assert pages.translated(code) == pages.page(code)

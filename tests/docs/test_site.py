"""The site has a page for everything, its links lead there, and a page that asks another host is found."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath

import pytest
from pygments.styles import get_style_by_name

from cnndsl import pages as errors
from cnndsl.highlighting import TOKENS
from cnndsl.layers.registry import KINDS, OPERATIONS
from tools import site
from tools.links import redirected

PAGES = site.pages()
ROOT = Path(__file__).parents[2]


def test_there_is_a_page_for_each_error_layer_and_network() -> None:
    for code in errors.codes():
        assert f"# {code}: " in PAGES[f"errors/{code}.md"]
    for name in (*KINDS, *OPERATIONS):
        assert f"# {name}\n" in PAGES[f"layers/{name}.md"]
    for path in (ROOT / "models").glob("*.cnn"):
        assert path.read_text(encoding="utf-8") in PAGES[f"models/{path.stem}.md"]
    assert "### conv\n" not in PAGES["layers.md"]
    assert "[conv](layers/conv.md)" in PAGES["layers.md"]
    assert "## Where PyTorch takes more" in PAGES["layers.md"]


def test_every_page_is_in_the_menu_or_below_one_that_is() -> None:
    listed = {f"{name}.md" for names in site._PARTS.values() for name in names.split()} | {"index.md"}
    alone = {name for name, text in PAGES.items() if text.startswith("---\norphan: true")}
    assert listed | alone == {*PAGES}
    assert not listed & alone
    for name in alone:
        folder = name.partition("/")[0]
        assert f"]({name})" in PAGES[f"{folder}.md"], name


def test_every_link_leads_to_a_page_of_the_site() -> None:
    broken = []
    for name, text in PAGES.items():

        def leads(target: str, name: str = name) -> str:
            file = target.partition("#")[0]
            there = normpath(PurePosixPath(name).parent / file) if file else name
            if there not in PAGES and not (ROOT / "docs" / there).is_file():
                broken.append(f"{name}: {target}")
            return target

        redirected(text, leads)
    assert broken == []


def test_links_to_files_need_a_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "repository", lambda: "")
    assert "docs, [theme.py]" not in site._moved("docs/architecture.md")
    assert "cnndsl/theme.py" not in re.sub(r"`[^`]*`", "", site._moved("docs/architecture.md"))
    monkeypatch.setattr(site, "repository", lambda: "https://example.org/cnndsl")
    assert "[theme.py](https://example.org/cnndsl/blob/HEAD/cnndsl/theme.py)" in site._moved("docs/architecture.md")


def test_a_link_to_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("See [this](gone.md).\n", encoding="utf-8")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=r"docs/page.md links to gone.md, which is not there"):
        site._moved("docs/page.md")


def test_links_are_led_elsewhere_and_code_is_kept() -> None:
    text = (
        "A [link with `a[0]`](a.md#x), ![a picture](b.svg)\nand <img src=\"b.svg\" width=\"3\">; `[no](link)`.\n\n"
        "    [indented](code.md)\n\n```text\n[fenced](code.md)\n```\n[far](https://example.org)\n"
    )  # fmt: skip
    there = redirected(text, {"a.md#x": "/a", "b.svg": "/b"}.__getitem__)
    assert there == text.replace("a.md#x", "/a").replace("b.svg", "/b")
    nowhere = redirected(text, lambda _: None)
    assert nowhere.startswith("A link with `a[0]`, \nand ; `[no](link)`.")
    assert nowhere.endswith("[far](https://example.org)\n")


@pytest.mark.parametrize("option", ["pygments_style", "pygments_dark_style"])
def test_code_can_be_read(option: str) -> None:
    """The colours of code stand out from the ground as WCAG 2.2, 1.4.3, has it."""
    pytest.importorskip("a11y_pygments", reason="the extra docs is not installed")
    style = get_style_by_name(str(site.SETTINGS[option]))
    ground = luminance(style.background_color)
    for kind in TOKENS.values():
        colour = style.style_for_token(kind)["color"]
        if colour is not None:
            darker, lighter = sorted([luminance(f"#{colour}"), ground])
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (kind, colour)


def luminance(colour: str) -> float:
    """The relative luminance of `#RRGGBB` by WCAG: 0 for black, 1 for white."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    "asking",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        "<link rel=stylesheet href=//fonts.example.org/css>",
        '<img alt="" src="http://example.org/a.png">',
        "<style>@import 'https://example.org/a.css';</style>",
        "<style>p { background: url(https://example.org/a.png) }</style>",
    ],
)
def test_a_request_to_another_host_is_found(tmp_path: Path, asking: str) -> None:
    (tmp_path / "page.html").write_text(f'<a href="https://example.org">a link</a><img src="a.png">{asking}')
    assert len(list(site.requests(tmp_path))) == 1

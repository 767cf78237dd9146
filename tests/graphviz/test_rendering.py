from __future__ import annotations

import os
import re
import sys
import sysconfig
import warnings
from pathlib import Path

import graphviz
import pytest
from graphviz.backend import dot_command

from cnndsl.render import RenderError, RenderWarning, convert, render, renderers
from cnndsl.render.formats import in_cjk
from tests.graphviz.support import case
from tests.made import dot, graph

DOT = "digraph { a -> b }"
SIGNATURES = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}

posix = pytest.mark.skipif(os.name != "posix", reason="the programs here are scripts")


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other renderer than the one of the environment: no `dot`, no override."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(renderers.OVERRIDE, raising=False)


@pytest.fixture
def no_pure(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if graphviz-pure were not installed."""
    monkeypatch.setattr(renderers, "_pure", lambda: None)


def program(folder: Path, name: str, body: str) -> Path:
    """A Python script that can be called as a program."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("format_", ["svg", "png"])
def test_nothing_on_the_path_is_needed(format_: str) -> None:
    assert render(DOT, format_).startswith(SIGNATURES[format_])


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no such format: 'jpg'; there are svg, png, pdf"):
        render(DOT, "jpg")


def test_the_same_text_gives_the_same_picture() -> None:
    text = dot(case("residual"))
    assert render(text, theme="auto") == render(text, theme="auto")
    assert render(text, "png") == render(text, "png")


def test_a_pdf_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(RenderError, match=r"nothing here can make a PDF: run pip install 'cnndsl\[pdf\]'"):
        render(DOT, "pdf")


def test_a_pdf_has_its_fonts_inside() -> None:
    pytest.importorskip("typst", reason="Typst is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RenderWarning)  # where the system has no font
        drawn = render(dot(case("reference")), "pdf")
        assert drawn == render(dot(case("reference")), "pdf")
    assert drawn.startswith(b"%PDF")
    assert b"/FontFile" in drawn
    assert len(re.findall(rb"/Type\s*/Page\b", drawn)) == 1


def test_japanese_letters_are_without_serifs() -> None:
    """A system may have letters with serifs and others, as fonts-noto-cjk has, and renderers take the first."""
    both = '<text x="1">入力 <tspan>3</tspan></text><text x="1">conv</text>'
    styled = '<text style="font-family:\'IPAexGothic\'" x="1">入力 <tspan>3</tspan></text><text x="1">conv</text>'
    assert in_cjk(both, "IPAexGothic") == styled
    assert in_cjk(both, None) == both


def test_a_pdf_has_japanese_letters_without_serifs() -> None:
    typst = pytest.importorskip("typst", reason="Typst is not installed")
    if "Noto Sans CJK JP" not in typst.Fonts().families():
        pytest.skip("fonts-noto-cjk is not installed")
    drawn = render('digraph { a [label="入力 3"] }', "pdf")
    assert b"NotoSansCJKjp" in drawn
    assert b"Serif" not in drawn


def test_a_pdf_says_which_letters_it_lacks() -> None:
    pytest.importorskip("typst", reason="Typst is not installed")
    with pytest.warns(RenderWarning, match="no font of this system has the letters \u0379: make an SVG"):
        render('digraph { "conv \u0379" }', "pdf")


@pytest.mark.parametrize("format_", ["svg", "png"])
@pytest.mark.usefixtures("no_pure")
def test_without_a_renderer_it_says_what_to_install(format_: str) -> None:
    with pytest.raises(RenderError, match=f"nothing here can make {format_.upper()}: run pip install graphviz-pure"):
        render(DOT, format_)


def test_a_text_that_is_no_graph() -> None:
    with pytest.raises(RenderError, match=r"no SVG could be made: graphviz-pure: .*syntax error"):
        render("digraph {")


@posix
@pytest.mark.parametrize("format_", ["png", "svg"])
@pytest.mark.usefixtures("no_pure")
def test_dot_is_used_where_it_is(format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = {"svg": "<svg/>", "png": "PNG"}[format_]
    program(tmp_path, "dot", f"assert sys.argv[1:3] == ['-Kdot', '-T{format_}']\nsys.stdout.write({picture!r})")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert picture.strip("</>").encode() in render(DOT, format_)


@posix
def test_the_renderer_of_the_environment_comes_before_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "dot", "sys.exit(1)")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render(DOT).startswith(b"<svg")


LETTERS = 'digraph { "畳み込み" }'


def test_a_png_with_letters_that_the_renderer_lacks_is_made_of_the_svg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(renderers.OVERRIDE, raising=False)
    with warnings.catch_warnings(action="ignore", category=RenderWarning):  # this system may have no font for them
        assert render(LETTERS, "png") == convert(render(LETTERS).decode(), "png") != render('digraph { "    " }', "png")


@posix
def test_letters_that_the_renderer_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.warns(RenderWarning, match=r"no shapes for some letters: run pip install 'cnndsl\[png\]'"):
        assert render(LETTERS, "png").startswith(SIGNATURES["png"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "畳み込み".encode() in render(LETTERS, "svg")
        assert render('digraph { "Größe × µ → Ω Ж …" [tooltip="畳み込み"] }', "png").startswith(SIGNATURES["png"])
        program(tmp_path, "dot", "sys.stdout.write('by dot')")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert render(LETTERS, "png") == b"by dot"


@posix
def test_the_override_is_used_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "mine", "sys.stdout.write(f'<svg><text>{sys.stdin.read()}</text></svg>')")
    monkeypatch.setenv(renderers.OVERRIDE, str(path))
    assert b"digraph { a -&gt; b }" in render(DOT)


@posix
def test_an_override_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "mine", "print('first\\nlast words', file=sys.stderr); sys.exit(3)")
    monkeypatch.setenv(renderers.OVERRIDE, str(path))
    with pytest.raises(RenderError, match=r"no SVG could be made: .*mine .from CNNDSL_DOT.: last words$"):
        render(DOT)


@pytest.mark.parametrize("name", ["missing", "."])
def test_an_override_that_cannot_be_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(renderers.OVERRIDE, str(tmp_path / name))
    with pytest.raises(RenderError, match=r"from CNNDSL_DOT.: cannot run"):
        render(DOT)


@posix
@pytest.mark.parametrize("output", ["", "no picture"])
def test_an_override_that_draws_nothing(output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "mine", f"sys.stdout.write({output!r})")
    monkeypatch.setenv(renderers.OVERRIDE, str(path))
    with pytest.raises(RenderError, match=r"gave no picture|is no SVG"):
        render(DOT)


@posix
def test_a_renderer_without_an_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path, "mine", "import time; time.sleep(600)")
    monkeypatch.setenv(renderers.OVERRIDE, str(path))
    with pytest.raises(RenderError, match=r"was not done after 0.2 seconds; show fewer boxes"):
        render(DOT, timeout=0.2)


@posix
def test_the_next_renderer_has_a_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `graphviz-pure` that fails, and a `dot` that draws."""
    monkeypatch.setattr(renderers, "_pure", lambda: str(program(tmp_path, "pure", "sys.exit(1)")))
    program(tmp_path, "dot", "sys.stdout.write('by dot')")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render(DOT, "png") == b"by dot"


def test_the_program_is_found_by_its_distribution(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (renderer,) = renderers.candidates("svg", letters=False)
    assert renderer.draw(DOT, "svg", 60).startswith(b"<?xml")


def test_the_package_graphviz_is_left_as_it_was() -> None:
    usual = dot_command.DOT_BINARY
    render(DOT)
    graph(case("reference")).pipe("svg")
    assert usual == dot_command.DOT_BINARY


def test_a_notebook_shows_the_finished_picture() -> None:
    picture = graph(case("reference"))
    assert isinstance(picture, graphviz.Source)
    assert picture.source == dot(case("reference"))
    shown = picture._repr_mimebundle_()
    assert shown == {"image/svg+xml": render(picture.source, theme="auto").decode()}


def test_a_source_makes_bytes_and_files(tmp_path: Path) -> None:
    picture = graph(case("reference"), theme="dark", direction="LR")
    assert picture.pipe("png").startswith(SIGNATURES["png"])
    assert picture.pipe(encoding="utf-8").startswith("<svg")
    written = picture.render(str(tmp_path / "net"))
    assert Path(written) == tmp_path / "net.svg"
    assert Path(written).read_bytes() == render(picture.source, theme="dark")
    assert (tmp_path / "net").read_text(encoding="utf-8") == picture.source
    picture.render("other", directory=str(tmp_path), cleanup=True, format="png")
    assert (tmp_path / "other.png").read_bytes().startswith(SIGNATURES["png"])
    assert not (tmp_path / "other").exists()


@posix
def test_with_options_graphviz_itself_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "dot", "print(*sys.argv[1:])")
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = graph(case("reference"))
    assert picture.pipe("svg", engine="neato", encoding="utf-8").strip() == "-Kneato -Tsvg"
    picture.render(str(tmp_path / "net"), quiet=True, format="pdf")
    assert (tmp_path / "net").exists()

"""Volumes as TikZ: what the SVG shows, in a document that LaTeX takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cnndsl.backends.options import Checked
from cnndsl.backends.volume import Volumes
from cnndsl.backends.volume.scene import Scene
from cnndsl.backends.volume.tikz import _path
from tests.latex import typeset
from tests.volume.support import model, model_scene, scene


def tex(name: str, **options: str) -> str:
    return Volumes(format="tex", **options).of(Checked(model(name)))  # type: ignore[arg-type]


def macros(text: str) -> list[str]:
    """The macros that are used in the picture, before the legend."""
    picture = text.partition(r"\begin{tikzpicture}")[2].partition(r"\end{scope}")[0]
    return re.findall(r"^\\cnn([a-z]+)\{", picture, re.MULTILINE)


def drawn(name: str) -> Scene:
    return model_scene(name)


@pytest.mark.parametrize("name", ["lenet", "unet", "c3d", "fpn"])
def test_what_is_drawn(name: str) -> None:
    text, found = tex(name), macros(tex(name))
    volumes = drawn(name).volumes
    for kind in {volume.kind for volume in volumes if not volume.sign}:
        slabs = sum(min(volume.count, 4) for volume in volumes if volume.kind == kind and not volume.sign)
        assert found.count(kind) == slabs
        assert text.count(rf"\newcommand{{\cnn{kind}}}") == 1
        assert text.count(rf"\definecolor{{{kind}-line}}") == 1
    assert found.count("label") == sum(not volume.sign for volume in volumes)
    assert found.count("sign") == sum(volume.sign for volume in volumes)
    assert found.count("stripe") == sum(min(volume.count, 4) * len(volume.bands) for volume in volumes)
    assert text.count("{") == text.count("}") + text.count(r"\{") - text.count(r"\}")


def test_what_is_around_and_in_training_only_is_told() -> None:
    legend = tex("googlenet").rpartition(r"\begin{scope}")[2]
    assert "in training only" in legend
    assert r"\draw[training" in legend
    assert tex("googlenet").count(r"\begin{scope}[training]") == sum(v.training for v in drawn("googlenet").volumes)
    legend = tex("unet").rpartition(r"\begin{scope}")[2]
    assert "skip" in legend
    assert "training" not in legend


def test_letters_that_mean_something_to_latex() -> None:
    program = scene("network A_b { input(1, 8, 8); conv(2, 3) }")
    assert program.name == "A_b"
    from tests.graphviz.support import program_of

    text = Volumes(format="tex").of(Checked(program_of("network A_b { input(1, 8, 8); x_1: conv(2, 3) }")))
    assert r"A\_b" in text
    assert r"x\_1" in text


def test_curves() -> None:
    assert _path("M0 0L10 0Q20 0 20 10V30H40") == (
        "(0,0) -- (10,0) .. controls (16.7,0) and (20,3.3) .. (20,10) -- (20,30) -- (40,30)"
    )
    assert _path("M1 2C3 4 5 6 -7 8") == "(1,2) .. controls (3,4) and (5,6) .. (-7,8)"


def test_the_width_decides_the_unit() -> None:
    def unit(text: str) -> float:
        found = re.search(r"\\setlength\{\\cnnunit\}\{([\d.]+)pt\}", text)
        assert found
        return float(found[1])

    assert unit(tex("lenet")) == 0.75
    assert unit(tex("lenet", width="10cm")) < 0.75


def _has_tikz() -> bool:
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return False
    return bool(subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True, check=False).stdout)  # noqa: S607


@pytest.mark.skipif(not _has_tikz(), reason="there is no TikZ here")
@pytest.mark.parametrize("name", ["unet", "fpn"])
def test_latex_takes_it(name: str, tmp_path: Path) -> None:
    said = typeset(tex(name), tmp_path, "net.tex")
    assert "Output written on net.pdf (1 page" in said
    assert "Overfull" not in said

r"""Layout -> a LaTeX document with a TikZ picture that is there to be edited: a macro for each kind of volume."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnndsl.backends.explain.forms import escaped
from cnndsl.backends.graphviz.labels import KINDS, SLACK, text_width
from cnndsl.backends.graphviz.picture import IO, MERGE
from cnndsl.backends.volume.build import Window
from cnndsl.backends.volume.layout import BAND, MARGIN, SMALL, TITLE, Box, Label, Layout, Placed, Point, Route
from cnndsl.backends.volume.scene import Scene
from cnndsl.backends.volume.svg import (
    SKIP,
    TRAINING,
    Side,
    Writer,
    corners_of,
    divisions,
    number,
    shade,
    slabs,
)
from cnndsl.theme import ThemeName

_HEAD, _FOOT = 62.0, 24.0
_MACROS = r"""
% A volume: its kind, the left end and the middle of its front, how wide, high and deep it is.
\newcommand{\cnnbox}[6]{\begin{scope}[shift={(#2,#3)}, draw=#1-line, line width=0.9\cnnunit, line join=round,
  #1-border]
  \pgfmathsetmacro{\cnnalong}{0.42*#6/2}\pgfmathsetmacro{\cnnup}{0.30*#6/2}
  \filldraw[fill=#1-side] (#4-\cnnalong,-#5/2+\cnnup) -- (#4+\cnnalong,-#5/2-\cnnup)
    -- (#4+\cnnalong,#5/2-\cnnup) -- (#4-\cnnalong,#5/2+\cnnup) -- cycle;
\end{scope}\cnnstripe{#1}{#2}{#3}{#4}{#5}{#6}}
% The same without its right side: a layer that keeps the size, on the volume that it works on.
\newcommand{\cnnstripe}[6]{\begin{scope}[shift={(#2,#3)}, draw=#1-line, line width=0.9\cnnunit, line join=round,
  #1-border]
  \pgfmathsetmacro{\cnnalong}{0.42*#6/2}\pgfmathsetmacro{\cnnup}{0.30*#6/2}
  \filldraw[fill=#1-top] (-\cnnalong,-#5/2+\cnnup) -- (\cnnalong,-#5/2-\cnnup)
    -- (#4+\cnnalong,-#5/2-\cnnup) -- (#4-\cnnalong,-#5/2+\cnnup) -- cycle;
  \filldraw[fill=#1-front] (-\cnnalong,-#5/2+\cnnup) rectangle (#4-\cnnalong,#5/2+\cnnup);
\end{scope}}
% What is computed of two maps.
\newcommand{\cnnsign}[3]{\draw[merge-line, line width=1.4\cnnunit, fill=cnn-ground] (#1,#2) circle[radius=11];
  \node[text=merge-line] at (#1,#2) {\cnnbig\bfseries #3};}
% A line across the front and the top of a volume, at the place x.
\newcommand{\cnnline}[5]{\begin{scope}[shift={(#2,#3)}]
  \pgfmathsetmacro{\cnnalong}{0.42*#5/2}\pgfmathsetmacro{\cnnup}{0.30*#5/2}
  \draw[draw=#1-line, line width=0.5\cnnunit] (-\cnnalong,#4/2+\cnnup) -- (-\cnnalong,-#4/2+\cnnup)
    -- (\cnnalong,-#4/2-\cnnup);
\end{scope}}
% What stands below a volume: kind, place, title, size and name.
\newcommand{\cnnlabel}[6]{\node[cnn text, text=#1-line] at (#2,#3) {\cnnbig\bfseries #4};
  \node[cnn text] at (#2,#3+13) {\cnnsmall\ttfamily #5};
  \node[cnn text] at (#2,#3+26) {\cnnsmall #6};}
"""


def write(scene: Scene, layout: Layout, theme: ThemeName, unit: float) -> str:
    """The LaTeX text of a scene, for pdflatex; one of the picture's units is so many points."""
    return "\n".join(_Tikz(scene, layout, theme, unit).lines()) + "\n"


class _Tikz(Writer):
    def __init__(self, scene: Scene, layout: Layout, theme: ThemeName, unit: float) -> None:
        super().__init__(scene, layout, theme)
        self._unit = unit
        there = {volume.kind for volume in scene.volumes if not volume.sign}
        there |= {band.kind for volume in scene.volumes for band in volume.bands}
        self._kinds = [kind for kind in (IO, *KINDS, MERGE) if kind in there]

    def lines(self) -> Iterator[str]:
        """The whole document."""
        scene, layout = self._scene, self._layout
        said = text_width(scene.summary, SMALL) * SLACK + 2 * MARGIN
        width = max(layout.width, said)
        below, legend = self._legend(width - 2 * MARGIN)
        foot = _HEAD + layout.height + _FOOT
        height = foot + legend + 6
        yield "% A picture of volumes. Compile it with pdflatex; names in other letters than Latin need lualatex."
        yield r"\RequirePackage{fix-cm}"
        yield r"\documentclass{article}"
        size = f"paperwidth={width * self._unit:.1f}pt, paperheight={height * self._unit + 1:.1f}pt"
        yield rf"\usepackage[{size}, margin=0pt]{{geometry}}"
        yield r"\usepackage{tikz}"
        yield r"\usetikzlibrary{arrows.meta}"
        yield ""
        yield from self._definitions()
        yield _MACROS.strip()
        yield from self._kinds_of_boxes()
        yield ""
        yield r"\pagestyle{empty}\parindent=0pt"
        yield r"\begin{document}"
        yield r"\begin{tikzpicture}[x=\cnnunit, y=-\cnnunit, font=\sffamily]"
        yield rf"\useasboundingbox (0,0) rectangle ({number(width)},{number(height)});"
        yield _words(MARGIN, 32, rf"\cnnhuge\bfseries {escaped(scene.name)}")
        yield _words(MARGIN, 48, rf"\cnnsmall {escaped(scene.summary)}")
        yield rf"\begin{{scope}}[shift={{(0,{number(_HEAD)})}}]"
        yield from self._content()
        yield r"\end{scope}"
        yield rf"\begin{{scope}}[shift={{(0,{number(foot)})}}]"
        yield from below
        yield r"\end{scope}"
        yield r"\end{tikzpicture}"
        yield r"\end{document}"

    def _definitions(self) -> Iterator[str]:
        """The unit, the colours, and the styles."""
        theme = self._theme
        yield "% All sizes follow from this one, but for those of the letters."
        yield rf"\newlength{{\cnnunit}}\setlength{{\cnnunit}}{{{self._unit:.4g}pt}}"
        for name, points in (("huge", 16.0), ("big", TITLE), ("small", SMALL)):
            size = points * self._unit
            yield rf"\newcommand{{\cnn{name}}}{{\fontsize{{{size:.2f}}}{{{size * 1.2:.2f}}}\selectfont}}"
        for kind in self._kinds:
            for face, colour in shade(theme, kind)._asdict().items():
                yield rf"\definecolor{{{kind}-{face}}}{{HTML}}{{{colour[1:]}}}"
        if MERGE not in self._kinds:
            yield rf"\definecolor{{merge-line}}{{HTML}}{{{theme.tints[MERGE].line[1:]}}}"
        for name, colour in (
            ("ground", theme.background),
            ("text", theme.text),
            ("flow", theme.flow),
            ("skip", theme.skip),
        ):
            yield rf"\definecolor{{cnn-{name}}}{{HTML}}{{{colour[1:]}}}"
        yield r"\tikzset{"
        yield r"  cnn text/.style={anchor=base, inner sep=0pt, text=cnn-text},"
        for kind in self._kinds:
            yield rf"  {kind}-border/.style={{{'dashed' if kind == 'dropout' else ''}}},"
        head = f"Latex[length={7 * self._unit:.2f}pt, width={6 * self._unit:.2f}pt]"  # not in units, which TikZ forbids
        yield rf"  flow/.style={{draw=cnn-flow, line width=1.2\cnnunit, -{{{head}}}}},"
        yield r"  training/.style={densely dotted},"
        yield r"  skip/.style={flow, draw=cnn-skip, dash pattern=on 5\cnnunit off 3\cnnunit},"
        yield "}"

    def _kinds_of_boxes(self) -> Iterator[str]:
        yield "% One macro for each kind: to draw a kind in another way, change its macro."
        for kind in self._kinds:
            yield rf"\newcommand{{\cnn{kind}}}[5]{{\cnnbox{{{kind}}}{{#1}}{{#2}}{{#3}}{{#4}}{{#5}}}}"

    def _words(self, text: str, x: float, y: float, colour: str) -> str:  # noqa: ARG002 - all are in one
        return _words(x, y, rf"\cnnsmall {escaped(text)}")

    def _sample(self, what: str, x: float, y: float) -> str:
        if what == SKIP:
            return rf"\draw[skip, -] {_at(x - 2, y - 3.5)} -- {_at(x + 16, y - 3.5)};"
        if what == TRAINING:
            return rf"\draw[training, draw=cnn-flow] {_at(x, y - 8)} rectangle {_at(x + 15, y + 1)};"
        return rf"\cnn{what}{{{number(x + 2)}}}{{{number(y - 3.5)}}}{{9}}{{9}}{{12}}"

    def _volume(self, item: Placed) -> Iterator[str]:
        volume = item.volume
        yield f"% {escaped(volume.name or volume.plain_title)}"
        if item.label is None:
            yield rf"\cnnsign{{{number(item.x)}}}{{{number(item.axis)}}}{{{escaped(volume.title)}}}"
            return
        if volume.training:
            yield r"\begin{scope}[training]"
        for box, has_hop in slabs(item):
            main = box.wide - BAND * len(volume.bands)
            yield rf"\cnn{volume.kind}{_sizes(box.x, box, box.wide)}"
            for share in divisions(volume, item.body.slices):
                x, depth = number(box.x + main * share), number(box.deep)
                yield rf"\cnnline{{{volume.kind}}}{{{x}}}{{{number(box.axis)}}}{{{number(box.high)}}}{{{depth}}}"
            for at, band in enumerate(volume.bands):
                yield rf"\cnnstripe{{{band.kind}}}{_sizes(box.x + main + at * BAND, box, BAND)}"
            if has_hop:
                yield self._hop(box)
        if volume.training:
            yield r"\end{scope}"
        yield from self._label(item, item.label)

    def _label(self, item: Placed, label: Label) -> Iterator[str]:
        if item.level:
            start, end = item.axis + item.body.top + 3, item.label_top - 10
            yield rf"\draw[cnn-flow, line width=0.6\cnnunit] {_at(item.x, start)} -- {_at(item.x, end)};"
        said = "".join(f"{{{escaped(text)}}}" for text in (label.title, label.size, label.name))
        yield rf"\cnnlabel{{{item.volume.kind}}}{{{number(item.x)}}}{{{number(item.label_top)}}}{said}"

    def _window(self, window: Window, route: Route, end: Point) -> Iterator[str]:
        kind, (tip, base) = route.head.volume.kind, corners_of(window, route, end)
        middle = len(base) // 2
        outline = " -- ".join(_at(*point) for point in [*base[:middle], tip, *base[middle:]])
        yield rf"\fill[{kind}-side, opacity=0.35] {outline} -- cycle;"
        edges = " ".join(f"{_at(*corner)} -- {_at(*tip)}" for corner in base)
        frame = "" if window.spreads else f" {' -- '.join(_at(*corner) for corner in base)} -- cycle"
        yield rf"\draw[{kind}-line, line width=0.8\cnnunit, line join=round] {edges}{frame};"

    def _line(self, line: str, tip: Point, *, skip: bool, to: Side = "right", long: float = 7) -> str:  # noqa: ARG002
        return rf"\draw[{'skip' if skip else 'flow'}] {_path(line)} -- {_at(*tip)};"


def _words(x: float, y: float, text: str) -> str:
    return rf"\node[cnn text, anchor=base west] at {_at(x, y)} {{{text}}};"


def _sizes(x: float, box: Box, wide: float) -> str:
    """The arguments of a macro: the left end, the middle, and how wide, high and deep it is."""
    return "".join(f"{{{number(size)}}}" for size in (x, box.axis, wide, box.high, box.deep))


def _at(x: float, y: float) -> str:
    return f"({number(x)},{number(y)})"


def _path(data: str) -> str:
    """The data of an SVG's path as one of TikZ: of straight lines, and of quadratic and cubic curves."""
    found: list[str] = []
    x = y = 0.0
    for command, listed in re.findall(r"([MLHVQC])([^MLHVQC]*)", data):
        numbers = [float(each) for each in re.findall(r"-?[\d.]+", listed)]
        if command in "HV":
            numbers = [numbers[0], y] if command == "H" else [x, numbers[0]]
        places: list[Point] = list(zip(numbers[::2], numbers[1::2], strict=True))
        *bends, end = places
        if command == "Q":  # as a cubic one
            (bend,) = bends
            bends = [(a + (bend[0] - a) * 2 / 3, b + (bend[1] - b) * 2 / 3) for a, b in ((x, y), end)]
        if bends:
            found.append(f".. controls {' and '.join(_at(*bend) for bend in bends)} ..")
        elif command != "M":
            found.append("--")
        found.append(_at(*end))
        x, y = end
    return " ".join(found)

"""A diagram as the object of the `graphviz` package, which notebooks show by themselves."""

from __future__ import annotations

from typing import Any

import graphviz

from cnndsl.rendering import Format, render
from cnndsl.rendering.renderers import calling
from cnndsl.theme import ThemeName


class DiagramSource(graphviz.Source):  # type: ignore[misc]  # the package has no types
    """A `graphviz.Source` that is drawn by `cnndsl.rendering`, and so without Graphviz on the PATH.

    In a notebook it is its SVG; `pipe` gives the bytes of a format, `render` and `view` write files as
    the package does.
    """

    def __init__(self, dot: str, theme: ThemeName = "light") -> None:
        super().__init__(dot, format="svg")
        self._theme = theme

    def pipe(self, format: Format | None = None, *, encoding: str | None = None, **options: Any) -> Any:  # noqa: A002
        """The picture: bytes, or with `encoding` text. Options of the layout program go to it as they are.

        Raises what `cnndsl.rendering.render` does.
        """
        if options:
            with calling(format or self.format):
                return super().pipe(format, encoding=encoding, **options)
        drawn = render(self.source, format or self.format, theme=self._theme)
        return drawn.decode(encoding) if encoding else drawn

    def render(self, *args: Any, **options: Any) -> Any:
        """Write the DOT text and a picture to files; the parameters are those of `graphviz.Source.render`."""
        with calling(options.get("format") or self.format):
            return super().render(*args, **options)

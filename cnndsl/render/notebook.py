"""A diagram as the object of the `graphviz` package, which notebooks show by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import graphviz

from cnndsl.render import Format, render
from cnndsl.theme import ThemeName


class DiagramSource(graphviz.Source):  # type: ignore[misc]  # the package has no types
    """A `graphviz.Source` that is drawn by `cnndsl.render`, and so without Graphviz on the PATH.

    In a notebook it is its SVG; `pipe` gives the bytes of a format, `render` and `view` write files as
    the package does.
    """

    def __init__(self, dot: str, theme: ThemeName = "light") -> None:
        super().__init__(dot, format="svg")
        self._theme = theme

    def pipe(self, format: Format | None = None, *, encoding: str | None = None, **options: Any) -> Any:  # noqa: A002
        """The picture: bytes, or with `encoding` text. With options, such as another engine, Graphviz itself draws it.

        Raises what `cnndsl.render.render` does, and with options what `graphviz.Source.pipe` does.
        """
        if options:
            return super().pipe(format, encoding=encoding, **options)
        drawn = render(self.source, format or self.format, theme=self._theme)
        return drawn.decode(encoding) if encoding else drawn

    def render(
        self,
        filename: str | None = None,
        *,
        directory: str | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: Format | None = None,  # noqa: A002
        **options: Any,
    ) -> Any:
        """Write the DOT text and a picture beside it; the path of the picture.

        The parameters are those of `graphviz.Source.render`; with further ones Graphviz itself draws the picture.
        """
        if options:
            return super().render(filename, directory=directory, view=view, cleanup=cleanup, format=format, **options)
        kind = format or self.format
        written = Path(self.save(filename, directory=directory))
        picture = written.with_name(f"{written.name}.{kind}")
        picture.write_bytes(render(self.source, kind, theme=self._theme))
        if cleanup:
            written.unlink()
        if view:
            graphviz.view(str(picture))
        return str(picture)

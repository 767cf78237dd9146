"""Texts and bytes that a notebook shows as the pictures and tables that they are; else they are texts and bytes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from html import escape
from typing import Any, Protocol, Self

SVG = "image/svg+xml"
MEDIA = {"svg": SVG, "png": "image/png", "pdf": "application/pdf"}
"""The types of what the forms of a picture are."""


class _Printer(Protocol):
    """What IPython prints with."""

    def text(self, text: str) -> None: ...


class PictureBytes(bytes):
    """The bytes of a file with a picture; `media` is their type, such as "image/png"."""

    media: str

    def __new__(cls, data: bytes, media: str) -> Self:
        made = super().__new__(cls, data)
        made.media = media
        return made

    def __getnewargs__(self) -> tuple[bytes, str]:  # type: ignore[override]  # bytes alone need less
        return bytes(self), self.media

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        shown = self.decode() if self.media == SVG else b64encode(self).decode()
        return {self.media: shown}

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(f"<{self.media} of {len(self):,} bytes>")


class SvgText(str):
    """The text of an SVG."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(f"<{SVG} of {len(self):,} characters>")


class Table(str):
    """A table as text, and what gives it in Markdown for those who can show that."""

    _markdown: Callable[[], str]

    def __new__(cls, text: str, markdown: Callable[[], str]) -> Self:
        made = super().__new__(cls, text)
        made._markdown = markdown
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # without what could give the other form

    def _repr_markdown_(self) -> str:
        return self._markdown()

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(self.rstrip("\n"))


class NetworkText(str):
    """The text of a network, and what gives the SVG of its picture."""

    _picture: Callable[[], str | None]

    def __new__(cls, text: str, picture: Callable[[], str | None]) -> Self:
        made = super().__new__(cls, text)
        made._picture = picture
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # without what could give the picture

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self)}</pre>{self._picture() or ''}"

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(self.rstrip("\n"))

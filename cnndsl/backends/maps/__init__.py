"""What a run of a network has shown -> a page, or a picture.

In: a `Figure`, which `cnndsl.running` makes.  Out: HTML or SVG that stands by itself.
"""

from __future__ import annotations

from cnndsl.backends.maps.html import page
from cnndsl.backends.maps.svg import svg

__all__ = ["page", "svg"]

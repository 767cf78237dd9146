"""Pages that stand by themselves: a template of Jinja and its values go in, one HTML text comes out, which needs no
other file and asks for none.

A template is `templates/NAME.html` and extends `base.html`. Its style and its script are `NAME.css` and `NAME.js`
beside it, put into the page. A script is a classic one in JSDoc's types, which `tsc --checkJs` judges in the tests.
What it has to know comes as JSON, by `given`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def page(name: str, **values: Any) -> str:
    """The page of the template `name`, filled in. Every value is text and is escaped, unless it is `Markup`."""
    return _environment().get_template(f"{name}.html").render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def file(name: str) -> Markup:
        return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - ours, and no value is in it

    made.globals |= {"file": file, "given": given}
    return made


def given(value: Any) -> Any:
    """A value as JSON for `<script type="application/json">`, which nothing in it can end or escape from."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704 - without a character that HTML knows

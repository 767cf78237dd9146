"""The language of explanations, pictures and tables: English, or what a catalogue of `locales/` says instead.

`tr` takes an English sentence, which is the key in the catalogues, and gives the one of the language that is spoken
where it is called. What a catalogue lacks stays English. Errors and warnings are English always.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal, cast

Language = Literal["en", "ja", "auto"]
"""What may be asked for; `auto` is what the environment says."""
VARIABLE = "CNNDSL_LANG"
"""The environment variable with the language of the command line, where its option is not given."""
_LOCALES = Path(__file__).with_name("locales")
_FROM_ENVIRONMENT = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""What gettext asks, in this order."""

_spoken: ContextVar[Language] = ContextVar("language", default="en")


def language() -> Language:
    """The language that is spoken here, as HTML names it: `en` or `ja`."""
    return _spoken.get()


@contextmanager
def speaking(wanted: Language) -> Iterator[None]:
    """Speak a language inside of a `with`."""
    before = _spoken.set(_of_environment(os.environ) if wanted == "auto" else wanted)
    try:
        yield
    finally:
        _spoken.reset(before)


def _of_environment(environment: Mapping[str, str]) -> Language:
    """The first language of the user's locale that there is; English where it has none of them."""
    said = next(filter(None, (environment.get(name) for name in _FROM_ENVIRONMENT)), "")
    found = (re.split(r"[_.@-]", name)[0].lower() for name in said.split(":"))
    known = (name for name in found if name == "en" or (_LOCALES / f"{name}.toml").exists())
    return cast("Language", next(known, "en"))


def tr(message: str, **values: object) -> str:
    """A sentence in the language that is spoken, with these values in the place of their names in braces."""
    said = message if language() == "en" else catalogue(language()).get(message, message)
    return said.format(**values) if values else said


def trn(one: str, many: str, count: int, **values: object) -> str:
    """A sentence with a number, `{count}`: of one thing or of several. The key in a catalogue is that of several."""
    is_one = language() == "en" and count == 1
    return tr(one if is_one else many, count=count, **values)


def listed(items: list[str]) -> str:
    """Things that belong together: `height and width`."""
    return tr(" and ").join(items)


@cache
def catalogue(name: str) -> Mapping[str, str]:
    """English sentence -> the sentence in another language."""
    import tomllib

    found: dict[str, dict[str, str]] = tomllib.loads((_LOCALES / f"{name}.toml").read_text(encoding="utf-8"))
    return {key: said for part in found.values() for key, said in part.items()}

"""Python's search for garbage, put off while there is none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def all_kept() -> Iterator[None]:
    """While nearly everything that is made is kept: looking for garbage would be most of the time, for nothing."""
    was_on = gc.isenabled()
    if was_on:  # else another thread may just turn it on again, and nobody would after this one
        gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

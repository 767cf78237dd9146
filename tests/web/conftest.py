"""Chromium, in which the tests use a page as a person would. What it asks for beyond the page itself is a failure."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}

Visit = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, one for all tests of a process."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, tmp_path: Path) -> Iterator[Visit]:
    """Opens a page (its text, or an address on this machine) and gives Playwright's `Page`.

    size: "desktop" or "phone". dark: what the reader prefers. At the end of the test, the page must have thrown
    nothing, logged no error, and asked for nothing but what `allowed` begins with.
    """
    contexts = []
    told: list[str] = []

    def open_page(text_or_address: str, *, size: str = "desktop", dark: bool = False, allowed: str = "") -> Any:
        context = chromium.new_context(
            viewport=SIZES[size],
            has_touch=size == "phone",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        address = text_or_address
        if not address.startswith("http://127.0.0.1"):
            path = tmp_path / f"page{len(contexts)}.html"
            path.write_text(text_or_address, encoding="utf-8")
            address = path.as_uri()

        def asked(request: Any) -> None:
            url = request.url.partition("#")[0]
            if (
                url != address.partition("#")[0]
                and not url.startswith("data:")
                and not (allowed and url.startswith(allowed))
            ):
                told.append(f"asked for {url}")

        def logged(message: Any) -> None:
            if message.type == "error":
                told.append(f"logged {message.text}")

        page.on("request", asked)
        page.on("pageerror", lambda error: told.append(f"threw {error}"))
        page.on("console", logged)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert told == []

"""How long the playground takes in Chromium: until it answers, and from a character to the picture of the network.

    python -m benchmarks.playground [--runs 5] [--edits 30] [--folder FOLDER]

Makes the page first, with npm, or takes one that `cnndsl playground -o FOLDER` has made.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from benchmarks.measuring import machine, markdown
from cnndsl.playground.build import HOST, build, server


def main() -> None:
    """Print both as a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.playground", description="Measure the playground.")
    parser.add_argument("--runs", type=int, default=5, help="how often the page is opened, each time with no cache")
    parser.add_argument("--edits", type=int, default=30, help="how many characters are typed in each")
    parser.add_argument("--folder", type=Path, help="a page that was made")
    options = parser.parse_args()
    with TemporaryDirectory() as made:
        folder = options.folder or Path(made, "page")
        if options.folder is None:
            build(folder)
        with server(folder, 0) as serving:
            Thread(target=serving.serve_forever, daemon=True).start()
            found = [_run(f"http://{HOST}:{serving.server_address[1]}/", options.edits) for _ in range(options.runs)]
            serving.shutdown()
    starts = [start for start, _ in found]
    edits = [took for _, each in found for took in each]
    print(f"{machine()}\n")
    rows = [
        [title, *(f"{chosen(times):.0f}" for chosen in (median, min, max))]
        for title, times in (("opened until the first picture", starts), ("a character until its picture", edits))
    ]
    print(markdown(["`net.cnn`, ms", "median", "best", "worst"], rows))


def _run(address: str, edits: int) -> tuple[float, list[float]]:
    """Milliseconds from the opening to the first picture, and from each character to its."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        begun = _shown(page)
        page.locator("#editor .cm-line").last.click()
        took = []
        for _ in range(edits):
            page.keyboard.type("#")
            took.append(_shown(page))
            page.wait_for_timeout(150)  # a person's next one
        browser.close()
    return begun, took


def _shown(page: Any) -> float:
    """Milliseconds that the page took to show its text as it is now, by its own clock."""
    page.wait_for_selector("html[data-shown][data-took]", state="attached", timeout=120_000)
    return float(page.evaluate("document.documentElement.dataset.took"))


if __name__ == "__main__":
    main()

"""The playground in Chromium: made once by npm, and used as a student and a researcher would."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cnndsl.playground import build
from cnndsl.playground.build import HOST, server

HOSTILE = "</style></script><img src=x onerror=document.title=1>"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a page was made, once for all processes of the tests."""
    for program in ("npm", "node", "chromium"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "playground"
    try:
        folder.mkdir()
    except FileExistsError:  # another process is at it
        while not (folder / "done").exists():
            assert not (folder / "failed").exists()
            time.sleep(0.5)
        return folder
    try:
        (folder / "page").mkdir()
        build.bring(folder / "work", str(shutil.which("npm")))
        build.make(folder / "work", folder / "page", str(shutil.which("node")))
    except BaseException:
        (folder / "failed").touch()
        raise
    (folder / "done").touch()
    return folder


@pytest.fixture
def address(made: Path) -> Iterator[str]:
    with server(made / "page", 0) as serving:
        thread = Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://{HOST}:{serving.server_address[1]}/"
        serving.shutdown()
        thread.join()


def shown(page: Any, what: str) -> str:
    """Wait until this is shown of the text as it is now; its text."""
    page.wait_for_selector(f'html[data-shown="{what}"]', state="attached", timeout=120_000)
    return str(page.evaluate("document.getElementById('shown').shadowRoot.textContent"))


def link(text: str) -> str:
    packed = zlib.compressobj(wbits=-15)
    return "#text=" + base64.urlsafe_b64encode(packed.compress(text.encode()) + packed.flush()).decode().rstrip("=")


def text_in(address: str) -> str:
    packed = address.partition("#text=")[2]
    return zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), wbits=-15).decode()


def test_a_researcher_at_a_desk(visit: Any, address: str) -> None:
    page = visit(address, allowed=address)
    assert "16 filters, 5×5" in shown(page, "diagram")
    sizes = page.evaluate(
        "[...document.getElementById('editor').shadowRoot.querySelectorAll('.cm-size')].map((one) => one.dataset.size)"
    )
    assert sizes == ["→ 8 × 14 × 14", "→ 16 × 5 × 5", "→ 10"]

    page.click("#tab-python")
    assert "nn.Conv2d(3, 8, 5)" in shown(page, "python")
    page.click("#tab-explain")
    assert "(I - K + 2D) / S + 1 = (32 - 5 + 2*0) / 1 + 1 = 28" in shown(page, "explain")
    page.click("#tab-summary")
    assert "109,050" in shown(page, "summary")

    page.select_option("#examples", "resnet")
    page.wait_for_selector('#networks option[value="ResNet50"]', state="attached")
    page.select_option("#networks", "ResNet50")
    page.click("#tab-diagram")
    assert "25,557,032 parameters" in shown(page, "diagram")
    page.go_back()
    page.wait_for_selector("#networks:disabled")
    assert "109,050 parameters" in shown(page, "diagram")

    page.locator("#editor .cm-line", has_text="linear(256)").click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("0")
    page.wait_for_url("**/#text=*")
    assert "linear(2560)" in text_in(page.url)
    assert "2560 outputs" in shown(page, "diagram")
    page.keyboard.press("Control+z")
    page.wait_for_url(lambda url: "linear(256)" in text_in(url))
    assert page.evaluate("document.getElementById('status').textContent") == "No errors"


def test_a_student_at_a_phone_in_the_dark(visit: Any, address: str) -> None:
    text = f'network Net {{\n    input(3, 32, 32)\n    "{HOSTILE}": conv(8, kernel_size=5)\n}}\n# {HOSTILE}\n'
    page = visit(address + link(text), size="phone", dark=True, allowed=address)
    shown(page, "diagram")
    assert page.inner_text("#status") == "1 error"
    told = page.inner_text("#problems")
    assert "kernel_size is called kernel here" in told
    page.click("#problems .rule")
    page.locator("#rule-text", has_text="Wrong").wait_for()
    page.click("#rule-close")
    assert page.evaluate("[document.documentElement.scrollWidth <= innerWidth, document.title]") == [
        True,
        "cnndsl playground",
    ]
    assert not page.query_selector("img")

    good = f"# {HOSTILE}\nnetwork Net {{\n    input(3, 32, 32)\n    conv(8, kernel_size=5)\n}}\n"
    page.evaluate("(to) => (location.hash = to)", link(good))
    page.locator("#problems", has_text="line 4").wait_for()  # it was in line 3
    page.click("#problems .mend")
    page.wait_for_selector("#problems:empty", state="attached")
    assert "8 filters, 5×5" in shown(page, "diagram")
    colours = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.getElementById('shown')"
        ".shadowRoot.querySelector('svg .node path')).fill]"
    )
    assert colours == ["rgb(18, 24, 29)", "rgb(207, 216, 220)"]  # the page's ground, and that of `input` in the dark

    narrow, wide = "document.getElementById('panel').scrollWidth <= innerWidth", "#zoom"
    assert page.evaluate(narrow)
    page.click(wide)
    assert page.get_attribute(wide, "aria-pressed") == "true"
    assert not page.evaluate(narrow)

    page.focus("#tab-diagram")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    module = shown(page, "python")
    assert "nn.Conv2d(3, 8, 5)" in module
    assert HOSTILE in module  # the words above the network are those of its class
    assert page.evaluate("document.activeElement.id") == "tab-python"

    page.evaluate("location.hash = '#text=%3Cscript%3E'")
    page.locator("#status", has_text="This link holds no text").wait_for()


def test_it_says_whose_work_it_is(made: Path) -> None:
    told = (made / "page" / "licences.txt").read_text()
    assert all(name in told for name in ("@codemirror/view", "@viz-js/viz", "pyodide", "pydantic_core", "lark"))
    assert told.count("Permission is hereby granted") > 10
    assert "esbuild" not in told


def test_the_scripts_keep_their_types(made: Path) -> None:
    compiler = shutil.which("tsc")
    if compiler is None:
        pytest.skip("TypeScript is not installed")
    ran = subprocess.run([compiler, "-p", "."], cwd=made / "work", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout

"""The pictures of pages in the documents: that of a network, with the pointer on a layer, and that of a kernel.

    python -m tools.page_picture

writes docs/images/page.png, docs/images/kernel-live.png and docs/ja/images/kernel-live.png. It needs Chromium, a font
with Japanese, and the extra `test`.
"""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from cnndsl.compiler import compile_source
from cnndsl.files import read
from cnndsl.i18n import Language, speaking
from cnndsl.source import Source
from cnndsl.tracing import Wanted, watch
from cnndsl.tracing.page import kernel_page

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "page.png"
KERNEL = "network Kernel { input(1, 4, 4) -> conv(1, 2, weight=[[1, 0], [0, 1]], bias=false) }"
NUMBERS = "2 2 1 2; 1 1 2 1; 1 2 1 0; 1 0 0 1"
KERNELS: dict[Language, Path] = {
    "en": ROOT / "docs" / "images" / "kernel-live.png",
    "ja": ROOT / "docs" / "ja" / "images" / "kernel-live.png",
}
PLACE = "at=layer3.0"
LAYER = "Conv2d, conv2"


def main() -> None:
    """Make the page, open it, look at a layer of a block."""
    text = compile_source(read(ROOT / "models" / "resnet.cnn")).html("ResNet50")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        page = Path(folder, "resnet50.html")
        page.write_text(text, encoding="utf-8")
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 1180, "height": 640}, device_scale_factor=1.5)
        view.goto(f"{page.as_uri()}#{PLACE}")
        view.get_by_role("treeitem", name=LAYER).hover()
        _write(view.screenshot(), PICTURE)
        for language, picture in KERNELS.items():
            _write(_kernel(browser, language), picture)
        browser.close()


def _kernel(browser: Browser, language: Language) -> bytes:
    """The kernel of the tutorial on its fifth place."""
    with speaking(language):
        figure = watch(compile_source(Source("kernel.cnn", KERNEL)), [NUMBERS], wanted=Wanted(numbers=True))
        text = kernel_page(figure)
    view = browser.new_page(viewport={"width": 860, "height": 700}, device_scale_factor=2, reduced_motion="reduce")
    view.set_content(text)
    for _ in range(4):
        view.locator(".controls button").last.click()
    view.locator("h1").click()  # nothing is in focus
    return view.locator("main").screenshot()


def _write(drawn: bytes, picture: Path) -> None:
    Image.open(BytesIO(drawn)).convert("RGB").quantize(256).save(picture, optimize=True)
    print(f"wrote {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

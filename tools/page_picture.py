"""The picture of `docs/diagrams.md`: the page of a network in Chromium, with the pointer on a layer.

    python -m tools.page_picture

writes docs/images/page.png. It needs Chromium and the extra `test`.
"""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from cnndsl.compiler import compile_source
from cnndsl.files import read

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "page.png"
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
        drawn = view.screenshot()
        browser.close()
    Image.open(BytesIO(drawn)).convert("RGB").quantize(256).save(PICTURE, optimize=True)
    print(f"wrote {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

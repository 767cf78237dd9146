"""The picture of `docs/explain.md`: a run of the trained network of `models/digits.cnn`.

    python -m tools.explained

trains it and writes docs/images/digits-steps.svg.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from sklearn.datasets import load_digits

from cnndsl.compiler import compile_source
from cnndsl.files import read
from cnndsl.tracing import watch
from cnndsl.tracing.svg import svg

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "images" / "digits-steps.svg"
SHOWN = 12
"""Which of the pictures that come with scikit-learn: a 2."""


def main() -> None:
    """Train, run, draw."""
    with TemporaryDirectory() as folder:
        weights, digit = Path(folder, "digits.pt"), Path(folder, "digit.png")
        subprocess.run([sys.executable, ROOT / "docs/examples/train_digits.py", weights], check=True)  # noqa: S603
        pixels = load_digits().images[SHOWN] * (255 / 16)
        Image.fromarray(pixels.astype("uint8")).save(digit)
        compilation = compile_source(read(ROOT / "models" / "digits.cnn"))
        figure = watch(compilation, [digit], trained=weights)
        TARGET.write_text(svg(figure), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""What an editor waits for: the answers of the language server right after a change, in processor time.

    python -m benchmarks.editing [--runs 21]

Each question comes after a change of its own, so that nothing is known of the text yet; "asked again" is the sizes of a
text that was not changed. The server runs in this process: what the protocol takes is left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.measuring import machine, markdown
from cnndsl.lsp import completion, outline
from cnndsl.lsp.documents import Document, Documents
from cnndsl.lsp.hover import hover

MODELS = Path(__file__).parent.parent / "models"
CHANGED = {
    "net": ("conv(16, 5)", "conv({number}, 5)"),
    "resnet": ("conv(64, 7, 2, 3", "conv({number}, 7, 2, 3"),
    "efficientnet": ("fc1              = conv(squeezed, 1)", "fc1              = conv(squeezed + {number}, 1)"),
}
"""For each file what is changed again and again."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measure the answers of the language server.")
    parser.add_argument("--runs", type=int, default=21, help="changes for each question")
    runs = parser.parse_args().runs
    print(f"{machine()}\n")
    rows = [[f"`{name}.cnn`", *(f"{1000 * median:.1f}" for median in measured(name, runs))] for name in CHANGED]
    print(markdown(["CPU ms", *(name for name, _ in QUESTIONS), "asked again", "worked out as a whole"], rows))


def measured(name: str, runs: int) -> list[float]:
    """The medians for a file, in seconds: of each question, of the sizes asked again, and of the whole text."""
    path = MODELS / f"{name}.cnn"
    text = path.read_text(encoding="utf-8")
    old, new = CHANGED[name]
    offset = text.index(old) + old.index("conv")
    documents = Documents()
    document = documents.open("uri", path, text, 0)
    whole = [_time(lambda: document.take(document.compiled())) for _ in range(3)]
    medians = []
    number = 20
    for _, ask in QUESTIONS:
        times = []
        for _ in range(runs):
            number += 1
            changed = text.replace(old, new.format(number=number))
            times.append(_time(partial(_changed, documents, document, changed, offset, ask)))
        medians.append(statistics.median(times[1:] or times))
    again = statistics.median(_time(document.sizes) for _ in range(runs))
    return [*medians, again, statistics.median(whole)]


Ask = Callable[[Documents, Document, int], object]
QUESTIONS: list[tuple[str, Ask]] = [
    ("sizes", lambda documents, document, _: documents.sizes(document)),
    ("hover", hover),
    ("completion", completion.complete),
    ("colours", lambda _, document, __: outline.tokens(document.names)),
    ("outline", lambda _, document, __: outline.outline(document.file)),
]


def _changed(documents: Documents, document: Document, text: str, offset: int, ask: Ask) -> None:
    documents.change("uri", text, document.version + 1)
    assert ask(documents, document, offset)  # noqa: S101 - an answer is measured, and not that there is none


def _time(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    main()

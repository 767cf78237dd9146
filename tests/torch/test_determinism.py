"""The same text gives the same bytes, whatever the order of hashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"
SCRIPT = """
import sys
from hashlib import sha256
from pathlib import Path
import cnndsl

for path in sorted(Path(sys.argv[1]).glob("*.cnn")):
    compilation = cnndsl.compile(path.read_text(encoding="utf-8"), name=path.name)
    for text in (compilation.python(), compilation.program.model_dump_json(), str(compilation.diagnostics)):
        print(path.stem, sha256(text.encode()).hexdigest())
"""


def printed(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", SCRIPT, str(FOLDER)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_two_interpreters_give_the_same_bytes() -> None:
    first = printed("1")
    assert first == printed("4242")
    assert len(first.splitlines()) == 3 * len(list(FOLDER.glob("*.cnn")))

"""The same text gives the same bytes, whatever the order of hashes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cnndsl

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


def test_a_network_is_the_same_behind_however_many_others() -> None:
    """What is numbered while a text is translated shows in no order."""
    channels = "int(log2(area)) + int(log(area)) + int(exp(2))"
    text = f"network Net{{k}}(area = 16) {{{{ input(3, 8, 8); conv({channels}, 1); relu; conv(2, 1) }}}}\n"
    module = cnndsl.compile("".join(text.format(k=k) for k in range(40))).python()
    classes = re.findall(r"^class Net\d+\(.*?(?=^\S|\Z)", module, re.DOTALL | re.MULTILINE)
    assert len(classes) == 40
    assert len({re.sub(r"Net\d+", "Net", each).strip() for each in classes}) == 1

"""Inputs that atheris makes by watching which lines of the compiler they reach. Needs the extra `fuzz`."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from tests.fuzz.words import ALL_WORDS, ROOT

DIRECTED = b"\xff"
"""With this byte an input begins that is no text, but decides what a text of the grammar is; no text begins so."""
_DIRECTED_SEEDS = 40
_LONGEST = 4_000
_CORPUS = ROOT / "tests" / "fuzz" / "corpus"


def run(seed: int, seconds: float, folder: Path) -> None:
    """Try inputs for some seconds. Does not return: libFuzzer ends the process."""
    import atheris

    for name in [name for name in sys.modules if name.split(".")[0] == "cnndsl"]:
        del sys.modules[name]  # so that it is loaded anew, and watched
    for name in ("tests.fuzz.worker", "tests.fuzz.check", "tests.fuzz.running", "tests.running"):
        sys.modules.pop(name, None)  # they know its classes
    with atheris.instrument_imports(include=["cnndsl"]):
        from tests.fuzz.worker import Worker
    from tests.fuzz.choose import Given
    from tests.fuzz.texts import any_text

    worker = Worker(folder, seconds, instrumented=True)

    def attempt(data: bytes) -> None:
        if data.startswith(DIRECTED):
            kind, data = any_text(Given(data[1:]))
        else:
            kind = "covering"
        try:
            worker.try_(kind, data)
        except Exception as problem:  # whatever it is, it is a finding; the search goes on
            worker.keep(data, problem)

    grown = folder / "grown"
    grown.mkdir(exist_ok=True)
    random = Random(seed)  # noqa: S311 - it keeps no secrets
    for number in range(_DIRECTED_SEEDS):
        (grown / f"directed-{number}").write_bytes(DIRECTED + random.randbytes(random.choice([50, 200, 800])))
    words = folder / "words.txt"
    words.write_text("".join(f'"{escaped(word)}"\n' for word in dict.fromkeys(ALL_WORDS)), encoding="ascii")
    options = [f"-max_total_time={seconds:.0f}", f"-seed={seed % 2**31 + 1}", f"-max_len={_LONGEST}", f"-dict={words}"]
    options += ["-timeout=100", "-rss_limit_mb=2000", "-print_final_stats=0", f"-artifact_prefix={folder}/"]
    atheris.Setup(["fuzz", *options, str(grown), str(_CORPUS), str(ROOT / "models")], attempt)
    atheris.Fuzz()


def escaped(word: str) -> str:
    """A word as a dictionary of libFuzzer has it."""
    return "".join(chr(b) if 32 < b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in word.encode())

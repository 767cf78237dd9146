"""One process of a fuzzing run: it tries texts for some seconds, and writes down how it goes as it goes.

    python -m tests.fuzz.worker ENGINE SEED SECONDS FOLDER

In FOLDER, `current` is the input being tried, should the process not survive it; `counts.json` is what was tried;
`found/` has the inputs that failed, each with why; `modules/` some of the generated modules.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic

from tests.fuzz import budget
from tests.fuzz.check import check

MODULES = 25
"""Generated modules that one process keeps, for another to import."""
SAVED = 3
"""The exit code of a process that ended because an input took too much; which one, is saved."""
_WRITE_EVERY = 1.0


@dataclass
class Counts:
    """What was tried: for each kind how many inputs were accepted and refused, what was slowest, the peak of memory."""

    accepted: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    step: str = ""
    slowest: str = ""
    megabytes: float = 0.0

    def add(self, other: Counts) -> None:
        """Take in what another process tried."""
        for name in ("accepted", "refused", "codes"):
            mine, theirs = getattr(self, name), getattr(other, name)
            for key, number in theirs.items():
                mine[key] = mine.get(key, 0) + number
        if other.seconds > self.seconds:
            self.seconds, self.step, self.slowest = other.seconds, other.step, other.slowest
        self.megabytes = max(self.megabytes, other.megabytes)


class Worker:
    """Tries inputs, one after the other."""

    def __init__(self, folder: Path, seconds: float, *, instrumented: bool = False) -> None:
        self.counts = Counts()
        self._folder, self._instrumented = folder, instrumented
        self._end = monotonic() + seconds
        self._written = 0.0
        self._modules = 0
        self._seen = {path.suffixes[0] for path in self._found.glob("*.*.txt")}
        (folder / "modules").mkdir(exist_ok=True)

    @property
    def over(self) -> bool:
        """Whether the time is used up."""
        return monotonic() > self._end

    @property
    def _found(self) -> Path:
        found = self._folder / "found"
        found.mkdir(exist_ok=True)
        return found

    def try_(self, kind: str, data: bytes) -> None:
        """Try one input. Raises what `check` raises, unless the same was found before."""
        (self._folder / "current").write_bytes(data)
        try:
            outcome = check(data, patient=self._instrumented)
            if not self._instrumented:
                budget.check_memory()
        except budget.OverBudget as problem:
            self.keep(data, problem)
            self.write()
            raise
        except Exception as problem:
            if _sign(problem) not in self._seen:
                raise
            return
        counts = self.counts.accepted if outcome.accepted else self.counts.refused
        counts[kind] = counts.get(kind, 0) + 1
        for code in set(outcome.codes):
            self.counts.codes[code] = self.counts.codes.get(code, 0) + 1
        if outcome.seconds > self.counts.seconds:
            self.counts.seconds, self.counts.step = outcome.seconds, outcome.step
            self.counts.slowest = data[:2_000].decode("utf-8", "replace")
        if outcome.module and self._modules < MODULES:
            self._modules += 1
            name = f"m{sha256(data).hexdigest()[:12]}"
            (self._folder / "modules" / f"{name}.py").write_text(outcome.module, encoding="utf-8")
        if monotonic() > self._written + _WRITE_EVERY:
            self.write()

    def keep(self, data: bytes, problem: BaseException) -> None:
        """Save an input that failed, with why."""
        sign = _sign(problem)
        self._seen.add(sign)
        path = self._found / f"{sha256(data).hexdigest()[:12]}.cnn"
        path.write_bytes(data)
        path.with_suffix(f"{sign}.txt").write_text("".join(traceback.format_exception(problem)), encoding="utf-8")

    def write(self) -> None:
        """Write down what was tried so far."""
        self._written = monotonic()
        self.counts.megabytes = budget.peak()
        new = self._folder / "counts.new"
        new.write_text(json.dumps(asdict(self.counts)), encoding="utf-8")
        new.replace(self._folder / "counts.json")


def _sign(problem: BaseException) -> str:
    """What tells one defect from another: the error, and the line where it was raised."""
    frames = traceback.extract_tb(problem.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    if isinstance(problem, budget.OverBudget):
        place = str(problem).partition(" takes")[0]
    return f".{type(problem).__name__}-{sha256(place.encode()).hexdigest()[:6]}"


def main(engine: str, seed: int, seconds: float, folder: Path) -> None:
    """Run an engine in this process."""
    if engine == "atheris":
        from tests.fuzz import covering as chosen
    else:
        from tests.fuzz import drawing as chosen  # type: ignore[no-redef]
    try:
        chosen.run(seed, seconds, folder)
    except budget.OverBudget:
        sys.exit(SAVED)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))

"""What must hold of every input, whatever it is: `check` raises where it does not."""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import process_time
from xml.etree import ElementTree as ET
from zlib import crc32

import cnndsl
from cnndsl import cli, files
from cnndsl.backends import registered
from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Diagnostic, OptionError, Problem, Severity, has_errors
from cnndsl.fixing import fix
from cnndsl.formatter import formatted
from cnndsl.ir.program import Program
from cnndsl.report import concise, github, sarif, text
from cnndsl.report import json as json_
from cnndsl.source import Source
from tests.fuzz import budget, module, running
from tests.fuzz.words import ROOT

FOLDER = ROOT / "models"
"""What a text may import from."""
_NO_WORDS_FOR_USERS = ("internal", "Traceback", "NoneType", "object at 0x", "<class '")
_MOST_NETWORKS = 3
_PATIENCE = 10.0
_RUN = 4.0  # a run is two modules, written, built and run several times
_MOST_TO_RENDER = 20_000  # characters of a graph; the layout of a large one takes its time, and has a limit of its own


@dataclass
class Outcome:
    """What came of an input: whether a program did, what the slowest step took, and what was made of it."""

    accepted: bool
    seconds: float = 0.0
    step: str = ""
    module: str | None = None
    codes: list[str] = field(default_factory=list)


class _Steps:
    """Runs the steps of one input, each within its time."""

    def __init__(self, patient: bool) -> None:
        self._scale = _PATIENCE if patient else 1.0
        self.seconds, self.slowest = 0.0, ""

    def __call__(self, name: str, work: Callable[[], object], times: float = 1.0) -> object:
        """Do some work, which may take so many times as long as the usual."""
        before = process_time()
        try:
            with budget.limited(name, self._scale * times):
                return work()
        finally:
            taken = process_time() - before
            if taken > self.seconds:
                self.seconds, self.slowest = taken, name


def check(data: bytes, *, patient: bool = False, thorough: bool = False) -> Outcome:
    """Try everything that can be asked about these bytes as a text.

    `patient` gives each step ten times as long, where something else slows it down: what watches the interpreter, or a
    busy machine that runs the tests. What takes long is done for some of the inputs, always the same ones; with
    `thorough` for all. Memory is what a process has had, and so is looked at by those who know what else theirs has
    done.
    Raises AssertionError, OverBudget, or what the compiler wrongly raised.
    """
    steps = _Steps(patient)
    sample = crc32(data)
    if thorough or sample % 20 == 0:
        for command in _COMMANDS:
            steps(" ".join(["cnndsl", *command]), partial(_command, command, data))
    try:
        source = files.decode(data, "input.cnn")
    except Problem as problem:
        steps("the report", partial(_report, [problem.diagnostic], ""))
        return Outcome(False, steps.seconds, steps.slowest, codes=[problem.diagnostic.code])
    whole = partial(cnndsl.compile, source.text, name="input.cnn", folder=FOLDER)
    compilation = steps("compile", whole)
    assert isinstance(compilation, Compilation)
    steps("the report", partial(_report, list(compilation.diagnostics), source.text))
    if thorough or sample % 3 == 0:
        steps("the layout", partial(_layout, source, compilation))
    if thorough or sample % 10 == 2:
        steps("mending", partial(_mend, source, compilation))
    made = None
    if compilation.program is None:
        assert has_errors(compilation.diagnostics)
    elif compilation.program.networks:
        made = str(steps("python", compilation.python))
        module.check(made, _brought(compilation.program))
        steps("a run", partial(running.run, compilation, serve=thorough or sample % 5 == 3), _RUN)
        if thorough or sample % 5 == 3:
            serving = str(steps("python for inference", lambda: compilation.for_inference().python()))
            module.check(serving, _brought(compilation.program))
        for name, draw in _outputs(compilation, compilation.program, sample, thorough):
            assert steps(name, draw) is not None
        if thorough or sample % 10 == 1:
            again = whole()
            assert text.render(again.diagnostics) == text.render(compilation.diagnostics), "other diagnostics"
            assert again.python() == made, "another module"
    else:
        assert not compilation.with_network().ok
    codes = [diagnostic.code for diagnostic in compilation.diagnostics]
    return Outcome(compilation.ok, steps.seconds, steps.slowest, made, codes)


def _outputs(
    compilation: Compilation, program: Program, sample: int, thorough: bool
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What can be made of a program besides the module: for some networks, some of it for all inputs together."""
    ways: list[tuple[str, Callable[[str], object]]] = [
        *((name, partial(_made, compilation, name)) for name in registered() if name != "diagram"),
        ("open dot", partial(compilation.dot, expand=("*",), theme="dark", direction="LR")),
        ("open volumes", lambda name: _well_formed(compilation.volumes(name, expand=("*",)))),
        ("open mermaid", partial(compilation.mermaid, expand=("*",))),
        ("summary", partial(compilation.summary, color=True, bars=True)),
        ("whole summary", partial(compilation.summary, fold=False)),
        ("summary as markdown", partial(compilation.summary, format="markdown")),
        ("summary as json", lambda name: json.loads(compilation.summary(name, format="json"))),
        ("summary as csv", partial(compilation.summary, format="csv")),
        ("explain as markdown", lambda name: compilation.explain("", name, format="markdown")),
        ("explain as latex", lambda name: compilation.explain("", name, format="latex")),
        (
            "explain a part",
            lambda name: [compilation.explain(c.name, name) for c in program.network(name).children[:3]],
        ),
        ("a picture", partial(_picture, compilation)),
    ]
    for key in program.networks[:_MOST_NETWORKS]:
        for number, (name, make) in enumerate(ways):
            slow = name == "a picture"
            if thorough or (sample % 50 == 7 if slow else (sample >> number) % 8 == 0):
                yield name, partial(make, program.modules[key].name)


def _made(compilation: Compilation, backend: str, network: str) -> object:
    """What a backend makes without options; a picture in SVG has to be well formed."""
    try:
        made = getattr(compilation, backend)(network=network)
    except OptionError as refused:
        if backend != "neurons":  # of a network without dense layers none are drawn
            raise
        return refused
    return _well_formed(made) if isinstance(made, str) and made.startswith("<svg") else made


def _picture(compilation: Compilation, network: str) -> object:
    if len(compilation.dot(network)) > _MOST_TO_RENDER:
        return b""
    return _well_formed(compilation.diagram("svg", network))


def _well_formed(svg: str | bytes) -> object:
    return ET.fromstring(svg)  # noqa: S314 - it was made here, and shall be right


def _layout(source: Source, compilation: Compilation) -> None:
    """The text in its one layout, which is the same text to the compiler, and stays as it is in the same layout."""
    laid_out, found = formatted(source)
    if has_errors(found):
        assert laid_out == source.text
        assert not compilation.ok
        return
    again = Source(source.name, laid_out)
    assert formatted(again) == (laid_out, ())
    # Lines that are not the same are the one thing that diagnostics may differ in.
    codes = sorted(diagnostic.code for diagnostic in cnndsl.compile(laid_out, folder=FOLDER).diagnostics)
    assert codes == sorted(diagnostic.code for diagnostic in compilation.diagnostics), laid_out


def _mend(source: Source, compilation: Compilation) -> None:
    """What can be mended, by guesses too, leaves no error that was not there, and fewer than there were."""
    for unsafe in (False, True):
        mended = fix(source, lambda changed: compile_source(changed, folder=FOLDER).diagnostics, unsafe=unsafe)
        assert bool(mended.applied) == (mended.source.text != source.text)
        assert all(unsafe or (d.fix is not None and d.fix.is_safe) for d in mended.applied)
        assert not _said(mended.left) - _said(compilation.diagnostics), "another error"


def _said(diagnostics: Iterable[Diagnostic]) -> Counter[tuple[str, str]]:
    """What errors say, and how often."""
    return Counter((d.code, d.message) for d in diagnostics if d.severity is Severity.ERROR)


def _brought(program: Program) -> set[str]:
    return {layer.package for layer in program.externs()}


def _report(diagnostics: list[Diagnostic], source: str) -> None:
    """Every form of report can be written, points into the text, and has words for users."""
    for diagnostic in diagnostics:
        for span in filter(None, [diagnostic.span, *(label.span for label in diagnostic.labels)]):
            assert 0 <= span.start <= span.end <= len(span.source.text), diagnostic
        assert diagnostic.message.strip(), diagnostic
        words = "\n".join([diagnostic.message, diagnostic.label, *diagnostic.help])
        assert not any(word in words and word not in source for word in _NO_WORDS_FOR_USERS), words
    plain = text.render(diagnostics)
    assert "\x1b" not in plain
    text.render(diagnostics, color=True)
    assert len([json.loads(line) for line in json_.render(diagnostics).splitlines()]) == len(diagnostics)
    assert github.render(diagnostics).count("\n") == len(diagnostics)
    assert concise.render(diagnostics).count("\n") == len(diagnostics)
    assert len(json.loads(sarif.render(diagnostics))["runs"][0]["results"]) == len(diagnostics)


_COMMANDS = (
    ["check"],
    ["check", "--format", "json"],
    ["fmt", "--diff"],
    ["compile", "--diagram", "none"],
    ["summary"],
    ["explain"],
)


def _command(command: list[str], data: bytes) -> None:
    """A command on a file with these bytes ends with words and a code, and leaves nothing but what it writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "input.cnn")
        path.write_bytes(data)
        said = io.BytesIO()
        stream = io.TextIOWrapper(said, encoding="utf-8", write_through=True)
        with redirect_stdout(stream), redirect_stderr(stream):
            code = cli.main([*command, str(path)])
        words = said.getvalue().decode()
        assert code in (0, 1, 2), (code, words)
        assert "internal error" not in words, words
        assert "Traceback" not in words, words
        assert path.read_bytes() == data
        others = {other.name for other in Path(folder).iterdir()} - {path.name}
        assert others == ({"input.py"} if command[0] == "compile" and code == 0 else set()), others

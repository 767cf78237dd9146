"""Every example in the documents does what the document says."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cnndsl
from cnndsl.cli import main
from cnndsl.compilation import Compilation
from cnndsl.diagnostics import Severity
from cnndsl.report.text import render
from cnndsl.symbolic.number import is_open
from tests.docs.blocks import BLOCKS, DOCUMENTS, KINDS, ROOT, Block
from tests.running import imported, sample, size_of, tensors_of

CNN = [block for block in BLOCKS if block.kind == "cnn" and block.made_from is None]
SHOWN = [block for block in BLOCKS if block.made_from is not None]
SESSIONS = [name for name in DOCUMENTS if any(b.document == name and b.kind in ("python", "console") for b in BLOCKS)]

NO_NETWORK = "E411"


def test_every_block_is_of_a_known_kind() -> None:
    assert [f"{block}: {' '.join(block.words)}" for block in BLOCKS if block.kind not in KINDS] == []


def test_no_fence_is_left_open() -> None:
    for document in DOCUMENTS:
        fences = re.findall(r"^```", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == 2 * sum(block.document == document for block in BLOCKS), document


def test_the_tutorials_show_the_same_in_each_language() -> None:
    """In the same order; what commands print is in the language, and another language may have more."""

    def shown(document: str) -> list[tuple[tuple[str, ...], str]]:
        blocks = [block for block in BLOCKS if block.document == document and block.kind != "text"]
        return [(block.words, "".join(_same_everywhere(block))) for block in blocks]

    others = iter(shown("docs/ja/tutorial.md"))
    missing = [block for block in shown("docs/tutorial.md") if block not in others]
    assert missing == []


def _same_everywhere(block: Block) -> Iterator[str]:
    """The lines without comments, without the words of assertions, and without what commands print."""
    for line in block.text.splitlines(keepends=True):
        if not re.match(r"# (?!\S+\.cnn$)", line) and (block.kind != "console" or line.startswith("$ ")):
            yield re.sub(r'(?<=\]), ".*"$', "", line, flags=re.MULTILINE)


@pytest.mark.parametrize("block", CNN, ids=str)
def test_a_text_compiles_or_has_the_errors_it_shows(block: Block, tmp_path: Path) -> None:
    _save(block.document, tmp_path)
    compilation = cnndsl.compile(block.source, name="example.cnn", folder=tmp_path).with_network().with_classes()
    said = render(compilation.diagnostics)
    errors = {d.code for d in compilation.diagnostics if d.severity is Severity.ERROR}
    warnings = {d.code for d in compilation.diagnostics if d.severity is Severity.WARNING}
    if "error" in block.words or "part" in block.words:
        assert errors == (block.codes or {NO_NETWORK}), said
        return
    assert errors == set(), said
    assert warnings == block.codes, said
    assert compilation.program is not None
    if "untrue" in block.words:
        with pytest.raises((ImportError, TypeError)):
            _run_all(compilation)
        return
    _run_all(compilation)


def _run_all(compilation: Compilation) -> None:
    """Run all networks of a text; what each gives has the sizes that the compiler said."""
    assert compilation.program is not None
    module = imported(compilation.python())
    for key in compilation.program.networks:
        network = compilation.program.modules[key]
        model = getattr(module, network.name)().eval()
        if not any(is_open(dim) for shape in network.input_shapes for dim in shape):
            given = model(*sample(compilation.program, network))
            promised = [network.values[output.value] for output in network.outputs if not output.training]
            assert [size_of(tensor) for tensor in tensors_of(given)] == promised


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_what_is_shown_of_a_file_stands_in_it(block: Block) -> None:
    path = block.made_from
    assert path is not None
    text = path.read_text(encoding="utf-8")
    if block.kind == "python" and path.suffix == ".cnn":
        text = cnndsl.compile(text, name=path.name).python()
    assert f"\n{block.text}" in f"\n{text}"


@pytest.mark.parametrize("document", SESSIONS)
def test_a_reader_can_follow(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(ROOT / "models", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "CNNDSL_DEBUG", "CNNDSL_DOT", "CNNDSL_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "typst", None)  # a reader has it only if they asked for PNG and PDF
    _save(document, tmp_path)
    reader = ModuleType("__reader__")  # a module as any other, for classes that look up their own
    monkeypatch.setitem(sys.modules, reader.__name__, reader)
    names = vars(reader)
    said = ""
    seen: list[tuple[Block, str]] = []
    for block in BLOCKS:
        if block.document != document or block.made_from is not None:
            continue
        if block.kind == "python":
            said = _printed(block, names)
        elif block.kind == "output":
            seen.append((block, said))
        elif block.kind == "bash":
            for name, value in re.findall(r"^export (\w+)=(\S+)$", block.text, re.MULTILINE):
                monkeypatch.setenv(name, value)
        elif block.kind == "console":
            seen.append((block, _console(block, monkeypatch)))
    if request.config.getoption("--update"):
        _rewrite(document, seen)
        return
    for block, now in seen:
        assert now.strip() == block.text.strip(), str(block)


def _save(document: str, folder: Path) -> None:
    """Write the texts of a document that have a file name."""
    for block in BLOCKS:
        if block.document == document and block.file is not None:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def _printed(block: Block, names: dict[str, Any]) -> str:
    """Execute a block in the names of those before it; what it prints."""
    # Empty lines before it, so that a traceback has the line of the document.
    code = compile("\n" * block.line + block.text, block.document, "exec", dont_inherit=True)
    with redirect_stdout(io.StringIO()) as out:
        exec(code, names)  # noqa: S102
    return out.getvalue()


def _console(block: Block, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the commands of a console; the text that it should have. Where nothing is shown, anything may be printed."""
    _, *pieces = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    now = []
    for command, shown in zip(pieces[::2], pieces[1::2], strict=True):
        settings, program, line = command.rpartition("cnndsl ")
        assert program, f"{block}: cannot run {command}"
        with monkeypatch.context() as patch, redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
            for setting in settings.split():
                patch.setenv(*setting.split("=", 1))
            code = main(shlex.split(line))
        said = out.getvalue().strip()
        assert code == 0 or re.search(r"error|Error|: E\d{3} |\"E\d{3}\"", shown), f"{block}: {command}\n{said}"
        now.append(f"$ {command}\n{said}\n" if shown.strip() else f"$ {command}\n")
    return "\n".join(now)


def _rewrite(document: str, seen: list[tuple[Block, str]]) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert all(text.startswith(block.text, block.start) for block, _ in seen), f"{document} was changed meanwhile"
    for block, now in reversed(seen):
        text = text[: block.start] + now.strip() + "\n" + text[block.start + len(block.text) :]
    (ROOT / document).write_text(text, encoding="utf-8")


def test_every_link_leads_somewhere() -> None:
    broken = []
    for document in DOCUMENTS:
        text = re.sub(
            r"^```.*?^```|^    .*?$|`[^`\n]*`",
            "",
            (ROOT / document).read_text(encoding="utf-8"),
            flags=re.MULTILINE | re.DOTALL,
        )
        for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text):
            link = target[0] or target[1]
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            file = (ROOT / document).parent / path if path else ROOT / document
            if not file.exists() or (anchor and anchor not in _anchors(file)):
                broken.append(f"{document}: {link}")
    assert broken == []


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    found = Counter(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    # A heading that stands there again has a number behind it.
    return {f"{name}-{turn}" if turn else name for name, count in found.items() for turn in range(count)}

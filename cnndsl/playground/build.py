"""Makes the page, from what this package has and what npm and pip bring in the versions that `page/` says, and serves
it to the browsers of this machine.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from cnndsl.files import packaged_names, packaged_text
from cnndsl.web import page

PAGE = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
"""What the page may do: run its own scripts and WebAssembly, and ask for its own files."""
_MARK = "cnndsl-playground"
"""The file by which a folder is known as one that was made here."""
_TABS = (
    ("diagram", "Diagram"),
    ("volumes", "Volumes"),
    ("python", "Python"),
    ("summary", "Summary"),
    ("explain", "Explain"),
)
_PYTHON, _PLATFORM = "3.14", "pyemscripten_2026_0_wasm32"
"""What the Pyodide in `page/package.json` is, as pip says it."""
_PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
_LONGEST = 200
"""Characters that are told of a line of what a program says: that of a minified file is endless."""
_LEFT_OUT = ("__pycache__", "page", "tests", "node_modules")


class BuildProblem(Exception):  # noqa: N818 - what is missing
    """The page cannot be made here; the message says why, and what to do."""


def build(folder: Path) -> None:
    """Make the page in a folder, which is not there, empty, or an earlier page. It is there as a whole or not at all.

    Raises BuildProblem.
    """
    if folder.exists() and not (folder / _MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is not a page that was made here, and stays as it is: name another folder"
        raise BuildProblem(message)
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        message = "the page is made with npm, which is not here: install Node.js 18 or newer (nodejs.org)"
        raise BuildProblem(message)
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".playground-", dir=folder.parent) as made:
            work, out = Path(made, "work"), Path(made, "page")
            out.mkdir()
            bring(work, npm)
            make(work, out, node)
            if folder.exists():
                folder.rename(Path(made, "earlier"))
            out.rename(folder)
    except OSError as problem:
        message = f"{folder} cannot be written: {problem.strerror or problem}"
        raise BuildProblem(message) from problem


def is_current(folder: Path) -> bool:
    """Whether a folder has the page that `build` would make."""
    try:
        return (folder / _MARK).read_text(encoding="utf-8").strip() == _digest()
    except OSError:
        return False


def _digest() -> str:
    """What a page is made of, as a number: another one after any change of this package."""
    found = hashlib.sha256()
    page = ((path.name, path) for path in PAGE.iterdir() if path.is_file())
    for target, path in (*sorted(_compiler()), *sorted(page)):
        found.update(f"{target}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def bring(work: Path, npm: str) -> None:
    """Lay out the sources in a new folder, with what npm brings, and the wheels. Raises BuildProblem."""
    shutil.copytree(PAGE, work, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], work)
    wheels = ["--dest=wheels", "--requirement=requirements.txt", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    kind = [f"--python-version={_PYTHON}", "--implementation=cp", f"--platform={_PLATFORM}"]
    abi = [f"--abi=cp{_PYTHON.replace('.', '')}", "--abi=none"]
    _run([sys.executable, "-m", "pip", "download", "--quiet", *wheels, *kind, *abi], work)
    for target, path in _compiler():
        place = work / "compiler" / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _compiler() -> Iterator[tuple[str, Path]]:
    """The files of the compiler, as a wheel has them inside the package: paths there, and where they are."""
    package = Path(__file__).parents[1]
    folders = {"": package}
    project = package.parent / "pyproject.toml"
    if not (package / "grammars").is_dir():  # a checkout
        wheel = tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
        inside = wheel["force-include"].items()
        folders |= {target.removeprefix("cnndsl/"): package.parent / source for source, target in inside}
    for target, source in folders.items():
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            parts = path.relative_to(source).parts
            if path.is_file() and not {*_LEFT_OUT} & {*parts}:
                yield "/".join([*([target] if target else []), *parts]), path


def make(work: Path, out: Path, node: str) -> None:
    """Make the page in an empty folder, of what `bring` has brought."""
    _bundle(work, out, node)
    (out / "licences.txt").write_text(_licences(work), encoding="utf-8")
    _write(out)


def _bundle(work: Path, out: Path, node: str) -> None:
    """Put the scripts together, and what the page runs Python with."""
    bundle = ["main.ts", "worker.ts", "--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=error"]
    esbuild = str(work / "node_modules" / "esbuild" / "bin" / "esbuild")
    _run([node, esbuild, *bundle, "--legal-comments=linked", f"--outdir={out}"], work)
    _run([node, "pack.mjs", "wheels", "compiler", str(out)], work)
    (out / "pyodide").mkdir()
    for name in _PYODIDE:
        shutil.copyfile(work / "node_modules" / "pyodide" / name, out / "pyodide" / name)


def _licences(work: Path) -> str:
    """Whose work the page consists of besides ours, and on which terms: whoever passes it on has to say so.

    A package without the text of its licence says which one it is.
    """
    told = []
    lock = json.loads((work / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for place, package in lock.items():
        if place and "esbuild" not in place:  # which only makes it
            text = next(iter(sorted((work / place).glob("LICEN[CS]E*"))), None)
            name = f"{place.removeprefix('node_modules/')} {package['version']}: {package.get('license', '')}"
            told.append("\n\n".join([name, *([text.read_text(encoding="utf-8").strip()] if text else [])]))
    for wheel in sorted((work / "wheels").glob("*.whl")):
        with ZipFile(wheel) as files:
            name = " ".join(wheel.name.split("-")[:2])
            texts = [each for each in files.namelist() if ".dist-info/" in each and "LICEN" in each]
            told.append("\n\n".join([name, *(files.read(each).decode().strip() for each in texts)]))
    return ("\n\n" + 80 * "-" + "\n\n").join(told) + "\n"


def _write(out: Path) -> None:
    """Write the page itself, its examples, and by what it is known."""
    names = [name.removesuffix(".cnn") for name in packaged_names()]
    text = page("playground", lang="en", title="cnndsl playground", policy=POLICY, examples=names, tabs=_TABS)
    (out / "index.html").write_text(text, encoding="utf-8")
    shutil.copyfile(PAGE / "playground.css", out / "playground.css")
    (out / "models").mkdir()
    for name in names:
        (out / "models" / f"{name}.cnn").write_text(packaged_text(name), encoding="utf-8")
    (out / _MARK).write_text(f"{_digest()}\n", encoding="utf-8")


def _run(command: list[str], folder: Path) -> None:
    """Run a program of the build. Raises BuildProblem with what it said."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if ran.returncode != 0:
        lines = [line for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
        said = [line[:_LONGEST] for line in lines[-12:]]
        message = "\n".join([f"the page cannot be made: {Path(command[0]).name} failed", *said])
        raise BuildProblem(message)


HOST = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - the base class has one, and this is another
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".mjs": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".wasm": "application/wasm",
        ".cnn": "text/plain; charset=utf-8",
        "": "application/octet-stream",
    }

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: Any) -> None:  # noqa: ARG002
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of a folder's files for this machine alone; port 0 takes one that is free. Raises OSError."""
    return ThreadingHTTPServer((HOST, port), partial(_Handler, directory=str(folder)))

"""The documents as a site, for any web server or none: Sphinx builds it, from pages with links as they are there.

    python -m tools.site build/site

It needs the extra `docs`. Every warning is an error, and so is a page that would request something from another host.
Links to files of the repository lead to its public address, [project.urls] in pyproject.toml; without one they are
words.
"""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from tempfile import TemporaryDirectory

from tools import links

ROOT = Path(__file__).parent.parent
_PARTS = {
    "For users": "tutorial language layers library importing diagrams summary explain diff sweeping training "
    "inference formatting languages",
    "Beside other programs": "editors playground assistants",
    "Networks": "gallery models",
    "Reference": "errors security comparison changelog",
    "For developers": "architecture adding-a-layer adding-a-rule adding-a-construct adding-a-backend decisions "
    "contributing",
    "日本語": "ja/tutorial ja/errors",
}
"""The pages of the menu. The many below them are found there, and by the search: a menu of all would be in each."""
_ALONE = "---\norphan: true\n---\n\n"
"""How a page begins that is in no menu."""
_MOVED = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "models": "models.md",
    "docs/decisions": "decisions.md",
}
"""Where on the site a path of the repository is, apart from docs/, which is the whole site."""
_STYLE = """\
body[data-theme="dark"] img { color-scheme: dark; }
body[data-theme="light"] img { color-scheme: light; }
table { font-size: 90%; }
td img { min-width: 14em; }
"""
SETTINGS = {
    "project": "cnndsl",
    "extensions": ["myst_parser"],
    "myst_enable_extensions": ["html_image"],
    "myst_heading_anchors": 6,
    "html_theme": "furo",
    "html_title": "cnndsl",
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_use_index": False,
    "html_show_copyright": False,
    "smartquotes": False,
    "pygments_style": "a11y-light",
    "pygments_dark_style": "monokai",
}
"""What Sphinx, MyST and Furo are told."""
_REQUEST = re.compile(
    r"""<(?:img|script|iframe|source|video|audio|embed|object|link)\b[^>]*?\b(?:src|href|data|srcset)=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|@import\s+(?:url\()?["']?((?:https?:)?//[^"')\s]+)|url\(["']?((?:https?:)?//[^"')\s]+)""",
    re.IGNORECASE,
)


@cache
def repository() -> str:
    """The public address of the repository; empty where there is none yet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return links.repository(project.get("urls", {}))


def pages() -> dict[str, str]:
    """The Markdown of the site by its paths there. Raises ValueError for a link that leads to no file."""
    found = {"index.md": _moved("README.md") + _menu()}
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        found[_MOVED[name]] = _moved(name)
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").as_posix()
        found[name] = _moved(f"docs/{name}")
    below = {
        "errors": {name: text for name, text in found.items() if name.startswith("errors/")},
        "decisions": {name: text for name, text in found.items() if name.startswith("decisions/")},
        "models": {f"models/{path.stem}.md": _model(path) for path in sorted((ROOT / "models").glob("*.cnn"))},
    }
    found["layers.md"], below["layers"] = _layers(found["layers.md"])
    found["decisions.md"] = "# Decisions\n\n" + _list(below["decisions"])
    found["models.md"] = "# The texts of the networks\n\n" + _list(below["models"])
    for above, texts in below.items():
        back = f"\n[{_title(found[f'{above}.md'])}](../{above}.md)\n"
        found |= {name: f"{_ALONE}{text}{back}" for name, text in texts.items()}
    return found


def _moved(path: str) -> str:
    """A page of the repository with its links as they are on the site."""
    text = (ROOT / path).read_text(encoding="utf-8")
    here = PurePosixPath(_on_site(path) or path)

    def leads(target: str) -> str | None:
        file, mark, anchor = target.partition("#")
        whole = normpath(PurePosixPath(path).parent / file) if file else path
        if not (ROOT / whole).exists():
            message = f"{path} links to {target}, which is not there"
            raise ValueError(message)
        if whole == "docs/layers.md" and anchor in _anchors():
            there: str | None = f"layers/{anchor}.md"
            mark = anchor = ""
        else:
            there = _on_site(whole)
        if there is None:
            return f"{repository()}/blob/HEAD/{whole}{mark}{anchor}" if repository() else None
        return f"{'' if there == str(here) and anchor else relpath(there, here.parent)}{mark}{anchor}"

    return links.redirected(text, leads)


def _on_site(path: str) -> str | None:
    """Where a path of the repository is on the site; None where it is not there."""
    if path in _MOVED:
        return _MOVED[path]
    if path.startswith("models/") and path.endswith(".cnn"):
        return f"{path.removesuffix('.cnn')}.md"
    return path.removeprefix("docs/") if re.fullmatch(r"docs/.+\.(md|svg|png)", path) else None


_SECTION = re.compile(r"^### (\S+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


@cache
def _anchors() -> tuple[str, ...]:
    """What the sections about the layers go by, in their order: a second one with the same heading is numbered."""
    seen: dict[str, int] = {}
    for section in _SECTION.finditer((ROOT / "docs" / "layers.md").read_text(encoding="utf-8")):
        seen[section[1]] = seen.get(section[1], -1) + 1
        if seen[section[1]]:
            seen[f"{section[1]}-{seen[section[1]]}"] = 0
    return tuple(seen)


def _layers(page: str) -> tuple[str, dict[str, str]]:
    """The page about the layers without its sections, and each of them as a page of its own."""
    sections = zip(_anchors(), _SECTION.finditer(page), strict=True)
    made = {f"layers/{anchor}.md": f"# {section[1]}\n{_deeper(section[2])}" for anchor, section in sections}
    overview = re.sub(r"^## \w+\n(?:\s|(?=###))*\Z", "", _SECTION.sub("", page), flags=re.MULTILINE)
    overview = re.sub(r"^## (\w+)\n\n+(?=## )", "", overview, flags=re.MULTILINE)  # the list at its beginning has them
    return overview, made


def _deeper(text: str) -> str:
    """A section as it stands one folder further down."""

    def leads(target: str) -> str:
        page = f"layers.md{target}" if target.startswith("#") else target
        return relpath(page, "layers")

    return links.redirected(text, leads)


def _model(path: Path) -> str:
    return f"# {path.stem}\n\n```cnn\n{path.read_text(encoding='utf-8')}```\n"


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")


def _list(texts: Mapping[str, str]) -> str:
    return "".join(f"- [{_title(text)}]({name})\n" for name, text in texts.items())


def _menu() -> str:
    trees = (f":caption: {caption}\n\n" + "\n".join(names.split()) for caption, names in _PARTS.items())
    return "".join(f"\n```{{toctree}}\n:hidden:\n{tree}\n```\n" for tree in trees)


def requests(folder: Path) -> Iterator[str]:
    """What the pages in a folder would request from other hosts, each with the file that does so."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            for found in _REQUEST.finditer(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(folder)} requests {next(filter(None, found.groups()))}"


def build(out: Path) -> int:
    """Write the site into a folder; the exit code."""
    from pygments.lexers.special import TextLexer
    from sphinx.application import Sphinx

    with TemporaryDirectory() as place:
        source, doctrees = Path(place, "source"), Path(place, "doctrees")
        for folder in ("images", "gallery", "ja/images"):
            shutil.copytree(ROOT / "docs" / folder, source / folder)
        for name, text in pages().items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text, encoding="utf-8")
        (source / "_static").mkdir()
        (source / "_static" / "site.css").write_text(_STYLE, encoding="utf-8")
        (source / "conf.py").write_text("".join(f"{name} = {value!r}\n" for name, value in SETTINGS.items()))
        out.mkdir(parents=True, exist_ok=True)
        app = Sphinx(source, source, out, doctrees, "html", status=None, warningiserror=True)
        app.add_lexer("output", TextLexer)
        app.build()
    wrong = list(requests(out))
    print("\n".join([*wrong, f"{len(list(out.rglob('*.html')))} pages in {out}"]))
    return 1 if wrong or app.statuscode else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("write: python -m tools.site FOLDER")
    sys.exit(build(Path(sys.argv[1])))

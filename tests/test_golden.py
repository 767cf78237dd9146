"""No golden file without the case that it belongs to."""

from __future__ import annotations

from pathlib import Path

SOURCES = (".cnn", ".toml")
FOLDERS = sorted(Path(__file__).parent.rglob("cases"))


def orphans(folder: Path) -> list[str]:
    """The files under a folder of cases that have no source with the same name beside them."""
    files = [path for path in folder.rglob("*") if path.is_file() and not _is_cache(path.relative_to(folder))]
    return sorted(
        str(path.relative_to(folder))
        for path in files
        if path.suffix not in SOURCES and not any(_source(path, source) in files for source in SOURCES)
    )


def _source(path: Path, suffix: str) -> Path:
    """The source of a golden file: `case.txt` and `case.wide.txt` are both of `case.cnn`."""
    return path.with_name(path.name.partition(".")[0] + suffix)


def _is_cache(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def test_every_golden_file_has_its_case() -> None:
    assert FOLDERS
    assert {str(folder): orphans(folder) for folder in FOLDERS if orphans(folder)} == {}


def test_an_orphan_is_found(tmp_path: Path) -> None:
    for name in ("kept.cnn", "kept.py", "kept.txt", "left.py", "topic/case.toml", "topic/case.json", "topic/other.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    assert orphans(tmp_path) == ["left.py", "topic/other.txt"]

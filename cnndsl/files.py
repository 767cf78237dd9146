"""Reading sources, also imported ones, and writing what is made of them."""

from __future__ import annotations

import codecs
import keyword
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from cnndsl.diagnostics import Problem, error
from cnndsl.project import ProjectProblem, find
from cnndsl.source import PACKAGED, Source

LARGEST_FILE = 4 * 2**20
"""Bytes of one imported file."""


class ImportProblem(Exception):  # noqa: N818 - turned into a diagnostic at the import
    """A file cannot be imported; the message says why, `help` what to do."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002 - the word that the user sees
        super().__init__(message)
        self.message, self.help = message, help


class Reader(Protocol):
    """Gives the text of a file that is imported."""

    def __call__(self, path: PurePosixPath) -> str:
        """The text of the file at `path`, from the folder of the file that is compiled; it may begin with `..`.

        `cnndsl:resnet.cnn` is one of the files that come with cnndsl. Raises ImportProblem.
        """

    def known(self, path: PurePosixPath) -> PurePosixPath:
        """The path by which a file is known, of all that lead to it: in a folder `nets`, `../nets/a.cnn` is `a.cnn`."""


class _Nowhere:
    """The reader for a text that stands in no file, which has what comes with cnndsl."""

    def __call__(self, path: PurePosixPath) -> str:
        if str(path).startswith(PACKAGED):
            return _text(_packaged(path), path)
        message = f"{path} cannot be imported: this text is in no folder"
        raise ImportProblem(message, "save the text in a file, and compile that")

    def known(self, path: PurePosixPath) -> PurePosixPath:
        return path


nowhere: Reader = _Nowhere()


class FolderReader:
    """Reads files in a folder and below it; in a project, a `[tool.cnndsl]` in a `pyproject.toml`, in all of that."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))

    @cached_property
    def root(self) -> Path:
        """The folder out of which nothing is imported: that of the project, or the folder itself.

        Raises ImportProblem.
        """
        try:
            project = find(self.folder)
        except ProjectProblem as problem:
            raise ImportProblem(str(problem), "mend this file: its folder bounds what is imported") from None
        return self.folder if project.path is None else project.path.parent

    def known(self, path: PurePosixPath) -> PurePosixPath:
        """The path by which a file is known, of all that lead to it."""
        parts = list(path.parts)
        ups = parts.count("..")  # which stand at its beginning
        while 0 < ups < len(parts) and parts[ups : ups + 1] == list(self.folder.parts[-ups:][:1]):
            del parts[ups], parts[0]
            ups -= 1
        return PurePosixPath(*parts)

    def __call__(self, path: PurePosixPath) -> str:
        """The text of the file at `path`, from the folder. Raises ImportProblem."""
        return _text(self.place(path), path)

    def place(self, path: PurePosixPath) -> Path:
        """The file at `path`, from the folder; it need not be there. Raises ImportProblem for one outside."""
        if str(path).startswith(PACKAGED):
            return _packaged(path)
        target = Path(os.path.realpath(self.folder / path))  # unlike Path.resolve it does not raise for a loop of links
        if not (target.is_relative_to(self.folder) or target.is_relative_to(self.root)):
            if self.root == self.folder:
                message = f"{path} lies outside the folder of the file that is compiled"
                told = "in a project, a folder whose pyproject.toml has [tool.cnndsl], from all of that"
                raise ImportProblem(message, f"import from the same folder or one below it; {told}")
            message = f"{path} lies outside the project, the folder of its pyproject.toml"
            raise ImportProblem(message, "import from a file in the project")
        return target


def _packaged(path: PurePosixPath) -> Path:
    """A file that comes with cnndsl. Raises ImportProblem."""
    from difflib import get_close_matches

    folder = Path(os.path.realpath(_packages()))
    name = str(path).removeprefix(PACKAGED)
    target = Path(os.path.realpath(folder / name))
    if not target.is_relative_to(folder) or not target.is_file():
        names = packaged_names()
        near = get_close_matches(name, names, 1)
        help_ = f'did you mean "{PACKAGED}{near[0]}"?' if near else f"there is {', '.join(names)}"
        raise ImportProblem(f"no {name} comes with cnndsl", help_)
    return target


def packaged_names() -> list[str]:
    """The names of the files that come with cnndsl, each imported by `cnndsl:` and the name."""
    return sorted(each.name for each in _packages().glob("*.cnn"))


def packaged_text(name: str) -> str:
    """A text that comes with cnndsl, such as "resnet", as it is written elsewhere: what it imports comes with cnndsl
    too. Raises ImportProblem.
    """
    text = nowhere(PurePosixPath(f"{PACKAGED}{name}.cnn"))
    return re.sub(rf'^from "(?!{PACKAGED})', f'from "{PACKAGED}', text, flags=re.MULTILINE)


def _packages() -> Path:
    """The folder of what comes with cnndsl: in the package, or in a checkout beside it."""
    package = Path(__file__).parent
    return next((place for place in (package / "models", package.parent / "models") if place.is_dir()), package)


def _text(target: Path, path: PurePosixPath) -> str:
    """The text of a file; `path` is what messages call it. Raises ImportProblem."""
    try:
        if not target.is_file():
            raise ImportProblem(f"there is no file {path}", "the path counts from the folder of the importing file")
        if target.stat().st_size > LARGEST_FILE:
            raise ImportProblem(f"{path} is larger than {LARGEST_FILE // 2**20} MiB", "split it into smaller files")
        return target.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ImportProblem(f"{path} is not UTF-8 text", "save it as UTF-8") from None
    except OSError as problem:
        message = f"{path} cannot be read: {reason(problem)}"
        raise ImportProblem(message, "check the file and its permissions") from None


LARGEST = 4 * 2**20
"""How many bytes a source may have. The longest that a person wrote is far below; a larger one is a mistake."""

_SEARCHED = 2**16  # at either end of a file: generated ones say what they are at one of them


def read(path: Path) -> Source:
    """The source text in a file, under the name by which the file was called.

    Raises Problem: E001 for a file that cannot be read, E002 for one that is not UTF-8, E003 for one
    with more than `LARGEST` bytes.
    """
    return decode(load(path), shown(path))


def load(path: Path, largest: int = LARGEST) -> bytes:
    """The bytes of a file, one more than `largest` of them at most. Raises Problem with E001 where it cannot be read.

    A pipe is read until its writers close it; one without a writer is not waited for.
    """
    name = shown(path)
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            data = file.read(largest + 1)
            if not data and stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
                raise error("E001", f"{name} cannot be read: it is a pipe into which nobody writes", None)
            return data
    except IsADirectoryError:
        raise error(
            "E001", f"{name} cannot be read: it is a directory", None, help=f"name the files in it: {name}/*.cnn"
        ) from None
    except FileNotFoundError as problem:
        meant = path.parent / f"{path.name}.cnn"
        helps = (f"did you mean {shown(meant)}?",) if os.path.isfile(meant) else ()  # noqa: PTH113 - raises nothing
        raise unreadable(name, problem, *helps) from None
    except (OSError, ValueError) as problem:
        raise unreadable(name, problem) from None


def _open_at_once(path: str, flags: int) -> int:
    """Open a file for reading; also a pipe without a writer, where that would wait for one."""
    at_once = getattr(os, "O_NONBLOCK", 0)  # no system without named pipes has it
    descriptor = os.open(path, flags | at_once)
    if at_once:
        os.set_blocking(descriptor, True)
    return descriptor


def sources(paths: Iterable[Path]) -> Iterator[Path | Problem]:
    """The files that paths stand for, each once: a folder for the `.cnn` files in it and below, in the order of names.

    What is hidden, by a dot before its name, is left out, and so are links to folders and those that lead out of the
    folder: whoever names a folder does not mean files elsewhere. In place of a folder that cannot be read, or has no
    such file, comes a Problem with E001.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _below(path) if os.path.isdir(path) else [path]:  # noqa: PTH112 - raises nothing, as Path's would
            if isinstance(found, Path):
                place = os.path.realpath(found)
                if place in seen:
                    continue
                seen.add(place)
            yield found


def _below(folder: Path) -> Iterator[Path | Problem]:
    name = shown(folder)
    root = os.path.realpath(folder)
    failed: list[OSError] = []
    empty = True
    for place, folders, names in os.walk(folder, onerror=failed.append):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for one in sorted(names):
            path = Path(place, one)
            if one.endswith(".cnn") and not one.startswith(".") and path.is_file() and _is_below(path, root):
                empty = False
                yield path
    for problem in failed:
        yield unreadable(shown(Path(problem.filename)), problem)
    if empty and not failed:
        yield error("E001", f"there is no .cnn file in {name}", None, help="name a file, or a folder with some in it")


def _is_below(path: Path, root: str) -> bool:
    return not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(root)


def decode(data: bytes, name: str) -> Source:
    """The source text in these bytes; a byte order mark at its start is dropped. Raises Problem as `read` does."""
    if len(data) > LARGEST:
        raise error(
            "E003",
            f"{name} is larger than {LARGEST // 2**20} MiB",
            None,
            help="a .cnn file is a text of some pages; is this one?",
        )
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Source(name, data.decode())
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        found = f"line {line} has the byte 0x{data[problem.start]:02x}, which has no meaning there"
        raise error(
            "E002", f"{name} is not UTF-8 text: {found}", None, help="save it with the encoding UTF-8"
        ) from None


def module_name(stem: str) -> str:
    """A name under which Python can import a module, made from a file's: `my-net` becomes `my_net`.

    A keyword gets an underscore after it.
    """
    name = re.sub(r"\W", "_", stem)
    if not name.isidentifier():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def check_target(path: Path, generated: Callable[[bytes], bool], *, force: bool = False) -> None:
    """Raise Problem unless `path` may be written: where nothing is yet, or a file that `generated` recognises.

    `generated` gets the beginning and the end of what stands there. With `force` any file is
    overwritten, and a symbolic link is replaced, not followed. A directory, device or pipe never is.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as problem:
        raise unwritable(path, problem) from None
    name = shown(path)
    if stat.S_ISLNK(found.st_mode):
        if not force:
            raise error(
                "E005",
                f"{name} is a symbolic link, and stays as it is",
                None,
                help="--force replaces the link by a file",
            )
        return
    if not stat.S_ISREG(found.st_mode):
        what = "a directory" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise error("E004", f"{name} cannot be written: it is {what}", None)
    if not os.access(path, os.W_OK):
        raise error("E004", f"{name} cannot be written: it is read-only", None)
    if force or found.st_size == 0:
        return
    try:
        standing = _ends(path, found.st_size)
    except OSError as problem:
        raise unwritable(path, problem) from None
    if not generated(standing):
        helps = ("move it away, or write to another place", "--force overwrites it")
        why = "is there already" if path.suffix == ".cnn" else "was not written by cnndsl"  # a text has no sign of ours
        raise error("E005", f"{name} {why}, and stays as it is", None, help=helps)


def signed(picture: bytes, kind: str) -> bytes:
    """A picture with a remark that it is ours, for `is_signed` to find.

    kind: "svg", "png", "pdf", "tex", "dot" or "mmd"; or "md" or "html", for a page that `is_signed_page` knows.
    """
    if kind in _FIRST:
        return _FIRST[kind] + picture
    if kind in _LAST:
        return picture.rstrip() + _LAST[kind]
    header = 33  # the signature and IHDR, always of this length; a remark is a chunk of its own
    remark = b"tEXtComment\0made by cnndsl"
    length, checksum = (len(remark) - 4).to_bytes(4), zlib.crc32(remark).to_bytes(4)
    return picture[:header] + length + remark + checksum + picture[header:]


_FIRST = {
    "md": b"<!-- made by cnndsl -->\n",
    "html": b"<!-- made by cnndsl -->\n",
    "dot": b"// made by cnndsl\n",
    "tex": b"% made by cnndsl\n",
}
_LAST = {"svg": b"\n<!-- made by cnndsl -->\n", "mmd": b"\n%% made by cnndsl\n", "pdf": b"\n%made by cnndsl\n"}
"""The remarks that stand before what a file has, and behind it."""


def is_signed(picture: bytes) -> bool:
    """Whether a file is a picture that `signed` has made ours."""
    return b"made by cnndsl" in picture


def is_signed_page(page: bytes) -> bool:
    """Whether a page, Markdown or HTML, is all ours; one that a person wrote may have one of our pictures in it."""
    return page.startswith(b"<!-- made by cnndsl -->")


def write(outputs: Mapping[Path, bytes]) -> None:
    """Write files whole or not at all: each is written beside its place first, and moved there when all are.

    Folders that do not exist are made. Raises Problem with E004 where something cannot be written.
    """
    staged: dict[Path, Path] = {}
    try:
        for path, data in outputs.items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                staged[path] = path.parent / f".cnndsl-{os.urandom(8).hex()}.tmp"
                _stage(staged[path], data, path)
            except OSError as problem:
                raise unwritable(path, problem) from None
        for path in outputs:
            try:
                staged[path].replace(path)
            except OSError as problem:
                raise unwritable(path, problem) from None
    finally:
        for temporary in staged.values():
            with suppress(OSError):
                temporary.unlink()


def rewrite(path: Path, old: bytes, new: bytes) -> None:
    """Replace the content `old` of a file by `new`, as a whole; what a symbolic link leads to, and not the link.

    Raises Problem with E004 where it cannot be written, is no regular file, or has another content by now.
    """
    try:
        target = path.resolve(strict=True) if path.is_symlink() else path
        check_target(target, lambda _: True, force=True)
        if load(target, len(old)) != old:
            raise error("E004", f"{shown(path)} stays as it is: it was changed meanwhile", None, help="run this again")
    except (OSError, RuntimeError) as problem:
        raise error("E004", f"{shown(path)} cannot be written: {reason(problem)}", None) from None
    write({target: new})


def shown(path: Path) -> str:
    """A path for messages, without the undecodable bytes that a file name may hold."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def reason(problem: Exception) -> str:
    """Why the system refused, in a few words that continue a sentence."""
    words = getattr(problem, "strerror", None) or str(problem)
    return words[:1].lower() + words[1:]


def unreadable(name: str, problem: Exception, *helps: str) -> Problem:
    """The problem for a file that the system does not let us read."""
    return error("E001", f"{name} cannot be read: {reason(problem)}", None, help=helps)


def unwritable(path: Path, problem: OSError) -> Problem:
    """The problem for a file that the system does not let us write."""
    return error("E004", f"{shown(path)} cannot be written: {reason(problem)}", None)


def _ends(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        start = file.read(_SEARCHED)
        file.seek(max(len(start), size - _SEARCHED))
        return start + file.read(_SEARCHED)


def _stage(temporary: Path, data: bytes, target: Path) -> None:
    """Write a new file, down to the disk, with the permissions that `target` has or would get."""
    with temporary.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    with suppress(OSError):
        standing = target.lstat()
        if stat.S_ISREG(standing.st_mode):
            temporary.chmod(stat.S_IMODE(standing.st_mode))

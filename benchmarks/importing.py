"""The networks of timm, of torchvision and of cnndsl's gallery as texts: which are the same network, and how long.

    python -m benchmarks.importing [--list timm|torchvision|models] [--only resnet] [--texts FOLDER]
    python -m benchmarks.importing --list timm --results timm.jsonl
    python -m benchmarks.importing --table timm.jsonl
    python -m benchmarks.importing --exported evaluation [--only resnet18]

Each network is constructed with new weights, imported, compiled, and compared with the original: the keys of its state,
and what comes out in evaluation and in training.  That happens in a process of its own, with a limit for its seconds,
on the smallest input that the network takes.  The column `lines` counts those of the text, `definitions` its networks,
blocks and sequences; for the gallery `by hand` says how many times as long the text is as the one of a person, in
characters that are no blanks and no comments, with what that text imports.  With --texts the texts are written into a
folder.  Leaves with 1 if one is not the same network.

With --results what is found is added to a file, a JSON object a line, and what is in there already is not done again.
The smallest network of each family comes first.  --table shows what such a file holds, by family, with reasons.

With --exported each network is exported with `torch.export` in this mode, saved and loaded, and the program is
imported; what was found says besides how many lines of the text are those of the text of the module itself.

The list of torchvision needs torchvision, 0.29 for all networks of the list; that of timm needs timm 1.0.31.
"""

from __future__ import annotations

import argparse
import difflib
import io
import json
import os
import platform
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module as import_python
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

import cnndsl
from benchmarks.lengths import characters, written_by_hand
from cnndsl.importing import Import, Unreadable, Unusable, import_module, import_program
from cnndsl.symbolic.number import is_open

HERE = Path(__file__).parent
OPEN = 64
"""What a size that a text leaves open is here."""
SQUARES = (64, 96, 128, 160, 224, 256, 299, 331)
"""Sides of pictures, of which the first is taken on which a network runs, in evaluation and in training."""
VIDEOS = {"mc3_18": (3, 8, 64, 64), "r2plus1d_18": (3, 8, 64, 64), "r3d_18": (3, 8, 64, 64), "s3d": (3, 16, 224, 224)}
SAME, EXTERN = "same", "same, with extern"


@dataclass(frozen=True, slots=True)
class Named:
    """A network, and how it is made.

    millions: how many million numbers it learns, 0 where that is not known.
    sizes: of its inputs; without them, pictures are tried.
    by_hand: how many characters a person has written for it, 0 where nobody has.
    """

    name: str
    family: str
    make: Callable[[], nn.Module]
    millions: float = 0.0
    sizes: tuple[tuple[int, ...], ...] = ()
    by_hand: int = 0


def _rows(name: str) -> Iterator[list[str]]:
    for line in (HERE / "networks" / name).read_text(encoding="utf-8").splitlines():
        yield line.split()


def of_torchvision() -> list[Named]:
    """The convolutional networks of torchvision."""
    get_model = import_python("torchvision.models").get_model
    found = []
    for name, family, *_ in _rows("torchvision.txt"):
        given: dict[str, object] = {"weights": None}
        if name.startswith(("fcn", "deeplab", "lraspp")):
            given["weights_backbone"] = None
        if name in ("googlenet", "inception_v3"):
            given["init_weights"] = False
        sizes = (VIDEOS[name],) if name in VIDEOS else ()
        found.append(Named(name, family, lambda name=name, given=given: get_model(name, **given), 0.0, sizes))  # type: ignore[misc]
    return found


def of_timm() -> list[Named]:
    """The convolutional networks of timm, those without self-attention, recurrence and mixing of tokens."""
    create_model = import_python("timm").create_model
    return [
        Named(name, family, lambda name=name: create_model(name), float(millions))  # type: ignore[misc]
        for name, family, millions in _rows("timm.txt")
    ]


def _made(compilation: Any) -> nn.Module:
    module: nn.Module = compilation.load()()
    return module


def of_models() -> list[Named]:
    """The networks that come with cnndsl."""
    found = []
    for path in sorted((HERE.parent / "models").glob("*.cnn")):
        compilation = cnndsl.compile(path)
        network = compilation.checked().program.network()
        sizes = tuple(tuple(OPEN if is_open(d) else int(d) for d in shape) for shape in network.input_shapes)
        make = partial(_made, compilation)
        found.append(Named(path.stem, path.stem, make, 0.0, sizes, written_by_hand(path)))
    return found


LISTS = {"timm": of_timm, "torchvision": of_torchvision, "models": of_models}


def in_order(networks: Sequence[Named]) -> list[Named]:
    """The smallest of each family, and then the others, the small ones first."""
    by_size = sorted(networks, key=lambda named: named.millions)
    first = {named.family: named for named in reversed(by_size)}
    return [*first.values(), *(named for named in by_size if first[named.family] is not named)]


def main() -> int:
    """Print a row for each network, or a table of results; 1 if one is not the same in all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", choices=LISTS, default="torchvision")
    parser.add_argument("--only", default="", help="only those with a match of this regular expression in their name")
    parser.add_argument("--texts", type=Path, help="the folder for the texts")
    parser.add_argument("--results", type=Path, help="the file that results are added to, and are not done again")
    parser.add_argument("--seconds", type=int, default=600, help="the most time for a network")
    parser.add_argument("--millions", type=float, default=150, help="larger networks are left out, and this is said")
    parser.add_argument("--exported", choices=["evaluation", "training"], help="import programs of torch.export")
    parser.add_argument("--table", type=Path, help="only show what a file of results holds")
    options = parser.parse_args()
    if options.table is not None:
        print(table(_read(options.table)))
        return 0
    torch.set_num_threads(1)
    print(f"cnndsl {version('cnndsl')}, torch {torch.__version__}, Python {platform.python_version()}\n")
    print(f"{'network':28}{'lines':>6}{'definitions':>13}{'keys':>7}{'by hand':>9}{'seconds':>9}  what was found")
    rows = [] if options.results is None or not options.results.exists() else _read(options.results)
    done = {row["name"] for row in rows}
    for named in in_order(LISTS[options.list]()):
        if re.search(options.only, named.name) and named.name not in done:
            rows.append(_row(named, options))
            _show(rows[-1])
            if options.results is not None:
                with options.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    same = sum(row["found"].startswith(SAME) for row in rows)
    print(f"\n{same} of {len(rows)} are the same network")
    return 0 if same == len(rows) else 1


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _show(row: dict[str, Any]) -> None:
    counts = f"{row['lines']:6}{row['definitions']:13}{row['keys']:7}" if "lines" in row else " " * 26
    counts += f"{row['characters'] / row['by_hand']:9.2f}" if row.get("by_hand") and "lines" in row else " " * 9
    print(f"{row['name']:28}{counts}{row['seconds']:9.1f}  {row['said']}", flush=True)


def _row(named: Named, options: argparse.Namespace) -> dict[str, Any]:
    """What is found of a network, in a process of its own: one that fails hides none behind it."""
    most, seconds = options.millions, options.seconds
    row: dict[str, Any] = {"name": named.name, "family": named.family, "millions": named.millions, "seconds": 0.0}
    row |= {"by_hand": named.by_hand} if named.by_hand else {}
    if named.millions > most:
        return row | {"found": "left out", "said": f"left out, it has more than {most:g} million numbers"}
    start = time.perf_counter()
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as file:
            json.dump(_found(named, options.texts, options.exported), file)
        os._exit(0)
    os.close(writer)
    old = signal.signal(signal.SIGALRM, lambda *_: os.kill(process, signal.SIGKILL))
    signal.alarm(seconds)
    with os.fdopen(reader, encoding="utf-8") as file:
        told = file.read()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)
    os.waitpid(process, 0)
    row["seconds"] = round(time.perf_counter() - start, 1)
    if told:
        row.update(json.loads(told))
        return row
    is_late = row["seconds"] >= seconds
    return row | {"found": "stopped", "said": f"it took more than {seconds} s" if is_late else "its process was ended"}


def _found(named: Named, texts: Path | None, exported: str | None) -> dict[str, Any]:
    """What is found of a network, or why nothing is."""
    try:
        module = named.make()
        sizes = named.sizes or _smallest(module)
        found = import_module(module, sizes) if exported is None else _from_program(module, sizes, exported)
    except Unreadable as problem:
        return {"found": "no words", "said": str(problem)}
    except Exception as problem:  # whatever is at fault
        return {"found": "failed", "said": f"{type(problem).__name__}: {problem}".splitlines()[0]}
    if texts is not None:
        texts.mkdir(parents=True, exist_ok=True)
        (texts / f"{named.name}.cnn").write_text(found.text, encoding="utf-8")
    same = EXTERN if found.externs else SAME
    alike = "" if exported is None else _alike(found, import_module(module, sizes))
    return {
        "found": same if found.comparison.is_same else "differs",
        "said": ", ".join(filter(None, [found.declared, str(found.comparison), alike])),
        "sizes": sizes,
        "lines": len(found.text.splitlines()),
        "characters": characters(found.text),
        "definitions": len(re.findall("^(?:network|block|sequence) ", found.text, re.MULTILINE)),
        "keys": found.comparison.keys,
    }


def _from_program(module: nn.Module, sizes: Sequence[tuple[int, ...]], mode: str) -> Import:
    """The import of the program that a module is exported as, through a file."""
    inputs = tuple(torch.randn(2, *size) for size in sizes)
    file = io.BytesIO()
    torch.export.save(torch.export.export(module.train(mode == "training"), inputs), file)
    file.seek(0)
    return import_program(torch.export.load(file))


def _alike(found: Import, direct: Import) -> str:
    """How many lines two texts have in common, in their order."""
    one, other = found.text.splitlines(), direct.text.splitlines()
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return f"{sum(block.size for block in blocks)} of {len(other)} lines as from the module"


def _smallest(module: nn.Module) -> tuple[tuple[int, ...], ...]:
    """The smallest picture on which a module runs, in training too if it can be trained at all. Raises Unusable."""
    first = next((side for side in SQUARES if _runs(module.eval(), side)), None)
    if first is None:
        raise Unusable(f"it does not run on pictures of {' or '.join(map(str, SQUARES))} pixels")
    side = next((side for side in SQUARES if side >= first and _runs(module.train(), side)), first)
    return ((3, side, side),)


def _runs(module: nn.Module, side: int) -> bool:
    try:
        with torch.no_grad():
            module(torch.zeros(2, 3, side, side))
    except Exception:  # whatever the module raises
        return False
    return True


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The counts by family, and the reasons for what is not the same network, as Markdown."""
    families: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(row["family"], []).append(row)
    lines = [
        "| family | networks | same | same, with `extern` | not | lines, median |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, members in [*sorted(families.items(), key=lambda item: (-len(item[1]), item[0])), ("all", list(rows))]:
        plain, extern = (sum(row["found"] == found for row in members) for found in (SAME, EXTERN))
        lengths = sorted(row["lines"] for row in members if row["found"] == SAME)
        median = str(lengths[len(lengths) // 2]) if lengths else ""
        rest = len(members) - plain - extern
        lines.append(f"| {name} | {len(members)} | {plain} | {extern} | {rest} | {median} |")
    reasons = Counter(_reason(row) for row in rows if not row["found"].startswith(SAME))
    if reasons:
        lines += ["", "| reason | networks | such as |", "| --- | ---: | --- |"]
    for reason, count in reasons.most_common():
        names = [row["name"] for row in rows if not row["found"].startswith(SAME) and _reason(row) == reason]
        lines.append(f"| {reason} | {count} | {', '.join(names[:3])} |")
    return "\n".join(lines)


def _reason(row: dict[str, Any]) -> str:
    """Why a network is not the same, without what is of this network alone."""
    said = re.sub(r"^in \w+( \([^)]*\))?: ", "", row["said"])
    said = re.sub(r"^(only in the original|only in the text|other shapes): .*", r"\1: some keys", said)
    said = re.sub(r"(outputs differ).*", r"\1", said)
    return re.sub(r"\d+(\.\d+)?(e-?\d+)?", "n", said).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())

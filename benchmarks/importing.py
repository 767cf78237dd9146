"""The networks of torchvision and of cnndsl's gallery as texts: which are the same network, and how long they are.

    python -m benchmarks.importing [--list torchvision|models] [--only resnet] [--texts FOLDER]

Each network is constructed with new weights, imported, compiled, and compared with the original: the keys of its state,
and what comes out in evaluation and in training.  The column `lines` counts those of the text, `definitions` its
networks, blocks and sequences.  With --texts the texts are written into a folder.  Leaves with 1 if one is not.

The list of torchvision needs torchvision, 0.29 for all networks of the list.
"""

from __future__ import annotations

import argparse
import gc
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module as import_python
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

import cnndsl
from cnndsl.importing import Unreadable, import_module
from cnndsl.symbolic.number import is_open

HERE = Path(__file__).parent
OPEN = 64
"""What a size that a text leaves open is here."""
SIZES = {
    "inception_v3": (3, 299, 299),
    "mc3_18": (3, 8, 64, 64),
    "r2plus1d_18": (3, 8, 64, 64),
    "r3d_18": (3, 8, 64, 64),
    "s3d": (3, 16, 224, 224),
}
USUAL = (3, 224, 224)


@dataclass(frozen=True, slots=True)
class Named:
    """A network: its name, how it is made, and the sizes of its inputs."""

    name: str
    make: Callable[[], nn.Module]
    sizes: tuple[tuple[int, ...], ...]


def of_torchvision() -> Iterator[Named]:
    """The convolutional networks of torchvision."""
    get_model = import_python("torchvision.models").get_model

    for line in (HERE / "networks" / "torchvision.txt").read_text(encoding="utf-8").splitlines():
        name = line.split()[0]
        given: dict[str, object] = {"weights": None}
        if name.startswith(("fcn", "deeplab", "lraspp")):
            given["weights_backbone"] = None
        if name in ("googlenet", "inception_v3"):
            given["init_weights"] = False
        yield Named(name, lambda name=name, given=given: get_model(name, **given), (SIZES.get(name, USUAL),))  # type: ignore[misc]


def of_models() -> Iterator[Named]:
    """The networks that come with cnndsl."""
    for path in sorted((HERE.parent / "models").glob("*.cnn")):
        compilation = cnndsl.compile(path)
        network = compilation.checked().program.network()
        sizes = tuple(tuple(OPEN if is_open(d) else int(d) for d in shape) for shape in network.input_shapes)
        yield Named(path.stem, lambda compilation=compilation: compilation.load()(), sizes)  # type: ignore[misc]


LISTS = {"torchvision": of_torchvision, "models": of_models}


def main() -> int:
    """Print a row for each network; 1 if one is not the same in all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", choices=LISTS, default="torchvision")
    parser.add_argument("--only", default="", help="only names with these letters in them")
    parser.add_argument("--texts", type=Path, help="the folder for the texts")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"cnndsl {version('cnndsl')}, torch {torch.__version__}, Python {platform.python_version()}\n")
    print(f"{'network':28}{'lines':>6}{'definitions':>13}{'keys':>7}{'seconds':>9}  what was found")
    same = total = 0
    for named in LISTS[options.list]():
        if options.only in named.name:
            total += 1
            same += _row(named, options.texts)
            gc.collect()
    print(f"\n{same} of {total} are the same network")
    return 0 if same == total else 1


def _row(named: Named, texts: Path | None) -> bool:
    """Print the row of a network; whether it is the same."""
    start = time.perf_counter()
    try:
        found = import_module(named.make(), named.sizes)
    except Unreadable as problem:
        print(f"{named.name:28}{'':35}  {problem}", flush=True)
        return False
    except Exception as problem:  # one that fails hides none behind it
        print(f"{named.name:28}{'':35}  {type(problem).__name__}: {problem}".splitlines()[0], flush=True)
        return False
    if texts is not None:
        texts.mkdir(parents=True, exist_ok=True)
        (texts / f"{named.name}.cnn").write_text(found.text, encoding="utf-8")
    lines, definitions = (
        len(found.text.splitlines()),
        len(re.findall("^(?:network|block|sequence) ", found.text, re.MULTILINE)),
    )
    seconds = time.perf_counter() - start
    shown = f"{named.name:28}{lines:6}{definitions:13}{found.comparison.keys:7}{seconds:9.1f}"
    print(f"{shown}  {', '.join(filter(None, [found.declared, str(found.comparison)]))}", flush=True)
    return found.comparison.is_same


if __name__ == "__main__":
    sys.exit(main())

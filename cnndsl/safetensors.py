"""The names, shapes and places of the tensors in a `.safetensors` file, from its header alone.

A file begins with the length of its header in 8 bytes, little-endian, and the header, a JSON object: for each tensor
its type, its shape, and where its bytes begin and end in the rest of the file. The form:
https://github.com/huggingface/safetensors#format. A file may come from anywhere, so that nothing in it is believed.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeGuard

from cnndsl.diagnostics import Problem, error
from cnndsl.files import shown, unreadable
from cnndsl.frozen import frozen

LARGEST = 16 * 2**20
"""How many bytes a header may have; one of a million tensors has fewer than a hundred for each."""
MOST_SHARDS = 1000
_MOST_AXES = 32
_LARGEST_SIZE = 2**48
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
_OTHERS = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".tar")
_PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""What archives and pickles begin with; so do lengths of headers, as 640, behind which a brace opens the header."""

Shapes = dict[str, tuple[int, ...]]


@frozen()
class Place:
    """Where the numbers of a tensor lie: from `start` in a file, `length` bytes of them."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    length: int

    def data(self) -> bytearray:
        """The bytes. Raises OSError."""
        with self.file.open("rb") as file:
            file.seek(self.start)
            return bytearray(file.read(self.length))


def read(path: Path) -> Shapes:
    """The shape of each tensor in a file, or in those that an index names; raises what `places` raises."""
    return {key: place.shape for key, place in places(path).items()}


def places(path: Path) -> dict[str, Place]:
    """The place of each tensor in a file, or in those that an index names (`model.safetensors.index.json`).

    Raises Problem with E009 where it is no such file, is cut off or contradicts itself, and with E001 where it cannot
    be read.
    """
    if path.suffix == ".json":
        return _sharded(path)
    name = shown(path)
    try:
        with _opened(path, name) as file:
            size = file.seek(0, 2)
            file.seek(0)
            start, brace = file.read(8), file.read(1)
            length = int.from_bytes(start, "little")
            if (start.startswith(_PICKLES) and brace != b"{") or path.suffix in _OTHERS:
                raise _other_form(path)
            if start == b"version ":
                message = f"{name} is a pointer of Git LFS, and not the file itself"
                raise error("E009", message, None, help="get the file with git lfs pull")
            if size < 10 or (length > LARGEST and size < LARGEST + 8):
                raise _broken(name, "it does not begin with the length of a header")
            if length > LARGEST:
                raise _broken(name, f"its header has more than {LARGEST // 2**20} MiB")
            if length > size - 8:
                raise _broken(name, "it is cut off within its header")
            header = brace + file.read(length - 1) if length else b""
    except (OSError, ValueError) as problem:
        raise unreadable(name, problem) from None
    return _tensors(path, _object(name, header, "its header"), 8 + length, size)


def _opened(path: Path, name: str) -> BufferedReader:
    if path.exists() and not path.is_file():
        raise error("E001", f"{name} cannot be read: it is no regular file", None)
    return path.open("rb")


def _tensors(path: Path, header: Mapping[str, Any], begin: int, size: int) -> dict[str, Place]:
    """The places that a header tells, for numbers that lie from `begin` to `size`."""
    name = shown(path)
    found: dict[str, Place] = {}
    reached = begin
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        shape, ends = (entry.get(field) if isinstance(entry, dict) else None for field in ("shape", "data_offsets"))
        dtype = entry.get("dtype") if isinstance(entry, dict) else None
        if not (_are_sizes(shape) and len(shape) <= _MOST_AXES and _are_sizes(ends) and len(ends) == 2):
            raise _broken(name, f"what its header says of {_named(key)} is no shape and no place")
        bits = _BITS.get(dtype) if isinstance(dtype, str) else None
        if ends[1] < ends[0] or (bits is not None and (ends[1] - ends[0]) * 8 != math.prod(shape) * bits):
            raise _broken(name, f"the place of {_named(key)} is not as large as its shape")
        reached = max(reached, begin + ends[1])
        found[key] = Place(path, str(dtype), tuple(shape), begin + ends[0], ends[1] - ends[0])
    if reached > size:
        raise _broken(name, f"it is cut off: {reached - size:,} bytes are missing")
    return found


def _are_sizes(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and 0 <= item <= _LARGEST_SIZE for item in value)


def _sharded(path: Path) -> dict[str, Place]:
    """The tensors of all files that an index names; they are beside it."""
    name = shown(path)
    try:
        with _opened(path, name) as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as problem:
        raise unreadable(name, problem) from None
    if len(data) > LARGEST:
        raise _broken(name, f"it has more than {LARGEST // 2**20} MiB", "an index")
    shard_of = _object(name, data, "it").get("weight_map")
    if not isinstance(shard_of, dict) or not all(isinstance(shard, str) for shard in shard_of.values()):
        raise _broken(name, "it has no weight_map from tensors to files", "an index")
    shards = sorted(set(shard_of.values()))
    if len(shards) > MOST_SHARDS:
        raise _broken(name, f"it names more than {MOST_SHARDS:,} files", "an index")
    found: dict[str, Place] = {}
    for shard in shards:
        if not shard.endswith(".safetensors") or Path(shard).name != shard or "\\" in shard:
            raise _broken(name, f"{_named(shard)} is no .safetensors file beside it", "an index")
        held = places(path.parent / shard)
        for key in (key for key, place in shard_of.items() if place == shard):
            if key not in held:
                raise _broken(name, f"{_named(key)} is not in {_named(shard)}", "an index")
            found[key] = held[key]
    return found


def _object(name: str, data: bytes, what: str) -> dict[str, Any]:
    """A JSON object in which no name stands twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            raise ValueError("a name stands in it twice")
        return made

    try:
        found = json.loads(data.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError):  # also of text that is no UTF-8, and of numbers of very many digits
        found = None
    if not isinstance(found, dict):
        raise _broken(name, f"{what} is no JSON object in which each name stands once")
    return found


def _named(key: str) -> str:
    return repr(key if len(key) <= 80 else f"{key[:77]}...")


def _broken(name: str, why: str, what: str = "a file of safetensors") -> Problem:
    return error("E009", f"{name} cannot be {what}: {why}", None, help="get or write the file anew")


def _other_form(path: Path) -> Problem:
    name, target = json.dumps(shown(path)), json.dumps(shown(path.with_suffix(".safetensors")))
    code = (
        "import torch; from safetensors.torch import save_file; "
        f'state = torch.load({name}, map_location="cpu", weights_only=True); '
        f"save_file({{k: v.clone() for k, v in state.items()}}, {target})"
    )
    way = f"make a .safetensors file of it once, with PyTorch and safetensors installed:\npython -c {shlex.quote(code)}"
    return error(
        "E009",
        f"{shown(path)} cannot be read without executing what stands in it, which is not done here",
        None,
        help=(way, "of a checkpoint of a training, take the state_dict in it"),
    )

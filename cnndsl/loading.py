"""From a `.cnn` file straight to the `nn.Module` class, without a file in between.  Needs PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cnndsl.compiler import compile  # noqa: A004 - the package's own word
from cnndsl.program import Target

if TYPE_CHECKING:
    from torch import nn


def load(
    path: str | Path, network: str | None = None, *, target: Target = "training", **settings: Any
) -> type[nn.Module]:
    """The class of a network in a `.cnn` file: `load("models/net.cnn")()` is a network.

    network: which one, by its name; by default the last one of the file.
    target: "training", or "inference" for the form for serving, which is made from trained weights:
    `load(path, target="inference").from_trained(state_dict)`.
    settings: values for the network's parameters: `load("models/resnet.cnn", "ResNet50", classes=100)`.

    The class can be pickled within the process that loaded it. Raises OSError when the file cannot be read,
    CompilationError when its text has errors, KeyError when it has no such network, ValueError for another target,
    TypeError for a setting that is no value of the language, and ImportError without PyTorch, or where a class that
    the text takes from elsewhere (`extern`) is not there or is no `nn.Module`.
    """
    if target not in get_args(Target):
        message = f"there is no target {target!r}; there are {', '.join(get_args(Target))}"
        raise ValueError(message)
    compilation = compile(Path(path), settings=settings)
    return (compilation.for_inference() if target == "inference" else compilation).load(network)

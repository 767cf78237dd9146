"""From a `.cnn` file straight to the `nn.Module` class, without a file in between.  Needs PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cnndsl.compiler import compile  # noqa: A004 - the package's own word
from cnndsl.ir.program import Target

if TYPE_CHECKING:
    from torch import nn


def load(
    path: str | Path,
    network: str | None = None,
    *,
    target: Target = "training",
    allow_extern: str | Iterable[str] | None = None,
    **settings: Any,
) -> type[nn.Module]:
    """The class of a network in a `.cnn` file: `load("models/net.cnn")()` is a network.

    network: which one, by its name; by default the last one of the file.
    target: "training", or "inference" for the form for serving, which is made from trained weights:
    `load(path, target="inference").from_trained(state_dict)`.
    allow_extern: the modules that `extern` lines of the file may take classes from, such as `["torch.nn"]`, each with
    all below it. Importing a module runs it, so that none is imported unless it is named here, or in a project's
    pyproject.toml (`[tool.cnndsl] extern = ["torch.nn"]`), which counts where nothing is given here.
    settings: values for the network's parameters: `load("models/resnet.cnn", "ResNet50", classes=100)`.

    The class and what is made of it can be pickled into another process that has cnndsl: the generated source travels
    with them. Raises OSError when the file cannot be read, CompilationError when its text has errors, KeyError when it
    has no such network, ValueError for another target, a text in place of a path or a list of modules that is none,
    TypeError for a setting that is no value of the language, and ImportError without PyTorch, or where a class that the
    text takes from elsewhere (`extern`) is not allowed, not there, or no `nn.Module`.
    """
    if target not in get_args(Target):
        raise ValueError(f"there is no target {target!r}; there are {', '.join(get_args(Target))}")
    if isinstance(path, str) and path.rstrip().endswith("}"):
        raise ValueError("load is given the path of a file, and this is a text: write cnndsl.compile(text).load()")
    compilation = compile(Path(path), settings=settings)
    wanted = compilation.for_inference() if target == "inference" else compilation
    return wanted.load(network, allow_extern=allow_extern)


def build(
    path: str | Path,
    network: str | None = None,
    *,
    allow_extern: str | Iterable[str] | None = None,
    **settings: Any,
) -> nn.Module:
    """A network of a `.cnn` file, with new weights: `build("models/resnet.cnn", "ResNet50", classes=100)`.

    It is what `load` with the same arguments gives, constructed, and raises the same. One call with plain values is
    what tools for configurations want: `_target_: cnndsl.build` in Hydra, `class_path: cnndsl.build` in LightningCLI.
    """
    return load(path, network, allow_extern=allow_extern, **settings)()

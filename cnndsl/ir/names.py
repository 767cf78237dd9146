"""Which names a part of a network may have.

A part becomes an attribute of an `nn.Module` subclass, so it must be an identifier and must not hide
anything that PyTorch itself uses. The list is written out so that nothing here imports torch; a test
compares it with the real class.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
import unicodedata
from collections.abc import Iterable

# The attributes of torch.nn.Module (torch 2.13), without those that begin and end with two underscores.
MODULE_ATTRIBUTES = frozenset(
    """
    T_destination _apply _backward_hooks _backward_pre_hooks _buffers _call_impl _compiled_call_impl
    _forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks
    _forward_pre_hooks_with_kwargs _get_backward_hooks _get_backward_pre_hooks _get_name
    _is_full_backward_hook _load_from_state_dict _load_state_dict_post_hooks
    _load_state_dict_pre_hooks _maybe_warn_non_full_backward_hook _modules _named_members
    _non_persistent_buffers_set _parameters _register_load_state_dict_pre_hook
    _register_state_dict_hook _replicate_for_data_parallel _save_to_state_dict _slow_forward
    _state_dict_hooks _state_dict_pre_hooks _version _wrapped_call_impl add_module apply bfloat16
    buffers call_super_init children compile cpu cuda double dump_patches eval extra_repr float
    forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters
    register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
    set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    """.split()  # noqa: SIM905 - a hundred names read better without quotes
)
_LONGEST_KEY = 200
# Names that generated modules use themselves, among them the variable of their loops.
_SERVING = frozenset({"FOLDED", "OVERWRITES", "from_trained"})
_GENERATED = frozenset({"self", "torch", "nn", "F", "Tensor", "super"}) | _SERVING
_GENERATED_OUTSIDE = _GENERATED | {
    "_T", "Any", "Callable", "Mapping", "OrderedDict", "Self", "TypeVar", "abs", "all", "any", "begun", "bool", "ceil",
    "channels_after", "cls", "deepcopy", "dict", "enumerate", "float", "floor", "fold", "getattr", "hasattr", "i",
    "int", "isinstance", "iter", "len", "list", "make_divisible", "math", "max", "min", "next", "of_features",
    "overwrite", "places", "range", "reversed", "round", "served", "sorted", "state_dict", "str", "sum", "tuple",
    "type", "with_weights", "zip",
}  # fmt: skip

# What PyTorch, its generated modules and cnndsl import beside Python's own modules; a test looks for what is missing.
_PACKAGES = frozenset(
    """
    PIL click cnndsl cuda filelock fsspec functorch graphviz graphviz_pure jinja2 lark markupsafe ml_dtypes mpmath
    networkx numpy nvidia opt_einsum optree packaging pkg_resources pydantic pydantic_core setuptools sympy torch
    torchaudio torchgen torchvision triton typing_extensions yaml
    """.split()  # noqa: SIM905 - names read better without quotes
)
_PYTHON = "it is a word of Python"
_LOST = "every PyTorch module has an attribute of this name, which would be lost"
_NEEDED = "the generated module needs this name itself"


def why_not(name: str) -> str | None:
    """Why a part cannot have this name; None when it can."""
    return _LOST if name in MODULE_ATTRIBUTES else _why_not_in_python(name, _GENERATED)


def _why_not_in_python(name: str, used: frozenset[str]) -> str | None:
    """Why nothing in a generated module, which uses some names itself, can have this name; None when it can."""
    if not name.isidentifier():
        return "a name has letters, digits and _, and does not begin with a digit"
    if keyword.iskeyword(name):
        return _PYTHON
    if name.startswith("__"):
        return "names that begin with two underscores are Python's own"
    return _NEEDED if name in used else None


def why_not_key(name: str) -> str | None:
    """Why a label in quotes cannot be a name in `state_dict()`; None when it can."""
    if not name or "." in name or not name.isprintable():
        return "a label is not empty and has no dot and no invisible characters"
    if len(name) > _LONGEST_KEY:
        return f"a label has at most {_LONGEST_KEY} characters"
    if name in MODULE_ATTRIBUTES or name.startswith("__"):
        return _LOST
    return _NEEDED if name in _SERVING else None


def plain_label(label: str) -> str:
    """A label in quotes as a name: an identifier is spelled as Python spells it, anything else stays as it is."""
    return unicodedata.normalize("NFKC", label) if label.isidentifier() else label


def is_attribute(name: str) -> bool:
    """Whether Python can write a part of this name as `self.name`; a label in quotes may be anything else."""
    return name.isidentifier() and not keyword.iskeyword(name)


def why_not_class(name: str) -> str | None:
    """Why a network, a block or one of their parameters cannot have this name; None when it can."""
    return _PYTHON if keyword.issoftkeyword(name) else _why_not_in_python(name, _GENERATED_OUTSIDE)


def why_not_imported(name: str) -> str | None:
    """Why a class that the generated module imports cannot have this name; None when it can."""
    if hasattr(builtins, name):
        return "Python has something of this name, which the generated module may need"
    return why_not_class(name)


def hidden_by_module(name: str, packages: Iterable[str] = ()) -> str | None:
    """What a module of this name would hide from every script beside it; None where it hides nothing.

    packages: dotted names of modules that the module itself imports.
    """
    if name in sys.stdlib_module_names:
        return f"Python's own module {name}"
    if name in _PACKAGES or any(name == package.partition(".")[0] for package in packages):
        return f"the package {name}"
    return None


def numbered(name: str, number: int) -> str:
    """The name with a number behind it, which a digit does not touch: `out2`, `Block8_2`."""
    return f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"


def snake(name: str) -> str:
    """A name of several words as parts are called: `basic_block` for BasicBlock."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()

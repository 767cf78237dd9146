"""Why the sizes are what they are: each layer's formula with its numbers, and where every number comes from.

In: a checked program and the trees of its files.  Out: text for a terminal, Markdown or LaTeX.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, replace
from itertools import islice
from typing import Annotated, Any, Literal, NamedTuple, cast

from pydantic import Field, ValidationError

from cnndsl.backends.explain.content import Explanation, Form, Occurrence, Places, applications, paths, told
from cnndsl.backends.explain.content import explain as content
from cnndsl.backends.explain.forms import Latex, Markdown, Text
from cnndsl.backends.options import Checked, Color, CommandLine, Network, Options, Sizes, model
from cnndsl.diagnostics import OptionError
from cnndsl.display import Lines, MarkdownText
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.program import Program
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape, SizeError, plain
from cnndsl.settings import parse_value
from cnndsl.symbolic.number import literal

MOST = 2000
"""More applications than this are counted, not shown."""
_FEW = 6
"""So many parts are named to who asked for one that is not there."""

Format = Literal["text", "markdown", "latex"]
FORMS: dict[Format, type[Form]] = {"text": Text, "markdown": Markdown, "latex": Latex}
_PART = (
    "The path of a layer, such as conv1 or layer1.0.conv1, or of a block; or a constant or a parameter, by its name; "
    "by default all layers."
)
_COMPARE = "Values of a parameter of the layer to show side by side: stride=1,2, padding=0,1 or kernel=3,5."
_FORMAT = "The form of the explanation, of which LaTeX needs the package amsmath."
_LEAST, _MOST = 2, 4
"""How many values of a parameter are compared."""


class Variant(NamedTuple):
    """The layer with one of the values; `words` say which: "stride 2"."""

    words: str
    layer: Layer


@frozen()
class Comparison:
    """What is compared: a parameter by its name, and its values."""

    name: str
    values: tuple[Any, ...]

    @classmethod
    def read(cls, text: str) -> Comparison:
        """What a text such as `stride=1,2` says. Raises OptionError for one that says nothing to compare."""
        name, _, listed = text.partition("=")
        values: tuple[Any, ...] = ()
        with suppress(ValueError):
            found = cast("list[Any]", parse_value(f"[{listed}]"))
            values = tuple(tuple(value) if isinstance(value, list) else value for value in found)
        if not name.strip().isidentifier() or not _LEAST <= len(dict.fromkeys(map(repr, values))) <= _MOST:
            message = (
                f"takes a parameter and from {_LEAST} to {_MOST} of its values, as in stride=1,2, and not {text!r}"
            )
            raise OptionError("compare", message)
        return cls(name.strip(), values)

    def variants(self, layer: object, x: Shape, title: str) -> list[Variant]:
        """The layer with each of the values, for an input of the size x; `title` is what messages call it.

        Raises OptionError where it has no such parameter, or not this value, or does not fit the input with it.
        """
        if not isinstance(layer, Layer) or self.name not in type(layer).model_fields:
            has = f"; it has {', '.join(type(layer).model_fields)}" if isinstance(layer, Layer) else ""
            word = layer.word if isinstance(layer, Layer) else "operation"
            message = f"{title} is a {word}, which has no {self.name}{has}"
            raise OptionError("compare", message)
        found = []
        for value in self.values:
            words = f"{self.name} {literal(value)}"
            try:
                other = type(layer)(**{**layer.model_dump(), self.name: value})
                other.output(x)
            except ValidationError as problem:
                message = f"{title} cannot have {words}: {problem.errors()[0]['msg']}"
                raise OptionError("compare", message) from None
            except SizeError as problem:
                message = f"{title} does not fit with {words}: {problem.message}"
                raise OptionError("compare", message) from None
            found.append(Variant(f"{tr(self.name)} {literal(value)}", other))
        return found


def explanations(applied: Occurrence, variants: Sequence[Variant], places: Places) -> Iterator[tuple[str, Explanation]]:
    """What there is to say of each variant, by its words."""
    x = plain(applied.xs[0])
    for words, layer in variants:
        marked = tr("{change}, as written", change=words) if layer == applied.target else words
        part = applied.part
        if part is not None and applied.leaf is not None:
            part = replace(part, unit=replace(applied.leaf, layer=layer, traced={}))
        yield marked, content(replace(applied, target=layer, part=part, outputs=(layer.output(x),)), places)


class UnknownPart(OptionError, KeyError):  # noqa: N818 - what happened, as Unheard
    """A network has no part with this path. The message says so, with those that are called nearly so, or its own."""

    def __init__(self, network: str, part: str, known: Sequence[str]) -> None:
        from difflib import get_close_matches

        near = get_close_matches(part, known)
        own = [path for path in known if "." not in path]
        some = ", ".join(own[:_FEW]) + (" ..." if len(own) > _FEW else "")
        meant = f"; did you mean {' or '.join(near)}?" if near else f", but {some}" if own else ""
        super().__init__("part", f"{network} has no {part}{meant}")


@model
class Explain(Options[str]):
    """Why the layers of a network give the sizes that they give: each formula with its numbers.

    Of one layer everything is said; of a block, or without a part, all layers in brief; of a constant of the file, or a
    parameter of the network, what it is worth and where that came from. Raises KeyError also for an unknown part.
    """

    part: Annotated[str, Field(description=_PART), CommandLine("[LAYER]", is_argument=True)] = ""
    network: Network = None
    _: KW_ONLY
    sizes: Sizes = None
    format: Annotated[Format, Field(description=_FORMAT)] = "text"
    compare: Annotated[str | None, Field(description=_COMPARE), CommandLine("NAME=VALUES")] = None
    color: Color = False

    def of(self, checked: Checked) -> str:
        """The explanation; it ends with a line end. What leaves no module, such as a flatten, goes by its kind."""
        program, network = checked.network(self.network, self.sizes)
        places = Places(checked.tree)
        walk = applications(program, network.name, self.part)
        if self.part and self.part not in paths(program, network.name):
            every = applications(program, network.name)
            walk = (applied for applied in every if not applied.path and applied.target.word == self.part)
        shown = [content(applied, places) for applied in islice(walk, MOST)]
        left_out = sum(1 for _ in walk)
        if not shown:
            constant = told(checked.program, network, self.part, checked.tree)
            if constant is not None:
                return Lines(constant)
            check_part(program, self.part, network.name)
        if self.compare is not None:
            is_one = len(shown) == 1 or {each.applied.path for each in shown} == {self.part}
            first = shown[0].applied if is_one else None  # of several uses of the one layer
            written = self._compared(first, self.compare, places)
        else:
            written = self._all(shown, left_out)
        return MarkdownText(written, lambda: written) if self.format == "markdown" else Lines(written)

    def _all(self, shown: Sequence[Explanation], left_out: int) -> str:
        """The layers one after the other, and how many more there are; of one that is asked for by itself all."""
        is_single = {explanation.title for explanation in shown} == {self.part}
        form = FORMS[self.format](color=self.color)
        write = form.full if is_single else form.brief
        blocks = [form.head, *("\n".join(write(explanation)) for explanation in shown)]
        if left_out:
            blocks.append(tr("... and {count:,} more", count=left_out))
        if not is_single and (letters := _letters(shown)):
            blocks.append(form.note(letters))
        return "\n\n".join(filter(None, blocks)) + "\n"

    def _compared(self, applied: Occurrence | None, compare: str, places: Places) -> str:
        """The layer with each of several values: side by side in a text, else one after the other."""
        if applied is None or not applied.xs:
            message = "one layer is compared with itself: name it, such as conv1"
            raise OptionError("compare", message)
        variants = Comparison.read(compare).variants(applied.target, plain(applied.xs[0]), self.part)
        found = list(explanations(applied, variants, places))
        form = FORMS[self.format](color=self.color)
        if isinstance(form, Text):
            return "\n".join(form.beside(found)) + "\n"
        blocks = [form.head, *("\n".join((words, "", *form.brief(each))) for words, each in found)]
        return "\n\n".join(filter(None, blocks)) + "\n"


def check_part(program: Program, part: str, network: str | None = None) -> None:
    """Raise UnknownPart unless a network has a part with this path; the empty path is that of the network itself."""
    known = list(islice(paths(program, network), 100_000)) if part else []
    if part and part not in known:
        raise UnknownPart(program.network(network).name, part, known)


def _letters(shown: Iterable[Explanation]) -> str:
    """What the letters mean in the formulas that are said in brief."""
    found: dict[str, dict[str, None]] = {}
    for quantity in (quantity for explanation in shown for quantity in explanation.quantities):
        if len(quantity.letter) == 1:
            found.setdefault(quantity.letter, {})[quantity.meaning] = None
    return "; ".join(f"{letter}: {' / '.join(meanings)}" for letter, meanings in found.items())

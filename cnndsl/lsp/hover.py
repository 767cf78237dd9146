"""A place of a text -> what there is to say of what stands there, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnndsl.analysis import costs
from cnndsl.backends.captions import count_said
from cnndsl.backends.explain.content import Occurrence, Places, explain
from cnndsl.backends.explain.content import applications as occurrences
from cnndsl.backends.explain.forms import Text
from cnndsl.compilation import Compilation
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir import nodes
from cnndsl.ir.interpreter import Application, applications
from cnndsl.ir.program import Module, Origin, Program
from cnndsl.layers.base import Layer
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.layers.types import Parameter
from cnndsl.lsp.documents import Analysis, Document, Documents
from cnndsl.lsp.names import Named, Symbol
from cnndsl.lsp.sizes import executed, said
from cnndsl.reference import written
from cnndsl.semantics.values import Value
from cnndsl.source import Source, Span
from cnndsl.symbolic.number import literal
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import words

DEFINITIONS = ("network", "block", "sequence", "import")
MOST_USES = 8
"""So many uses of a block are told one by one."""
_DEEPEST = 17
"""So many texts lead to a definition at most, each importing it from the next."""


def hover(documents: Documents, document: Document, offset: int) -> tuple[str, Span] | None:
    """What there is to say of what stands at a place, and where that begins and ends; None for nothing."""
    names = document.names
    argument = names.argument_at(offset)
    if argument is not None:
        told = _argument(documents, document, argument)
        return (told, argument.name.span) if told else None
    word = next((word for word in names.words if word.span.touches(offset)), None)
    found = names.at(offset)
    span = word.span if word is not None else found[1] if found is not None else _label_at(document.file, offset)
    if span is None:
        return _keyword(documents, document, offset)
    parts = [_applied(documents, document, span)]
    if found is not None and (not parts[0] or found[0].kind in DEFINITIONS):
        parts.append(_symbol(documents, document, found[0]))
    elif word is not None and not parts[0]:
        parts.append(_word(word.text))
    told = "\n\n".join(part for part in parts if part)
    return (told, span) if told else None


def _label_at(file: tree.File, offset: int) -> Span | None:
    """A label in quotes that stands at a place."""
    for node in tree.walk(file):
        if isinstance(node, tree.Labelled) and node.label.span.touches(offset):
            return node.label.span
    return None


# What is applied


def _applied(documents: Documents, document: Document, span: Span) -> str:
    """What is said of the layer or block that is applied, or declared, at a place."""
    known = documents.at_places(document, list(_places(document.file, span)))
    return next(filter(None, (_at(*each) for each in known)), "")


def _places(file: tree.File, span: Span) -> Iterator[int]:
    """Where a program may say that a name is applied or declared: at itself, its label, or what is bound to it."""
    yield span.start
    around = [node for node in tree.walk(file) if node.span.start <= span.start and span.end <= node.span.end]
    for node in reversed(around):
        is_label = isinstance(node, tree.Labelled) and _names(node.layer, span)
        is_bound = isinstance(node, tree.Bind) and any(name.span == span for name in node.targets[:1])
        if is_label or is_bound or (isinstance(node, tree.Bind) and _names(node.value, span)):
            yield node.span.start


def _names(node: tree.Expression, span: Span) -> bool:
    """Whether a layer is one whose kind stands at a place."""
    while isinstance(node, tree.Call):
        node = node.function
    return node.span == span


def _at(analysis: Analysis, source: Source, offset: int) -> str:
    """What is said of what is applied at a place of a text, which is called what it is in the program."""
    line, column = source.position(offset)
    origin = Origin(source.short, line, column)
    for network in analysis.program.networks:
        found = list(_here(analysis.program, network, origin))
        if not found:
            continue
        first = found[0]
        if isinstance(first.target, Module):
            return _module(analysis.program, first.target, found)
        name = analysis.program.modules[network].name
        near = occurrences(analysis.program, name, first.path or first.frame.path)
        return _explained(analysis, next(one for one in near if _stands(one, origin)), found)
    return ""


def _here(program: Program, network: str, origin: Origin) -> Iterator[Application]:
    for frame in executed(program, network):
        for at in applications(program, frame):
            if _stands(at, origin):
                yield at


def _stands(at: Application, origin: Origin) -> bool:
    return not at.inserted and origin in at.origins


def _explained(analysis: Analysis, first: Occurrence, found: list[Application]) -> str:
    """The explanation of a layer, of several times the first, and the sizes that it gives the other times."""
    source = Source(analysis.source.short, analysis.source.text)  # without the folders around it
    own = replace(analysis.file, span=replace(analysis.file.span, source=source))
    others = Compilation(source, (), analysis.program, analysis.read).checked().tree
    places = Places(lambda file: own if file == source.short else others(file))
    lines = "\n".join(Text().full(explain(first, places)))
    sizes = list(dict.fromkeys(said(at.ys) for at in found))
    more = "\n\n" + tr("In all uses it gives {sizes}", sizes=_some(sizes)) if len(sizes) > 1 else ""
    return f"{_code(lines, 'text')}{more}"


def _some(items: list[str]) -> str:
    """The first of some things, and how many more there are."""
    more = [tr("and {count} more", count=len(items) - MOST_USES)] if len(items) > MOST_USES else []
    return tr(", ").join([*items[:MOST_USES], *more])


def _module(program: Program, module: Module, found: list[Application]) -> str:
    """The totals of a block, of several times those of each."""
    word = f"{module.kind} {module.name}" if module.name else tr("a chain of layers")
    uses = dict.fromkeys(at.target.id for at in found if isinstance(at.target, Module))
    return f"**{word}**\n\n{_all_totals(program, list(uses))}"


def _all_totals(program: Program, keys: list[str]) -> str:
    """The totals of modules, a line for each, and how many more there are."""
    lines = [_totals(program, key) for key in keys[:MOST_USES]]
    more = [tr("and {count} more", count=len(keys) - MOST_USES)] if len(keys) > MOST_USES else []
    return _code("\n".join([*lines, *more]), "text")


def _totals(program: Program, key: str) -> str:
    """What comes into a module, what comes out of it, what it holds and what it takes to run, in a line."""
    module = program.modules[key]
    cost = costs.of(program, key)
    macs = "" if not cost.macs else f", {count_said(cost.macs)} MACs"
    return f"{said(module.input_shapes)} → {said(module.output_shapes)}   {cost.parameters_said}{macs}"


# Names


def _symbol(documents: Documents, document: Document, symbol: Symbol) -> str:
    if symbol.kind in DEFINITIONS:
        found = origin(documents, document, symbol)
        return "" if found is None else _defined(documents, document, found)
    if symbol.kind == "parameter":
        return _parameter(documents, document, Target(document, symbol))
    first = symbol.places[0]
    if symbol.kind in ("constant", "local", "loop", "extern"):
        line = first.source.line(first.position.line).strip()
        return _code(line, "cnn")
    return ""


@frozen()
class Target:
    """What a name stands for: the text that gives it its meaning, and the symbol there."""

    document: Document
    symbol: Symbol


def origin(documents: Documents, document: Document, symbol: Symbol) -> Target | None:
    """Where a name is defined that may be imported; None where that is not there."""
    for _ in range(_DEEPEST):
        if symbol.kind != "import":
            return Target(document, symbol)
        path = document.imported(symbol.path) if symbol.path else None
        other = None if path is None else documents.at(path)
        found = None if other is None else other.names.top.symbols.get(symbol.original)
        if other is None or found is None:
            return None
        document, symbol = other, found
    return None


def _defined(documents: Documents, document: Document, found: Target) -> str:
    """The head of a definition, the comment above it, and its totals, in the text that asks first."""
    symbol, node = found.symbol, found.symbol.node
    if node is None:
        return ""
    head = node.span.text.partition("\n")[0].rstrip(" {") if isinstance(node, tree.Definition) else node.span.text
    parts = [_code(head, "cnn")]
    for analysis, file in documents.known(found.document, document):
        comment = next(
            (
                item.comment
                for item in analysis.program.definitions
                if isinstance(item, (nodes.Definition, nodes.Variant)) and (item.name, item.file) == (symbol.name, file)
            ),
            "",
        )
        keys = [key for key, module in analysis.program.modules.items() if _is_made_of(module, symbol.name, file)]
        if keys:
            parts += [*([comment] if comment else []), _all_totals(analysis.program, keys)]
            break
    return "\n\n".join(parts)


def _is_made_of(module: Module, name: str, file: str) -> bool:
    """Whether a module is an elaboration of the definition with this name in a file."""
    return (module.name, module.origin.file) == (name, file)


def _parameter(documents: Documents, document: Document, found: Target) -> str:
    """A parameter of a definition, with what it is given in its uses, in the text that asks first."""
    symbol = found.symbol
    head = symbol.node.span.text if symbol.node is not None else symbol.name
    given: dict[str, None] = {}
    for analysis, file in documents.known(found.document, document):
        for module in analysis.program.modules.values():
            if _is_made_of(module, symbol.owner, file):
                given.update((literal(p.value), None) for p in module.parameters if p.name == symbol.name)
        if given:
            break
    values = list(given)
    told = f"{head}   # {tr('a parameter of {network}', network=symbol.owner)}"
    if values:
        told += f": {_some(values)}"
    return _code(told, "cnn")


# Words of the language


KEYWORDS: dict[str, tuple[str, str]] = {
    "and": (
        "Whether both conditions hold; the second one is worked out only if the first one holds.",
        "block Down(stride) { if stride > 1 and input.height > 1 { maxpool(stride) } }",
    ),
    "as": (
        "Gives the value of a line a name, or what is imported another one.",
        "network Net { input(3, 8, 8); conv(8, 3) as edges; relu -> conv(8, 1); it + edges }",
    ),
    "assert": (
        "Says what has to be so, of sizes or numbers; it is checked when the text is compiled.",
        "network Net { input(3, 8, 8); conv(8, 3); assert it.shape == [8, 6, 6] }",
    ),
    "block": (
        "Defines lines with parameters, to be used several times; each block becomes a class.",
        "block Unit(channels) { conv(channels, 3, padding=1) -> batchnorm -> relu }",
    ),
    "else": (
        "What holds where the condition of an `if` does not.",
        "block Norm(groups) { if groups > 1 { groupnorm(groups) } else { batchnorm } }",
    ),
    "extern": (
        "Names a class from elsewhere as a layer, and says what size it gives.",
        'extern RMSNorm(normalized_shape) from "torch.nn" (shape = same)',
    ),
    "false": ("A condition that does not hold.", "block Unit { conv(8, 3, bias=false) -> batchnorm }"),
    "for": (
        "Repeats lines for each item of a list when the text is compiled; inside `[ ]` makes a list, a thing for each.",
        'network Net { input(3, 8, 8); for i in range(3) { "conv{i}": conv(8 * 2 ** i, 3) -> relu } }',
    ),
    "from": (
        "Says which file, or package, something comes from.",
        'from "resnet.cnn" import ResNet18 as Encoder\nnetwork Small = Encoder(10)',
    ),
    "if": (
        "Takes lines, or one of two things, only where a condition holds; decided when the text is compiled.",
        "block Unit(stride) { conv(8, 3, padding=1); if stride > 1 { maxpool(stride) } }",
    ),
    "import": (
        "Makes definitions of another file known here.",
        'from "resnet.cnn" import ResNet18\nnetwork Small = ResNet18(10)',
    ),
    "in": (
        "Stands before the list that is gone through, or asks whether something is in a list.",
        "network Net { input(3, 8, 8); for width in [8, 16] { conv(width, 3) -> relu } }",
    ),
    "init": (
        "Says how the weights of some kinds of layers begin, in all of the definition around it.",
        "network Net { input(3, 8, 8); init conv: weight = normal(0, 0.01), bias = zeros; conv(8, 3) }",
    ),
    "input": (
        "The value that came into the body; with sizes behind it, one sample of what comes into a network.",
        "network Net { input(3, 8, 8); conv(3, 3, padding=1); it + input }",
    ),
    "it": (
        "The current value: what the stage or line before gave.",
        "network Net { input(3, 8, 8); conv(3, 3, padding=1); it + input; conv(it.channels * 2, 1) }",
    ),
    "network": (
        "Defines a whole network with its input; it becomes a class of its own.",
        "network Net(classes = 10) { input(3, 8, 8); conv(8, 3) -> relu; linear(classes) }",
    ),
    "not": ("Whether a condition does not hold.", "block Unit(last) { conv(8, 3); if not last { relu } }"),
    "or": (
        "Whether one of two conditions holds, or both.",
        "block Unit(stride) { if stride > 1 or input.channels != 8 { conv(8, 1, stride) } }",
    ),
    "output": (
        "Says what comes out, where that is not the last value, or is several; each may have a name.",
        "network Net { input(3, 8, 8); conv(8, 3) as edges; linear(10); output edges = edges, scores = it }",
    ),
    "repeat": (
        "Repeats lines as often as a number says, when the text is compiled; each time makes layers of its own.",
        "network Net { input(3, 8, 8); repeat 2 { conv(8, 3, padding=1) -> relu } }",
    ),
    "sequence": (
        "Defines a chain of layers with parameters; it becomes an `nn.Sequential` and no class.",
        "sequence Unit(channels) { conv(channels, 3, padding=1) -> batchnorm -> relu }",
    ),
    "true": ("A condition that holds.", "block Pool { maxpool(2, ceil_mode=true) }"),
    "when": (
        "Lines, or an output, for one mode only: `when training` for what is left out in evaluation.",
        "network Net { input(3, 8, 8); when training { h = it -> conv(2, 3) }; linear(9); output it, h when training }",
    ),
}
"""What the words say that the grammar keeps for itself: a sentence for each, and a text in which it stands."""


def _keyword(documents: Documents, document: Document, offset: int) -> tuple[str, Span] | None:
    """What a word of the grammar says; of `it` and `input` before that what they are at this place."""
    before = ""
    for word in words(document.source.text):
        if word.start <= offset <= word.end and (before == "when" or word in KEYWORDS):
            span = Span(document.source, word.start, word.end)
            said = "when" if before == "when" else str(word)
            sentence, example = KEYWORDS[said]
            told = f"`{said}`: {tr(sentence)}\n\n{_code(example, 'cnn')}"
            return "\n\n".join(filter(None, (_flowing(documents, document, span), told))), span
        before = str(word)
    return None


def _flowing(documents: Documents, document: Document, span: Span) -> str:
    """The sizes of the value that `it` or `input` is at a place, in all uses of a network; or nothing."""
    for analysis, source, place in documents.at_places(document, [span.start]):
        values = analysis.flowing(source.short, place)
        several = (
            said((one.shape,)) if isinstance(one, Value) else f"[{said(tuple(v.shape for v in one))}]" for one in values
        )
        if sizes := list(dict.fromkeys(several)):
            return tr("Here `{word}` is {sizes}.", word=span.text, sizes=_some(sizes))
    return ""


def parameters_of(word: str) -> tuple[Parameter, ...]:
    """The parameters of a kind of layer, or of an operation; none for another word."""
    kind: type[Layer | Operation] | None = KINDS.get(word) or OPERATIONS.get(word)
    return () if kind is None else kind.parameters()


def _argument(documents: Documents, document: Document, argument: Named) -> str:
    for parameter in parameters_of(argument.word) if argument.callee is None else ():
        if parameter.name == argument.name.text:
            return described(parameter)
    if argument.callee is not None:
        found = origin(documents, document, argument.callee) or Target(document, argument.callee)
        for symbol in found.document.names.parameters(found.symbol.name):
            if symbol.name == argument.name.text:
                return _parameter(documents, document, Target(found.document, symbol))
    return ""


def described(parameter: Parameter) -> str:
    """A parameter in a sentence."""
    default = "" if parameter.required or parameter.default is None else f"; by default {written(parameter.default)}"
    return f"`{parameter.name}`: {parameter.description} ({parameter.takes}{default})"


def _word(word: str) -> str:
    """What the reference says of a kind of layer or an operation."""
    from cnndsl.reference import describe

    try:
        return _code(describe(word).rstrip(), "text")
    except KeyError:
        return ""


def _code(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"

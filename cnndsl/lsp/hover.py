"""A place of a text -> what there is to say of what stands there, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnndsl.analysis import costs
from cnndsl.backends.captions import count_said, outputs_said
from cnndsl.backends.explain.content import Occurrence, Places, explain
from cnndsl.backends.explain.content import applications as occurrences
from cnndsl.backends.explain.forms import Text
from cnndsl.compilation import Compilation
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir import nodes
from cnndsl.ir.interpreter import Application, applications
from cnndsl.ir.program import Module, Origin, Program
from cnndsl.layers import initialisers
from cnndsl.layers.base import Layer
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.layers.types import Parameter
from cnndsl.lsp.documents import Analysis, Document, Documents
from cnndsl.lsp.names import Named, Symbol
from cnndsl.lsp.sizes import executed, said
from cnndsl.lsp.vocabulary import FUNCTIONS, KEYWORDS, PROPERTIES, RULES
from cnndsl.reference import written
from cnndsl.semantics.values import Value
from cnndsl.source import Source, Span
from cnndsl.symbolic.number import literal
from cnndsl.syntax import tree
from cnndsl.syntax.grammar import words

DEFINITIONS = ("network", "block", "sequence", "import")
MOST_USES = 8
"""So many uses of a block are told one by one."""
DEEPEST = 17
"""So many texts lead to a definition at most, each importing it from the next, and so many variants to a network."""


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
        return _property(document, offset) or _keyword(documents, document, offset)
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
    outputs = ", ".join(outputs_said(module)).replace(" x ", " × ")
    return f"{said(module.input_shapes)} → {outputs}   {cost.parameters_said}{macs}"


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
    for _ in range(DEEPEST):
        if symbol.kind != "import":
            return Target(document, symbol)
        path = document.imported(symbol.path) if symbol.path else None
        other = None if path is None else documents.at(path)
        found = None if other is None else other.names.top.symbols.get(symbol.original)
        if other is None or found is None:
            return None
        document, symbol = other, found
    return None


def parameter_of(documents: Documents, document: Document, argument: Named) -> Target | None:
    """The parameter of a definition that an argument is given to by its name; None where that is not there."""
    callee = None if argument.callee is None else origin(documents, document, argument.callee)
    if callee is None:
        return None
    own = callee.document.names.parameters(callee.symbol.name)
    return next((Target(callee.document, symbol) for symbol in own if symbol.name == argument.name.text), None)


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


def _property(document: Document, offset: int) -> tuple[str, Span] | None:
    """What is asked of a value at a place: `.channels`."""
    for name in document.names.properties:
        if name.span.touches(offset) and name.text in PROPERTIES:
            return f"`.{name.text}`: {tr(PROPERTIES[name.text])}", name.span
    return None


def parameters_of(word: str) -> tuple[Parameter, ...]:
    """The parameters of a kind of layer, or of an operation; none for another word."""
    kind: type[Layer | Operation] | None = KINDS.get(word) or OPERATIONS.get(word)
    return () if kind is None else kind.parameters()


def _argument(documents: Documents, document: Document, argument: Named) -> str:
    for parameter in parameters_of(argument.word) if argument.callee is None else ():
        if parameter.name == argument.name.text:
            return described(parameter)
    found = parameter_of(documents, document, argument)
    return "" if found is None else _parameter(documents, document, found)


def described(parameter: Parameter) -> str:
    """A parameter in a sentence."""
    default = "" if parameter.required or parameter.default is None else f"; by default {written(parameter.default)}"
    return f"`{parameter.name}`: {parameter.description} ({parameter.takes}{default})"


def _word(word: str) -> str:
    """What there is to say of a kind of layer, an operation, a function, or a rule by which weights begin."""
    from cnndsl.reference import describe

    told = []
    if word in KINDS or word in OPERATIONS:
        told.append(_code(describe(word).rstrip(), "text"))
    if word in FUNCTIONS:
        sentence, example = FUNCTIONS[word]
        told.append(f"`{word}`: {tr(sentence)}\n\n{_code(example, 'cnn')}")
    if word in RULES:
        told.append(f"`{rule_signature(word)}`: {tr(RULES[word])}")
    return "\n\n".join(told)


def rule_signature(word: str) -> str:
    """How a rule by which weights begin is written, or a word that stands in one: `normal(mean=0, std=1)`."""
    given = initialisers.RULES.get(word, {}).items()
    shown = (name if default is None else f"{name}={written(default)}" for name, default in given)
    return f"{word}({', '.join(shown)})" if given else word


def _code(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"

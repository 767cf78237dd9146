"""`cnndsl mcp`: what the compiler knows, as tools for an assistant, over standard input and output.

A tool is given a text, or the name of a file below the folder of the server, and gives one of the types in `results`.
Nothing of a text is run. What a tool cannot take is an error in words that say what it can.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from cnndsl import diagnostics as found
from cnndsl import pages, reference
from cnndsl.backends.diff import Report
from cnndsl.backends.pytorch import is_generated
from cnndsl.compilation import Compilation, CompilationError
from cnndsl.diagnostics import Problem
from cnndsl.files import is_signed, rewrite, signed
from cnndsl.fixing import fix
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import as_json
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.mcp import results
from cnndsl.mcp.folder import Document, Folder, Refused, Text
from cnndsl.render import RenderError, convert
from cnndsl.report.json import typed

P = ParamSpec("P")
T = TypeVar("T")
MOST = 100
"""Diagnostics that one answer lists."""
EXAMPLE = """\
block Residual(channels, stride = 1) {
    conv(channels, 3, stride, padding=1, bias=false) -> batchnorm -> relu
    conv(channels, 3, padding=1, bias=false) -> batchnorm
    it + (input -> conv(channels, 1, stride)) -> relu
}

network Net(classes = 10) {
    input(3, 32, 32)
    stem = conv(16, 3, padding=1)

    stem -> relu
    for i in range(3) {
        "layer{i}": Residual(16 * 2 ** i, stride=2)
    }
    global_avgpool -> flatten -> linear(classes)
}
"""
INSTRUCTIONS = f"""\
cnndsl compiles .cnn texts, which describe convolutional networks, to PyTorch. A text says which layers there are and
how they are connected; sizes and numbers of input channels are worked out, and never written:

{EXAMPLE}
Lines of a body follow one another; `it` is what the line before gives, `input` what the block is given. A name before
`=` declares a part, whose name is the key in state_dict, and a line with it uses it. `concat(a, b)`, `a + b` and other
operations combine values. `layers` lists all kinds, and describes one with its parameters. Write a text, give it to
`check`, follow the `fix` and `help` of what is found (`fix` applies what is safe), and look at sizes with `explain`.
`rule` tells about the code of an error.
"""

File = Annotated[str | None, Field(description="A .cnn file in the folder of the server or below it.")]
Words = Annotated[str | None, Field(description="The text itself, where it is in no file.")]
Network = Annotated[str | None, Field(description="Which network to take; by default the last one of the text.")]
Settings = Annotated[
    dict[str, Any] | None, Field(description='Values for parameters of networks, such as {"classes": 100}.')
]
OpenSizes = Annotated[
    dict[str, int] | None, Field(description='Numbers for sizes that the network leaves open: {"H": 256, "W": 256}.')
]
Output = Annotated[
    str | None, Field(description="A file to write, below the folder of the server; by default the answer has it.")
]
_SUFFIXES = (".svg", ".png", ".mmd", ".dot")


def serve(folder: Path) -> None:
    """Answer on standard output what is asked on standard input, until that ends."""
    server = MCPServer("cnndsl", instructions=INSTRUCTIONS, version=version("cnndsl"), log_level="WARNING")
    tools = Tools(folder)
    for tool in (
        tools.check,
        tools.fix,
        tools.compile,
        tools.summary,
        tools.explain,
        tools.diff,
        tools.draw,
        tools.layers,
        tools.rule,
    ):
        server.add_tool(_one_at_a_time(tool, tools.lock))
    server.run("stdio")


def _one_at_a_time(tool: Callable[P, T], lock: Lock) -> Callable[P, T]:
    """A tool that waits for others, and whose refusals reach the assistant in their words."""

    @wraps(tool)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with lock:
                return tool(*args, **kwargs)
        except Problem as problem:
            ways = problem.diagnostic.help  # of which options of the command line are none here
            helps = "".join(f"; {way}" for way in ways if not way.startswith("--"))
            raise ToolError(f"{problem.diagnostic.code}: {problem}{helps}") from None
        except (ValueError, TypeError, KeyError, OSError, RenderError) as problem:
            said = problem.args[0] if isinstance(problem, KeyError) and problem.args else problem
            raise ToolError(str(said)) from None

    return run


class Tools:
    """The tools; the name, the words and the types of each are what an assistant is told of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = Folder(folder)
        self.lock = Lock()

    def check(self, file: File = None, text: Words = None, settings: Settings = None) -> results.Checked:
        """Say everything that is wrong with a text, with fixes, or else the sizes of its networks."""
        compilation = self._read(file, text).compiled(settings or {}).with_classes()
        program = compilation.program
        networks = [] if program is None else [program.modules[key] for key in program.networks]
        return results.Checked(
            **_found(compilation.diagnostics),
            networks=[
                results.NetworkSizes(
                    name=network.name,
                    inputs=as_json(network.input_shapes),
                    outputs=as_json(network.shapes_out(training=False)),
                    training_outputs=as_json(network.shapes_out(training=True)),
                )
                for network in networks
            ],
        )

    def fix(
        self,
        file: File = None,
        text: Words = None,
        settings: Settings = None,
        unsafe: Annotated[bool, Field(description="Follow suggestions too, which are guesses.")] = False,
        write: Annotated[bool, Field(description="Rewrite the file.")] = False,
    ) -> results.Fixed:
        """Apply the fixes of what is wrong with a text, and give the text then. Safe fixes say the same otherwise."""
        document = self._read(file, text)
        if write and document.path is None:
            raise Refused("`write` is for a `file`: the fixed text is in the answer")
        fixed = fix(document.source, lambda now: document.compiled(settings or {}, now).diagnostics, unsafe=unsafe)
        written = None
        if write and document.path is not None and fixed.applied:
            mark = document.data[:3] if document.data.startswith(b"\xef\xbb\xbf") else b""
            rewrite(document.path, document.data, mark + document.source.ended(fixed.source.text).encode())
            written = document.source.name
        return results.Fixed(
            **_found(document.compiled(settings or {}, fixed.source).with_classes().diagnostics),
            text=fixed.source.text,
            mended=[f"line {line}: {title}" for _, line, _, title in fixed.told],
            written=written,
        )

    def compile(
        self,
        file: File = None,
        text: Words = None,
        network: Annotated[str | None, Field(description="This network alone; by default all of the text.")] = None,
        settings: Settings = None,
        target: Annotated[
            Literal["training", "inference"], Field(description="For inference, batch normalisation is folded.")
        ] = "training",
        output: Output = None,
    ) -> results.Compiled:
        """Compile a text to the source of a PyTorch module, with a class for each network and block."""
        compilation = self._read(file, text).compiled(settings or {}).with_network()
        try:
            module = (compilation.for_inference() if target == "inference" else compilation).python(network)
        except CompilationError as problem:
            return results.Compiled(**_found(problem.compilation.diagnostics))
        if output is None:
            return results.Compiled(**_found(compilation.diagnostics), module=module)
        written = self._folder.write(
            output, module.encode(), lambda data: is_generated(data.decode("utf-8", "replace")), (".py",)
        )
        return results.Compiled(**_found(compilation.diagnostics), written=written)

    def summary(
        self,
        file: File = None,
        text: Words = None,
        network: Network = None,
        settings: Settings = None,
        sizes: OpenSizes = None,
        depth: Annotated[int | None, Field(description="Levels of blocks to show with their inside; else all.")] = None,
        batch: Annotated[int, Field(description="Samples that memory is counted for.")] = 1,
    ) -> results.Summarised:
        """Show a network as a table: layers, sizes, parameters, multiply-accumulates, memory."""
        compilation = self._read(file, text).compiled(settings or {}).with_network()
        if compilation.program is None:
            return results.Summarised(**_found(compilation.diagnostics))
        told = json.loads(compilation.summary(network, sizes=sizes, depth=0, batch=batch, format="json"))
        told["totals"] = told["totals"]["memory"] | told["totals"]
        table = compilation.summary(network, sizes=sizes, depth=depth, batch=batch, format="markdown")
        return results.Summarised(**_found(compilation.diagnostics), **told, table=table)

    def explain(
        self,
        file: File = None,
        text: Words = None,
        layer: Annotated[str, Field(description="The path of a layer or block, such as layer1.conv1; else all.")] = "",
        network: Network = None,
        settings: Settings = None,
        sizes: OpenSizes = None,
    ) -> results.Explained:
        """Explain why the layers of a network give the sizes that they give: each formula with its numbers."""
        compilation = self._read(file, text).compiled(settings or {}).with_network()
        if compilation.program is None:
            return results.Explained(**_found(compilation.diagnostics))
        explanation = compilation.explain(layer, network, sizes=sizes)
        return results.Explained(**_found(compilation.diagnostics), explanation=explanation)

    def diff(
        self,
        before: Text,
        after: Text,
        network: Annotated[str | None, Field(description="Which network of both; by default the last ones.")] = None,
        network_after: Annotated[str | None, Field(description="That of the second, where it is another one.")] = None,
        settings: Settings = None,
    ) -> results.Compared:
        """Report what changed between two versions of a network, and whether trained weights still load."""
        first, second = (self._folder.read(side).compiled(settings or {}).with_network() for side in (before, after))
        diagnostics = _found((*first.diagnostics, *second.diagnostics))
        if first.program is None or second.program is None:
            return results.Compared(**diagnostics)
        difference = first.diff(second, network, network_after or network)
        told = json.loads(Report(format="json").of(difference))
        keys = {key: told["state_dict"][key] for key in ("loads", "missing", "unexpected")}
        return results.Compared(**diagnostics, **told, **keys, report=Report(width=120).of(difference))

    def draw(
        self,
        file: File = None,
        text: Words = None,
        network: Network = None,
        settings: Settings = None,
        style: Annotated[
            Literal["diagram", "volume"], Field(description="The layers, or the maps between them as boxes.")
        ] = "diagram",
        depth: Annotated[int | None, Field(description="Levels of blocks to draw with their inside.")] = None,
        format: Annotated[  # noqa: A002 - the word that an assistant is told
            Literal["svg", "mmd", "dot"], Field(description="The form of the answer: SVG, Mermaid or Graphviz.")
        ] = "mmd",
        output: Annotated[
            str | None,
            Field(description=f"A file to write, which ends in {', '.join(_SUFFIXES)}; by default the answer has it."),
        ] = None,
    ) -> results.Drawn:
        """Draw a network. The style volume is SVG, in a file also PNG."""
        compilation = self._read(file, text).compiled(settings or {}).with_network()
        if compilation.program is None:
            return results.Drawn(**_found(compilation.diagnostics))
        form = format if output is None else Path(output).suffix[1:]
        drawn = _picture(compilation, network, style, form, depth)
        diagnostics = _found(compilation.diagnostics)
        if output is None:
            return results.Drawn(**diagnostics, picture=drawn.decode())
        written = self._folder.write(output, signed(drawn, form), is_signed, _SUFFIXES)
        return results.Drawn(**diagnostics, written=written)

    def layers(
        self,
        name: Annotated[
            str | None, Field(description="The kind to describe, such as conv; by default all, briefly.")
        ] = None,
    ) -> results.Kinds:
        """List the kinds of layers and operations, or describe one: its parameters, PyTorch's names, an example."""
        if name is None:
            return results.Kinds(
                kinds=[_brief(kind, group) for group, kinds in reference.groups().items() for kind in kinds]
            )
        kinds = [table[name] for table in (KINDS, OPERATIONS) if name in table]
        if not kinds:
            raise Refused(reference.why_not(name))
        return results.Kinds(kinds=[_full(kind) for kind in kinds])

    def rule(self, code: Annotated[str, Field(description="The code of an error or warning: E302.")]) -> results.Page:
        """Tell what an error or warning means, with an example of what is wrong and one of what is right."""
        try:
            page = pages.page(code.strip().upper())
        except KeyError:
            raise Refused(f"there is no error or warning {code}") from None
        return results.Page(code=page.code, title=page.title, text=page.text)

    def _read(self, file: str | None, text: str | None) -> Document:
        return self._folder.read(Text(file=file, text=text))


def _found(diagnostics: Iterable[found.Diagnostic]) -> dict[str, Any]:
    """What every result has."""
    all_ = tuple(diagnostics)
    return {
        "ok": not found.has_errors(all_),
        "diagnostics": [typed(one) for one in all_[:MOST]],
        "left_out": max(len(all_) - MOST, 0),
    }


def _picture(compilation: Compilation, network: str | None, style: str, form: str, depth: int | None) -> bytes:
    """The bytes of a picture. Raises Refused for a form that there is not."""
    if style == "volume" and form in ("svg", "png"):
        return convert(compilation.volumes(network, depth=depth, theme="light" if form == "png" else "auto"), form)
    if style == "diagram" and form in ("svg", "png"):
        return compilation.diagram("svg" if form == "svg" else "png", network, depth=depth)
    if style == "diagram" and form in ("mmd", "dot"):
        draw = compilation.mermaid if form == "mmd" else compilation.dot
        return draw(network, depth=depth).encode()
    forms = "svg, or png in a file" if style == "volume" else ", ".join(_SUFFIXES).replace(".", "")
    raise Refused(f"the style {style} can be {forms}, and no {form or 'file without a suffix'}")


def _brief(kind: type[Layer | Operation], group: str) -> results.Kind:
    signature, summary = reference.signature(kind), reference.first_sentence(kind)
    return results.Kind(name=kind.kind, group=group, signature=signature, summary=summary)


def _full(kind: type[Layer | Operation]) -> results.Kind:
    said = reference.entry(kind)
    group = kind.group.value if issubclass(kind, Layer) else reference.VALUES
    return _brief(kind, group).model_copy(
        update={
            "parameters": [
                results.Parameter(
                    name=parameter.name,
                    takes=parameter.takes,
                    required=parameter.required,
                    default=None if parameter.default is None else reference.written(parameter.default),
                    description=parameter.description,
                    in_pytorch=said.in_torch.get(parameter.name),
                )
                for parameter in said.parameters
            ],
            "description": list(said.paragraphs),
            "in_pytorch": [
                name for head, names in said.facts if head == "PyTorch" for name in names.split(", ") if name
            ],
            "example": said.example,
            "sizes": list(said.sizes),
        }
    )

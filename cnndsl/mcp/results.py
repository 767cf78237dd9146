"""What the tools give, as types: an assistant is told their schema, and reads the fields by their names."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from cnndsl.report.json import Diagnostic

Sizes = list[list[int | str]]
"""A size for each value, such as [[3, 224, 224]]; a text such as "H // 2" for an axis that is left open."""


class Result(BaseModel):
    """What was found in a text. Only a text without an error gives the rest."""

    ok: Annotated[bool, Field(description="Whether there is no error; warnings do not count.")]
    diagnostics: Annotated[list[Diagnostic], Field(description="Errors and warnings, in the order of the text.")]
    left_out: Annotated[int, Field(description="How many more there are than are listed.")] = 0


TrainingSizes = Annotated[Sizes, Field(description="The sizes of what goes out in training only.")]


class NetworkSizes(BaseModel):
    """A network of a text."""

    name: str
    inputs: Sizes
    outputs: Sizes
    training_outputs: TrainingSizes


class Checked(Result):
    """What is wrong with a text, and its networks where nothing is."""

    networks: list[NetworkSizes] = []


class Fixed(Result):
    """A text with fixes applied; the diagnostics are those that are left."""

    text: Annotated[str, Field(description="The text as it is then.")]
    mended: Annotated[list[str], Field(description='What was done: "line 3: kernel_size becomes kernel".')]
    written: Annotated[str | None, Field(description="The file that was rewritten, if any.")] = None


class Compiled(Result):
    """The PyTorch module of a text, or the file that it was written to."""

    module: str | None = None
    written: str | None = None


class Drawn(Result):
    """A picture as text (SVG, Mermaid, DOT), or the file that it was written to."""

    picture: str | None = None
    written: str | None = None


class Totals(BaseModel):
    """What a network holds and costs for one sample; null for what depends on an open size."""

    parameters: int
    trainable: int
    buffers: int
    macs: Annotated[int | None, Field(description="Multiply-accumulates.")]
    inference: Annotated[int | None, Field(description="Bytes for inference, as dtype and batch say.")]
    training: Annotated[int | None, Field(description="Bytes for training: weights, gradients, what autograd keeps.")]


class Summarised(Result):
    """A network as a table."""

    network: str | None = None
    inputs: Sizes = []
    outputs: Sizes = []
    training_outputs: TrainingSizes = []
    totals: Totals | None = None
    table: Annotated[str, Field(description="A line for each layer, as a Markdown table.")] = ""


class Explained(Result):
    """Why sizes are what they are."""

    explanation: str = ""


class Version(BaseModel):
    """A network of the two that are compared."""

    network: str
    inputs: Sizes
    outputs: Sizes
    training_outputs: TrainingSizes
    parameters: int
    macs: int | None


class Compared(Result):
    """What changed from one network to another; the diagnostics are those of both texts."""

    same: Annotated[bool | None, Field(description="Whether layers, sizes and keys are the same.")] = None
    before: Version | None = None
    after: Version | None = None
    loads: Annotated[bool | None, Field(description="Whether a state_dict of the first loads in the second.")] = None
    missing: Annotated[list[str], Field(description="Keys that only the second has.")] = []
    unexpected: Annotated[list[str], Field(description="Keys that only the first has.")] = []
    report: Annotated[str, Field(description="All that changed, as `cnndsl diff` says it.")] = ""


class Parameter(BaseModel):
    """A parameter of a layer."""

    name: str
    takes: str
    required: bool
    default: Annotated[str | None, Field(description="As the language writes it; null if there is none to write.")]
    description: str
    in_pytorch: Annotated[str | None, Field(description="What PyTorch calls it, where that is another word.")]


class Kind(BaseModel):
    """A kind of layer, or an operation on values."""

    name: str
    group: str
    signature: Annotated[str, Field(description="How it is written; what is in brackets may be left out.")]
    summary: str
    parameters: Annotated[list[Parameter], Field(description="Only where one kind was asked for.")] = []
    description: list[str] = []
    in_pytorch: list[str] = []
    example: str = ""
    sizes: Annotated[list[str], Field(description="What goes through the example.")] = []


class Kinds(BaseModel):
    """The kinds that were asked for."""

    kinds: list[Kind]


class Page(BaseModel):
    """What an error or warning means, with an example of what is wrong and one of what is right, as Markdown."""

    code: str
    title: str
    text: str

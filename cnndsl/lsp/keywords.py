"""What the words say that the grammar keeps for itself: a sentence for each, and a text in which it stands."""

from __future__ import annotations

from cnndsl.i18n import tr

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


def told(word: str) -> str:
    """What a word of the grammar says, and an example, as Markdown. Raises KeyError for another word."""
    sentence, example = KEYWORDS[word]
    return f"`{word}`: {tr(sentence)}\n\n```cnn\n{example}\n```"

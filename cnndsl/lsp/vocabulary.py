"""The words of the language -> a sentence about each, for an editor to show: keywords, functions, rules, properties."""

from __future__ import annotations

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

FUNCTIONS: dict[str, tuple[str, str]] = {
    "abs": ("A number without its sign.", "abs(-3) == 3"),
    "all": ("Whether all conditions of a list hold.", "all([n > 8 for n in [16, 32]]) == true"),
    "any": ("Whether a condition of a list holds.", "any([n > 16 for n in [16, 32]]) == true"),
    "ceil": ("The smallest whole number that is not below a number.", "ceil(2.1) == 3"),
    "enumerate": (
        "The items of a list, each with its place before it, counted from 0 or from a number.",
        "enumerate([16, 32]) == [[0, 16], [1, 32]]",
    ),
    "exp": ("e to the power of a number.", "exp(0) == 1.0"),
    "float": ("A number as one with decimals.", "float(2) == 2.0"),
    "floor": ("The largest whole number that is not above a number.", "floor(2.9) == 2"),
    "int": ("A number without its decimals.", "int(2.9) == 2"),
    "len": ("How many items a list has, or how many characters a text.", "len([16, 32, 64]) == 3"),
    "log": ("The natural logarithm.", "log(1) == 0.0"),
    "log10": ("The logarithm to base 10.", "log10(1000) == 3.0"),
    "log2": ("The logarithm to base 2.", "log2(8) == 3.0"),
    "make_divisible": (
        "A number of channels rounded to a multiple of a divisor, and never below 90 % of it, as MobileNets do.",
        "make_divisible(32 * 1.4, 8) == 48",
    ),
    "max": ("The largest of several numbers.", "max(3, 4) == 4"),
    "min": ("The smallest of several numbers.", "min(3, 4) == 3"),
    "range": (
        "The whole numbers from 0, or from a first one, up to one that is left out; a third number is the step.",
        "range(1, 4) == [1, 2, 3]",
    ),
    "reversed": ("The items of a list, the last one first.", "reversed([16, 32]) == [32, 16]"),
    "round": (
        "The nearest whole number, of two that are as near the even one; or a number to so many decimals.",
        "round(2.6) == 3",
    ),
    "sorted": ("The items of a list, the smallest one first.", "sorted([32, 16]) == [16, 32]"),
    "sqrt": ("The square root.", "sqrt(16) == 4.0"),
    "str": ("A number as a text.", 'str(2) == "2"'),
    "sum": ("The sum of a list of numbers.", "sum([16, 32]) == 48"),
    "unique": ("The items of a list, each once, in their order.", "unique([16, 32, 16]) == [16, 32]"),
    "zip": (
        "Of several lists the first items together, then the second ones, and so on.",
        "zip([16, 32], [1, 2]) == [[16, 1], [32, 2]]",
    ),
}
"""What the functions on constants give, and an example with what comes out."""

RULES: dict[str, str] = {
    "default": "The tensor begins as PyTorch itself lets it.",
    "zeros": "All numbers are 0.",
    "ones": "All numbers are 1.",
    "constant": "All numbers are `val`.",
    "uniform": "The numbers are drawn evenly between `a` and `b`.",
    "normal": "The numbers are drawn from a normal distribution.",
    "trunc_normal": "The numbers are drawn from a normal distribution, of which all outside of `a` and `b` is cut off.",
    "xavier_uniform": (
        "The numbers are drawn evenly between -b and b, with b = gain * sqrt(6 / (fan_in + fan_out)) "
        "(Glorot and Bengio, 2010)."
    ),
    "xavier_normal": (
        "The numbers are drawn from a normal distribution with std = gain * sqrt(2 / (fan_in + fan_out)) "
        "(Glorot and Bengio, 2010)."
    ),
    "kaiming_uniform": (
        "The numbers are drawn evenly between -b and b, with b = gain * sqrt(3 / fan), where `mode` says which fan "
        "and the nonlinearity behind the layer says the gain (He et al., 2015)."
    ),
    "kaiming_normal": (
        "The numbers are drawn from a normal distribution with std = gain / sqrt(fan), where `mode` says which fan "
        "and the nonlinearity behind the layer says the gain (He et al., 2015)."
    ),
    "orthogonal": "The rows or the columns of the weight, as a matrix, are orthogonal (Saxe et al., 2013).",
    "dirac": "A convolution hands on as many of its channels as it can: each kernel has a single 1, at its centre.",
    "fan_in": "How many numbers make one that comes out: the channels that a kernel reads, times its places.",
    "fan_out": "The channels that come out, times the places of the kernel.",
}
"""What the rules by which weights begin do, and the words that may stand in them."""

PROPERTIES: dict[str, str] = {
    "channels": "How many channels a value has: the length of its first axis.",
    "depth": "The length of the first axis of a volume behind its channels.",
    "features": "How many numbers a value with a single axis has.",
    "height": "How many rows a map has: the length of its axis before the last.",
    "length": "How many places a sequence has: the length of its axis behind the channels.",
    "rank": "How many axes a value has, without the batch.",
    "shape": "The lengths of all axes of a value, without the batch, as a list.",
    "width": "How many columns a map has: the length of its last axis.",
}
"""What may be asked of a value."""

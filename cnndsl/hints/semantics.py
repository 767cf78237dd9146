"""The tables of what is said of names, values and calls that do not fit where they stand, one for each situation.

A hint's pattern is matched against a few words about what was found, and then the text of the node. Each table says
which words: mostly what the values are (layer, value, number, text, list, ...) and the kind of node of the tree. The
first that matches speaks. `$at` is the text of the node, and `$what` is what its value is.
"""

from __future__ import annotations

from collections.abc import Callable

from cnndsl.hints.engine import Facts, Hint, Place

_OWN = "for other functions of values, a module of your own is declared with extern"
_NO_CONDITION = "a condition is true or false, and this is $what"
_NO_LIST = "a loop runs over a list, and this is $what"
_NO_LAYER = "$wanted, and this is $what"
_NO_SIDES = "$operator cannot take $what and $other"
_NOTHING = "nothing is called $at"
_ON_VALUES = "$name works on numbers, and not on values of the network"
_ON_NUMBERS = "$operator works on numbers, not on values of the network"
_TAKES_VALUES = "$name takes values of the network"
_CURRENT = "the value that flows is called it, and the one that came in input"
_TRAINING = "training is not part of a network: compile it, and train the module that is written in Python"
_TRAINED = (
    "CrossEntropyLoss|MSELoss|NLLLoss|BCELoss|BCEWithLogitsLoss|L1Loss|cross_entropy|mse_loss|loss|criterion|Adam|"
    "AdamW|SGD|RMSprop|optimizer|train|fit|backward"
)


def _known(name: str) -> Callable[[Place, Facts], Facts | None]:
    """What recognises something where a fact is known, and not empty."""
    return lambda _, facts: {} if facts[name] else None


def _axis(_: object, facts: Facts) -> Facts:
    return {"axis": str(int(facts["axis"]) - (int(facts["axis"]) > 0))}


# fmt: off
TABLES: dict[str, tuple[Hint, ...]] = {
    # A name that means nothing: the name
    "name": (
        Hint(r"Name (?:True|False|TRUE|FALSE)", _NOTHING, "write $word", fix={"at": "$word"}, safe=True,
             also=lambda _, facts: {"word": facts["at"].lower()}, example="conv(8, 3, bias=False)"),
        Hint(r"Name (?:None|none|null)", _NOTHING, "leave the argument out", example="conv(8, 3, stride=None)"),
        Hint(r"Name self", _NOTHING, "parts are named without self: conv1", example="self"),
        Hint(r"Name super", _NOTHING, "remove this line: nothing stands above a network", example="super()"),
        Hint(r"Name return", _NOTHING, "leave it out: the last value of a body is its output", example="return"),
        Hint(r"Name pass", _NOTHING, "remove it: a body may be empty", example="pass"),
        Hint(r"Name fan_(?:in|out)", _NOTHING, "an init line knows it: init conv: weight = normal(0, $at ** -0.5)",
             example="conv(3, 1, weight_init=normal(0, fan_in))"),
        Hint(r"Name (?:argmax|topk)", _NOTHING, "the network gives all scores: take the largest where you run it",
             example="conv(10, 1) -> argmax"),
        Hint(r"Name (?:max_?unpool\w*|MaxUnpool\w*)", _NOTHING,
             "no pooling tells the places of its maxima: write upsample(scale=2), or conv_transpose(channels, 2, 2)",
             example="relu -> max_unpool(2)"),
        Hint(r"Name (?i:depth_?wise\w*)", _NOTHING,
             "a depthwise convolution has a group for each channel: conv(it.channels, 3, groups=it.channels)",
             example="depthwise_conv(3)"),
        Hint(r"Name (?i:point_?wise\w*)", _NOTHING, "a pointwise convolution has a kernel of 1: conv(channels, 1)",
             example="pointwise_conv(16)"),
        Hint(r"Name (?i:separable\w*)", _NOTHING,
             "write its two convolutions: conv(it.channels, 3, groups=it.channels) -> conv(channels, 1)",
             example="SeparableConv2D(16, 3)"),
        Hint(r"Name (?:in_channels|in_planes|inplanes|in_features|num_channels|num_features)", _NOTHING,
             ("the channels that come in are input.channels", "those of the value that flows are it.channels"),
             fix={"at": "input.channels"}, example="conv(2 * in_channels, 1)"),
        Hint(r"Name (?:randn?|rand(?:n|int)?_like|random_normal|noise)", _NOTHING,
             "a network draws no numbers but in its dropouts: give them as another input: noise = input(16)",
             example="it + randn_like(it)"),
        Hint(r"Name print", _NOTHING, "nothing is printed: remove this line", example="print(it)"),
        Hint(r"Name (?:Input|InputLayer)", _NOTHING,
             "write input(3, 32, 32): the channels come first, and the batch is left out",
             example="Input(shape=[32, 32, 3])"),
        Hint(r"Name Sequential", _NOTHING,
             "layers in a row are written a -> b -> c, or in braces with a line for each",
             example="Sequential(relu, tanh)"),
        Hint(r"Name Module", _NOTHING, "a network is written network Net { ... }", example="Module()"),
        Hint(r"Name x", _NOTHING, _CURRENT, fix={"at": "it"}, example="relu(x)"),
        Hint(r"Name y", _NOTHING, _CURRENT, example="relu(y)"),
        Hint(r"Name [HW]", _NOTHING,
             ("a size of an input that is left open is written ?, without a name: input(3, ?, ?)",
              "one that is given from outside is a parameter: network Net($at = 32)"),
             example="left = input(3, H, W)"),
        Hint(r"Name training", _NOTHING, "lines for training only are written when training { ... }",
             example="if training { dropout(0.5) }"),
        Hint(r"Name model", _NOTHING, "layers stand in lines of their own: nothing is added to a model",
             example="model.add(relu)"),
        Hint(rf"Name (?:{_TRAINED})", _NOTHING, _TRAINING, example="it -> CrossEntropyLoss()"),
    ),
    # A condition that is none: what it is worth, and the kind of node
    "condition": (
        Hint(r"layer .*", "a condition is a constant, true or false, and this is $what",
             "decide by a parameter: block Unit(deep = true) { if deep { ... } }", example="if relu { tanh }"),
        Hint(r"values? .*",
             "a condition is worked out before the network runs, when what a value holds is not known",
             "decide by its sizes, if it.height > 8 { ... }, or by a parameter", example="if it { relu }"),
        Hint(r"(?:number|decimal) Number .*", _NO_CONDITION, "write true or false", example="if 3 { relu }"),
        Hint(r"(?:number|decimal) Conditional .*", _NO_CONDITION, "compare it: ($at) > 0",
             example="if 3 if true else 2 { relu }"),
        Hint(r"(?:number|decimal) .*", _NO_CONDITION, "compare it: $at > 0", example="n = 3; if n { relu }"),
        Hint(r"(?:list|layers) .*", _NO_CONDITION, "ask how long it is: len($at) > 0",
             brief="ask how long it is, with len", example="w = [8]; if w { relu }"),
        Hint(r"text Name .*", _NO_CONDITION, 'compare it: $at == "$plain"', example='act = "relu"; if act { relu }'),
        Hint(r"text .*", _NO_CONDITION, "write true or false", example='if "true" { relu }'),
        Hint(r".*", _NO_CONDITION, "compare two numbers: n > 0", example="if len { relu }"),
    ),
    # A loop over what is no list: what it is worth, and the kind of node
    "loop": (
        Hint(r"(?:number|truth) (?:Number|Name|Attribute) .*", _NO_LIST, "to count, write range($at)",
             fix={"at": "range($at)"}, example="for i in 3 { relu }"),
        Hint(r"(?:number|truth) .*", _NO_LIST, "to count, write range($at)", example="n = 3; for i in n + 1 { relu }"),
        Hint(r"layer .*", _NO_LIST, "to apply a layer several times, write repeat 3 { $at }",
             brief="to apply a layer several times, write repeat 3 { layer }", example="for i in relu { tanh }"),
        Hint(r"value .*", _NO_LIST, "to run over parts of its channels, write split($at, 4)",
             brief="to run over parts of its channels, write split(it, 4)", example="for x in it { relu }"),
        Hint(r".*", _NO_LIST, "to count, write range(n)", example='for i in "abc" { relu }'),
    ),
    # A comparison of what has no order: what both sides are
    "order": (
        Hint(r"values .*",
             "what values hold is known only when the network runs, and a comparison is worked out before",
             "ask how many there are, len(list) > 0, or compare their sizes",
             example="y = [it, it]; if y == [] { relu }"),
        Hint(r"(?:value|\w+ value) .*",
             "what a value holds is known only when the network runs, and a comparison is worked out before",
             "compare its sizes: it.channels > 3", example="if it > 3 { relu }"),
        Hint(r"layer layer .*", "$what and $other have no order", "layers are put in a row with ->",
             example="if relu < tanh { relu }"),
        Hint(r".*", "$what and $other have no order", "compare two numbers", example="if [1] < [2] { relu }"),
    ),
    # An operator between what does not go together: what the sides are, and between them the operator
    "operator": (
        Hint(r"(?:part|value) \S+ (?:part|value) .*", _NO_SIDES, "$result", also=_known("result"),
             example="c: conv(3, 1)\n    c + it"),
        Hint(r"(?:layer|part) \*\*? (?!value).*|(?!value)\w+ \*\*? (?:layer|part) .*", _NO_SIDES,
             "a layer is repeated a number of times: layer * 3", example="relu ** 2"),
        Hint(r"(?:layer|part) \S+ (?:layer|part) .*", _NO_SIDES,
             ("layers are put in a row with ->: $left -> $right",
              "what comes out of them is combined: (it -> $left) $operator (it -> $right)"),
             brief=("layers are put in a row with ->: a -> b",
                    "what comes out of them is combined: (it -> layer) $operator ..."),
             example="conv(3, 1) + conv(3, 1)"),
        Hint(r"(?:layer|part) .*", _NO_SIDES, "apply the layer to a value first: (it -> $left) $operator $right",
             brief="apply the layer to a value first: (it -> layer) $operator ...", example="sigmoid * input"),
        Hint(r"\w+ \S+ (?:layer|part) .*", _NO_SIDES,
             "apply the layer to a value first: $left $operator (it -> $right)",
             brief="apply the layer to a value first: (it -> layer) $operator ...", example="input * sigmoid"),
        Hint(r"\w+ @ .*", _NO_SIDES, "@ multiplies matrices, which are two values of the network", example="input @ 2"),
        Hint(r"(?:text|\w+ \S+ text) .*", _NO_SIDES, 'a number is put into a text with braces: "conv{i}"',
             example='x = "conv" + 1'),
        Hint(r"(?:list|layers|\w+ \S+ (?:list|layers)) .*", _NO_SIDES,
             "lists are joined with +, and repeated with *: [1, 2] + [3], [1] * 3", example="x = [1] - [2]"),
        Hint(r".*", _NO_SIDES, "$operator takes two numbers, or values of the network", example="x = true + 1"),
    ),
    # An operator of numbers on a value: the operator
    "power": (
        Hint(r"\*\* .*", "the exponent of ** is a number, and not a value of the network",
             "write exp($right * log($left))", brief="write exp(exponent * log(base))", example="input ** it"),
        Hint(r".*", _ON_NUMBERS, "values are combined with + - * / and, with a number, **", example="input % 2"),
    ),
    # A function that there is not: its name, how many arguments it has, and whether one is a number
    "function": (
        Hint(r"(?:sin|cos) 1 number .*", _NOTHING, "work it out beforehand, and write $result",
             example="dropout(math.sin(0.5))"),
        Hint(r"(?:sin|cos) .*", _NOTHING, "work it out beforehand, and give the number as a parameter",
             example="dropout(cos(-2))"),
        Hint(r"cosine_similarity [2-4] .*", _NOTHING,
             "write sum(normalize($first, axis=$axis, eps=1e-8) * normalize($second, axis=$axis, eps=1e-8), "
             "axis=$axis, keepdim=true)",
             brief="write sum(normalize(a, eps=1e-8) * normalize(b, eps=1e-8), axis=1, keepdim=true)",
             example="cosine_similarity(it, input)"),
    ),
    # A function of numbers on a value: its name
    "function of a value": (
        Hint(r"clip .*", _ON_VALUES, "numbers are kept between two others by clamp(x, min, max)",
             example="clip(input, 0, 1)"),
        Hint(r"log(?P<base>2|10) .*", _ON_VALUES, "write log($first) / log($base)",
             brief="write log(x) / log($base)", example="log2(1 + input)"),
        Hint(r"square .*", _ON_VALUES, "a square is written $first ** 2", brief="a square is written x ** 2",
             example="square(input)"),
        Hint(r"(zip|enumerate|reversed) .*", "$name takes lists, and this is one value of the network",
             "a list of it alone is [value]; split into one part gives the value itself", example="zip(input, [1])"),
        Hint(r".*", _ON_VALUES, _OWN, example="round(input)"),
    ),
    # A stage that is no layer: `labelled` where it is given a name, what it is worth, and the kind of node
    "stage": (
        Hint(r"\w+ values .*", "one value goes through an arrow, and here are $count values",
             "go on with one of them, a, b = ... and then a -> ..., or put them together: concat(...) -> ...",
             example="[input, it] -> relu"),
        Hint(r"labelled value Call (?:parameter|constant)\(.*", _NO_LAYER, "its name is given with =: name = $at",
             example='"a": parameter([3])'),
        Hint(r"labelled value .*", _NO_LAYER, "the name stands before a layer: $at -> $label: linear(8)",
             also=lambda _, facts: {} if facts["label"][:1] == '"' else None, example='"a": it -> relu'),
        Hint(r"labelled value .*", _NO_LAYER, "a value gets its name with =: $label = ...", example="a: relu(it)"),
        Hint(r"\w+ value Call (?P<name>concat|add|mul)\(.*", _NO_LAYER,
             "$name is given all its values, in a line of its own", example="relu -> concat(it, input)"),
        Hint(r"\w+ value .*", _NO_LAYER, "begin a new line with the value: it becomes the current one",
             example="relu -> input"),
        Hint(r"labelled \w+ Number .*", _NO_LAYER, "a number gets its name with =: $label = $at", example="n: 3"),
        Hint(r"plain layers ListOf [^#\n]*", _NO_LAYER,
             ("in a row, write $row", "for what each makes of one value, [it -> layer for layer in $at]"),
             also=lambda _, facts: {} if facts["row"] and "follow" in facts["wanted"] else None,
             example="it -> [relu, tanh]"),
        Hint(r"\w+ \w+ ListOf [^#\n]*", _NO_LAYER, "write $row", also=_known("row"), fix={"at": "$row"},
             example="[relu, tanh] -> tanh"),
        Hint(r"\w+ layers .*", _NO_LAYER, "apply its layers one by one: for layer in $at { layer }",
             example="w = [relu, tanh]; it -> w"),
        Hint(r"\w+ function Name (?P<name>concat|add|sub|mul|div|stack|matmul|maximum|minimum)", _NO_LAYER,
             "$name is given all its values, in a line of its own: $name(a, b)", example="[it, input] -> concat"),
        Hint(r"\w+ function Name (?P<name>\w+)", _NO_LAYER, "a function is called on a value: $name(it)",
             example="relu -> sqrt"),
        Hint(r"\w+ \w+ Name .*", _NO_LAYER, "$hidden", also=_known("hidden"), example="relu = 3; it -> relu"),
        Hint(r"\w+ \w+ String .*", _NO_LAYER, "write $word, without quotes", fix={"at": "$word"},
             also=lambda _, facts: {"safe": facts["at"] == f'"{facts["word"]}"'} if facts["word"] else None,
             example='it -> "relu"'),
        Hint(r"\w+ \w+ Number .*", _NO_LAYER, "write a layer here, such as linear($at)", example="it -> 10"),
        Hint(r"\w+ \w+ ListOf .*", _NO_LAYER, "write -> between its layers", also=_known("row"),
             example="n = 3\n    [n,\n    n] -> tanh"),
        Hint(r".*", _NO_LAYER, "write a layer here", example="it -> true"),
    ),
    # What is asked of something that is no value: what that is, and the node before the dot
    "attribute": (
        Hint(r"\w+ Number (?P<number>\d+)\..*", "numbers in a row are written with range",
             "write range($number, $name)", example="n = 3; for i in 0..n { relu }"),
        Hint(r"(?:layer|part) .*?(?P<joint>\s*\.\s*\w+)", "$what has no .$name",
             "layers are put in a row with ->: $value -> $word", also=_known("word"), fix={"joint": " -> $word"},
             example="conv(8, 3).relu"),
        Hint(r"part .*", "$what has no .$name", "$result", also=_known("result"),
             example="c: conv(8, 3)\n    x = c.channels"),
        Hint(r".*", "$what has no .$name", "sizes are asked of values: input.channels",
             example="n = 3; m = n.channels"),
    ),
    # A method of a tensor: its name, and its arguments
    "method": (
        Hint(r"(?:mean|amax) plain .*", "$message", ("write $operation($value, $given)", "$last"), safe=True,
             fix={"call": "$operation($value, $given)"}, example="it.mean(dim=[2, 3])"),
        Hint(r"(?:max|chunk) plain .*", "$message", ("write $operation($value, $given)", "$last"),
             fix={"call": "$operation($value, $given)"}, example="it.chunk(3, dim=1)"),
        Hint(r"split plain .*", "$message", ("write split($value, 2), with the number of parts", "$last"),
             example="it.split(16)"),
        Hint(r"flatten .*|(?:view|reshape) \w+ (?:.* )?-1 .*", "$message",
             ("a layer is applied with ->: $value -> flatten; before a linear nothing is needed", "$last"),
             example="it.view(-1, 400)"),
        Hint(r"size \w+ -?0 .*", "$message",
             ("the batch has no size here: a network takes any number of samples", "$last"), example="n = it.size(0)"),
        Hint(r"size \w+ (?P<axis>-?\d) .*", "$message",
             ("write $value.shape[$axis]: the batch is not among the sizes", "$last"), also=_axis,
             example="n = it.size(2)"),
    ),
    # An operation on values that is given something else: its name, and what it is given
    "operation": (
        Hint(r"\w+ (?:\w+ )*layers Call .*", "$name takes values of the network, and this list has layers",
             "apply each of them to a value: $name([it -> layer for layer in layers])", example="concat([relu, tanh])"),
        Hint(r"\w+ (?:\w+ )*part (?:\w+ )*Call .*", "$name takes values of the network, and this is $what", "$result",
             also=_known("result"), at="layer", example="c: conv(8, 3)\n    concat(c, input)"),
        Hint(r"\w+ (?:\w+ )*(?:layer|part) (?:\w+ )*Call .*", "$name takes values of the network, and this is $what",
             "apply the layer to a value first: $name($written)", at="layer", example="concat(input, conv(8, 1))"),
        Hint(r"pow \w+ \w+ Call .*", _TAKES_VALUES, "write $first ** $second", example="conv(pow(2, 3), 1)"),
        Hint(r"(?:add|sub|mul|div|minimum|maximum|concat) .*", _TAKES_VALUES, "for example $name(input, it)",
             example="concat(1, 2)"),
        Hint(r"split .*", _TAKES_VALUES, "for example split(it, 2)", example="split(3)"),
        Hint(r".*", _TAKES_VALUES, "for example $name(it)", example="reciprocal(3)"),
    ),
    # Other signs, in a line that can be read: the text alone
    "sign": (
        Hint(r"comment .*?(?P<gone>//).*", "a comment begins with #, and // divides numbers", "write # in place of it",
             at="gone", fix={"gone": "#"}, example="relu // first"),
        Hint(r"minus (?P<gone>(?P<sign>-)\s*).*", "a line of a body has no - before it", "remove it", at="sign",
             fix={"gone": ""}, example="- relu"),
        Hint(r"numbers .*", "-> leads from layer to layer, and not from number to number",
             "write $last: the channels that come in follow from the layer before", code="E404", fix={"at": "$last"},
             example="conv(8 -> 16, 3)"),
        Hint(r"label .*",
             "a colon gives a layer a name; the arguments of $name stand in parentheses", "write $name($given)",
             code="E404", fix={"at": "$name($given)"}, example="maxpool: 2"),
        Hint(r"argument (?P<name>\w+)(?P<sign>\s*==\s*).*", "an argument is given with =, and not with ==",
             "write $name=$given", code="E207", fix={"sign": "="}, example="conv(8, 3, padding==1)"),
        Hint(r"parameter .*", "$at is what an argument is called, and nothing is given for it", "write $at=...",
             code="E207", example="conv(8, 3, padding)"),
        Hint(r'argument (?P<name>"[^"]*"|\w+)(?P<colon>[^:]*:\s*).*',
             "an argument is given with =, and not with a colon", "write $name=$given", code="E207", safe=True,
             fix={"colon": "="}, example="conv(channels: 8, kernel: 3)"),
        Hint(r"called (?P<name>.*?)(?P<gone>\(\s*\))", "$name is called once, with its values", "write $name(a, b)",
             fix={"gone": ""}, example="add()([it, input])"),
        Hint(r"equal (?P<name>\w+)(?P<sign>.*?==\s*).*", "== compares, and a name is given a value with =",
             "write $name = $given", code="E201", fix={"sign": " = "}, example="conv1 == conv(8, 3)"),
    ),
}
# fmt: on

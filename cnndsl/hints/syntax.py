"""The table of what is said of a text that cannot be read; the first entry that recognises a place speaks.

What the entries are made of, and how patterns are written, is in engine.py; what no pattern can tell is computed by
the functions of recognisers.py. Each has an example, which the tests go through.
"""

from __future__ import annotations

import re

from cnndsl.hints import characters, recognisers
from cnndsl.hints.engine import Computed, Facts, Hint, Place
from cnndsl.hints.recognisers import LATER
from cnndsl.layers.initialisers import RULES

WORDS_ELSEWHERE = {
    "class": "a network is written network Net { ... }",
    "def": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "fn": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "func": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "function": "a block is written outside of other bodies: block Unit(channels) { ... }",
    "return": "the last value of a body is its output; several are written output a, b",
    "elif": "write else if",
    "elseif": "write else if",
    "elsif": "write else if",
    "while": "write repeat 3 { ... } or for i in range(3) { ... }",
    "let": "write name = ...",
    "const": "write name = ...",
    "var": "write name = ...",
    "int": "write name = ...",
    "float": "write name = ...",
    "auto": "write name = ...",
    "del": "remove this line: a name may simply be given something else",
    "try": "leave it out: a text says what is connected, and runs nothing",
    "with": "leave it out: a text says what is connected, and runs nothing",
    "raise": "what has to hold is said with assert",
}
"""Words of Python, C and JavaScript that begin a line, and what is written instead."""
_COMPARED = {"<>": "!=", "=<": "<=", "=>": ">=", "===": "==", "!==": "!="}
"""What other languages compare with."""
_IMPORT = 'what stands in another file is imported with from "file.cnn" import Unit'
_RULE = rf"\b(?:{'|'.join(sorted(RULES))})\b"
_MODULE = r"\b(?:torch|torchvision|tensorflow|keras|numpy|jax|flax)\b"
_DIGITS = r"(?:[xX][0-9a-fA-F]+|[bB][01]+|[oO][0-7]+)"
_BRACES = r"\w+ :[^,:{}\n]+"
_USED = r"(?! (?:=(?!=)|:|->|\.))"
"""Behind a name of the text itself stands what gives it a meaning, or uses it."""
_DASHES = r"\u2010-\u2015\u2212\u2500\u30fc\uff0d"
"""Dashes of all lengths, also those of a Japanese keyboard."""


def _sizes(_: Place, facts: Facts) -> Facts | None:
    sizes = re.findall(r"\d+|\?", facts["at"])
    return {"sizes": ", ".join(sizes)} if sizes else None


def _file(_: Place, facts: Facts) -> Facts:
    return {"file": facts["module"].replace(".", "/")}


def _share(_: Place, facts: Facts) -> Facts:
    share = f"{float(facts['number']) / 100:g}"
    is_alone = bool(facts["alone"]) and " " not in facts["at"]  # and not the rest of a division
    return {"share": share, "safe": is_alone and float(share) == float(facts["number"]) / 100}


def _targets(_: Place, facts: Facts) -> Facts | None:
    names = re.sub(r"\s*,\s*", ", ", facts["at"].replace("(", "[").replace(")", "]"))
    if len(re.findall(r"[^\W\d]\w*", names)) < 2 or names.count("[") != names.count("]"):
        return None
    ends = [k + 1 for k in range(len(names)) if names[: k + 1].count("[") == names[: k + 1].count("]")]
    return {"names": names if names[0] == "[" and ends[:1] == [len(names)] else f"[{names}]"}


def _changed(_: Place, facts: Facts) -> Facts:
    added = facts.get("added", "1")
    added = added if re.fullmatch(r"[\w.]+", added) else f"({added})"
    result = f"{facts['name']} {facts['sign']} {added}"
    return {"changed": result if facts["name"] == "it" else f"{facts['name']} = {result}"}


def _arguments(_: Place, facts: Facts) -> Facts:
    return {"given": re.sub(r"(?<=[\w\"]) +(?=[\w\"])", ", ", facts["given"])}


def _object(_: Place, facts: Facts) -> Facts:
    return {"given": re.sub(r"(\w)\s*:\s*", r"\1=", " ".join(facts["given"].split())).rstrip(", ")}


def _identifier(_: Place, facts: Facts) -> Facts | None:
    name = facts["at"]
    if name.isidentifier():
        return None
    named = "_".join(re.split(r"[.-]+", name.lstrip("0123456789.-_")))
    return {"named": named or "Net", "fixable": name[0].isalpha()}


def _is_missing(place: Place, facts: Facts) -> Facts | None:
    is_operator = place.kind_before in ("PLUS", "MINUS", "STAR", "SLASH", "POWER", "COMPARE", "AND", "OR", "NOT")
    is_number = facts["at"] == "." and place.kind_before == "NUMBER"
    return None if (place.kind == "_ARROW" and not is_operator) or is_number else {}


def _tensor(_: Place, facts: Facts) -> Facts | None:
    layer, _dot, tensor = facts["at"].partition(".")
    return {"layer": layer, "tensor": tensor} if tensor in ("weight", "bias") else None


def _underscored(_: Place, facts: Facts) -> Facts | None:
    if "\n" in facts["at"]:
        return None
    outer, _, inner = facts["at"].rpartition(".")
    return {
        "named": re.sub(r"[-. ]+", "_", facts["at"]),
        "commas": ", ".join(facts["at"].split()),
        "outer": outer,
        "last": inner,
    }


def _decimal(_: Place, facts: Facts) -> Facts:
    number = facts["at"]
    return {"number": str(int(number, 0)) if number[1].isalpha() else number.replace("_", "")}


def _rule(_: Place, facts: Facts) -> Facts:
    return {"rule": facts["rule"] or "zeros"}


def _title(_: Place, facts: Facts) -> Facts:
    return {"title": facts["title"] or "Net"}


_NOT_A_NAME = rf"^ (?!(?:{'|'.join(WORDS_ELSEWHERE)}|import|include|lambda|self)\b)(?=<NAME>)(?P<at>\w+(?:[-. ]+\w+)+)"
_INIT_RULE = "init names the kind of layer whose weights begin so"
_INIT_WHAT = "an init line says what begins so, the weight or the bias"
_NO_SIGN = "a line of a body has no $at before it"
_WITHOUT_LETTER = "a text has no letter before its quotes"
_PYTHON_TEXT = "leave it out: what is in braces is worked out anyway"
_ONE_BY_ONE = "arguments are written one by one"
_HASH = "a comment begins with #"

# fmt: off
TABLE: tuple[Hint | Computed, ...] = (
    # Around the text, and what is no part of it
    Computed(characters.latin_word, ("rеpeat 3 { relu }",)),
    Computed(recognisers.line_ends, ("network Net {\r    input(8)\r    relu\r}\r",)),
    Hint(r"^ ¦(?P<at>(?:```|~~~)[ \t]*[\w.+-]*)<END>",
         "this marks a text in a chat or a README, and is no part of it", "remove this line",
         fix={"at": ""}, example="```cnn"),
    Hint(r"(?<!\s)(?P<end>)(?P<gap>\s*¦[;\n]\s*)(?P<at>\{)",
         "a { stands on the line of what it belongs to, at its end", "move it to the end of the line above",
         expects="LBRACE", fix=({"gap": " "}, {"end": " {", "at": ""}), safe=True, example="repeat 2\n{ relu }"),
    Computed(recognisers.long_comment, ('"""The first layer."""', "/* The first layer. */")),
    Hint(r"^ ¦(?P<at>//)",
         _HASH, "write # in place of it", fix={"at": "#"}, safe=True, example="// the first layer"),
    Hint(r"^ [^\s/].*?(?=//.*¦|¦//)¦?(?P<at>//)",
         _HASH, "write # in place of it", fix={"at": "#"}, example="conv(8, 3) // the first layer"),
    Hint(r'\b(?P<at>[fF])¦(?:(?P<safe>"(?:(?!\{\{)[^"\n])*"|\'|"(?![^"\n]*"))|")',
         _WITHOUT_LETTER, _PYTHON_TEXT, fix={"at": ""}, example='f"conv{1}": conv(8, 3)'),
    Hint(r'\b(?P<at>(?i:r|b|u|fr|rf))¦(?:(?P<safe>"[^"{\n]*")|["\'])',
         _WITHOUT_LETTER, _PYTHON_TEXT, fix={"at": ""}, example='r"first": conv(8, 3)'),
    Computed(recognisers.prefixes, ("> network Net { input(8); relu }", "1 network Net {\n2 input(8); relu\n3 }")),
    Hint(r"^ (?:\} )?(?:else )?if\b[^{}]*?(?P<at>==¦=|!=¦=|<¦>|¦=<|¦=>)",
         "$at is written $meant here", "write $meant",
         meant=_COMPARED, fix={"at": "$meant"}, safe=True, example="if 3 === 3 { relu }"),
    Hint(rf"(?P<at>(?P<safe>(?:-{{1,3}}|={{1,2}}|~|\||[{_DASHES}]{{1,16}}|-[ \t])[>\uff1e]|>>)(?![>\uff1e])"
         rf"|[-=~|{_DASHES}]{{1,16}}[ \t]?[>\uff1e]{{1,16}}|>{{2,16}})",
         "an arrow is written ->", "write ->",
         also=lambda _, facts: None if facts["at"] == "->" else {}, fix={"at": "->"}, example="conv(8, 3) => relu"),
    Hint(r"^(?=(?P<gone>(?<=\n)[ \t]*(?:\.{3,}|…)[ \t]*\n)?) (?P<at>\.{3,}|…)",
         "dots leave nothing out: a network is all that is written", "write what is meant, or remove them",
         fix={"gone": ""}, example="relu\n    ...\n    tanh"),
    Hint(r"(?:(?<=\))|<LAYER>) (?P<at>\.) ¦<END>",
         "a line ends without a full stop", "remove it", where="body", fix={"at": ""}, example="linear(10)."),
    Hint(r"(?<=[^\s;{}]) (?P<at>¦[。．])<END>",
         "a line ends without a full stop", "remove it", where="body", fix={"at": ""}, example="linear(10)。"),
    Hint(r"^ (?P<gone>(?P<at>-)[ \t]+)(?=[^\W\d]).*",
         _NO_SIGN, "remove it", where="body", fix={"gone": ""}, example="- linear: 10"),
    Hint(r"^ (?P<gone>(?P<at>\d{1,4}[.)]|[*•‣▪●○–—−])[ \t]+)[^\W\d]",
         _NO_SIGN, "remove it", where="body", fix={"gone": ""}, example="1. relu"),
    Hint(r"^ (?P<at>\( (?P<name><NAME>) \) ¦:)",
         "a name stands without parentheses", "write $name: ...",
         where="body", fix={"at": "$name:"}, safe=True, example="(conv1): Conv2d(3, 64, kernel_size=(7, 7))"),
    Hint(r"^ (?P<gone>(?P<at>\( [\d.]+ \) ¦:)\s*)\S",
         "the layers of a chain are numbered by themselves", "remove it",
         where="body", fix={"gone": ""}, example="(0): ReLU()"),
    Computed(characters.explain, ("x = 'same'", "relu → tanh", "relu $", "relu ← tanh", 'x = "same')),
    Computed(recognisers.after_a_choice, ("relu if true else tanh -> conv(3, 1)",)),
    # Words of other languages
    Hint(r"\b(?P<at>lambda) ¦",
         "lambda is no word of this language",
         "a layer is handed on as it is: act = relu; what is made of several is a block",
         example="act = lambda x: x"),
    Hint(rf"^ (?P<at>(?:from|import)\b (?:\w+ )?{_MODULE}<REST>)",
         "nothing of Python is imported here", "remove this line: the layers are all there",
         where="file body", fix={"at": ""}, example="import torch.nn as nn\nnetwork Net { input(8); relu }"),
    Hint(r"^ from ¦(?P<module><NAME>(?:\.\w+)*) import (?P<names><NAME>(?: , <NAME>)*)<END>",
         "an import names a file", 'write from "$file.cnn" import $names',
         where="file body", also=_file, example="from blocks import Unit\nnetwork Net { input(8); Unit }"),
    Hint(r"^ from ¦<NAME>",
         "an import names a file", _IMPORT,
         where="file body", example="from blocks\nnetwork Net { input(8); relu }"),
    Hint(rf"^ (?P<at>import|include)\b{_USED}.*",
         "an import begins with from", _IMPORT,
         where="file body", example="import blocks\nnetwork Net { input(8); relu }"),
    Hint(rf"^ (?P<at>elif|elseif|elsif)\b{_USED}.*",
         "$at is no word of this language", "$meant",
         where="file body", meant=WORDS_ELSEWHERE, fix={"at": "else if"}, safe=True,
         example="if 2 > 1 { relu } elif 3 > 2 { tanh }"),
    Hint(rf"^ (?P<at>return)\b{_USED}<PART>*,.*",
         "$at is no word of this language", "$meant",
         where="file body", flat=True, meant=WORDS_ELSEWHERE, fix={"at": "output"},
         example="a = relu(it); return a, it"),
    Hint(rf"^ (?P<gone>(?P<at>return|let|const|var)\b{_USED}[ \t]+)(?=\S).*",
         "$at is no word of this language", "$meant",
         where="file body", meant=WORDS_ELSEWHERE, fix={"gone": ""}, example="let n = 3"),
    Hint(r"^ (?P<gone>(?P<at>int|float|auto)\b[ \t]+)(?=<NAME>).*",
         "$at is no word of this language", "$meant",
         where="file body", meant=WORDS_ELSEWHERE, fix={"gone": ""}, example="int n = 3"),
    Hint(rf"^ (?P<at>(?!int\b|float\b|auto\b)<NAME>){_USED}.*",
         "$at is no word of this language", "$meant",
         where="file body", meant=WORDS_ELSEWHERE, example="while 2 > 1 { relu }"),
    # Lines that begin with a word of the language
    Hint(r"^ (?P<at>input ¦[\d.?=:\[][\d?,x×*=:()\[\]\t ]*(?<=\S))<END>",
         "an input is called like a layer", "write input($sizes)",
         where="body", also=_sizes, fix={"at": "input($sizes)"}, example="input: 3, 32, 32"),
    Hint(r"^ (?P<all>(?P<at>input) ¦= (?:(?P<safe>input)|(?i:input))(?P<given> \(<REST>))",
         "input is the name of what comes in, and is given no other", "write input$given",
         where="body", fix={"all": "input$given"}, example="input = Input(3, 32, 32)"),
    Hint(rf"^ (?P<at>init) ¦(?:\(|: (?=weight\b|bias\b|{_RULE})|= (?={_RULE}))(?:: )?(?P<rule>{_RULE})?",
         _INIT_RULE, "write init conv: weight = $rule", where="body", also=_rule, example="init = zeros"),
    Hint(r"^ init (?:<NAME> , )*<NAME>(?P<put>) ¦(?P<at><LAYER>)",
         "a comma stands between the kinds of layers", "write , $at",
         where="body", fix={"put": ","}, example="init conv linear: weight = zeros"),
    Hint(r"^ init (?P<kind>(?!weight\b|bias\b)<NAME>)(?P<put>) ¦(?P<at><NAME>)",
         "a colon follows the kind of layer", "write init $kind: $at = ...",
         where="body", fix={"put": ":"}, example="init conv weight = zeros"),
    Hint(r"^ init (?P<kind>(?!weight\b|bias\b)<NAME>)(?P<at> ¦\( (?P<given><NAME> =<REST>)\))",
         "a colon follows the kind of layer", "write init $kind: $given",
         where="body", fix={"at": ": $given"}, example="init conv(weight=zeros)"),
    Hint(r"^ (?P<at>init (?!weight\b|bias\b)<NAME>) ¦<END>",
         "something is missing after $at", "write $at: weight = zeros", where="body", example="init conv"),
    Hint(r"^ (?P<at>init (?P<kind>(?!weight\b|bias\b)<NAME>))(?P<gap> ¦=)(?: (?P<given><REST>))?",
         _INIT_WHAT, "write init $kind: weight = $given",
         where="body", fix={"gap": ": weight ="}, example="init conv = zeros"),
    Hint(r"^ (?P<at>init (?P<kind>(?!weight\b|bias\b)<NAME>) : (?P<put>)(?=(?P<given><REST>))<NAME>) ¦"
         r"(?:,|\(|<END>)",
         _INIT_WHAT, "write init $kind: weight = $given",
         where="body", fix={"put": "weight = "}, example="init conv: zeros"),
    Hint(r"^ when ¦(?P<at>\()",
         "when is followed by the word training", "write when training { ... }", example="when (training) { relu }"),
    Hint(r"\boutput\b[^{}\n]*?(?P<at>\btraining) ¦(?P<name><NAME>)",
         "an output for training alone says so behind its name", "write output ..., $name when training",
         example="output it, training aux"),
    Hint(r"^ (?P<at>parameter) ¦(?P<name><NAME>)",
         "a parameter is a value, which is given a name with =", "write $name = parameter([64, 1, 1])",
         where="body", example="parameter w = ones(3)"),
    Hint(r"^ when ¦(?P<at>not\b)",
         "there are lines for training only, and none for evaluation only",
         "what stands outside of when training { } is for both",
         code="E412", example="when not training { relu }"),
    # Configuration files
    Hint(r'^ (?P<at>(?P<kind><KIND>) ¦:)(?: "?(?P<title><NAME>|(?<=")[^"\n]+))?',
         "a $kind is a name and a body in braces", "write $kind $title { ... }",
         where="file body", also=_title, example="network: Net"),
    Hint(r'^ (?P<at>(?P<kind><KIND>) ¦(?P<text>"(?P<title>[^"\n]*)"))',
         "a $kind is a name and a body in braces", "write $kind $title { ... }",
         where="file body",
         also=lambda _, facts: {"title": facts["title"] or "Net", "fixable": facts["title"].isidentifier()},
         fix={"text": "$title"}, safe=True, example='network "Net" { input(8); relu }'),
    Hint(r"^ (?P<at>(?P<name><NAME>) : (?P<given>[\w.-][\w ,.-]*?¦(?=[\w,.-])[\w ,.-]*(?<=\S)))<END>",
         "a colon gives a layer a name; the arguments of $name stand in parentheses", "write $name($given)",
         where="body", fix={"at": "$name($given)"}, example="conv: 8, 5"),
    Computed(characters.grouped, ("n = 1,024",)),
    # Brackets, and commas
    Hint(rf"@(?P<at>\{{\s*(?P<given>{_BRACES}(?:,\s*{_BRACES})+,?\s*)\}})",
         "arguments are given with =, and without braces", "write $given",
         where="object", also=lambda place, facts: _object(place, facts) if place.kind == "COMMA" else None,
         fix={"at": "$given"}, example="conv(8, {kernel: 5, stride: 2})"),
    Hint(r"(?P<at>(?P<name><NAME>)[{<](?P<given>\s*\d[\w\s.,=\"-]*)[}>])",
         "the arguments of $name stand in parentheses", "write $name($given)",
         where="body", fix={"at": "$name($given)"}, example="conv<8, 3>"),
    Hint(r"^ (?P<at>(?P<name><LAYER>) = (?P<given>(?=<CONSTANT>)(?:(?!->)[^\n;])*?¦,"
         r"(?:(?!->)[^\n;{}])*(?<=\S)))<END>",
         "the arguments of $name stand in parentheses", "write $name($given)",
         where="body", fix={"at": "$name($given)"}, example="conv = 8, 3"),
    Hint(r"^ <NAME>(?: , <NAME>)* = (?P<at>(?=[^\s,])(?:(?!->)[^\n;])+?¦,(?:(?!->)[^\n;{}])*(?<=\S))<END>",
         "the items of a list stand in square brackets", "write [$at]",
         where="body", fix={"at": "[$at]"}, example="sizes = 8, 16"),
    Hint(r"^ <NAME>(?: , <NAME>)+ = (?P<at>(?=[^\s,])[^\n;{}]+?¦,[^\n;{}]*(?<=\S))<END>",
         "the items of a list stand in square brackets", "write [$at]",
         where="body", fix={"at": "[$at]"}, example="a, b = input, input -> relu"),
    Computed(recognisers.listed, ("conv(8, 3), relu", "relu, tanh")),
    Computed(recognisers.goes_on_below, ("output it,\n    input",)),
    Hint(r"(?<=[^\s{;]) (?P<at>¦,|,(?= ¦))(?= ¦?[;\n}])",
         "a line of a body ends without a comma", "remove it", where="body", fix={"at": ""}, example="relu,"),
    Hint(r"^ output(?P<gap> ¦= )(?P<given>(?=<LAYER>)<REST>)",
         "what goes out stands behind the word output, without =", "write output it -> $given",
         fix={"gap": " it -> "}, example="output = linear(10)"),
    Hint(r"^ output(?P<gap> ¦= )(?P<given><REST>)",
         "what goes out stands behind the word output, without =", "write output $given",
         fix={"gap": " "}, example="output = it"),
    Hint(r"^ (?P<gone>(?P<at>it ¦=) )(?P<given><REST>)",
         "it is what the line before gives, and cannot be given a value",
         "write $given alone: a value in a line of its own is it from there on", code="E103",
         where="body", fix={"gone": ""}, example="it = it + input"),
    Computed(recognisers.word_as_name, ("block = conv(8, 3)", "conv(8, in=3)", "for: relu")),
    Hint(r"^.*\b(?:in|repeat) (?P<at>(?P<first>\w+) (?:\.{2,3} (?=\w)|: (?=\w+ \{))(?P<last>\w+))",
         "a loop runs over a list", "write range($first, $last), which ends before $last",
         example="for i in 0..3 { relu }"),
    Hint(r"\bfor (?P<at>[\w,()\[\] ]*?¦[,(][\w,()\[\] ]*?(?<=\S)) \bin\b",
         "several names of a for stand in square brackets", "write for $names in ...",
         also=_targets, fix={"at": "$names"}, safe=True, example="for i, x in enumerate([8, 16]) { relu }"),
    Hint(r'^ for <NAME> in (?P<at>[\w."][\w.," ]*¦,[\w.," ]*(?<=\S)) \{',
         "the items of a list stand in square brackets", "write [$at]",
         where="body", fix={"at": "[$at]"}, example="for width in 8, 16 { conv(width, 3) }"),
    # Numbers
    Hint(r"(?<![\w.])(?P<at>(?P<number>[\d.]+(?:[eE][+-]?\d+)?) %) ¦(?P<alone>[),])?",
         "a share is written as a number, without %", "write $share",
         also=_share, fix={"at": "$share"}, example="dropout(50%)"),
    Hint(rf"(?<![\w.])(?P<at>0¦{_DIGITS})\b",
         "numbers are written in decimal digits", "write $number",
         also=_decimal, fix={"at": "$number"}, safe=True, example="conv(0x10, 3)"),
    Hint(r"(?<![\w.])(?P<at>[0-9.]+¦(?:_[0-9]+)+)\b",
         "numbers are written without _", "write $number",
         also=_decimal, fix={"at": "$number"}, safe=True, example="conv(1_024, 3)"),
    Hint(r"(?<![\w.])(?P<at>\d+¦(?:x\d+)+)\b",
         "$at is neither a number nor a name", "write $sizes for sizes, [$sizes] for a kernel",
         also=lambda _, facts: {"sizes": facts["at"].replace("x", ", ")}, example="conv(8, 3x3)"),
    Hint(r"(?P<at><CONSTANT>(?<!\")¦<NAME>)",
         "$at is neither a number nor a name", "a name begins with a letter or _", example="2conv = relu"),
    Computed(recognisers.several_items, ("conv(8, (3, 3))", "(a, b) = (it, it)", "concat((input, it))")),
    Hint(r"(?<=[(\[,]) ¦(?P<at>\*)(?!\*)",
         "$at takes nothing apart here",
         (_ONE_BY_ONE, "the layers of a list are applied in a loop: for layer in layers { layer }"),
         where="call group list index parameters", example="concat(*parts)"),
    Hint(r"(?<=[(\[,]) ¦(?P<at>\*\*)",
         "$at takes nothing apart here", _ONE_BY_ONE,
         where="call group list index parameters", example="conv(**options)"),
    # Names
    Hint(_NOT_A_NAME + r" (?:=|:)(?!=)",
         "a layer is not changed after it was made",
         "where the layer is made, write how it begins: $layer = conv(8, 3, ${tensor}_init=zeros)",
         where="body", also=_tensor, example="conv1 = conv(8, 3); conv1.weight = zeros"),
    Hint(r"^ (?!return\b)(?=<NAME>)(?P<at>\w+(?:[ \t]+\w+)+) = (?:split|chunk|it|input)\b",
         "commas stand between several names", "write $commas = ...",
         where="body", also=_underscored, fix={"at": "$commas"}, example="a b c = split(it, 3)"),
    Hint(_NOT_A_NAME + r" (?:=|:)(?!=)",
         "a name has letters, digits and _, and nothing else",
         ("call it $named", 'a dot leads to a part of a part: $outer: { "$last": layer }'),
         where="body", also=lambda place, facts: _underscored(place, facts) if "." in facts["at"] else None,
         example="stage.first: conv(8, 3)"),
    Hint(_NOT_A_NAME + r" :(?!=)",
         "a name has letters, digits and _, and nothing else",
         ('put it in quotes, which keep the name: "$at": layer', "or choose another name, such as $named"),
         where="body", also=_underscored, example="conv-1: conv(8, 3)"),
    Hint(_NOT_A_NAME + r" =(?!=)",
         "a name has letters, digits and _, and nothing else",
         ("choose another name, such as $named", 'a layer can have this one as a label in quotes: "$at": layer'),
         where="body", also=_underscored, example="conv-1 = conv(8, 3)"),
    Hint(r"(?P<all>(?P<at>(?P<name><NAME>) ¦(?!<CONSTANT> :)(?P<given><CONSTANT>"
         r"(?: (?:<CONSTANT>|,|=(?!=)|<NAME>))*))(?P<fixable> \)|(?= (?:->|[;\n}])))?)",
         "the arguments of $name stand in parentheses", "write $name($given)",
         where="body", also=_arguments, fix={"all": "$name($given)"}, example="conv 8, 3"),
    Hint(r"^ (?P<at>(?P<name><NAME>|it) (?P<sign>[-+]) ?(?P=sign)) ¦<END>",
         "a value is made with =, and is not changed afterwards", "write $changed",
         where="body", also=_changed, fix={"at": "$changed"}, example="n = 3; n++"),
    Hint(r"^ (?P<at>(?P<name><NAME>|it) (?P<sign>//|\*\*|[-+*/%])¦= (?P<added><REST>))",
         "a value is made with =, and is not changed afterwards", "write $changed",
         where="body", also=_changed, fix={"at": "$changed"}, example="n = 3; n *= 2"),
    Hint(r"(?P<at><NAME>¦(?:\{\w+\}\w*)+)(?= :)",
         "a name that is worked out stands in quotes", 'write "$at"',
         fix={"at": '"$at"'}, safe=True, example="for i in [1] { conv{i}: conv(8, 3) }"),
    Hint(r"(?P<at>\?¦<NAME>|<NAME>¦\?)(?= [,)])", "a size that is left open is written ?, without a name", "write ?",
         where="call", fix={"at": "?"}, example="input(3, ?H, ?W)"),
    Hint(r"(?:[\w)\]]) ¦(?P<at>\?)",
         "? is a size that is left open, and chooses nothing", "write a if condition else b",
         example="n = 3; conv(n > 2 ? 8 : 4, 3)"),
    # Arrows
    Hint(r"(?P<at>->)(?=[ ]*\v)\s*(?:<NAME> ¦=|¦(?:=|for\b|repeat\b|output\b|when\b|init\b))",
         "something is missing after ->", LATER["->"], example="relu ->\n    repeat 2 { tanh }"),
    Hint(r"-> ¦(?P<at>repeat) (?P<times>[^\n{}]*[^\s{}]) \{",
         "repeat begins a line, and is no layer", "write (layer -> layer) * $times, or begin a new line with it",
         where="body", example="relu -> repeat 2 { conv(3, 1) -> relu }"),
    Hint(r"(?P<at>->\s*¦(?P<second>->))",
         "nothing stands between these two arrows", "remove one of them",
         fix={"second": ""}, example="relu -> -> tanh"),
    Hint(r"(?:^|(?<=[\n;{])) ¦(?P<at>->)",
         "nothing stands before this arrow", "begin with a layer or a value: input -> ...",
         example="relu\n    { -> tanh }"),
    Hint(r"(?P<name>[^\s=]+) = ¦(?P<at>->)",
         "nothing stands before this arrow", "write the value before it: $name = it -> ...", example="x = -> relu"),
    Hint(r"[=(\[,:] ¦(?P<at>->)",
         "nothing stands before this arrow", "write the value before it: it -> ...", example="concat(-> relu, it)"),
    Hint(r"^ .*,.*¦(?P<at>->)",
         "one value goes through an arrow, not several", "write a line for each",
         where="body", expects="EQUAL", example="a, b -> relu"),
    Hint(r"(?<=\S)(?P<gone>\s*->\s*¦(?P<at>output))(?P<fixable>(?= (?:[;\n}]|\Z)))?",
         "output is no layer, and begins a line of its own", "leave it out: the last value of a body is its output",
         fix={"gone": ""}, example="relu -> output"),
    Hint(r"^ [^=\n]*-> (?P<name>(?!<LAYER>)<NAME>) ¦(?P<at>=) (?P<layer><LAYER>)<END>",
         "on its way a layer gets its name with a colon", "write $name: $layer",
         where="body", fix={"at": ":"}, example="it -> step = relu"),
    Hint(r"^ (?P<all>(?P<at>[^=\n]*->[^=\n]*(?<=\S)) ¦= (?P<name><NAME>))(?= (?:[;\n}]|\Z))",
         "only a name can be given a value", "write $name = $at",
         where="body", fix={"all": "$name = $at"}, example="it -> relu = first"),
    # Items of a file
    Hint(r"^ extern (?P<name>\S+?)\b.*¦",
         "a class from elsewhere is declared with the module it is in, in quotes, and the size that comes out",
         'write extern $name(...) from "package.module" (shape = same)',
         where="file", example="extern Mine from package\nnetwork Net { input(8); relu }"),
    Hint(r"^ from .*\bimport\b.*¦(?P<at>\*)",
         "an import says what is imported", 'name each thing that is imported: from "file.cnn" import Unit, Other',
         where="file", example='from "blocks.cnn" import *\nnetwork Net { input(8); relu }'),
    Hint(r"¦(?P<at>\.)",
         "a block or network has parameters, and no class that it is made from",
         "leave it out, or write names: block Unit(channels, stride = 1) { ... }",
         where="parameters", example="network Net(nn.Module) { input(8); relu }"),
    Hint(r"¦(?P<at>:|<NAME>)",
         "a parameter has a name and perhaps a default, and no type",
         "write block Unit(channels, stride = 1) { ... }",
         where="parameters",
         example="block Unit(int channels) { conv(channels, 3) }\nnetwork Net { input(3, 8, 8); Unit(8) }"),
    Hint(r"^ (?P<at>(?P<kind><KIND>)).*",
         "a $kind is not defined inside of another body", "move it out of here, and use it by its name",
         where="body call group list index", example="block Unit { relu }"),
    Hint(r"^ (?P<at>(?P<kind><KIND>)) ¦(?![\d.])",
         "this $kind has no name", "write $kind Name { ... }", where="file", example="network { input(8); relu }"),
    Hint(r"^ <KIND> (?P<at>[\w.-]+)",
         "a name has letters, digits and _, and begins with no digit", "call it $named",
         where="file", also=_identifier, fix={"at": "$named"}, example="network my-net { input(8); relu }"),
    Hint(r"^ (?P<kind><KIND>) (?P<name>\w+).*¦(?P<at>:)",
         "the body of a $kind stands in braces, and not after a colon", "write $kind $name { ... }",
         where="file", expects="LBRACE", example="network Net:\n    input(8)"),
    Hint(r"^ (?P<at>(?P<kind><KIND>) (?P<name>\w+).*(?<=\S)) ¦=",
         "a $kind with parameters has a body; networks alone can be variants of others",
         "write $kind $name = ... without them, or $at { ... }",
         where="file", expects="LBRACE",
         example="block Unit(channels) { conv(channels, 3) }\nblock Wide(n) = Unit(2 * n)"),
    Hint(r"^ (?P<at><KIND> (?P<name>\w+).*?(?<=\S))\s*¦",
         "$name has no body", "write $at { ... }",
         where="file", expects="LBRACE", example="block Unit(channels)\nnetwork Net { input(8); relu }"),
    # What depends on an if, a for, a repeat
    Hint(r"¦(?P<at>else) :",
         "what belongs to this else stands in braces", "write } else { ... }",
         label="here a { is missing", example="conv(8, 3)\n    else: tanh"),
    Hint(r"¦(?P<at>else)\b",
         "there is no if that this else belongs to", "else follows the } of an if",
         example="relu\n    else { tanh }"),
    Hint(r"\bif\b(?:(?!<BLOCK>).)*?¦(?P<at>=)",
         "= gives a value to a name", "to compare, write ==", fix={"at": "=="}, example="n = 3; if n = 3 { relu }"),
    Hint(r"(?P<at>\bfor \([^(){}\n]*\)).*",
         "a for runs over a list", LATER["for"],
         also=lambda place, _: None if re.search(r"\bin\b", place.before) else {},
         example="for (i = 0; i < 3; i++) { relu }"),
    Hint(r"\bfor\b(?:(?!<BLOCK>|[\[\]]).)*? ¦(?P<at>for)\b",
         "a list goes through one other list", "of two write for k in range(2 * 3), with k // 3 and k % 3",
         where="list", example="a = [conv(8, 3) for i in range(2) for j in range(3)]"),
    Hint(r"(?P<at>\bfor\b(?:(?!<BLOCK>|\bin\b).)*?(?<=\S)) ¦",
         "a for runs over a list", LATER["for"], example="for i { relu }"),
    Hint(r"(?P<head>\bfor [^\n{}]*?\bin) (?P<at>[^\n{}]*?\S) ¦(?P<rest>if\b[^\n{}]*?\belse\b[^\n{}]*?\S) (?=\{)",
         "a list that is one of two stands in parentheses", "write $head ($at $rest) { ... }",
         where="file body", example="for n in [1] if 2 > 1 else [2] { conv(n, 1) }"),
    Computed(recognisers.needs_braces, ("if 2 > 1 relu", "repeat 2: relu")),
    # What is missing
    Computed(recognisers.condition_in_braces, ("if { relu }",)),
    Hint(r"(?P<name><NAME>) (?P<at>(?<![=!<>])=) ¦<STOP>",
         "something is missing after =", "write $name = ...", where="file body", example="x ="),
    Hint(r"(?P<name><NAME>) (?P<at>(?<![=!<>])=) ¦<STOP>",
         "something is missing after =", "write a value after $name=", example="conv(8, kernel=)"),
    Hint(r"(?P<at>->|\b(?:output|if|for|in|repeat|when|init|not|and|or)\b|,(?!\s*¦,)|//|\*\*|[=!<>]=|[:.+*/%<>-])"
         r"\s*¦(?:->|<STOP>)",
         "something is missing after $at", "$meant", meant=LATER, also=_is_missing, example="conv(8, 3) ->"),
    # Brackets, commas, signs
    Computed(recognisers.closing, ("relu)", "conv(8, 3]", "()")),
    Hint(r"[,(\[]\s*¦(?P<at>,)",
         "nothing stands before this comma", "remove it", fix={"at": ""}, example="conv(8,, 3)"),
    Hint(r"¦(?P<at>,)",
         "this parenthesis is not closed before the comma", "add ) before the comma; a list is written [a, b]",
         code="E102", where="group", labels=(("inner", "it is opened here"),), example="conv((8 + 8, 3)"),
    Hint(r"^ (?P<gone>(?P<at>self) \.) (?P<name>\w+)(?:(?P<fixable> ¦=)|.*¦=)",
         "the parts of a network are named without self", "write $name = ...",
         where="file body", fix={"gone": ""}, safe=True, example="self.conv1 = conv(8, 3)"),
    Hint(r"^ (?P<at>self)\b.*¦=",
         "the parts of a network are named without self", "write conv1 = conv(8, 5)",
         where="file body", example="self. = conv(8, 5)"),
    Hint(r"(?P<at>:¦=)",
         "a name is given a value with =", "write =", where="file body", fix={"at": "="}, example="x := relu(it)"),
    Hint(r"^ (?P<at>init)\b.*?(?P<given>\S+ ¦=<REST>)",
         _INIT_RULE, "write init conv: $given", where="file body", example="init weight = zeros"),
    Hint(r"^ (?P<at>.*\)) ¦=",
         "only a name can be given a value", "write name = ...; layers are put in a row with ->",
         where="file body", example="conv(8, 3) = relu"),
    Hint(r"^ (?P<at>(?P<list><NAME>) \[.*\])(?: [-+*/])? ¦=(?!=)",
         "a list is made with =, and is not changed afterwards",
         "write $list = [...] with all of its items; to put one behind them, $list = $list + [...]",
         where="file body", example="widths = [8, 16]; widths[0] = 32"),
    Hint(r"^ (?P<at>\S+ .*(?<=\S)) ¦=",
         "only a name can be given a value", "write name = ..., or to compare, ==",
         where="file body", example="2 + 3 = 5"),
    Hint(r"(?P<name><NAME>) ¦(?P<at>:)\s*(?P<given>\S+?)\b",
         "an argument is given with =", "write $name=$given",
         where="call parameters", fix={"at": "="}, example="conv(8, 3, kernel: relu: 3)"),
    Hint(r"^ (?P<at>[\d.]+) ¦:",
         "a name that is a number stands in quotes: $at", 'write "$at": ...',
         where="body", fix={"at": '"$at"'}, example="1: conv(8, 1)"),
    Hint(r"(?P<fixable>: )?¦(?P<at>:)",
         "a colon follows the name that a layer gets, and nothing else", 'write name: layer, or "name{i}": layer',
         where="body call group list index parameters", fix={"at": ""}, example="pool:: maxpool(2)"),
    # What is left
    Computed(recognisers.after_brace, ("repeat 2 { relu } linear(10)", "repeat 2 { relu } -> tanh")),
    Computed(recognisers.lacking_else, ("relu if 2 > 1",)),
    Computed(recognisers.outside, ("conv(8, 3)\nnetwork Net { input(8); relu }", "model A { }\nnetwork B { }")),
    Computed(recognisers.two_in_a_row, ("conv(8, 3) relu", "relu x 3", "conv1 conv(8, 3)")),
    Computed(recognisers.anything, ("x = == 3",)),
)
# fmt: on

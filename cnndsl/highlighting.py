"""Colours for texts, and the files that editors have for it: one source for the words of the language.

`CnnLexer` is for Pygments, which finds it by its entry point.  `FILES` are the syntax of Vim and the grammar of VS
Code, made from the same words; `python -m cnndsl.highlighting FOLDER` writes them, and a test keeps them as they are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

from pygments.lexer import Lexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, _TokenType

from cnndsl.ir.words import INIT_WORDS, WEIGHT_WORDS, WORDS
from cnndsl.lsp.names import Names
from cnndsl.lsp.outline import tokens
from cnndsl.source import Source
from cnndsl.syntax.grammar import keywords
from cnndsl.syntax.parser import parse

DEFINING = ("network", "block", "sequence", "extern")
CONSTANTS = ("true", "false", "input", "it")
OPERATORS = ("and", "or", "not", "in")
OTHERS = [word for word in keywords() if word not in (*DEFINING, *CONSTANTS, *OPERATORS)]
"""The words of the grammar that are none of these."""
TOKENS: dict[str, _TokenType] = {
    "keyword": Keyword,
    "function": Name.Builtin,
    "class": Name.Class,
    "parameter": Name.Variable,
    "variable": Name,
    "property": Name.Attribute,
    "number": Number,
    "string": String.Double,
    "comment": Comment.Single,
    "operator": Operator,
}


class CnnLexer(Lexer):  # type: ignore[misc] # Pygments has no types
    """Colours for `.cnn` texts, also for those with mistakes: what an editor gets from the language server."""

    name = "cnn"
    url = ""
    aliases: ClassVar[list[str]] = ["cnn", "cnndsl"]
    filenames: ClassVar[list[str]] = ["*.cnn"]
    mimetypes: ClassVar[list[str]] = ["text/x-cnn"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """What each stretch of a text is; together they are the text."""
        source = Source("", text)
        reached = 0
        for span, kind in tokens(Names(parse(source)[0])):
            yield from self._between(text, reached, span.start)
            yield span.start, TOKENS[kind], text[span.start : span.end]
            reached = span.end
        yield from self._between(text, reached, len(text))

    def _between(self, text: str, start: int, end: int) -> Iterator[tuple[int, _TokenType, str]]:
        if start < end:
            stretch = text[start:end]
            yield start, Text if stretch.isspace() else Punctuation, stretch


_INSIDE = "contains=ALLBUT,cnnTodo,cnnInterpolation"


def _vim() -> str:
    """The syntax file of Vim."""
    groups = {
        "cnnDefining": DEFINING,
        "cnnKeyword": OTHERS,
        "cnnOperatorWord": sorted(OPERATORS),
        "cnnConstant": CONSTANTS,
        "cnnKind": sorted(WORDS),
    }
    lines = [
        f'" {_MADE}',
        'if exists("b:current_syntax")',
        "  finish",
        "endif",
        "",
        "syntax iskeyword @,48-57,_,192-255",
        'syntax match cnnComment "#.*$" contains=cnnTodo,@Spell',
        "syntax keyword cnnTodo TODO FIXME XXX contained",
        'syntax region cnnString start=+"+ end=+"+ oneline contains=cnnInterpolation',
        'syntax region cnnInterpolation start="{" end="}" contained contains=TOP',
        r'syntax match cnnNumber "\<\d\+\(\.\d*\)\?\([eE][+-]\?\d\+\)\?\>"',
        r'syntax match cnnNumber "\.\d\+\([eE][+-]\?\d\+\)\?\>"',
        r'syntax match cnnArrow "->"',
        r'syntax match cnnHole "?"',
        r'syntax match cnnArgument "\<\h\w*\ze\s*=[^=]" contained',
        f'syntax region cnnCall matchgroup=cnnParenthesis start="(" end=")" transparent {_INSIDE}',
        r'syntax match cnnLabel "\<\h\w*\ze\s*:\(\s\|$\)"',
        r'syntax match cnnAttribute "\.\h\w*"hs=s+1',
    ]
    for group, words in groups.items():
        for _, alike in groupby(words, key=lambda word: word[0]):  # a line for each letter, so that few change
            lines.append(f"syntax keyword {group} {' '.join(alike)}")
    lines.append(r'syntax match cnnName "\(\<\(network\|block\|sequence\|extern\)\s\+\)\@<=\h\w*"')
    links = {
        "cnnComment": "Comment",
        "cnnTodo": "Todo",
        "cnnString": "String",
        "cnnInterpolation": "Special",
        "cnnNumber": "Number",
        "cnnArrow": "Operator",
        "cnnHole": "Special",
        "cnnArgument": "Identifier",
        "cnnLabel": "Label",
        "cnnAttribute": "Identifier",
        "cnnDefining": "Structure",
        "cnnKeyword": "Keyword",
        "cnnOperatorWord": "Operator",
        "cnnConstant": "Constant",
        "cnnKind": "Function",
        "cnnName": "Type",
    }
    lines += ["", *(f"highlight default link {group} {link}" for group, link in links.items())]
    return "\n".join([*lines, "", 'let b:current_syntax = "cnn"', ""])


def _textmate() -> str:
    """The grammar of VS Code, and of all that read those of TextMate."""
    name = r"[^\W\d]\w*"

    def rule(scope: str, pattern: str) -> dict[str, str]:
        return {"name": f"{scope}.cnn", "match": pattern}

    def of(words: Any) -> str:
        return rf"\b(?:{'|'.join(words)})\b"

    patterns: list[dict[str, Any]] = [
        rule("comment.line.number-sign", "#.*$"),
        {
            "name": "string.quoted.double.cnn",
            "begin": '"',
            "end": '"|$',
            "patterns": [
                {
                    "name": "meta.interpolation.cnn",
                    "begin": r"\{",
                    "end": r'\}|(?=")',
                    "beginCaptures": {"0": {"name": "punctuation.section.interpolation.begin.cnn"}},
                    "endCaptures": {"0": {"name": "punctuation.section.interpolation.end.cnn"}},
                    "patterns": [{"include": "$self"}],
                }
            ],
        },
        {
            "match": rf"\b({'|'.join(DEFINING)})\s+({name})",
            "captures": {"1": {"name": "storage.type.cnn"}, "2": {"name": "entity.name.type.cnn"}},
        },
        {
            "match": rf"(?<=[(,])\s*({name})\s*(=)(?!=)",
            "captures": {"1": {"name": "variable.parameter.cnn"}, "2": {"name": "keyword.operator.assignment.cnn"}},
        },
        {"match": rf"({name})\s*:(?=\s|$)", "captures": {"1": {"name": "entity.name.label.cnn"}}},
        {"match": rf"\.({name})", "captures": {"1": {"name": "variable.other.property.cnn"}}},
        rule("constant.numeric", r"(?:\b\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"),
        rule("storage.type", of(DEFINING)),
        rule("keyword.operator.word", of(OPERATORS)),
        rule("constant.language", of(CONSTANTS)),
        rule("keyword.control", of(OTHERS)),
        rule("support.function", of(sorted(WORDS))),
        rule("support.variable", of(sorted({*INIT_WORDS, *WEIGHT_WORDS}))),
        rule("keyword.operator.arrow", "->"),
        rule("constant.language.open", r"\?"),
        rule("keyword.operator", r"\*\*|//|==|!=|<=|>=|[-+*/%<>=@]"),
    ]
    grammar = {"comment": _MADE, "name": "cnn", "scopeName": "source.cnn", "fileTypes": ["cnn"], "patterns": patterns}
    return json.dumps(grammar, indent=2, ensure_ascii=False) + "\n"


_MADE = "Made by python -m cnndsl.highlighting editors from the words of the language; change it there."
FILES: dict[str, Callable[[], str]] = {"vim/syntax/cnn.vim": _vim, "vscode/syntaxes/cnn.tmLanguage.json": _textmate}
"""What is made for editors: a path below `editors/`, and what gives the text."""


if __name__ == "__main__":
    for path, made in FILES.items():
        Path(sys.argv[1], path).write_bytes(made().encode())

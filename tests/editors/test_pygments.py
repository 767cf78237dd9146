"""The lexer for Pygments: all of a text, in its order, and what each piece is."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pygments.token import Comment, Keyword, Name, Number, String, Token

from cnndsl.highlighting import CnnLexer

ROOT = Path(__file__).parents[2]
TEXTS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "models").glob("*.cnn"))]
BROKEN = ["", "\n", "network", 'block X( "', "conv(8, 3) -> relu  # a line\n", "é𝄞 ?? ; } ) ->", "a\r\nb # c\r\n"]


@pytest.mark.parametrize("text", [*TEXTS, *BROKEN], ids=lambda text: text[:20])
def test_the_pieces_are_the_text(text: str) -> None:
    source = text.replace("\r\n", "\n")
    pieces = list(CnnLexer().get_tokens_unprocessed(source))
    assert "".join(piece for _, _, piece in pieces) == source
    assert [at for at, _, _ in pieces] == [sum(len(p) for _, _, p in pieces[:n]) for n in range(len(pieces))]


def test_what_each_piece_is() -> None:
    text = '# words\nnetwork Net(n = 1) { input(3, 8, 8); "a{n}": conv(n, kernel=0.5) -> relu }\n'
    found = {piece: kind for kind, piece in CnnLexer().get_tokens(text)}
    wanted = {
        "# words": Comment.Single, "network": Keyword, "Net": Name.Class, "n": Name.Variable, "8": Number,
        '"a{n}"': String.Double, "conv": Name.Builtin, "kernel": Name.Variable, "0.5": Number, "relu": Name.Builtin,
    }  # fmt: skip
    assert {piece: found[piece] for piece in wanted} == wanted
    assert all(kind is not Token.Error for kind in found.values())


def test_pygments_finds_it() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    module, _, name = points["pygments.lexers"]["cnn"].partition(":")
    assert getattr(import_module(module), name) is CnnLexer
    assert "*.cnn" in CnnLexer.filenames

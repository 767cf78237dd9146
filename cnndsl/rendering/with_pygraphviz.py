"""Draws a DOT text with `pygraphviz`, which has Graphviz inside: called as `dot` is, in a process of its own.

A process can be ended when a layout takes too long; a call into a library cannot.
"""

from __future__ import annotations

import sys
from importlib import import_module


def main() -> None:
    """Read DOT from the standard input and write the picture to the standard output; the arguments are dot's."""
    pygraphviz = import_module("pygraphviz")
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(prog="dot", args=" ".join(sys.argv[1:])))


if __name__ == "__main__":
    main()

"""Draws a DOT text with `pygraphviz`, which has Graphviz inside, in a process of its own.

A process can be ended when a layout takes too long; a call into a library cannot.
"""

from __future__ import annotations

import sys
from importlib import import_module


def main() -> None:
    """Read DOT from the standard input, write the picture to the standard output.

    The first argument is the format, the others are options of `dot`.
    """
    pygraphviz = import_module("pygraphviz")
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot", args=" ".join(sys.argv[2:])))


if __name__ == "__main__":
    main()

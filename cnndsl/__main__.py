"""The process: `cnndsl`, and `python -m cnndsl`."""

from __future__ import annotations

import sys


def run() -> int:
    """Run the process's command line and return the exit code."""
    from cnndsl.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(run())

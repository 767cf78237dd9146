"""The process: `cnndsl`, and `python -m cnndsl`."""

from __future__ import annotations

import os
import sys


def run() -> int:
    """Run the process's command line and return the exit code."""
    # Whatever is installed may have a plugin for Pydantic; to look for one is to read what each package says of itself.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from cnndsl.cli import main
    except KeyboardInterrupt:  # later ones are those of the commands
        sys.stderr.write("interrupted\n")
        return 130

    return main()


if __name__ == "__main__":
    sys.exit(run())

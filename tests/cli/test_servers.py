"""Who starts a server in a terminal is told what it is for, and can end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("command", "needs", "client"), [("lsp", "pygls", "an editor"), ("mcp", "mcp.server.mcpserver", "an assistant")]
)
def test_a_server_in_a_terminal(command: str, needs: str, client: str, tmp_path: Path) -> None:
    pytest.importorskip(needs, reason=f"{needs} is not installed", exc_type=ImportError)
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cnndsl", command],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as server:
        os.close(theirs)
        assert server.stderr is not None
        assert server.stderr.readline().decode().startswith(f"this is for {client}")
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == -signal.SIGINT
        assert server.stdout is not None
        assert server.stdout.read() == b""
    os.close(ours)

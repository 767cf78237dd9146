"""An assistant: the SDK's client in this process, `cnndsl mcp` in another one, in a folder with some files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_COMMAND = "import sys; from cnndsl.__main__ import run; sys.argv[1:] = ['mcp']; sys.exit(run())"


class Assistant:
    """Calls tools in `folder`, and waits for what they give."""

    def __init__(self, portal: Any, client: Any, folder: Path) -> None:
        self._portal, self.client, self.folder = portal, client, folder

    def tools(self) -> dict[str, Any]:
        """What is told of each tool."""
        return {tool.name: tool for tool in self._portal.call(self.client.list_tools).tools}

    def ask(self, tool: str, **arguments: Any) -> Any:
        """What a tool gives, as JSON."""
        result = self._portal.call(self.client.call_tool, tool, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    def refusal(self, tool: str, **arguments: Any) -> str:
        """What a tool says that does not take its arguments."""
        result = self._portal.call(self.client.call_tool, tool, arguments)
        assert result.is_error, result.content
        return str(result.content[0].text).removeprefix(f"Error executing tool {tool}: ")


@pytest.fixture(scope="session")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    pytest.importorskip("mcp.server.mcpserver", reason="mcp 2 is not installed", exc_type=ImportError)
    from anyio.from_thread import start_blocking_portal
    from mcp import Client, StdioServerParameters, stdio_client

    folder = tmp_path_factory.mktemp("outside") / "project"
    folder.mkdir()
    server = StdioServerParameters(command=sys.executable, args=["-c", _COMMAND], cwd=folder)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(stdio_client(server))) as client,
    ):
        yield Assistant(portal, client, folder)

"""The README on the package's page, where its relative links would lead to nothing: Hatch asks for it at each build."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class PackagePage(MetadataHookInterface):
    """Gives the README with its links led to the public repository, [project.urls] in pyproject.toml; without one they
    are left out, as are pictures.
    """

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Write the text into the metadata of the package."""
        root = Path(self.root)
        spec = importlib.util.spec_from_file_location("links", root / "tools" / "links.py")
        assert spec is not None  # noqa: S101 - a file that is there has one
        assert spec.loader is not None  # noqa: S101 - as above
        links = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(links)
        text = links.published((root / "README.md").read_text(encoding="utf-8"), metadata.get("urls", {}))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}

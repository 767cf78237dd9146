"""Templates: what stands in a value stays text, and the scripts keep the types that they declare."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from cnndsl.web import TEMPLATES, given

HOSTILE = "</script><!-- <script> & \u2028 ]]> \N{SNOWMAN}"


def test_json_cannot_end_its_element() -> None:
    text = str(given({"name": HOSTILE}))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": HOSTILE}


def test_a_page_reads_its_json(visit: Any) -> None:
    page = visit(f'<script type="application/json" id="given">{given([HOSTILE])}</script><p>&lt;</p>')
    assert page.evaluate("JSON.parse(document.getElementById('given').textContent)") == [HOSTILE]


def test_scripts_keep_their_types() -> None:
    compiler = shutil.which("tsc")
    if compiler is None:
        pytest.skip("TypeScript is not installed")
    scripts = [str(path) for path in sorted(TEMPLATES.glob("*.js"))]
    if scripts:  # each by itself, since each is alone in its page
        for script in scripts:
            ran = subprocess.run(
                [
                    compiler,
                    "--checkJs",
                    "--noEmit",
                    "--strict",
                    "--target",
                    "es2022",
                    "--lib",
                    "es2023,dom,dom.iterable",
                    script,
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, ran.stdout

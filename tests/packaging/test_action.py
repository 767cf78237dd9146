"""The action for GitHub: its scripts run in the order and the environment in which a runner runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed", exc_type=ImportError)
ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
RIGHT = "network A {\n    input(3, 8, 8)\n    relu\n}\n"
WRONG = "network B {\n    input(3, 8, 8)\n    conv(8, 9)\n}\n"
_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


class Runner:
    """A runner that has checked a project out in `project`; other actions are noted in `used`, and not called."""

    def __init__(self, place: Path) -> None:
        self.project, self.temp, self.tools = place / "project", place / "temp", place / "tools"
        for folder in (self.project, self.temp, self.tools):
            folder.mkdir()
        self.used: list[tuple[str, dict[str, str]]] = []
        self.installed = self.temp / "installed"
        self._tool("cnndsl", f'exec "{sys.executable}" -m cnndsl "$@"')
        self._tool("python", f'printf "%s\\n" "$@" > "{self.installed}"')

    def _tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, **given: str) -> tuple[int, str]:
        """The exit code of the first step that fails, or 0, and all that was printed."""
        known = {f"inputs.{name}": given.get(name, said["default"]) for name, said in ACTION["inputs"].items()}
        known |= {"github.action_path": str(ROOT), "runner.temp": str(self.temp)}

        def filled(text: str) -> str:
            return _EXPRESSION.sub(lambda found: known[found[1]], text)

        printed = ""
        for step in ACTION["runs"]["steps"]:
            condition = step.get("if")
            if condition is not None:
                name, _, value = condition.partition(" == ")
                if known[name] != value.strip("'"):
                    continue
            if "uses" in step:
                self.used.append((step["uses"], {key: filled(value) for key, value in step["with"].items()}))
                continue
            assert step["shell"] == "bash"
            assert "${{" not in step["run"], "what a caller gives would be run"
            output = self.temp / "output"
            output.write_text("", encoding="utf-8")
            env = {key: filled(value) for key, value in step.get("env", {}).items()}
            path = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
            own = {"PATH": path, "GITHUB_OUTPUT": str(output), "PYTHONPATH": str(ROOT)}
            ran = subprocess.run(
                ["/usr/bin/env", "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.project,
                env={**os.environ, **env, **own},
                capture_output=True,
                text=True,
                check=False,
                encoding="utf-8",
            )
            printed += ran.stdout + ran.stderr
            if ran.returncode:
                return ran.returncode, printed
            for line in output.read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition("=")
                known[f"steps.{step['id']}.outputs.{name}"] = value
        return 0, printed


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    return Runner(tmp_path)


def test_it_installs_this_version_with_a_python(runner: Runner) -> None:
    (runner.project / "a.cnn").write_text(RIGHT, encoding="utf-8")
    assert runner.run()[0] == 0
    assert runner.installed.read_text(encoding="utf-8").split() == ["-m", "pip", "install", "--quiet", str(ROOT)]
    assert [(name.partition("@")[0], given) for name, given in runner.used] == [
        ("actions/setup-python", {"python-version": "3.13"})
    ]


def test_what_is_wrong_is_shown_and_fails(runner: Runner) -> None:
    (runner.project / "a.cnn").write_text(RIGHT, encoding="utf-8")
    (runner.project / "b.cnn").write_text(WRONG, encoding="utf-8")
    code, printed = runner.run()
    assert code == 1
    assert "::error title=E302,file=b.cnn,line=3" in printed
    assert runner.run(files="a.cnn\n")[0] == 0


def test_names_are_no_code(runner: Runner) -> None:
    name = "$(touch trace) 'a' \"b\".cnn"
    (runner.project / name).write_text(WRONG, encoding="utf-8")
    (runner.project / "-h.cnn").write_text(RIGHT, encoding="utf-8")
    code, printed = runner.run(files=f"{name}\n-h.cnn")
    assert (code, "E302" in printed) == (1, True)
    assert not (runner.project / "trace").exists()


def test_the_layout_is_asked_for_where_it_is_wanted(runner: Runner) -> None:
    (runner.project / "a.cnn").write_text(RIGHT.replace("    relu", "  relu"), encoding="utf-8")
    assert runner.run()[0] == 0
    assert runner.run(fmt="true")[0] == 1


def test_what_is_found_is_uploaded_also_where_it_fails(runner: Runner) -> None:
    (runner.project / "b.cnn").write_text(WRONG, encoding="utf-8")
    assert runner.run(sarif="true")[0] == 1
    name, given = runner.used[-1]
    assert name.startswith("github/codeql-action/upload-sarif@")
    log: dict[str, Any] = json.loads(Path(given["sarif_file"]).read_text(encoding="utf-8"))
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["E302"]


def test_no_files(runner: Runner) -> None:
    code, printed = runner.run(files="\n")
    assert (code, "names none" in printed) == (2, True)
    assert runner.run(files="nowhere")[0] == 2

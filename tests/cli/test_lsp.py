from __future__ import annotations

import sys

import pytest

from cnndsl.cli import main


def test_without_the_extra_a_user_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert main(["lsp"]) == 2
    assert 'pip install "cnndsl[lsp]"' in capsys.readouterr().err

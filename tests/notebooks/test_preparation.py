"""Notebook 00, as a participant and as the organiser run it; and where nothing is to be found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.helpers.project import write_cdk_json
from tests.notebooks.conftest import CLEAN, Execute, Local, shown

NAME = "00_preparation.ipynb"


def test_should_tell_a_participant_where_they_are(execute: Execute, environment: dict[str, str]) -> None:
    notebook = execute(NAME, environment)
    assert shown(notebook, "hello") == "こんにちは、chiTra！\n"
    assert shown(notebook, "concatenated") == "'すだちの苗木を、庭に植えました。'"
    assert shown(notebook, "sliced") == "'苗木'"
    assert sys.executable in shown(notebook, "which-python")
    place = shown(notebook, "find-workshop")
    assert "ローカル AWS（`http://localhost:" in place
    assert "| あなた | chitra-participant-1 |" in place
    assert shown(notebook, "caller").endswith(":user/chitra-participant-1'")
    assert "代用モデル" in shown(notebook, "model-folder")


def test_should_know_the_organiser(execute: Execute, local: Local) -> None:
    notebook = execute(NAME, local.environment(None))
    assert "| あなた | 主催者 |" in shown(notebook, "find-workshop")


def test_should_say_in_one_line_that_no_workshop_answers(execute: Execute, tmp_path: Path) -> None:
    write_cdk_json(tmp_path)
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "CHITRA_WORKSHOP_FOLDER": str(tmp_path)}
    with pytest.raises(pytest.fail.Exception) as failure:
        execute(NAME, CLEAN | nowhere | {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"})
    assert "エラー: ワークショップが見つかりません" in str(failure.value)
    assert "Traceback" not in str(failure.value)

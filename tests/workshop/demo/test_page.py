"""What the page answers when something goes wrong, without a browser."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workshop.demo.page import Page
from workshop.demo.subject import Subject, own_model
from workshop.report.words import Language

BUSY = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate\nexceeded"}}, "InvokeEndpoint")


@pytest.fixture
def subject(trained: Path) -> Subject:
    """A model whose run's report is elsewhere, and which answers nothing but the first question."""
    answers = iter([[{"label_name": "a", "scores": {"a": 1.0}}]])

    def ask(texts: list[str]) -> list[dict[str, Any]]:
        for answer in answers:
            return answer
        raise BUSY

    return own_model(SimpleNamespace(folder=trained / "model", ask=ask, explain=ask))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "busy", "no_report"),
    [
        (Language.JA, "ただいま混み合っています。", "このモデルのレポートは手元にありません。"),
        (Language.EN, "It is busy just now.", "There is no report beside this model."),
    ],
    ids=list(Language),
)
def test_should_answer_in_the_readers_language(
    subject: Subject, language: Language, busy: str, no_report: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = Page(subject, language, [])
    (tmp_path / "a.txt").write_text("春です。", encoding="utf-8")
    assert busy in page.classify("春です。")[0]
    assert busy in page.classify_file(str(tmp_path / "a.txt"))[0]
    assert busy in page.explain("春です。")
    assert no_report in page.show_report()
    assert capsys.readouterr().err.splitlines() == [
        "error: InvokeEndpoint was refused for now (ThrottlingException): run the command again in a minute"
    ] * len(["classify", "classify_file", "explain"])


def test_should_hide_what_nobody_expected(subject: Subject, capsys: pytest.CaptureFixture[str]) -> None:
    page = Page(subject, Language.EN, [])
    said = page.classify(7)[0]  # type: ignore[arg-type]  (only a program that is no browser sends it)
    assert "Something unexpected went wrong." in said
    assert "encode" not in said
    assert capsys.readouterr().err == "error: AttributeError: 'int' object has no attribute 'encode'\n"

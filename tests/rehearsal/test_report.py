"""The rehearsal's page, also of one that ended before there was a run to tell of."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.progress import Step
from rehearsal.report import Report, write_report
from tests.workshop.report.test_page import assert_harmless

EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize(("locale", "said"), [("C", "Not looked at: "), ("ja_JP.UTF-8", "その前に終わったため")])
def test_should_write_the_page_of_a_rehearsal_that_failed_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str, said: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    row = {"text": EVIL, "label_name": None, "predicted": EVIL, "score": 0.5}
    report = Report(steps=[Step("Deploy", 0.0, "failed", 1.25)], model={"name": EVIL}, predictions=[row])
    write_report(report, tmp_path, tmp_path / "export", "rehearsal")
    texts = assert_harmless((tmp_path / "report.html").read_text(encoding="utf-8")).texts
    assert "Deploy" in texts
    assert any(text.startswith(said) for text in texts)
    assert EVIL in texts

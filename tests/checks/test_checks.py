"""`python -m checks` on folders as a CDK app leaves them, with the real programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks import scan
from checks.cli import main
from checks.findings import Finding
from checks.programs import run
from chitra.errors import WorkshopError

BUCKET = {
    "Type": "AWS::S3::Bucket",
    "Properties": {"BucketName": "orders", "NoSuchProperty": 1, "VersioningConfiguration": {"Status": "Enabled"}},
}


def metadata(path: str, logical_id: str, *acknowledged: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = [{"type": "aws:cdk:logicalId", "data": logical_id}]
    rules = {f"Annotation::{rule}": "it is public" for rule in acknowledged}
    return {path: [*entries, {"type": "aws:cdk:acknowledged-rules", "data": rules}]}


def test_should_tell_each_finding_in_a_line_and_none_that_is_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the caller's account, proxies and settings are: the programs see none of them."""
    monkeypatch.setenv("AWS_PROFILE", "nosuch")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("CKV_CHECK", "CKV_AWS_20")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [E]\n")
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Orders": BUCKET}}
    (tmp_path / "shop.template.json").write_text(json.dumps(template))
    known = metadata("/shop/Orders", "Orders", "CKV_AWS_18")
    (tmp_path / "shop.metadata.json").write_text(json.dumps(known))
    assert main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("shop.template.json: shop/Orders: ") for line in lines), lines
    assert [line for line in lines if "(cfn-lint)" in line and "'NoSuchProperty'" in line], lines
    rules = {line.split(": ")[2].split()[0] for line in lines}
    assert {"CKV_AWS_53", "CKV_AWS_54"} <= rules  # public access is blocked
    assert "CKV_AWS_18" not in rules
    assert "CKV_AWS_21" not in rules  # it is versioned


def test_should_say_that_checkov_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "PROGRAM", tmp_path / "nosuch")
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/nosuch: is missing. `make synth` installs it.\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            ["/no/file"],
            "checker: /no/file cannot be started (No such file or directory). Run `make synth`.",
        ),
        (["sh", "-c", "echo words; echo why >&2"], "checker: failed, and said last: why"),
    ],
)
def test_should_say_why_a_program_does_not_answer(call: list[str], message: str) -> None:
    with pytest.raises(WorkshopError) as refusal:
        run(call, "checker")
    assert str(refusal.value) == message


@pytest.mark.parametrize("text", ["{", "[]"])
def test_should_name_a_file_that_is_no_report(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.template.json").write_text("{}")
    (tmp_path / "validation-report.json").write_text(text)
    assert main([str(tmp_path), "--synthesis"]) == 2
    assert f"error: {tmp_path}/validation-report.json: " in capsys.readouterr().err


def test_should_tell_of_a_plugin_that_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.template.json").write_text("{}")
    report = {"pluginReports": [{"pluginName": "Rules", "metadata": {"error": "it fell over"}, "violations": []}]}
    (tmp_path / "validation-report.json").write_text(json.dumps(report))
    assert main([str(tmp_path), "--synthesis"]) == 1
    assert "the plugin failed (Rules): it fell over. Mend the plugin." in capsys.readouterr().out


def test_should_cut_problems_that_list_all_that_would_be_right() -> None:
    line = Finding("a.template.json", "a/B", "cfn-lint", "W3037", "not one of " + "these, " * 500, "Mend it").line()
    assert line.endswith(" .... Mend it.")
    assert len(line) < 320

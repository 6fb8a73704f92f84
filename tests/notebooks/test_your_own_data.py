"""Notebook 03 from top to bottom with a participant's key and the file that it brings along."""

from __future__ import annotations

import pytest
from nbformat import NotebookNode

from chitra.json_text import read_json
from infra.settings import parse_settings
from tests.helpers.project import CONTEXT
from tests.notebooks.conftest import PARTICIPANTS, QUICK, Execute, Local, outputs, run_in, shown
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment
from workshop.aws.objects import list_objects
from workshop.report.files import read_metrics

USER = f"chitra-{PARTICIPANTS[1]}"
LABELS = ["使い方", "返品", "配送"]


@pytest.fixture(scope="module")
def notebook(local: Local, execute: Execute) -> NotebookNode:
    return execute("03_your_own_data.ipynb", local.environment(PARTICIPANTS[1]) | QUICK)


def test_should_check_the_file_and_train_on_it(notebook: NotebookNode, local: Local) -> None:
    assert shown(notebook, "check") == "enquiries.csv: 36 件を使います。除いた行は 0 行です。\n"
    assert f"corpora/{USER}/ に 36 件をアップロードしました。" in shown(notebook, "upload")
    home = local.home / "export" / run_in(notebook, "start-run")
    metrics = read_metrics(home / "report/metrics.json")
    assert list(metrics.categories) == LABELS
    assert f"{metrics.accuracy:.4f}" in shown(notebook, "result")
    assert read_json(home / "datasets/raw/manifest.json")["articles"] == 36
    assert (home / "model/tokenisation.json").is_file()


def test_should_show_one_live_view_and_charts(notebook: NotebookNode) -> None:
    [view] = outputs(notebook, "watch-run")
    assert all(f"✓ {phase}" in view.data["text/html"] for phase in ("データの準備", "学習", "エンドポイントの作成"))
    for cell in ("categories", "result", "confusion-matrix", "predict"):
        [picture] = outputs(notebook, cell)
        assert picture.data["image/png"]
    [prediction] = outputs(notebook, "predict")
    assert any(f"予測は {label}" in prediction.metadata["image/png"]["alt"] for label in LABELS)


def test_should_leave_neither_an_endpoint_nor_the_data(notebook: NotebookNode, organiser: Account) -> None:
    run = run_in(notebook, "start-run")
    assert f"`{run}` |\n| 状態 | InService |" in shown(notebook, "endpoint")
    assert shown(notebook, "delete") == f"エンドポイント `{run}` はありません。費用はもうかかりません。"
    assert organiser.client("sagemaker").list_endpoints()["Endpoints"] == []
    bucket = find_deployment(organiser, parse_settings(CONTEXT)).bucket
    assert shown(notebook, "remove").startswith("1 個のファイルを")
    assert list(list_objects(organiser.client("s3"), bucket, f"corpora/{USER}/")) == []

"""Notebook 02 from top to bottom with a participant's key: what it shows, and what it leaves."""

from __future__ import annotations

import pytest
from nbformat import NotebookNode

from infra.names import Names
from infra.settings import parse_settings
from tests.helpers.project import ACCESS, CONTEXT
from tests.notebooks.conftest import PARTICIPANTS, QUICK, Execute, Local, outputs, run_in, shown
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment
from workshop.report.files import read_metrics

CHARTS = ("categories", "lengths", "yardsticks", "learning-rates", "predict-article", "predict-free-text")


@pytest.fixture(scope="module")
def notebook(local: Local, execute: Execute) -> NotebookNode:
    return execute("02_fine_tuning.ipynb", local.environment(PARTICIPANTS[0]) | QUICK)


def test_should_show_the_data_and_what_becomes_of_it(notebook: NotebookNode, local: Local, organiser: Account) -> None:
    assert shown(notebook, "corpus").startswith("108 記事")
    assert "'animals': 0," in shown(notebook, "labels")
    assert shown(notebook, "split").startswith("学習 86 記事、検証 11 記事、テスト 11 記事")
    assert "     2  [CLS]\n" in shown(notebook, "encoding")
    bucket = find_deployment(organiser, parse_settings(CONTEXT)).bucket
    assert f"s3://{bucket}/corpora/chitra-{PARTICIPANTS[0]}/ に 108 記事" in shown(notebook, "upload")
    assert (local.home / "build/notebooks/corpus/corpus.tar.gz").is_file()


def test_should_say_what_each_step_costs_before_it_starts(notebook: NotebookNode) -> None:
    cells = [cell.id for cell in notebook.cells]
    for cost, step in [("workflow-cost", "start-run"), ("sdk-cost", "train"), ("endpoint-cost", "deploy")]:
        assert cells.index(cost) < cells.index(step)
        assert "ローカル AWS なので、費用はかかりません" in shown(notebook, cost)


def test_should_update_one_live_view_per_cell(notebook: NotebookNode) -> None:
    for cell, phase in [("watch-run", "学習"), ("watch-job", "学習"), ("watch-deploy", "エンドポイントの作成")]:
        [output] = outputs(notebook, cell)
        assert f"✓ {phase}" in output.data["text/html"]
        assert ("検証の正解率" in output.data["text/html"]) == (phase == "学習")


def test_should_draw_charts(notebook: NotebookNode) -> None:
    for cell in (*CHARTS, "learning-curve", "confusion-matrix"):
        [picture] = outputs(notebook, cell)
        assert picture.data["image/png"]
        assert picture.metadata["image/png"]["alt"]


def test_should_train_both_ways_on_the_same_dataset(notebook: NotebookNode, organiser: Account, local: Local) -> None:
    sagemaker = organiser.client("sagemaker")
    run = run_in(notebook, "start-run")
    job = shown(notebook, "train").partition(" ")[0]
    ours, of_2022 = (sagemaker.describe_training_job(TrainingJobName=name) for name in (run, job))
    assert job.startswith("chitra--participant-1-2022-")
    assert ours["TrainingJobStatus"] == of_2022["TrainingJobStatus"] == "Completed"
    assert of_2022["HyperParameters"]["warmup_steps"] == "500"
    first, second = (read_metrics(local.home / "export" / name / "report/metrics.json") for name in (run, job))
    assert first.dataset == second.dataset
    assert f"{first.accuracy:.4f}" in shown(notebook, "confusion-matrix")
    assert f"{second.accuracy:.4f}" in shown(notebook, "job-result")
    [yardsticks] = outputs(notebook, "yardsticks")
    assert "でたらめに選ぶ 0.1111" in yardsticks.metadata["image/png"]["alt"]
    assert "2022 年（chiTra-1.0） 0.9037" in yardsticks.metadata["image/png"]["alt"]


def test_should_train_and_read_with_the_roles_of_the_mode(notebook: NotebookNode, organiser: Account) -> None:
    """With access ``scoped`` a participant's jobs have a role of their own, and datasets one that nobody may pass."""
    names, sagemaker = Names("chitra"), organiser.client("sagemaker")
    scoped = names.job_role(PARTICIPANTS[0]), names.preprocessing_role
    trains, reads = scoped if ACCESS == "scoped" else (names.execution_role,) * 2
    for job in (run_in(notebook, "start-run"), shown(notebook, "train").partition(" ")[0]):
        role = sagemaker.describe_training_job(TrainingJobName=job)["RoleArn"]
        assert role.rpartition("/")[2] == trains
    for each in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]:
        job = sagemaker.describe_processing_job(ProcessingJobName=each["ProcessingJobName"])
        assert job["RoleArn"].rpartition("/")[2] == reads


def test_should_predict_with_an_endpoint_and_leave_none(notebook: NotebookNode, organiser: Account) -> None:
    endpoint = run_in(notebook, "deploy")
    assert f"| 名前 | `{endpoint}` |\n| 状態 | InService |" in shown(notebook, "endpoint")
    assert "'label_name': '" in shown(notebook, "protocol")
    assert shown(notebook, "delete") == f"エンドポイント `{endpoint}` はありません。費用はもうかかりません。"
    sagemaker = organiser.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == sagemaker.list_models()["Models"] == []


def test_should_take_model_report_and_data_home(notebook: NotebookNode, local: Local) -> None:
    home = local.home / "export" / run_in(notebook, "start-run")
    assert "23 個のファイル" in shown(notebook, "export")
    assert f"--model '{home}/model'" in shown(notebook, "at-home")
    for file in ("model/vocab.txt", "report/predictions.jsonl", "datasets/test/manifest.json", "SHA256SUMS"):
        assert (home / file).is_file()

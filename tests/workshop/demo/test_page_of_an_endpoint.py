"""A reader before the page of a real endpoint on the local AWS, which is deleted in the end."""

from __future__ import annotations

import shutil
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import SETTINGS, write_cdk_json
from tests.local_aws.conftest import deploy
from tests.workshop.demo.conftest import ENGLISH, JAPANESE, PHONE, Demo, demo, window
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment
from workshop.aws.waiting import Pace
from workshop.demo.subject import served
from workshop.runs.endpoint import create_endpoint, delete_endpoint
from workshop.runs.follow import follow_run

RUN = "chitra--trained"
TEXT = "引越してからすだちを届けます。"


def pack(folder: Path, target: Path) -> bytes:
    with tarfile.open(target, "w:gz") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, arcname=file.name)
    return target.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workshop's."""
    folder = tmp_path_factory.mktemp("folder")
    write_cdk_json(folder)
    return folder


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), runtime=Runtime(stand_in), region=SETTINGS.region) as aws:
        yield aws


@pytest.fixture(scope="module")
def account(aws: LocalAws) -> Account:
    return Account(deploy(aws, SETTINGS))


@pytest.fixture(scope="module")
def endpoint(account: Account, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Serves a trained model whose report is in the bucket."""
    deployment, scratch = find_deployment(account, SETTINGS), tmp_path_factory.mktemp("archives")
    for name, source in (("model.tar.gz", trained / "model"), ("output.tar.gz", trained / "output/data")):
        body, key = pack(source, scratch / name), f"models/{RUN}/output/{name}"
        account.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=body)
    started = create_endpoint(account, deployment, RUN, hours=3)
    list(follow_run(account, started, poll_seconds=0.3))
    return started.name


@pytest.fixture(scope="module")
def page(browser: Browser, aws: LocalAws, endpoint: str, folder: Path) -> Iterator[Demo]:
    with demo("--no-browser", "--folder", str(folder), **aws.environment()) as page:
        assert endpoint in page.greeting
        yield page


def test_should_classify_with_the_newest_endpoint(browser: Browser, page: Demo, endpoint: str) -> None:
    with window(browser, JAPANESE, PHONE) as shown:
        shown.open(page.address)
        said = shown.classify(TEXT, "分類する")
        assert f"エンドポイント {endpoint}" in said
        assert "自動削除まで 2 時間 5" in said
        assert "期限までにあと約 $" in said
        assert shown.page.locator(".scores tbody tr").count() == 9
        assert not shown.is_too_wide()
        shown.press("分類の理由を見る")
        shown.page.wait_for_selector(".why")
        assert "".join(shown.page.locator(".why span").all_inner_texts()) == TEXT


def test_should_show_sudachis_words_while_the_model_is_not_at_hand(browser: Browser, page: Demo) -> None:
    with window(browser, ENGLISH) as shown:
        shown.open(page.address)
        said = shown.classify(TEXT, "Classify")
        assert "The words as Sudachi normalises them" in said
        assert "The endpoint's model is not on this machine" in said
        assert shown.page.locator(".changed rt").all_inner_texts() == ["引越", "すだち"]
        assert "deletes itself in 2 h 5" in said


def test_should_fetch_the_runs_report(browser: Browser, page: Demo, folder: Path) -> None:
    with window(browser, ENGLISH) as shown:
        shown.open(page.address)
        shown.choose_tab(2)
        shown.page.frame_locator("iframe.report").get_by_role("heading", name="chiTra workshop report").wait_for()
    assert (folder / "export" / RUN / "report/metrics.json").is_file()


def test_should_show_tokens_of_a_model_that_was_taken_home(
    account: Account, endpoint: str, tmp_path: Path, trained: Path
) -> None:
    model = tmp_path / RUN / "model"
    shutil.copytree(trained / "model", model)
    subject = served(account, SETTINGS, endpoint, tmp_path)
    assert subject.reads_tokens
    assert subject.read(TEXT).words[0].tokens == ("[UNK]",)
    with (model / "vocab.txt").open("a", encoding="utf-8") as vocabulary:
        vocabulary.write("##外\n")
    assert not served(account, SETTINGS, endpoint, tmp_path).reads_tokens


def test_should_say_that_the_endpoint_was_deleted_meanwhile(
    browser: Browser, page: Demo, account: Account, endpoint: str
) -> None:
    with window(browser, JAPANESE) as before, window(browser, ENGLISH) as english:
        before.open(page.address)
        english.open(page.address)
        delete_endpoint(account, SETTINGS, endpoint, Pace())
        assert "エンドポイントが見つかりません。" in before.classify(TEXT, "分類する").partition("分類する")[2]
        assert "The endpoint is gone; it may have expired." in english.classify(TEXT, "Classify")
    with window(browser, ENGLISH) as after:
        after.open(page.address)
        assert "The endpoint is gone" in after.page.inner_text(".facts")
    refusal, *_, farewell = page.close(signal.SIGTERM).splitlines()
    assert refusal.startswith("error: DescribeEndpoint failed")
    assert "the endpoint goes on, and so does what it costs" in farewell
    assert farewell.endswith(f"`.venv/bin/workshop endpoint delete {endpoint}` ends it.")
    assert page.process.returncode == 0

"""A reader before the page of a model on this disk: no endpoint, no account."""

from __future__ import annotations

import csv
import io
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.helpers.project import ROOT
from tests.workshop.demo.conftest import DESKTOP, ENGLISH, JAPANESE, PHONE, Demo, Scheme, demo, window
from workshop.demo.article_files import MOST_CHARACTERS

TEXT = "引越してからすだちを届けます。延長戦の末に代表チームが勝ち、監督は全員の守備をたたえました。"
HOSTILE = '<img src=x onerror="document.title=1"></textarea>${7*7}{{7*7}}'
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
NOBODY = {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
FILE = '\ufeffid,text\r\n1,延長戦の末に勝ちました。\r\n2,"=cmd|春の庭に、\n水をやります。"\r\n'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, trained: Path, preprocessed: Path) -> Path:
    """A run as `workshop export` brings it home."""
    home = tmp_path_factory.mktemp("export") / "chitra--one"
    shutil.copytree(trained / "model", home / "model")
    shutil.copytree(trained / "output/data", home / "report")
    shutil.copytree(preprocessed / "raw", home / "datasets/raw")
    return home


@pytest.fixture(scope="module")
def page(browser: Browser, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    scratch = tmp_path_factory.mktemp("scratch")
    with demo("--model", str(home / "model"), "--no-browser", TMPDIR=str(scratch), **NOBODY) as page:
        yield page
        assert page.close() == "The page is closed.\n"
        assert page.process.returncode == 0
    assert list(scratch.iterdir()) == []  # what readers uploaded, and what they downloaded


def test_should_classify_what_a_reader_types(browser: Browser, page: Demo) -> None:
    with window(browser, JAPANESE) as shown:
        shown.open(page.address)
        assert shown.page.url == f"{page.address}ja/"
        assert shown.page.get_attribute("html", "lang") == "ja"
        said = shown.classify(TEXT, "分類する")
        assert "いちばん近いカテゴリー" in said
        scores = [float(cell) for cell in shown.page.locator(".scores tbody .number").all_inner_texts()]
        assert len(scores) == 9
        assert scores == sorted(scores, reverse=True)
        assert shown.page.locator(".changed rt").all_inner_texts()[0].startswith("引越")
        assert "このマシンで動いています。費用はかかりません。" in said


def test_should_show_what_a_category_rests_on(browser: Browser, page: Demo) -> None:
    with window(browser, JAPANESE, PHONE, "dark") as shown:
        shown.open(page.address)
        shown.classify(TEXT, "分類する")
        shown.press("分類の理由を見る")
        shown.page.wait_for_selector(".why")
        assert "".join(shown.page.locator(".why span").all_inner_texts()) == TEXT
        assert shown.page.locator(".why .for3").count() >= 1
        assert shown.page.evaluate(CONTRAST) == {}
        assert not shown.is_too_wide()
        shown.press("消去")
        shown.page.wait_for_selector(".why", state="detached")


def test_should_speak_english_to_who_reads_english(browser: Browser, page: Demo) -> None:
    with window(browser, ENGLISH) as shown:
        shown.open(page.address)
        assert shown.page.get_attribute("html", "lang") == "en"
        assert "Most likely category" in shown.classify(TEXT, "Classify")
        assert "There is no text. Type an article first." in shown.classify("  ", "Classify")
        shown.page.get_by_role("link", name="日本語").click()
        shown.page.get_by_role("button", name="分類する", exact=True).wait_for()


def test_should_say_what_is_wrong_with_a_text(browser: Browser, page: Demo) -> None:
    with window(browser) as shown:
        shown.open(page.address)
        assert "文章が空です。記事の本文を入力してください。" in shown.classify("", "分類する")
        assert "文章が長すぎます。100,000 文字以内にしてください。" in shown.classify(
            "春" * (MOST_CHARACTERS + 1), "分類する"
        )
        assert shown.page.get_by_role("alert").count() == 1
        assert "先頭の 510 トークンまでです" in shown.classify("春の庭に水をやりました。" * 500, "分類する")


def test_should_show_what_somebody_typed_and_run_none_of_it(browser: Browser, page: Demo) -> None:
    with window(browser) as shown:
        shown.open(page.address)
        shown.classify(HOSTILE, "分類する")
        assert "img" in shown.page.inner_text(".tokens")
        assert shown.page.locator("main img").count() == 0
        assert shown.page.title() == "chiTra 記事分類"
        assert "49" not in shown.page.inner_text(".tokens")


def test_should_classify_an_example_with_one_click(browser: Browser, page: Demo) -> None:
    with window(browser) as shown:
        shown.open(page.address)
        shown.press("cooking")
        shown.page.wait_for_selector(".scores")
        assert len(shown.page.get_by_role("textbox").input_value()) > 20
        shown.press("消去")
        shown.page.wait_for_selector(".scores", state="detached")
        assert shown.page.get_by_role("textbox").input_value() == ""


def test_should_classify_a_file_and_give_a_csv_back(browser: Browser, page: Demo, tmp_path: Path) -> None:
    (tmp_path / "記事.csv").write_text(FILE, encoding="utf-8", newline="")
    with window(browser, size=PHONE) as shown:
        shown.open(page.address)
        shown.choose_tab(1)
        shown.page.set_input_files("input[type=file]", tmp_path / "記事.csv")
        shown.page.get_by_text("記事.csv").wait_for()
        shown.press("ファイルを分類する")
        shown.page.get_by_text("2 記事を分類しました。").wait_for()
        assert "=cmd|春の庭に、 水をやります。" in shown.page.inner_text(".results")
        assert not shown.is_too_wide()
        with shown.page.expect_download() as download:
            shown.page.get_by_text("結果を CSV でダウンロード").click()
        content = download.value.path().read_bytes()
        assert download.value.suggested_filename == "results.csv"
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["番号", "カテゴリー", "スコア", "記事の本文"]
    assert [row[0] for row in rows[1:]] == ["1", "2"]
    assert rows[2][3] == "'=cmd|春の庭に、\n水をやります。"


def test_should_say_what_is_wrong_with_a_file(browser: Browser, page: Demo, tmp_path: Path) -> None:
    (tmp_path / "sjis.txt").write_bytes("春です。".encode("shift_jis"))
    with window(browser, ENGLISH) as shown:
        shown.open(page.address)
        shown.choose_tab(1)
        shown.press("Classify the file")
        shown.page.get_by_text("No file was chosen. Choose one first.").wait_for()
        shown.page.set_input_files("input[type=file]", tmp_path / "sjis.txt")
        shown.page.get_by_text("sjis.txt").wait_for()
        shown.press("Classify the file")
        shown.page.get_by_text("The file is not in UTF-8 (line 1). Save it as UTF-8.").wait_for()


def test_should_show_the_runs_report_in_a_frame_that_can_do_nothing(browser: Browser, page: Demo) -> None:
    for locale, title in ((JAPANESE, "chiTra ハンズオンのレポート"), (ENGLISH, "chiTra workshop report")):
        with window(browser, locale, PHONE) as shown:
            shown.open(page.address)
            shown.choose_tab(2)
            report = shown.page.frame_locator("iframe.report")
            report.get_by_role("heading", name=title).wait_for()
            assert "chitra--one" in report.locator("body").inner_text()
            assert shown.page.get_attribute("iframe.report", "sandbox") == ""
            assert not shown.is_too_wide()


@pytest.mark.parametrize("locale", [JAPANESE, ENGLISH])
def test_should_fit_a_phone(browser: Browser, page: Demo, locale: str) -> None:
    with window(browser, locale, PHONE) as shown:
        shown.open(page.address)
        assert not shown.is_too_wide()
        shown.classify("W" * 300 + TEXT, "分類する" if locale == JAPANESE else "Classify")
        assert not shown.is_too_wide()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_should_be_easy_to_read(browser: Browser, page: Demo, scheme: Scheme, tmp_path: Path) -> None:
    """Whatever the reader's system prefers: contrast as WCAG 2.2 asks for, level AA."""
    (tmp_path / "a.txt").write_text("春の庭に水をやります。", encoding="utf-8")
    with window(browser, JAPANESE, DESKTOP, scheme) as shown:
        shown.open(page.address)
        assert shown.page.evaluate(CONTRAST) == {}
        shown.classify("", "分類する")
        assert shown.page.evaluate(CONTRAST) == {}
        shown.classify(TEXT + "春の庭に水をやりました。" * 100, "分類する")
        assert shown.page.evaluate(CONTRAST) == {}
        shown.choose_tab(1)
        assert shown.page.evaluate(CONTRAST) == {}
        shown.page.set_input_files("input[type=file]", tmp_path / "a.txt")
        shown.page.get_by_text("a.txt").wait_for()
        shown.press("ファイルを分類する")
        shown.page.wait_for_selector(".results")
        assert shown.page.evaluate(CONTRAST) == {}


def test_should_be_usable_without_a_mouse(browser: Browser, page: Demo) -> None:
    """Tab reaches everything in its order, each has a name, and Shift+Enter asks."""
    with window(browser, ENGLISH) as shown:
        shown.open(page.address)
        names = list[str]()
        for _ in range(14):
            shown.page.keyboard.press("Tab")
            names.append(
                shown.page.evaluate(
                    "(e => e.labels?.[0]?.innerText || e.ariaLabel || e.innerText || '')(document.activeElement)"
                ).strip()
            )
            if names[-1] == "Article":
                shown.page.keyboard.type("We won the game.")
        assert names[0] == "日本語"
        assert "One article" in names
        assert names.index("Article") < names.index("Clear") < names.index("Classify") < names.index("cooking")
        shown.page.get_by_role("textbox", name="Article").focus()
        shown.page.keyboard.press("Shift+Enter")
        shown.page.wait_for_selector(".scores")


def test_should_leave_only_what_it_needs_open(page: Demo) -> None:
    """Neither another machine's name nor another address leads to it."""
    port = int(page.address.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /ja/ HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--model", "nosuch"], 2, "error: --model nosuch: holds no tokenisation.json"),
        (["--model", "a", "--endpoint", "b"], 2, "error: --model: goes not with --endpoint."),
        (["--endpoint", "a b"], 2, "error: a b: is no name of a run or endpoint."),
        ([], 1, "error: no AWS credentials were found"),
    ],
)
def test_should_explain_a_mistake_in_one_line(arguments: list[str], code: int, message: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | NOBODY
    command = [sys.executable, "-m", "workshop.cli", "demo", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_should_say_that_a_port_is_taken(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "workshop.cli", "demo", "--model", str(home / "model"), "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: --port {port}: Address already in use.")


def test_should_say_that_the_set_up_is_an_older_one(home: Path, tmp_path: Path) -> None:
    (tmp_path / "gradio.py").write_text("raise ModuleNotFoundError('No module named gradio', name='gradio')")
    command = [sys.executable, "-m", "workshop.cli", "demo", "--model", str(home / "model")]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == ("error: gradio: is not installed, and the page needs it. Run `make setup`.")


def test_should_not_load_gradio_for_other_commands() -> None:
    program = "import sys, workshop.cli; sys.exit(any(name in sys.modules for name in ('gradio', 'uvicorn', 'torch')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

"""The workflows: least rights, pinned actions, and the comment, posted to a GitHub that runs here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from review.page import MARK
from tests.helpers.project import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SHA = "a" * 40


class GitHub(HTTPServer):
    """One pull request and its comments, in pages of two."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.comments: list[dict[str, Any]] = []
        self.head = SHA

    def comment(self, body: str, login: str = "somebody") -> None:
        self.comments.append({"id": len(self.comments) + 1, "body": body, "user": {"login": login}})


class Answers(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        if address.path == "/repos/us/workshop/pulls":
            assert query["head"] == ["fork:a branch"]
            self._answer([{"number": 7, "head": {"sha": self.server.head}}])
        else:
            assert address.path == "/repos/us/workshop/issues/7/comments"
            first = 2 * (int(query["page"][0]) - 1)
            self._answer(self.server.comments[first : first + 2])

    def do_POST(self) -> None:
        assert self.path == "/repos/us/workshop/issues/7/comments"
        self.server.comment(self._body(), "github-actions[bot]")
        self._answer({})

    def do_PATCH(self) -> None:
        number = int(self.path.removeprefix("/repos/us/workshop/issues/comments/"))
        self.server.comments[number - 1]["body"] = self._body()
        self._answer({})

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""

    def _body(self) -> str:
        assert self.headers["Authorization"] == "Bearer token"
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def _answer(self, document: Any) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def post(github: GitHub, page: Path) -> str:
    environment = {"GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}", "GITHUB_REPOSITORY": "us/workshop"}
    environment |= {"GITHUB_TOKEN": "token", "HEAD_OWNER": "fork", "HEAD_BRANCH": "a branch", "HEAD_SHA": SHA}
    call = [sys.executable, str(ROOT / ".ci/comment.py"), str(page)]
    kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    done = subprocess.run(call, env={**kept, **environment}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "comment.md"
    file.write_text(f"{MARK}\n## Review\n\nhello @everybody\n", encoding="utf-8")
    return file


def test_should_comment_once_and_then_update_the_comment(github: GitHub, page: Path) -> None:
    for text in ("one", f"{MARK} of somebody else", "three"):
        github.comment(text)
    post(github, page)
    assert len(github.comments) == 4
    page.write_text(page.read_text(encoding="utf-8").replace("hello", "again"), encoding="utf-8")
    post(github, page)
    assert [comment["body"] for comment in github.comments] == [
        "one",
        f"{MARK} of somebody else",
        "three",
        f"{MARK}\n## Review\n\nagain @\u200beverybody\n",
    ]


def test_should_leave_a_pull_request_alone_that_has_a_newer_commit(github: GitHub, page: Path) -> None:
    github.head = "b" * 40
    assert "nothing to comment on" in post(github, page)
    assert not github.comments


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_should_pin_every_action_and_give_no_right_by_default(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used)
    assert "\npermissions: {}\n" in text
    assert "pull_request_target" not in text
    assert "secrets." not in text


def test_should_let_no_workflow_write_that_runs_a_pull_requests_code() -> None:
    for file in WORKFLOWS:
        may_write = re.search(r"^ +[a-z-]+: write\b", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert bool(may_write) is (file.name == "review-comment.yml")


def test_should_run_commands_that_make_knows() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    matrix = re.search(r"command: \[(.*)\]", (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    assert matrix
    for command in (*matrix[1].split(", "), "review"):
        assert f"\n{command}: setup" in makefile


def test_should_find_the_comment_by_what_a_page_begins_with() -> None:
    assert f'MARK = "{MARK}"' in (ROOT / ".ci/comment.py").read_text(encoding="utf-8")

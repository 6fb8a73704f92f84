"""Clients keep within AWS's rates: a throttled call is made again, slower."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalSession
from workshop.aws.account import BRISK, Account

THROTTLED_TIMES = 3


class Throttling(BaseHTTPRequestHandler):
    """Answers the first calls with a throttling error."""

    calls = 0

    def do_POST(self) -> None:
        type(self).calls += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        throttled = self.calls <= THROTTLED_TIMES
        body = json.dumps({"__type": "ThrottlingException", "message": "slow down"} if throttled else {"logGroups": []})
        self.send_response(400 if throttled else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def account() -> Iterator[Account]:
    Throttling.calls = 0
    server = HTTPServer(("127.0.0.1", 0), Throttling)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Account(LocalSession(f"http://127.0.0.1:{server.server_port}", "x", "x", "ap-northeast-1"))
    server.shutdown()
    server.server_close()


def test_should_try_again_when_throttled(account: Account) -> None:
    assert account.client("logs").describe_log_groups()["logGroups"] == []
    assert Throttling.calls == THROTTLED_TIMES + 1
    assert account.client("logs") is account.client("logs", "ap-northeast-1")


def test_should_give_up_early_where_little_depends_on_it(account: Account) -> None:
    with pytest.raises(ClientError, match="slow down"):
        account.client("logs", config=BRISK).describe_log_groups()
    assert Throttling.calls == 2

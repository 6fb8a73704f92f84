"""The endpoint when much is asked of it: many slow requests, bodies that are too large, models that break."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import botocore.session
import httpx
import pytest

from tests.helpers.serving import serving
from training_image.bodies import MAX_BODY_BYTES, MAX_DROPPED_BYTES

# The real server around a predictor that does what a text says; a path is waited for.
SERVER = """
import os
import time
from pathlib import Path
import numpy as np
from training_image.predictor import Prediction
from training_image.serve import serve

class Obedient:
    broken = False
    folder = Path()
    text_tokens = 512
    device = "cpu"
    names = {0: "movies"}
    pad_id = 0

    @property
    def model(self):
        return self

    def inputs(self, texts):
        return [[list(text[:200].encode())] for text in texts]

    def forward(self, inputs):
        texts = [bytes(ids).decode() for ids in inputs]
        while texts[0].startswith("/") and not Path(texts[0]).exists():
            time.sleep(0.01)
        if "break" in texts:
            self.broken = True
        if self.broken or "fail" in texts:
            raise RuntimeError("device-side assert")
        return np.zeros((len(inputs), 1), np.float32)

    forward_alone = forward

    def prediction(self, logits):
        return Prediction(0, "movies", [0.0], {"movies": 1.0})

    def answers(self):
        return not self.broken

serve(Obedient(), int(os.environ["SAGEMAKER_BIND_TO_PORT"]), float(os.environ.get("SECONDS", "50")))
"""
MEBIBYTE = 2**20
# The largest request that SageMaker passes on to a container.
SAGEMAKER_PAYLOAD_LIMIT: int = (
    botocore.session.get_session()
    .get_service_model("sagemaker-runtime")
    .operation_model("InvokeEndpoint")
    .input_shape.members["Body"]
    .metadata["max"]
)


def start_server(variables: dict[str, str], **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SERVER], env={**os.environ, **variables, **more}, text=True)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(start_server) as address:
        yield address


@pytest.fixture
def own_url() -> Iterator[str]:
    """Of an endpoint that one test may break."""
    with serving(start_server) as address:
        yield address


class Client:
    """A connection on which bytes are sent and received as a test wants."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((str(address.hostname), address.port or 80), timeout=30)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def send_head(self, *headers: str, path: str = "/invocations") -> None:
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
        self.send("\r\n".join([*lines, "\r\n"]).encode())

    def status(self) -> int:
        """Of the next answer, which is read to its end."""
        status = int(self._stream.readline().split()[1])
        headers = b"".join(iter(self._stream.readline, b"\r\n"))
        if length := re.search(rb"content-length: (\d+)", headers):
            assert len(self._stream.read(int(length[1]))) == int(length[1])
        return status

    def close_sending_half(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def is_at_its_end(self) -> bool:
        return self._stream.read() == b""


def framed(body: bytes, framing: str) -> tuple[str, bytes]:
    """A body's header, and how it is sent."""
    if framing == "Content-Length":
        return f"Content-Length: {len(body)}", body
    chunks = [body[i : i + MEBIBYTE] for i in range(0, len(body), MEBIBYTE)]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return "Transfer-Encoding: chunked", sent + b"0\r\n\r\n"


def large(size: int) -> bytes:
    return b'{"inputs": "' + b"x" * (size - 14) + b'"}'


def invoke(url: str, inputs: str | list[str]) -> httpx.Response:
    return httpx.post(f"{url}/invocations", json={"inputs": inputs}, timeout=60)


def is_listening(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ping").is_success
    except httpx.TransportError:
        return False


framings = pytest.mark.parametrize("framing", ["Content-Length", "chunked"])


def test_should_answer_ping_while_many_requests_wait(url: str, tmp_path: Path) -> None:
    release = tmp_path / "release"
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(url)) for _ in range(64)]
        body = json.dumps({"inputs": str(release)}).encode()
        for client in clients:
            client.send_head(f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close")
        assert {client.status() for client in clients} == {100}
        for client in clients:
            client.send(body)
        try:
            assert httpx.get(f"{url}/ping", timeout=10).status_code == 200
        finally:
            release.touch()
        assert {client.status() for client in clients} == {200}


def test_should_send_away_whom_its_queue_has_no_place_for(url: str, tmp_path: Path) -> None:
    release, text = tmp_path / "release", "文" * 1_000
    limit = int(re.search(r"chitra_queue_tokens_limit (\d+)", httpx.get(f"{url}/metrics").text)[1])  # type: ignore[index]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(invoke, url, [str(release), *[text] * (limit // 512 - 1)])
        try:
            while "chitra_queue_requests 1\n" not in httpx.get(f"{url}/metrics").text:
                time.sleep(0.01)
            refused = invoke(url, [text])
        finally:
            release.touch()
        assert waiting.result().status_code == 200
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["error"].startswith("the queue is full; try again in ")
    assert invoke(url, [text] * (limit // 512 + 1)).status_code == 413
    assert 'chitra_requests_total{status="503"} 1\n' in httpx.get(f"{url}/metrics").text


def test_should_answer_in_time_and_drop_what_is_late(tmp_path: Path) -> None:
    with serving(partial(start_server, SECONDS="1")) as url:
        release = tmp_path / "release"
        late = invoke(url, [str(release)] * 20)
        assert late.status_code == 503
        assert late.json()["error"].startswith("there was no time for an answer (limit: 1 seconds)")
        with Client(url) as slow:
            slow.send_head("Content-Length: 1000")
            slow.send(b"{")
            assert slow.status() == 408
            assert slow.is_at_its_end()
        release.touch()
        assert invoke(url, "x").status_code == 200
        assert "chitra_queue_tokens 0\n" in httpx.get(f"{url}/metrics").text


def test_should_answer_what_it_has_taken_when_it_is_stopped(tmp_path: Path) -> None:
    release = tmp_path / "release"
    processes = list[subprocess.Popen[str]]()

    def start(variables: dict[str, str]) -> subprocess.Popen[str]:
        processes.append(start_server(variables))
        return processes[0]

    with serving(start) as url, ThreadPoolExecutor() as pool:
        taken = pool.submit(invoke, url, str(release))
        try:
            while "chitra_queue_requests 1\n" not in httpx.get(f"{url}/metrics").text:
                time.sleep(0.01)
            processes[0].terminate()
            while is_listening(url):
                time.sleep(0.01)
        finally:
            release.touch()
        assert taken.result().status_code == 200


def test_should_answer_a_client_that_closes_its_half_of_the_connection(url: str) -> None:
    body = b'{"inputs": "x"}'
    with Client(url) as client:
        for _ in range(2):
            client.send_head(f"Content-Length: {len(body)}")
            client.send(body)
        client.close_sending_half()
        assert [client.status(), client.status()] == [200, 200]
        assert client.is_at_its_end()
    with Client(url) as client:
        client.send_head("Content-Length: 1000")
        client.close_sending_half()
        assert client.is_at_its_end()
    assert invoke(url, "x").status_code == 200


def test_should_not_be_ready_once_the_model_cannot_answer(own_url: str) -> None:
    assert invoke(own_url, "fail").status_code == 500  # one text that the model fails on is no broken model
    assert httpx.get(f"{own_url}/ping").status_code == 200
    assert invoke(own_url, "break").status_code == 500
    assert 'chitra_requests_total{status="500"} 2\n' in httpx.get(f"{own_url}/metrics").text
    answer = httpx.get(f"{own_url}/ping")
    assert answer.status_code == 503
    assert answer.json() == {"error": "the model cannot answer any more; see the endpoint's log"}


def test_should_take_limits_from_what_sagemaker_passes_on() -> None:
    """SageMaker refuses a larger payload itself: whatever reaches the container is answered, never reset."""
    assert MAX_BODY_BYTES == SAGEMAKER_PAYLOAD_LIMIT <= MAX_DROPPED_BYTES


@framings
@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 31 * MEBIBYTE])
@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_should_answer_a_client_that_sends_a_large_body_before_it_reads(
    url: str, framing: str, size: int, connection: str
) -> None:
    header, sent = framed(large(size), framing)
    with Client(url) as client:
        client.send_head(header, f"Connection: {connection}")
        client.send(sent)
        assert client.status() == 413
        if connection == "close":
            assert client.is_at_its_end()
        else:
            header, sent = framed(b'{"inputs": "x"}', framing)
            client.send_head(header, "Connection: close")
            client.send(sent)
            assert client.status() == 200


@framings
@pytest.mark.parametrize(
    ("path", "content_type", "status"), [("/invocations", "text/plain", 415), ("/ping", "application/json", 405)]
)
def test_should_answer_a_large_body_that_it_has_no_use_for(
    url: str, framing: str, path: str, content_type: str, status: int
) -> None:
    header, sent = framed(large(31 * MEBIBYTE), framing)
    with Client(url) as client:
        client.send(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode())
        client.send(f"Content-Type: {content_type}\r\n{header}\r\n\r\n".encode())
        client.send(sent)
        assert client.status() == status


@framings
@pytest.mark.parametrize(("size", "status"), [(20, 200), (MAX_BODY_BYTES, 200), (7 * MEBIBYTE, 413)])
def test_should_ask_a_client_to_continue(url: str, framing: str, size: int, status: int) -> None:
    header, sent = framed(large(size), framing)
    with Client(url) as client:
        client.send_head(header, "Expect: 100-continue")
        assert client.status() == 100
        client.send(sent)
        assert client.status() == status


def test_should_answer_a_client_that_does_not_wait_to_be_asked(url: str) -> None:
    header, sent = framed(large(7 * MEBIBYTE), "Content-Length")
    with Client(url) as client:
        client.send_head(header, "Expect: 100-continue", "Connection: close")
        client.send(sent)
        assert client.status() == 100
        assert client.status() == 413
        assert client.is_at_its_end()


def test_should_cut_a_body_that_goes_on_and_on(url: str) -> None:
    _, sent = framed(large(256 * MEBIBYTE), "chunked")
    with Client(url) as client:
        client.send_head("Transfer-Encoding: chunked")
        with pytest.raises(ConnectionError):
            client.send(sent)
    assert httpx.get(f"{url}/ping").status_code == 200


def test_should_outlive_a_client_that_leaves_amid_its_body(url: str) -> None:
    with Client(url) as client:
        client.send_head("Content-Length: 1000")
        client.send(b"{")
    assert httpx.post(f"{url}/invocations", json={"inputs": "x"}).status_code == 200

"""Who is asked over https is not followed to an address where anybody on the way may answer."""

from __future__ import annotations

import http.server
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chitra.errors import WorkshopError
from workshop.data.fetch import Download, fetch

BUNDLE = Path(__file__).parent.parent.parent.parent / "training_image/building/bundle.py"


class Redirecting(http.server.BaseHTTPRequestHandler):
    """Sends whoever asks to the target of its server; without one it answers."""

    def do_GET(self) -> None:
        target: str = self.server.target  # type: ignore[attr-defined]
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"evil")

    def log_message(self, *arguments: object) -> None:
        pass


def serve(target: str = "", context: ssl.SSLContext | None = None) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)
    server.target = target  # type: ignore[attr-defined]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    if not shutil.which("openssl"):
        pytest.skip("no openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*make, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def address(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An https address that sends to an http address."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    insecure = serve()
    secure = serve(f"http://127.0.0.1:{insecure.server_port}/model.tar.gz", context)
    yield f"https://localhost:{secure.server_port}/model.tar.gz"
    insecure.shutdown()
    secure.shutdown()


@pytest.mark.parametrize("sha256", ["", "4" * 64])
def test_should_not_bundle_what_a_redirect_leads_to(tmp_path: Path, address: str, sha256: str) -> None:
    done = subprocess.run(
        [sys.executable, BUNDLE, address, sha256, tmp_path / "model"],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "which is no https address" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_should_not_fetch_what_a_redirect_leads_to(tmp_path: Path, address: str) -> None:
    with pytest.raises(WorkshopError, match="which is no https address"):
        fetch(Download("thing", address), tmp_path / "d", tmp_path / "lock.json", lambda done, total: None)
    assert not list((tmp_path / "d").iterdir())


def test_should_follow_a_redirect_from_http_to_http(tmp_path: Path) -> None:
    last = serve()
    first = serve(f"http://127.0.0.1:{last.server_port}/thing.tar.gz")
    download = Download("thing", f"http://127.0.0.1:{first.server_port}/thing.tar.gz")
    assert fetch(download, tmp_path, tmp_path / "lock.json", lambda done, total: None).read_bytes() == b"evil"
    last.shutdown()
    first.shutdown()

"""An endpoint as the 2022 hands-on had it: SudachiTra's tokenizer and transformers' model in fp32, a request at a time.

A request may ask for ``padding``: ``max_length``, as the hands-on padded, or ``longest``, which is none for one text.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from transformers import BertForSequenceClassification

from chitra.tokenisation import load_tokenizer

MAX_LENGTH = 512


class Predictor:
    """``predict`` answers one text at a time, with all of PyTorch's threads."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = load_tokenizer(folder)
        model: Any = BertForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
        self._model = model.eval()
        self._lock = threading.Lock()

    def predict(self, text: str, padding: str) -> dict[str, Any]:
        with self._lock, torch.no_grad():
            encoded = self._tokenizer(
                [text], padding=padding, truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
            )
            logits = self._model(**encoded).logits
        return {"label": int(logits.argmax()), "logits": logits.tolist()}


def serve(folder: Path, port: int) -> None:
    """Answer until the process is ended."""
    predictor = Predictor(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(predictor.predict(asked["inputs"], asked.get("padding", "max_length"))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: thousands of requests are measured."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # connections that come at once; with its own 5 some are reset

    Server(("127.0.0.1", port), Handler).serve_forever()

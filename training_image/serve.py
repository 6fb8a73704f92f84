"""The SageMaker endpoint: `serve`, or `python -m training_image.serve`. GET /ping, POST /invocations, port 8080."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from chitra.contract import base_dir
from chitra.errors import EXIT_INPUT, InputError
from chitra.visible import visible
from training_image.bodies import MAX_BODY_BYTES, BodyTooLargeError, DropUnreadBody, read_body
from training_image.device import FOR_ENDPOINTS, gpu_problem
from training_image.hide import UNUSED_BY_PREDICTIONS, hide
from training_image.predictor import Prediction, Predictor

DEFAULT_PORT = 8080
ALL_INTERFACES = "0.0.0.0"  # noqa: S104  (inside of its container)
MAX_TEXTS = 256
JSON_TYPE = "application/json"


class BadRequestError(Exception):
    """A request that cannot be answered: the status and the reason for the caller."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Predictions:
    """A predictor in a thread of its own, which requests wait for without holding a thread of the server's."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predictions")
        self.possible = True

    async def of(self, texts: list[str]) -> list[Prediction]:
        """One prediction per text, in order."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._predict, texts)

    def _predict(self, texts: list[str]) -> list[Prediction]:
        try:
            return self._predictor.predict(texts)
        except Exception:  # of these texts only, or of every text from now on
            self.possible = self._predictor.answers()
            raise


def build_app(predictor: Predictor) -> FastAPI:
    """The two routes of SageMaker's contract around a predictor.

    Parsing a body has a thread of its own, too: /ping waits for no more than the event loop's short steps.
    """
    app = FastAPI(title="chiTra classifier", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(DropUnreadBody)
    predictions = Predictions(predictor)
    parsing = ThreadPoolExecutor(1, thread_name_prefix="parsing")

    @app.get("/ping")
    async def ping() -> JSONResponse:
        if not predictions.possible:
            return JSONResponse({"error": "the model cannot answer any more; see the endpoint's log"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @app.post("/invocations")
    async def invocations(request: Request) -> JSONResponse:
        body = await _read_json(request)
        texts, single = await asyncio.get_running_loop().run_in_executor(parsing, _texts, body)
        return JSONResponse(_answer(await predictions.of(texts), single=single))

    @app.exception_handler(BadRequestError)
    async def bad_request(request: Request, error: BadRequestError) -> JSONResponse:
        return JSONResponse({"error": error.reason}, status_code=error.status)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": "the model failed on this request; see the endpoint's log"}, status_code=500)

    return app


async def _read_json(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != JSON_TYPE:
        raise BadRequestError(415, f"send Content-Type {JSON_TYPE}, not {media_type or 'none'}")
    try:
        return await read_body(request)
    except BodyTooLargeError as error:
        reason = f"the request is larger than {MAX_BODY_BYTES} bytes; send fewer texts"
        raise BadRequestError(413, reason) from error
    except ClientDisconnect as error:
        raise BadRequestError(400, "the connection ended before the body did") from error


def _texts(body: bytes) -> tuple[list[str], bool]:
    """The texts of ``{"inputs": text or list}``, and whether it was one text."""
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, a number too long, or too deep
        raise BadRequestError(400, 'the body is not JSON in UTF-8; send {"inputs": "text"}') from error
    if not isinstance(document, dict) or "inputs" not in document:
        raise BadRequestError(400, 'the key "inputs" is missing; send {"inputs": "text"} or {"inputs": ["text", ...]}')
    inputs = document["inputs"]
    single = isinstance(inputs, str)
    texts = [inputs] if single else inputs
    if not isinstance(texts, list) or not texts:
        raise BadRequestError(400, '"inputs" must be a text or a list of texts that is not empty')
    if len(texts) > MAX_TEXTS:
        raise BadRequestError(413, f'"inputs" holds {len(texts)} texts; send at most {MAX_TEXTS} per request')
    for number, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise BadRequestError(400, f'"inputs"[{number}] must be a text that is not empty')
        if not _is_unicode(text):
            raise BadRequestError(400, f'"inputs"[{number}] holds half a surrogate pair; send the whole character')
    return texts, single


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _answer(predictions: list[Prediction], *, single: bool) -> dict[str, Any]:
    """The hands-on's ``label`` and ``logits``, plus names and scores: values for one text, lists for a list."""
    labels = [prediction.label for prediction in predictions]
    names = [prediction.label_name for prediction in predictions]
    scores = [prediction.scores for prediction in predictions]
    logits = [prediction.logits for prediction in predictions]
    if single:
        return {"label": labels[0], "logits": logits, "label_name": names[0], "scores": scores[0]}
    return {"label": labels, "logits": logits, "label_name": names, "scores": scores}


def _port() -> int:
    text = os.environ.get("SAGEMAKER_BIND_TO_PORT", str(DEFAULT_PORT))
    if not text.isdecimal():
        raise InputError(f"SAGEMAKER_BIND_TO_PORT: must be a port's number, not {text!r}.")
    return int(text)


def main() -> int:
    """Serve until SIGTERM; 2 when the artefact cannot be served."""
    hide(UNUSED_BY_PREDICTIONS)
    if problem := gpu_problem(FOR_ENDPOINTS):
        print(f"warning: {problem} Serving on the CPU.", file=sys.stderr, flush=True)
    try:
        port = _port()
        predictor = Predictor(base_dir() / "model")
    except InputError as error:
        print(f"error: {visible(str(error))}", file=sys.stderr)
        return EXIT_INPUT
    serve(predictor, port)
    return 0


def serve(predictor: Predictor, port: int) -> None:
    """Answer requests until SIGTERM."""
    # uvicorn shuts down gracefully on SIGTERM, then raises it again for whoever listened before.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    uvicorn.run(
        build_app(predictor),
        host=os.environ.get("SERVE_HOST", ALL_INTERFACES),
        port=port,
        log_level="info",
        access_log=False,
        timeout_graceful_shutdown=25,
    )


if __name__ == "__main__":
    sys.exit(main())

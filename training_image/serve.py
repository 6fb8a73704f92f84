"""The SageMaker endpoint: `serve`, or `python -m training_image.serve`, on port 8080.

GET /ping, /metrics, /execution-parameters and /openapi.json, POST /invocations.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from chitra.contract import BATCH_MEGABYTES, base_dir
from chitra.errors import EXIT_INPUT, InputError
from chitra.visible import visible
from training_image import openapi
from training_image.bodies import MAX_BODY_BYTES, BodyReader, BodyTooLargeError, Exchange
from training_image.connections import HalfClosing, Server
from training_image.counters import CONTENT_TYPE, Counters
from training_image.device import FOR_ENDPOINTS, gpu_problem
from training_image.explanations import Explanations
from training_image.formats import BadRequestError, answer_type, known, read_question, write_answer
from training_image.hide import UNUSED_BY_PREDICTIONS, hide
from training_image.predictions import Predictions
from training_image.predictor import Predictor
from training_image.queueing import BATCH_DEADLINE, DEADLINE, DRAIN, BusyError, Deadlines, Queue, TooMuchWorkError
from training_image.scheduling import plan

DEFAULT_PORT = 8080
ALL_INTERFACES = "0.0.0.0"  # noqa: S104  (inside of its container)
BATCH_VARIABLE = "SAGEMAKER_BATCH"  # "true" in a transform job's containers, "True" in those of the SDK's local mode


class Endpoint:
    """A predictor with its queue and counters; ``seconds`` is how long an answer may take."""

    def __init__(self, predictor: Predictor, seconds: float) -> None:
        self.plan = plan(predictor.model.device)
        queue_tokens = int(self.plan.queue_tokens * seconds / DEADLINE)
        self.counters, self.deadlines, self.bodies = Counters(), Deadlines(seconds), BodyReader()
        self._queue = Queue(queue_tokens, predictor.text_tokens, self.plan.workers, seconds)
        self.predictions = Predictions(predictor, self.plan, self._queue, self.counters)
        self._explanations = Explanations(predictor.folder)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="reading")

    async def answer(self, request: Request) -> Response:
        """/ping waits for no more than the event loop's short steps: bodies are read and written in a thread."""
        content_type = known(request.headers.get("content-type", ""))
        accepted = answer_type(request.headers.get("accept", ""), content_type)
        try:
            async with self.bodies.read(request) as body:  # held until the answer is there: so are its texts
                return await self._answer(body, content_type, accepted)
        except BodyTooLargeError as error:
            raise BadRequestError(
                413, f"the request is larger than {MAX_BODY_BYTES} bytes; send fewer texts"
            ) from error
        except ClientDisconnect as error:
            raise BadRequestError(400, "the connection ended before the body did") from error

    async def _answer(self, body: bytes, content_type: str, accepted: str) -> Response:
        loop = asyncio.get_running_loop()
        question = await loop.run_in_executor(self._reading, read_question, content_type, body)
        with self._queue.place(question.texts, explain=question.explain):
            predictions = await self.predictions.of(question.texts)
            explanation = None
            if question.explain:
                explanation = await self._explanations.of(question.texts[0], predictions[0].label)
        write = partial(write_answer, predictions, explanation, single=question.single, media_type=accepted)
        return Response(await loop.run_in_executor(self._reading, write), headers={"Content-Type": accepted})

    def close(self) -> None:
        self._explanations.close()
        self.predictions.close()
        self._reading.shutdown()


def build_app(endpoint: Endpoint) -> FastAPI:
    """The routes of SageMaker's contract, and those for whoever looks after the endpoint."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        endpoint.close()

    app = FastAPI(title="chiTra classifier", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(Exchange, deadlines=endpoint.deadlines, counters=endpoint.counters)

    @app.get("/ping", responses=openapi.PING)
    async def ping() -> JSONResponse:
        if not endpoint.predictions.possible:
            return JSONResponse({"error": "the model cannot answer any more; see the endpoint's log"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @app.post("/invocations", responses=openapi.INVOCATIONS, openapi_extra=openapi.INVOCATION)
    async def invocations(request: Request) -> Response:
        return await endpoint.answer(request)

    @app.get("/execution-parameters", responses=openapi.EXECUTION_PARAMETERS)
    async def execution_parameters() -> JSONResponse:
        return JSONResponse(
            {
                "MaxConcurrentTransforms": endpoint.plan.workers,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": BATCH_MEGABYTES,
            }
        )

    @app.get("/metrics", responses=openapi.METRICS)
    async def metrics() -> Response:
        return Response(endpoint.counters.text(), headers={"Content-Type": CONTENT_TYPE})

    @app.exception_handler(BadRequestError)
    async def bad_request(request: Request, error: BadRequestError) -> JSONResponse:
        return JSONResponse({"error": error.reason}, status_code=error.status)

    @app.exception_handler(TooMuchWorkError)
    async def too_much_work(request: Request, error: TooMuchWorkError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=413)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        headers = {"Retry-After": str(error.retry_after)}
        return JSONResponse({"error": str(error)}, status_code=503, headers=headers)

    @app.exception_handler(HTTPException)
    async def no_such_route(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": "the model failed on this request; see the endpoint's log"}, status_code=500)

    return app


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
    serve(predictor, port, BATCH_DEADLINE if os.environ.get(BATCH_VARIABLE, "").lower() == "true" else DEADLINE)
    return 0


def serve(predictor: Predictor, port: int, seconds: float = DEADLINE) -> None:
    """Answer requests until SIGTERM, and then those that were taken."""
    # uvicorn shuts down gracefully on SIGTERM, then raises it again for whoever listened before.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    endpoint = Endpoint(predictor, seconds)
    config = uvicorn.Config(
        build_app(endpoint),
        host=os.environ.get("SERVE_HOST", ALL_INTERFACES),
        port=port,
        http=HalfClosing,
        ws="none",
        log_level="info",
        access_log=False,
        timeout_graceful_shutdown=int(DRAIN) + 5,
    )
    Server(config, endpoint.deadlines.stop).run()


if __name__ == "__main__":
    sys.exit(main())

"""Serves the page on this machine alone, in the language that the browser asks for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import warnings

# Before Gradio is imported, which reads them then.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workshop.demo.examples import examples
from workshop.demo.look import CSS, THEME
from workshop.demo.page import Page
from workshop.demo.port import LOOPBACK
from workshop.demo.subject import Subject
from workshop.demo.words import preferred
from workshop.language import Language

# Gradio's own programs and styles are inline or come from here; nothing may come from elsewhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; form-action 'self'"
)
UPLOAD = "64mb"


def build_app(subject: Subject) -> FastAPI:
    """One page per language, and the way to the right one."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    chosen = examples(subject.categories)

    @app.get("/")
    def choose(request: Request) -> RedirectResponse:
        return RedirectResponse(f"/{preferred(request.headers.get('accept-language', ''))}/")

    for language in Language:
        app = gr.mount_gradio_app(
            app,
            Page(subject, language, chosen).build(),
            f"/{language}",
            server_name=LOOPBACK,
            footer_links=[],
            show_error=False,
            max_file_size=UPLOAD,
            ssr_mode=False,
            theme=THEME,
            css=CSS,
            js=f"() => {{ document.documentElement.lang = '{language}' }}",
        )
    app.add_middleware(OwnContentOnly)
    # A name that somebody points at this machine is refused: only who sits here may ask.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
    return app


class OwnContentOnly:
    """ASGI middleware: the browser is told to load nothing from anywhere else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = (b"content-security-policy", POLICY.encode()), (b"x-content-type-options", b"nosniff")
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self._app(scope, receive, send_with_policy)


def serve(subject: Subject, listener: socket.socket) -> None:
    """Until Ctrl-C, SIGTERM, or the end of the terminal."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    warnings.filterwarnings("ignore", module="gradio")  # calls a part of Starlette by an older name
    config = uvicorn.Config(build_app(subject), log_level="error", timeout_graceful_shutdown=1)
    with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises again after it has shut down
        uvicorn.Server(config).run(sockets=[listener])

"""A real browser before the real page, in which every request that leaves this machine fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright

CHROMIUM = ("chromium", "google-chrome", "chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
JAPANESE, ENGLISH = "ja-JP", "en-US"
DESKTOP, PHONE = ViewportSize(width=1200, height=900), ViewportSize(width=400, height=850)
Scheme = Literal["light", "dark"]
MILLISECONDS = 60_000


@dataclass
class Window:
    """A reader's browser window. ``outside`` are the requests that did not stay on this machine, ``mistakes`` what its
    programs complained about."""

    page: Page
    outside: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_selector("h1")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def choose_tab(self, number: int) -> None:
        self.page.get_by_role("tab").nth(number).click()

    def classify(self, text: str, button: str) -> str:
        """What the page shows after it was asked."""
        before = self.page.locator(".best, .problem").all_inner_texts()
        self.page.get_by_role("textbox").fill(text)
        self.press(button)
        self.page.wait_for_function(
            "before => { const now = [...document.querySelectorAll('.best, .problem')].map(each => each.innerText);"
            "return now.length && now.join() != before.join() }",
            arg=before,
        )
        return self.page.inner_text("main")

    def is_too_wide(self) -> bool:
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser, locale: str = JAPANESE, size: dict[str, int] = DESKTOP, scheme: str = "light"
) -> Iterator[Window]:
    """A new one, of somebody who reads ``locale``. Nothing that it loads comes from elsewhere."""
    context = browser.new_context(locale=locale, viewport=size, color_scheme=scheme, accept_downloads=True)  # type: ignore[arg-type]
    context.set_default_timeout(MILLISECONDS)
    shown = Window(context.new_page())

    def stay(route: Route) -> None:
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            shown.outside.append(route.request.url)
            route.abort()

    context.route("**/*", stay)
    shown.page.on("pageerror", lambda error: shown.mistakes.append(str(error)))
    try:
        yield shown
        assert shown.outside == []
        assert shown.mistakes == []
        assert "Traceback" not in shown.page.content()
    finally:
        context.close()


@dataclass
class Demo:
    """The command at work, and what it printed before it was ready."""

    address: str
    greeting: str
    process: subprocess.Popen[str]

    def close(self, number: signal.Signals = signal.SIGINT) -> str:
        """Ctrl-C or another signal; the rest of what it prints."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=60)[0]


@contextmanager
def demo(*arguments: str, **variables: str) -> Iterator[Demo]:
    """`workshop demo`, once it serves."""
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"  # as a shell leaves it
    process = subprocess.Popen(
        [sys.executable, "-uc", f"{program} from workshop.cli import main; main()", "demo", *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        assert greeting.startswith("http://127.0.0.1:"), greeting + process.communicate()[0]
        yield Demo(greeting.split()[0], greeting, process)
    finally:
        process.kill()
        process.wait()

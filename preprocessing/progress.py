"""What a participant reads while a stage of the job works."""

from __future__ import annotations

import sys
import time

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_UPDATES = 0.2
CLEAR_REST_OF_LINE = "\x1b[K"

Stage = dict[str, float]  # articles, seconds, articles_per_second


class StageProgress:
    """One live line about a stage: articles, articles per second, time left; in a log a line now and then."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._articles = 0
        self._started = self._said = time.monotonic()
        self._live = sys.stdout.isatty()

    def advance(self, articles: int, share_done: float) -> None:
        """``articles`` more are done; with them ``share_done`` (0 to 1) of the stage."""
        self._articles += articles
        now = time.monotonic()
        if now - self._said < (SECONDS_BETWEEN_UPDATES if self._live else SECONDS_BETWEEN_LINES):
            return
        self._said = now
        elapsed = now - self._started
        left = elapsed * (1 - share_done) / share_done if share_done else 0.0
        self._say(f"{self._articles:,} articles, {self._rate(elapsed):,.0f}/s, {_clock(left)} left", end=not self._live)

    def finish(self) -> Stage:
        """Say how it went; returns that for the manifest."""
        elapsed = time.monotonic() - self._started
        rate = self._rate(elapsed)
        self._say(f"{self._articles:,} articles in {_clock(elapsed)}, {rate:,.0f}/s", end=True)
        return {"articles": self._articles, "seconds": round(elapsed, 2), "articles_per_second": round(rate, 1)}

    def _rate(self, seconds: float) -> float:
        return self._articles / max(seconds, 1e-3)

    def _say(self, text: str, *, end: bool) -> None:
        line = f"{self._stage}: {text}"
        print(f"\r{line}{CLEAR_REST_OF_LINE}" if self._live else line, end="\n" if end else "", flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"

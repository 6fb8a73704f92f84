"""AWS's rates of calls per account and region, where they are switched on.

Of several rates that AWS names, by region or in different documents, the lowest is here: who comes through here comes
through there. SageMaker is not among them, because AWS publishes no rates of its control plane.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json

from local_aws.role_session import scope

Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Any]]  # MiniStack's of a service

# Names the file that gets a line per refusal, and further rates; unset when nothing is refused.
VARIABLE = "LOCAL_AWS_THROTTLED"


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` calls at once, ``per_second`` in the long run."""

    burst: float
    per_second: float


# Developer guide of Step Functions, "Service quotas", regions other than the three largest; quotas of CloudWatch Logs,
# which names no bursts. There DescribeLogStreams has 25 by now; older references, and accounts, have five.
RATES = {
    ("states", "DescribeExecution"): Rate(250, 10),
    ("states", "DescribeStateMachine"): Rate(200, 20),
    ("states", "GetExecutionHistory"): Rate(400, 20),
    ("states", "ListExecutions"): Rate(100, 2),
    ("states", "StartExecution"): Rate(800, 150),
    ("states", "StopExecution"): Rate(500, 25),
    ("logs", "DescribeLogStreams"): Rate(5, 5),
    ("logs", "GetLogEvents"): Rate(10, 10),
}


@dataclass(slots=True)
class Bucket:
    """Tokens for calls: one each, refilled as time passes."""

    rate: Rate
    tokens: float
    filled: float  # when, in seconds of some clock

    def take(self, now: float) -> bool:
        """Whether a call may pass at ``now``."""
        self.tokens = min(self.rate.burst, self.tokens + (now - self.filled) * self.rate.per_second)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Throttle:
    """The buckets of all accounts, and the file that tells of refusals."""

    log: Path
    rates: Mapping[tuple[str, str], Rate] = field(default_factory=lambda: RATES)
    _buckets: dict[tuple[str, ...], Bucket] = field(default_factory=dict)

    def refuses(self, service: str, operation: str) -> bool:
        """Whether a call of the account and region that are served now is one too many."""
        rate = self.rates.get((service, operation))
        if rate is None:
            return False
        now = time.monotonic()
        bucket = self._buckets.setdefault((*scope(), service, operation), Bucket(rate, rate.burst, now))
        if bucket.take(now):
            return False
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(f"{service} {operation}\n")
        return True


def install(handlers: MutableMapping[str, Handler]) -> None:
    """Refuse what comes too fast to the services of ``RATES``, where the variable says so."""
    if VARIABLE not in os.environ:
        return
    asked = json.loads(os.environ[VARIABLE])
    further = {tuple(call.split()): Rate(*rate) for call, rate in asked["rates"].items()}
    throttle = Throttle(Path(asked["log"]), RATES | further)
    for service in {service for service, _ in throttle.rates}:
        handlers[service] = _throttled(throttle, service, handlers[service])


def _throttled(throttle: Throttle, service: str, known: Handler) -> Handler:
    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        if throttle.refuses(service, headers.get("x-amz-target", "").rpartition(".")[2]):
            return error_response_json("ThrottlingException", "Rate exceeded", 400)
        return await known(method, path, headers, body, query_params)

    return handle_request

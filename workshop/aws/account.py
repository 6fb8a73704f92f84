"""The AWS account as one caller sees it: clients that keep within AWS's rates, one per service and region."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 8}, connect_timeout=10, read_timeout=60)
# For the first call of a command, which should fail at once, and for what is only nice to know.
BRISK = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=20)


class Account:
    """Clients are made once; several threads may share them."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._clients: dict[tuple[str, str, Config], Any] = {}
        self._lock = threading.Lock()

    @cached_property
    def caller(self) -> dict[str, str]:
        """``Account``, ``Arn`` and ``UserId`` of whoever holds the credentials."""
        answer: dict[str, str] = self.client("sts", config=BRISK).get_caller_identity()
        return answer

    @property
    def number(self) -> str:
        """The twelve digits."""
        return self.caller["Account"]

    @property
    def region(self) -> str:
        """The region of the settings."""
        return str(self._session.region_name)

    def client(self, service: str, region: str = "", config: Config = PATIENT) -> Any:
        """A client that tries again, slower, when AWS asks for it."""
        key = (service, region or self.region, config)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(service, region_name=key[1], config=config)
            return self._clients[key]

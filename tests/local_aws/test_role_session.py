"""Many executions at once act as their roles."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from ministack.services import sts

from local_aws import role_session

ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads that change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_should_open_sessions_in_many_threads(switching: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sts, "_sessions", {})
    monkeypatch.setattr(sts, "register_session", sts.register_session)
    role_session.install()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: role_session.service_session(ROLE, region="eu-west-1"), range(300)))
    assert len(sts._sessions) == 300

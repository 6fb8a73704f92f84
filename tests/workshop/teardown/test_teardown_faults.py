"""Every AWS call of a full teardown fails once, in every way; a second run ends clean and no neighbour is touched."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.helpers.accounts import FORGOTTEN, HOME, build, some_neighbours, whole_workshop, without_history
from tests.helpers.cloud import Cloud, RefusalError, signature
from tests.helpers.project import SETTINGS
from tests.workshop.teardown.test_teardown_properties import tear_down

REGIONS = (HOME, FORGOTTEN)


def furnished() -> Cloud:
    """An account with one of everything, beside neighbours."""
    return build([*some_neighbours(), *whole_workshop()], regions=REGIONS)


NEIGHBOURS = without_history(build(some_neighbours(), regions=REGIONS))


class FaultyCloud(Cloud):
    """Fails at the call ``victim``: once, or, when a permission is missing, every time."""

    victim: str = ""
    fault: str = ""
    failures: int = 0

    def call(self, service: str, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            hit = signature(service, region, operation, params) == self.victim
            if not hit or (self.failures and self.fault != "denied"):
                return super().call(service, region, operation, params)
            self.failures += 1
            if self.fault == "timeout":
                with contextlib.suppress(RefusalError):
                    super().call(service, region, operation, params)
                raise ReadTimeoutError(endpoint_url=f"https://{service}.amazonaws.com")
            code = "ThrottlingException" if self.fault == "throttled" else "AccessDeniedException"
            raise RefusalError(code, f"{operation} was {self.fault}")


def calls_of_a_full_teardown(journal: Path) -> list[str]:
    cloud = furnished()
    assert tear_down(cloud, journal, SETTINGS).clean
    return list(dict.fromkeys(cloud.calls))


@pytest.mark.parametrize("fault", ["throttled", "timeout", "denied"])
def test_should_survive_a_fault_of_every_call(fault: str, tmp_path: Path, record_property: Any) -> None:
    calls = calls_of_a_full_teardown(tmp_path / "calls")
    unfinished = 0
    for number, victim in enumerate(calls):
        cloud = furnished()
        cloud.__class__ = FaultyCloud
        assert isinstance(cloud, FaultyCloud)
        cloud.victim, cloud.fault = victim, fault
        journal = tmp_path / f"journal-{number}"
        first = tear_down(cloud, journal, SETTINGS)
        assert cloud.failures, victim
        assert neighbours_of(cloud) == NEIGHBOURS, victim
        assert first.clean <= (without_history(cloud) == NEIGHBOURS), f"claims to be done, but is not: {victim}"
        unfinished += not first.clean
        cloud.victim = ""
        second = tear_down(cloud, journal, SETTINGS)
        assert second.clean, (victim, second.problems)
        assert without_history(cloud) == NEIGHBOURS, victim
    record_property("teardown", f"{len(calls)} calls, each {fault} once; {unfinished} runs had to be repeated")


def neighbours_of(cloud: Cloud) -> dict[tuple[str, str, str], Any]:
    """What is left of the neighbours, in shared places without the workshop's own part."""
    left = {}
    for key, record in without_history(cloud).items():
        if key in NEIGHBOURS:
            expected = NEIGHBOURS[key]
            shared = [name for name in ("streams", "objects", "images") if name in expected]
            kept = {name: [entry for entry in record[name] if entry in expected[name]] for name in shared}
            left[key] = record | kept
    return left

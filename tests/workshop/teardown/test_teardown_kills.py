"""A teardown killed (SIGKILL) right after any of its AWS calls: started again, it finishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.helpers.accounts import without_history
from tests.helpers.project import SETTINGS
from tests.helpers.remote import KillingServer, tear_down_in_a_process
from tests.workshop.teardown.test_teardown_faults import (
    NEIGHBOURS,
    calls_of_a_full_teardown,
    furnished,
    neighbours_of,
)
from tests.workshop.teardown.test_teardown_properties import tear_down

KILLED = -9


def test_should_finish_after_a_kill_behind_every_call(tmp_path: Path, record_property: Any) -> None:
    calls = calls_of_a_full_teardown(tmp_path / "calls")
    for number, victim in enumerate(calls):
        cloud = furnished()
        journal = tmp_path / f"journal-{number}"
        with KillingServer(cloud, tmp_path / f"socket-{number}", victim) as server:
            assert tear_down_in_a_process(server, journal) == KILLED, victim
        assert neighbours_of(cloud) == NEIGHBOURS, victim
        assert tear_down(cloud, journal, SETTINGS).clean, victim
        assert without_history(cloud) == NEIGHBOURS, victim
    record_property("teardown", f"{len(calls)} calls, each followed by SIGKILL once")

"""Whatever an account holds: nothing of the workshop remains, and no neighbour is touched."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings import Settings
from tests.helpers.accounts import EARLIER, Thing, build, neighbours, own_things, without_history
from tests.helpers.cloud import Cloud
from tests.helpers.cloud_session import CloudSession
from tests.helpers.project import SETTINGS
from workshop.aws.account import Account
from workshop.aws.waiting import Pace
from workshop.teardown.journal import Journal
from workshop.teardown.survey import survey
from workshop.teardown.teardown import Outcome, teardown

EXAMPLES = 300
AT_ONCE = Pace(pause=0.0, patience=20.0, settle=0.0)


def with_earlier_region() -> Settings:
    return SETTINGS.model_copy(update={"earlier_regions": [EARLIER]})


def tear_down(cloud: Cloud, journal: Path, chosen: Settings | None = None) -> Outcome:
    account, chosen = Account(CloudSession(cloud)), chosen or with_earlier_region()
    kept = Journal(journal)
    return teardown(account, chosen, survey(account, chosen, kept.memory), journal=kept, pace=AT_ONCE)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(own=own_things(), others=neighbours(), looks=st.integers(0, 2))
def test_should_leave_nothing_and_touch_no_neighbour(own: list[Thing], others: list[Thing], looks: int) -> None:
    cloud = build([*others, *own], looks)
    with tempfile.TemporaryDirectory() as folder:
        outcome = tear_down(cloud, Path(folder) / "journal")
    assert outcome.clean, (outcome.problems, outcome.last.problems)
    assert without_history(cloud) == without_history(build(others))


def test_should_touch_nothing_in_a_dry_run() -> None:
    from tests.helpers.accounts import some_neighbours, whole_workshop

    cloud = build([*whole_workshop(), *some_neighbours()])
    before = cloud.snapshot()
    found = survey(Account(CloudSession(cloud)), with_earlier_region())
    assert len(found.resources) > 20
    assert cloud.snapshot() == before

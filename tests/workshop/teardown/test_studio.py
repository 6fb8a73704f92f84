"""Studio goes from the inside out: apps, spaces, user profiles, the domain with its disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.accounts import TAG, build
from tests.helpers.studio import StudioCloud
from tests.workshop.teardown.test_teardown_properties import tear_down

OTHERS = {"workshop": "chitra-2"}
INSIDE = [("app", "d-1/tanaka/JupyterLab/default"), ("space", "d-1/room"), ("user-profile", "d-1/tanaka")]


def studio(things: dict[tuple[str, str], dict[str, str]]) -> StudioCloud:
    cloud = build([])
    cloud.__class__ = StudioCloud
    assert isinstance(cloud, StudioCloud)
    cloud.studio = things
    return cloud


def test_should_remove_a_tagged_domain_with_all_that_is_in_it(tmp_path: Path) -> None:
    theirs = {("domain", "d-2"): OTHERS, ("app", "d-2/suzuki/JupyterLab/default"): {}}
    cloud = studio({("domain", "d-1"): TAG, **{key: {} for key in INSIDE}, **theirs})
    outcome = tear_down(cloud, tmp_path / "journal")
    assert outcome.clean, (outcome.problems, outcome.last.problems)
    assert cloud.studio == theirs
    removed = [str(attempt.resource) for attempt in outcome.removed]
    kinds = ["app", "space", "user profile", "domain"]
    assert [name for name in removed if name.startswith(tuple(kinds))] == [
        next(name for name in removed if name.startswith(kind)) for kind in kinds
    ]


def test_should_remove_a_tagged_app_from_a_domain_of_others(tmp_path: Path) -> None:
    domain, profile, app = ("domain", "d-1"), ("user-profile", "d-1/tanaka"), INSIDE[0]
    cloud = studio({domain: OTHERS, profile: {}, app: TAG})
    assert tear_down(cloud, tmp_path / "journal").clean
    assert cloud.studio == {domain: OTHERS, profile: {}}


@pytest.mark.parametrize("key", INSIDE)
def test_should_leave_what_others_keep_in_a_tagged_domain(tmp_path: Path, key: tuple[str, str]) -> None:
    """The domain cannot go then: it is reported, and nothing claims to be done."""
    cloud = studio({("domain", "d-1"): TAG, key: OTHERS})
    outcome = tear_down(cloud, tmp_path / "journal")
    assert not outcome.clean
    assert [str(each) for each in outcome.last.resources] == ["domain d-1"]
    assert cloud.studio[key] == OTHERS
    assert "keeps its domain" in outcome.last.lookalikes[0].why

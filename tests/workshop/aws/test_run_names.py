"""Names of runs are SageMaker's, whatever workshop and participants are called, and no two are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitra.errors import InputError
from infra.names import Names
from infra.settings import PARTICIPANT_PATTERN
from workshop.aws.run_names import check_run_name, full_name, is_named_by, is_run_name, new_run_name

WORKSHOPS = st.from_regex(r"[a-z][a-z0-9]{1,15}", fullmatch=True).map(Names)
PARTICIPANTS = st.from_regex(PARTICIPANT_PATTERN, fullmatch=True)


@given(WORKSHOPS, PARTICIPANTS)
def test_should_make_names_that_sagemaker_takes(names: Names, participant: str) -> None:
    name = new_run_name(names, names.user(participant))
    assert is_run_name(name)
    assert name.startswith(names.run_prefix + participant[:16].strip("-").lower())
    assert is_named_by(names, names.user(participant), name)
    assert full_name(names, name) == name


def test_should_name_thirty_runs_of_one_second_differently() -> None:
    names = Names("chitra")
    of_everybody = [new_run_name(names, names.user(f"participant-{number}")) for number in range(30)]
    of_nobody = [new_run_name(names) for _ in range(30)]
    assert len(set(of_everybody)) == 30
    assert len(set(of_nobody)) > 28  # of 65,536 numbers


@pytest.mark.parametrize("name", ["has space", "-a", "a-", "a_b", "a" * 64, "", "あ"])
def test_should_refuse_names_that_sagemaker_does_not_take(name: str) -> None:
    with pytest.raises(InputError, match="is no name of a run or endpoint"):
        check_run_name(name)


def test_should_not_take_somebody_elses_run_for_ones_own() -> None:
    names = Names("sixteen-letters-")
    for mine, theirs in (("participant-from-osaka-01", "participant-from-osaka-02"), ("sato", "sato-2")):
        assert is_named_by(names, names.user(mine), new_run_name(names, names.user(mine)))
        assert not is_named_by(names, names.user(mine), new_run_name(names, names.user(theirs)))

"""What runs are called: their jobs, model, endpoint and folders in the bucket have the run's name."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from chitra.errors import InputError
from chitra.visible import visible
from infra.names import RUN_NAME_LENGTH, TUNING_NAME_LENGTH, Names

# SageMaker's API reference: the pattern of names of jobs, models and endpoints.
RUN_NAME = re.compile("[a-zA-Z0-9](-*[a-zA-Z0-9])*")
TUNING_MARK = "t"
# The time and a random number, or of tunings, for whose names there is little room, a letter and the number.
END = f"([0-9]{{8}}-[0-9]{{6}}-|{TUNING_MARK})[0-9a-f]{{4}}"


def is_run_name(name: str) -> bool:
    return len(name) <= RUN_NAME_LENGTH and RUN_NAME.fullmatch(name) is not None


def check_run_name(name: str) -> str:
    """The same name.

    Raises:
        InputError: SageMaker could call nothing so.
    """
    if is_run_name(name):
        return name
    raise InputError(
        f"{visible(name)}: is no name of a run or endpoint. Names have letters, digits and hyphens, "
        f"{RUN_NAME_LENGTH} at most."
    )


def full_name(names: Names, name: str) -> str:
    """Runs and endpoints may be called with or without the workshop's prefix."""
    return name if name.startswith(names.run_prefix) else names.run_prefix + name


def own_prefix(names: Names, user: str) -> str:
    """With what the names begin that a participant's runs get by themselves; the workshop's prefix for nobody."""
    return names.runs_of(user.removeprefix(names.user("")))


def new_run_name(names: Names, user: str = "") -> str:
    """``<workshop>--<participant>-<time>-<4 hex>``, of a participant's ``user`` name or of nobody's.

    Two calls in the same second differ in the last four digits, and those of two people in the participant, too.
    """
    return f"{own_prefix(names, user)}{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def new_tuning_name(names: Names, user: str = "") -> str:
    """``<workshop>--<participant>-t<4 hex>``.

    Raises:
        InputError: it would be too long for SageMaker.
    """
    return check_tuning_name(f"{own_prefix(names, user)}{TUNING_MARK}{secrets.token_hex(2)}")


def check_tuning_name(name: str) -> str:
    """The same name.

    Raises:
        InputError: SageMaker could call no tuning so.
    """
    if len(check_run_name(name)) > TUNING_NAME_LENGTH:
        raise InputError(
            f"{name}: is too long for a tuning: SageMaker takes {TUNING_NAME_LENGTH} characters, the workshop's name "
            "and two hyphens among them. Give a shorter --name."
        )
    return name


def is_named_by(names: Names, user: str, name: str) -> bool:
    """Whether a run of this user got this name by itself."""
    return re.fullmatch(re.escape(own_prefix(names, user)) + END, name) is not None

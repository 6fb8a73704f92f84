"""Who calls: a participant of the workshop, or somebody who organises it."""

from __future__ import annotations

from botocore.exceptions import ClientError

from infra.names import Names
from workshop.aws.account import Account
from workshop.aws.advice import is_denied
from workshop.aws.tags import owner
from workshop.aws.waiting import none_if_missing


def participant(account: Account, names: Names) -> str:
    """The caller's user name when that user carries the workshop's tag; empty for everybody else.

    Participants may look at their own user, so whoever may not is none.
    """
    kind, _, path = account.caller["Arn"].split(":", 5)[5].partition("/")
    if kind != "user":
        return ""
    name = path.rpartition("/")[2]
    iam = account.client("iam")
    try:
        answer = none_if_missing(lambda: iam.get_user(UserName=name))
    except ClientError as error:
        if is_denied(error):
            return ""
        raise
    return name if answer and owner(answer["User"].get("Tags", [])) == names.workshop else ""

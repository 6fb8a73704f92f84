"""What a change does that somebody should decide on, each under a word that policy.json can forbid."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from chitra.errors import WorkshopError
from chitra.nearest import did_you_mean
from review import risks
from review.access import Access
from review.details import Detail
from review.resources import DATA, Change, Changes

POLICY = Path(__file__).with_name("policy.json")
PROTECTING = (
    *("BucketEncryption", "KmsKeyId", "KMSMasterKeyId", "KmsMasterKeyId", "PublicAccessBlockConfiguration"),
    *("VersioningConfiguration", "LifecycleConfiguration", "AccessControl", "DeletionPolicy", "UpdateReplacePolicy"),
    *("StorageEncrypted", "SSESpecification", "SseSpecification", "EncryptionConfiguration", "Encrypted"),
)
NETWORK = (
    *("VpcConfig", "VpcId", "SubnetIds", "SecurityGroupIds", "SecurityGroupIngress", "SecurityGroupEgress"),
    *("EnableNetworkIsolation", "PubliclyAccessible"),
)
WEAK = ("Suspended", "Disabled", "Delete")
_BY_MARK = {
    risks.DENY_LIFTED: "deny-lifted",
    risks.DENY_CHANGED: "deny-changed",
    risks.BOUNDARY_LIFTED: "boundary-lifted",
    risks.ADMINISTRATOR: "administrator",
    risks.ESCALATION: "escalation",
    risks.TO_ANY_SERVICE: "role-to-any-service",
    risks.EVERYBODY: "open-to-everybody",
    risks.EVERY_ACTION: "every-action",
    f"{risks.EVERY_ACTION} of": "every-action-of-a-service",
}
ALARMS = (
    "data-lost",
    "expiry-removed",
    "limits-changed",
    "protection-changed",
    "encryption-dropped",
    "network-changed",
    *_BY_MARK.values(),
)


def is_lost(change: Change) -> bool:
    """Whether data goes with it, or stays where nobody looks any more."""
    return change.kind in ("removed", "replaced") and change.type in DATA


def touches(change: Change, names: tuple[str, ...]) -> list[str]:
    """Which of the named properties a resource gets changed."""
    return [name for name in change.properties if name in names]


def alarms(
    changes: Changes, access: Access, details: Iterable[Detail], *, expiry_removed: bool, limits_changed: bool
) -> list[str]:
    """Those of a review, in the order of ``ALARMS``."""
    marks = {mark for row in access.gained for mark in row.marks}
    found = {alarm for known, alarm in _BY_MARK.items() if any(_is(mark, known) for mark in marks)}
    if expiry_removed:
        found.add("expiry-removed")
    if limits_changed:
        found.add("limits-changed")
    if any(_is_weakened(each) for each in details):
        found.add("encryption-dropped")
    for change in changes.resources:
        if is_lost(change):
            found.add("data-lost")
        if touches(change, NETWORK) or change.type.startswith("AWS::EC2::SecurityGroup"):
            found.add("network-changed")
        if protecting := touches(change, PROTECTING):
            found.add("protection-changed")
            found.update("encryption-dropped" for name in protecting if name in change.dropped)
    return [alarm for alarm in ALARMS if alarm in found]


def _is_weakened(detail: Detail) -> bool:
    """Whether a protection stays by name and is switched off."""
    if detail.path.partition(".")[0] not in PROTECTING:
        return False
    return detail.new in WEAK or (detail.old == "true" and detail.new != "true")


def _is(mark: str, known: str) -> bool:
    return mark == known or mark.startswith(f"{known}:") or (known.endswith(" of") and mark.startswith(known))


def forbidden(file: Path = POLICY) -> list[str]:
    """What a policy forbids.

    Raises:
        WorkshopError: it is no policy, or names what no review raises.
    """
    try:
        words = json.loads(file.read_text(encoding="utf-8"))["forbidden"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkshopError(f'{file}: is no policy ({error}); it holds {{"forbidden": [...]}}.') from error
    for word in words:
        if word not in ALARMS:
            known = ", ".join(ALARMS)
            raise WorkshopError(f"{file}: {word!r} is not known.{did_you_mean(str(word), ALARMS)} Known are {known}.")
    return list(words)

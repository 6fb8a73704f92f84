"""SageMaker Studio: domains with their user profiles, spaces and apps. Apps bill by the hour, a domain keeps a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from workshop.aws.waiting import Pace, StillThereError, none_if_missing, pages_where_offered, wait
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import tag_of, tags_of
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Problem, Resource, guarded, guarded_each

BUSY = frozenset({"Pending", "Updating", "Deleting"})
WAY_OUT = "Studio is at work: run the command again in some minutes"


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of thing inside of a domain: how it is listed, and which keys of an entry name it."""

    topic: Topic
    kind: str
    noun: str
    list_key: str
    keys: tuple[str, ...]

    @property
    def snake(self) -> str:
        return self.noun.lower() if self.noun != "UserProfile" else "user_profile"


# In the order of removal (SageMaker's developer guide, "Delete an Amazon SageMaker AI domain").
PARTS = (
    Part(Topic.TENANTS, "app", "App", "Apps", ("UserProfileName", "SpaceName", "AppType", "AppName")),
    Part(Topic.SPACES, "space", "Space", "Spaces", ("SpaceName",)),
    Part(Topic.PROFILES, "user profile", "UserProfile", "UserProfiles", ("UserProfileName",)),
)


def list_studio(place: Place) -> Iterator[Finding]:
    """Tagged domains with all that is in them, and what carries the tag in domains of others."""
    sagemaker = place.client("sagemaker")
    own = set()
    domains = [domain for page in pages_where_offered(sagemaker, "list_domains") for domain in page["Domains"]]
    tags = tags_of(place, Topic.INSTANCES, [domain["DomainArn"] for domain in domains])
    for domain, tag in zip(domains, tags, strict=True):
        arn, name = domain["DomainArn"], domain["DomainId"]
        if isinstance(tag, Problem):
            yield tag
        elif tag == place.names.workshop:
            own.add(name)
            remove = partial(_delete_domain, sagemaker, name)
            yield Resource(Topic.INSTANCES, "domain", name, place.region, remove, domain.get("Status", ""), arn)
    kinds = {"app", "space", "user-profile"}
    mentioned = {arn.name.split("/")[0] for arn in place.arns if arn.service == "sagemaker" and arn.kind in kinds}
    for name in sorted(own | mentioned):
        for part in PARTS:
            look: Callable[[], list[Finding]] = partial(list, _list_part(place, part, domain=name, is_own=name in own))
            found = guarded(look, part.topic, place.region, f"{part.kind}s of domain {name}: ")
            yield from [found] if isinstance(found, Problem) else found


def _list_part(place: Place, part: Part, *, domain: str, is_own: bool) -> Iterator[Finding]:
    pages = place.client("sagemaker").get_paginator(f"list_{part.snake}s").paginate(DomainIdEquals=domain)
    for page in pages:
        identities = [
            {"DomainId": domain, **{key: entry[key] for key in part.keys if entry.get(key)}}
            for entry in page[part.list_key]
        ]
        look = partial(_look_at, place, part, is_own)
        yield from guarded_each(part.topic, place.region, identities, look, lambda each: f"{part.kind} {_name(each)}")


def _name(identity: dict[str, str]) -> str:
    return "/".join(identity.values())


def _look_at(place: Place, part: Part, is_own: bool, identity: dict[str, str]) -> Iterator[Finding]:
    sagemaker = place.client("sagemaker")
    description = none_if_missing(partial(getattr(sagemaker, f"describe_{part.snake}"), **identity))
    if description is None or description.get("Status") == "Deleted":
        return
    arn, name = description[f"{part.noun}Arn"], _name(identity)
    tag = tag_of(place, arn)
    if tag == place.names.workshop or (is_own and tag is None):
        remove = partial(_delete, sagemaker, part, identity)
        yield Resource(part.topic, part.kind, name, place.region, remove, description.get("Status", ""), arn)
    elif is_own:
        yield Lookalike(part.kind, name, place.region, f"carries the tag of workshop {tag!r}; keeps its domain")


def _delete(sagemaker: Any, part: Part, identity: dict[str, str], pace: Pace) -> None:
    describe = partial(getattr(sagemaker, f"describe_{part.snake}"), **identity)
    _delete_and_wait(describe, partial(getattr(sagemaker, f"delete_{part.snake}"), **identity), pace)


def _delete_domain(sagemaker: Any, domain: str, pace: Pace) -> None:
    """With its disk, which would bill on alone."""
    retention = {"HomeEfsFileSystem": "Delete"}
    delete = partial(sagemaker.delete_domain, DomainId=domain, RetentionPolicy=retention)
    _delete_and_wait(partial(sagemaker.describe_domain, DomainId=domain), delete, pace)


def _delete_and_wait(describe: Callable[[], dict[str, Any]], delete: Callable[[], object], pace: Pace) -> None:
    asked: list[bool] = []

    def state() -> str:
        description = none_if_missing(describe)
        status = str(description.get("Status", "there")) if description else ""
        if status in ("", "Deleted"):
            return ""
        if status == "Delete_Failed" and asked:
            reason = (description or {}).get("FailureReason", "AWS gives no reason")
            raise StillThereError(f"{status}: {reason}; mend that, then run the command again")
        if status in BUSY:
            return status
        none_if_missing(delete)
        asked.append(True)
        return "Deleting"

    wait(state, pace, WAY_OUT)

"""Which regions to look into: those that the settings name, and any other that holds something of the workshop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from infra.names import Names
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.stacks import describe_own_stack
from workshop.aws.tags import Arn, tagged_arns
from workshop.teardown.memory import Memory
from workshop.teardown.resources.resource import Problem, guarded

THREADS = 12


@dataclass(frozen=True, slots=True)
class Regions:
    """``present`` can be looked into."""

    present: tuple[str, ...]
    problems: tuple[Problem, ...]


def find_regions(account: Account, settings: Settings, memory: Memory) -> Regions:
    """Named regions and those of the memory first, whatever stands there now.

    Any other counts when a bucket, a stack or a tag of the workshop is in it.
    """
    named = tuple(dict.fromkeys([settings.region, *settings.earlier_regions, *memory.regions]))
    what = "no other region was looked into: "
    answer = guarded(lambda: account.client("ec2").describe_regions()["Regions"], None, settings.region, what)
    if isinstance(answer, Problem):
        return Regions(named, (answer,))
    enabled = [entry["RegionName"] for entry in answer]
    buckets = guarded(lambda: _regions_of_buckets(account, settings, enabled), None, settings.region, what)
    if isinstance(buckets, Problem):
        return Regions(named, (buckets,))
    named = tuple(dict.fromkeys([*named, *buckets]))
    problems = [
        Problem(None, region, f"region {region} is switched off: switch it on (Account, AWS Regions)", True)
        for region in named
        if region not in enabled
    ]
    named = tuple(dict.fromkeys([*named, *memory.emptied]))
    others = sorted(set(enabled) - set(named))
    at_home = guarded(lambda: frozenset(tagged_arns(account, Names(settings.name), settings.region)), None, "")
    everywhere = frozenset[Arn]() if isinstance(at_home, Problem) else at_home
    with ThreadPoolExecutor(THREADS) as pool:
        for region, holds in zip(
            others, pool.map(lambda region: _looked_into(account, settings, region, everywhere), others), strict=True
        ):
            if isinstance(holds, Problem):
                problems.append(holds)
            elif holds:
                named += (region,)
    return Regions(tuple(region for region in named if region in enabled), tuple(problems))


def _regions_of_buckets(account: Account, settings: Settings, enabled: list[str]) -> list[str]:
    """The bucket's name tells its region, and buckets of all regions are in one list."""
    pages = account.client("s3").get_paginator("list_buckets").paginate()
    buckets = {bucket["Name"] for page in pages for bucket in page["Buckets"]}
    names = Names(settings.name)
    return [region for region in enabled if names.bucket(account.number, region) in buckets]


def _looked_into(account: Account, settings: Settings, region: str, everywhere: frozenset[Arn]) -> bool | Problem:
    """Whether something is there, or why that could not be seen. What the index of tags tells in each region, as an
    emulator's index tells buckets, says nothing of this one."""
    look = partial(_holds, account, Names(settings.name), region, everywhere)
    return guarded(look, None, region, f"region {region} was not looked into: ")


def _holds(account: Account, names: Names, region: str, everywhere: frozenset[Arn]) -> bool:
    if set(tagged_arns(account, names, region)) - everywhere:
        return True
    cloudformation = account.client("cloudformation", region)
    return any(describe_own_stack(cloudformation, names.workshop, stack) for stack in names.stacks)

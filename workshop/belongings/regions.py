"""Which regions to look into: those that the settings name, and any other that holds something of the workshop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from infra.names import Names
from infra.settings import Settings
from workshop.account import Account
from workshop.advice import AWS_ERRORS, advice, is_denied
from workshop.belongings.belonging import Problem
from workshop.belongings.stacks import describe_own_stack
from workshop.belongings.tags import tagged_in_sagemaker

THREADS = 12


@dataclass(frozen=True, slots=True)
class Regions:
    """``present`` can be looked into."""

    present: tuple[str, ...]
    problems: tuple[Problem, ...]


def find_regions(account: Account, settings: Settings) -> Regions:
    """Named regions first. One that nobody named counts when a bucket, a stack or a tag of the workshop is in it."""
    named = tuple(dict.fromkeys([settings.region, *settings.earlier_regions]))
    try:
        answer = account.client("ec2").describe_regions()["Regions"]
        named = tuple(dict.fromkeys([*named, *_regions_of_buckets(account, settings, answer)]))
    except AWS_ERRORS as error:
        text = f"no other region was looked into: {advice(error)}"
        return Regions(named, (Problem(None, settings.region, text, is_denied(error)),))
    enabled = [entry["RegionName"] for entry in answer]
    problems = [
        Problem(None, region, f"region {region} is switched off: switch it on (Account, AWS Regions)", True)
        for region in named
        if region not in enabled
    ]
    others = sorted(set(enabled) - set(named))
    with ThreadPoolExecutor(THREADS) as pool:
        for region, holds in zip(
            others, pool.map(lambda region: _holds(account, settings, region), others), strict=True
        ):
            if isinstance(holds, Problem):
                problems.append(holds)
            elif holds:
                named += (region,)
    return Regions(tuple(region for region in named if region in enabled), tuple(problems))


def _regions_of_buckets(account: Account, settings: Settings, enabled: list[dict[str, str]]) -> list[str]:
    """The bucket's name tells its region, and buckets of all regions are in one list."""
    pages = account.client("s3").get_paginator("list_buckets").paginate()
    buckets = {bucket["Name"] for page in pages for bucket in page["Buckets"]}
    names = Names(settings.name)
    regions = (entry["RegionName"] for entry in enabled)
    return [region for region in regions if names.bucket(account.number, region) in buckets]


def _holds(account: Account, settings: Settings, region: str) -> bool | Problem:
    """Whether something is there, or why that could not be seen."""
    names = Names(settings.name)
    try:
        if tagged_in_sagemaker(account, names, region):
            return True
        cloudformation = account.client("cloudformation", region)
        return any(describe_own_stack(cloudformation, names.workshop, stack) for stack in names.stacks)
    except AWS_ERRORS as error:
        return Problem(None, region, f"region {region} was not looked into: {advice(error)}", is_denied(error))

"""Which quotas of an account a workshop needs, how much of each, and what the account has."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.jobs import SERVERLESS_CONCURRENCY
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.checks.check import Check, State
from workshop.runs.follow import POLL_SECONDS

# Quotas that stand beside those of each instance type. By code: their names change.
PROCESSING_INSTANCES = "L-F311B08F"
TRAINING_INSTANCES = "L-00C91CB5"
ENDPOINT_INSTANCES = "L-7A3DF611"
SERVERLESS_INVOCATIONS = "L-96300102"
LOG_STREAM_LOOKUPS = "L-3F243AD0"

SAGEMAKER, LOGS = "sagemaker", "logs"


@dataclass(frozen=True, slots=True)
class Need:
    """``count`` of something at once, when all participants work at the same time. ``code`` is empty where the name
    is Service Quotas' own; ``service`` is Service Quotas' code of the service."""

    name: str
    count: int
    code: str = ""
    service: str = SAGEMAKER


def needed_quotas(settings: Settings) -> list[Need]:
    """By instance type, for the account as a whole, and for those who follow their runs."""
    people = len(settings.participants)
    processing = settings.preprocessing.instance_count * people
    # One person's tuning, too, has several at a time.
    training = settings.training.instance_count * max(people, settings.limits.tuning_jobs_at_a_time)
    kind = "spot training job" if settings.training.spot else "training job"
    lookups = math.ceil(people / POLL_SECONDS)  # one at each look
    return [
        Need(f"{settings.preprocessing.instance_type} for processing job usage", processing),
        Need(f"{settings.training.instance_type} for {kind} usage", training),
        *_warm_pool_needs(settings, training),
        Need("instances across all processing jobs", processing, PROCESSING_INSTANCES),
        Need("instances across all training jobs", training, TRAINING_INSTANCES),
        *_endpoint_needs(settings, people),
        Need(
            f"{settings.classification.instance_type} for transform job usage", 1
        ),  # not everybody classifies: some wait
        Need("DescribeLogStreams per second, by who follows a run", lookups, LOG_STREAM_LOOKUPS, LOGS),
    ]


def _warm_pool_needs(settings: Settings, training: int) -> list[Need]:
    if not settings.training.keep_warm_minutes:
        return []
    return [Need(f"{settings.training.instance_type} for training warm pool usage", training)]


def _endpoint_needs(settings: Settings, people: int) -> list[Need]:
    if settings.endpoint.kind == "serverless":
        invocations = SERVERLESS_CONCURRENCY * people
        return [
            Need("Maximum number of serverless endpoints", people),
            Need("concurrent invocations across all serverless endpoints", invocations, SERVERLESS_INVOCATIONS),
        ]
    instances = settings.endpoint.max_instances * people
    return [
        Need(f"{settings.endpoint.instance_type} for endpoint usage", instances),
        Need("instances across all endpoints", instances, ENDPOINT_INSTANCES),
    ]


def check_quotas(account: Account, settings: Settings) -> Iterator[Check]:
    """One line per need; one that is not met has the command that asks AWS for it."""
    needs = needed_quotas(settings)
    known = {service: _listed(account, service) for service in {need.service for need in needs}}
    for need in needs:
        subject = f"quota: {need.name}"
        quota = known[need.service].get(need.code or need.name)
        if quota is None:
            yield Check(subject, State.UNKNOWN, "Service Quotas does not list it", _where_to_look(need))
        elif quota["Value"] >= need.count:
            yield Check(subject, State.OK, f"{quota['Value']:.0f}, {need.count} needed")
        else:
            fix = (
                f"aws service-quotas request-service-quota-increase --service-code {need.service} "
                f"--quota-code {quota['QuotaCode']} --desired-value {need.count} --region {settings.region}"
            )
            yield Check(subject, State.FAILED, f"{quota['Value']:.0f}, {need.count} needed", fix)


def _listed(account: Account, service: str) -> dict[str, dict[str, Any]]:
    """The quotas of a service, by name and by code."""
    pages = account.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode=service)
    quotas = [quota for page in pages for quota in page["Quotas"]]
    return {quota[key]: quota for quota in quotas for key in ("QuotaName", "QuotaCode")}


def _where_to_look(need: Need) -> str:
    if need.name.startswith("ml."):
        return "look at the instance type in cdk.json"
    return f"look for it in the console of Service Quotas: {need.count} needed"

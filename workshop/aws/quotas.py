"""Which of SageMaker's quotas a workshop needs, and how much of each."""

from __future__ import annotations

from dataclasses import dataclass

from infra.settings import Settings

# Quotas of a whole account, which stand beside those of each instance type. By code: their names change.
PROCESSING_INSTANCES = "L-F311B08F"
TRAINING_INSTANCES = "L-00C91CB5"
ENDPOINT_INSTANCES = "L-7A3DF611"


@dataclass(frozen=True, slots=True)
class Need:
    """``count`` instances at once, when all participants work at the same time. ``code`` is empty where the name is
    Service Quotas' own."""

    name: str
    count: int
    code: str = ""


def needed_quotas(settings: Settings) -> list[Need]:
    """By instance type, and for the account as a whole."""
    people = len(settings.participants)
    processing = settings.preprocessing.instance_count * people
    training = settings.training.instance_count * people
    kind = "spot training job" if settings.training.spot else "training job"
    needed = [
        Need(f"{settings.preprocessing.instance_type} for processing job usage", processing),
        Need(f"{settings.training.instance_type} for {kind} usage", training),
        Need("instances across all processing jobs", processing, PROCESSING_INSTANCES),
        Need("instances across all training jobs", training, TRAINING_INSTANCES),
    ]
    if settings.endpoint.kind == "real-time":
        needed += [
            Need(f"{settings.endpoint.instance_type} for endpoint usage", people),
            Need("instances across all endpoints", people, ENDPOINT_INSTANCES),
        ]
    return needed

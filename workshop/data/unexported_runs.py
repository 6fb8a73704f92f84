"""Data that a teardown would destroy before anybody took it home."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.filesize import decimal

from infra.names import Names
from workshop.aws.account import Account
from workshop.aws.waiting import none_if_missing
from workshop.data.export_ledger import FINISHED, STARTED, UNREADABLE, state_of_export
from workshop.data.results import Refusal, results_of, runs_with_results

HOW = {
    STARTED: "its export was begun and not finished",
    UNREADABLE: "its export record cannot be read",
    "": "it was never exported",
}


@dataclass(frozen=True, slots=True)
class UnexportedRun:
    """A run whose model or datasets were not exported in full. ``state`` is the export's: one of ``HOW``."""

    bucket: str
    region: str
    run: str
    state: str
    size: int

    def __str__(self) -> str:
        return f"run {self.run} ({decimal(self.size)}): {HOW[self.state]}"


def list_unexported_runs(
    account: Account,
    names: Names,
    regions: Iterable[str],
    on_refusal: Callable[[Refusal], None] = lambda refusal: None,
) -> list[UnexportedRun]:
    """What an export would bring home from the buckets of these regions; ``on_refusal`` gets what none can."""
    unexported = []
    for region in regions:
        s3 = account.client("s3", region)
        bucket = names.bucket(account.number, region)
        runs = none_if_missing(lambda s3=s3, bucket=bucket: runs_with_results(s3, bucket))  # type: ignore[misc]
        if runs is None:
            continue
        refused = list(runs.refused)
        for run in runs.names:
            results = results_of(s3, bucket, run)
            sources = results.sources
            refused += results.refused
            state = state_of_export(s3, bucket, run, {source.key: source.etag for source in sources})
            if sources and state != FINISHED:
                unexported.append(UnexportedRun(bucket, region, run, state, sum(source.size for source in sources)))
        for refusal in refused:
            on_refusal(refusal)
    return unexported

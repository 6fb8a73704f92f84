"""Data that a teardown would destroy before anybody took it home."""

from __future__ import annotations

from dataclasses import dataclass

from rich.filesize import decimal

from infra.names import Names
from workshop.account import Account
from workshop.belongings.waiting import found
from workshop.export_ledger import FINISHED, STARTED, UNREADABLE, state_of_export
from workshop.results import results_of, runs_with_results

HOW = {
    STARTED: "its export was begun and not finished",
    UNREADABLE: "its export record cannot be read",
    "": "it was never exported",
}


@dataclass(frozen=True, slots=True)
class Keepsake:
    """A run whose model or datasets were not exported in full. ``state`` is the export's: one of ``HOW``."""

    bucket: str
    region: str
    run: str
    state: str
    size: int

    def __str__(self) -> str:
        return f"run {self.run} ({decimal(self.size)}): {HOW[self.state]}"


def list_keepsakes(account: Account, names: Names, regions: tuple[str, ...]) -> list[Keepsake]:
    """In every bucket of the workshop, what an export would bring home."""
    keepsakes = []
    for region in regions:
        s3 = account.client("s3", region)
        bucket = names.bucket(account.number, region)
        runs = found(lambda s3=s3, bucket=bucket: runs_with_results(s3, bucket))  # type: ignore[misc]
        for run in runs.names if runs else []:
            sources = results_of(s3, bucket, run).sources
            state = state_of_export(s3, bucket, run, {source.key: source.etag for source in sources})
            if sources and state != FINISHED:
                keepsakes.append(Keepsake(bucket, region, run, state, sum(source.size for source in sources)))
    return keepsakes

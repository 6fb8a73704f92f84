"""Data that a teardown would destroy before anybody took it home."""

from __future__ import annotations

from dataclasses import dataclass

from rich.filesize import decimal

from infra.names import Names
from workshop.account import Account
from workshop.belongings.waiting import found
from workshop.export import runs_with_results, sources
from workshop.export_ledger import FINISHED, state_of_export


@dataclass(frozen=True, slots=True)
class Keepsake:
    """A run whose model or datasets were not exported in full. ``state`` is the export's: started, or empty."""

    bucket: str
    region: str
    run: str
    state: str
    size: int

    def __str__(self) -> str:
        how = "its export was begun and not finished" if self.state else "it was never exported"
        return f"run {self.run} ({decimal(self.size)}): {how}"


def list_keepsakes(account: Account, names: Names, regions: tuple[str, ...]) -> list[Keepsake]:
    """In every bucket of the workshop."""
    keepsakes = []
    for region in regions:
        s3 = account.client("s3", region)
        bucket = names.bucket(account.number, region)
        for run in found(lambda s3=s3, bucket=bucket: runs_with_results(s3, bucket)) or []:  # type: ignore[misc]
            objects = sources(s3, bucket, run)
            etags = {source.key: source.etag for source in objects}
            state = state_of_export(s3, bucket, run, etags)
            if objects and state != FINISHED:
                size = sum(source.size for source in objects)
                keepsakes.append(Keepsake(bucket, region, run, state, size))
    return keepsakes

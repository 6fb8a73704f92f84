"""Takes trained models, reports and datasets home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from preprocessing.archives import extract
from workshop.errors import WorkshopError

MODEL_ARCHIVE = "model.tar.gz"
REPORT_ARCHIVE = "output.tar.gz"


def export_run(s3: Any, bucket: str, run_name: str, folder: Path) -> list[Path]:
    """Download model, report and datasets of a run below ``folder``; the archives are unpacked.

    A file becomes visible under its name only when it is whole.
    """
    downloaded = []
    for prefix, target in ((f"models/{run_name}/output/", folder), (f"datasets/{run_name}/", folder / "datasets")):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                file = target / entry["Key"].removeprefix(prefix)
                file.parent.mkdir(parents=True, exist_ok=True)
                partial = file.with_name(file.name + ".partial")
                s3.download_file(bucket, entry["Key"], str(partial))
                partial.replace(file)
                downloaded.append(file)
    if not downloaded:
        raise WorkshopError(f"run {run_name}: has nothing to export in s3://{bucket}. Is its name right?")
    for archive, name in ((MODEL_ARCHIVE, "model"), (REPORT_ARCHIVE, "report")):
        if (folder / archive).is_file():
            extract(folder / archive, folder / name)
    return downloaded

"""What `python -m training_image.smoke` tells `workshop smoke`: one line of JSON in the job's log."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chitra.errors import InputError
from chitra.json_text import parse_json

KEY = "smoke"
START = f'{{"{KEY}": '
Bytes = Annotated[int, Field(ge=0)]


class SmokeReport(BaseModel):
    """What was seen on the instance. Without a GPU its name and the driver's version are empty and its memory is 0.

    ``memory_peak`` is the most that tensors took of ``memory_total``, in bytes, of the fullest GPU.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    gpu: str
    driver: str
    torch: str
    cuda: str
    memory_peak: Bytes
    memory_total: Bytes
    articles_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)]

    def to_line(self) -> str:
        return json.dumps({KEY: self.model_dump()})


def find_report(lines: Iterable[str]) -> SmokeReport | None:
    """The last report in a job's log; None where there is none, or none that can be read."""
    found = [line for line in lines if line.startswith(START)]
    try:
        return SmokeReport.model_validate(parse_json(found[-1].encode(), "the job's log")[KEY]) if found else None
    except (InputError, ValidationError):
        return None

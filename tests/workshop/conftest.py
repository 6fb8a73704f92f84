"""An AWS that nobody of this project wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.moto_server import Moto, moto_server
from tests.helpers.project import write_cdk_json


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[Moto]:
    write_cdk_json(tmp_path)
    with moto_server(tmp_path) as aws:
        yield aws

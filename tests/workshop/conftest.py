"""An AWS that nobody of this project wrote."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.settings import CDK_JSON
from tests.helpers.moto_server import Moto, moto_server


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[Moto]:
    shutil.copy(CDK_JSON, tmp_path)
    with moto_server(tmp_path) as aws:
        yield aws

"""An AWS that nobody of this project wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.moto_server import Moto, moto_server
from tests.helpers.project import write_cdk_json


@pytest.fixture(scope="session")
def moto_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One server for all tests: it takes ten seconds until it has loaded the services that they need."""
    with moto_server(tmp_path_factory.mktemp("moto")) as port:
        yield port


@pytest.fixture
def moto(tmp_path: Path, moto_port: int) -> Moto:
    """An account that is empty."""
    write_cdk_json(tmp_path)
    aws = Moto(moto_port, tmp_path)
    aws.forget()
    return aws

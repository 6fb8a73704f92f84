"""boto3 on a ``Cloud``: real clients, paginators and parameter validation; only the network is missing."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
import botocore.session

from tests.helpers.cloud import RefusalError


class Answering(Protocol):
    """A cloud in this process, or the way to one in another."""

    def call(self, service: str, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]: ...


@dataclass
class _Http:
    status_code: int


@functools.cache
def client_of(service: str, region: str) -> Any:
    """Clients are dear; all sessions of a process share them, and each call asks the session that is current."""
    client = boto3.client(service, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
    events = client.meta.events

    def keep(params: dict[str, Any], context: dict[str, Any], **rest: Any) -> None:
        context["given"] = dict(params)

    def answer(model: Any, context: dict[str, Any], **rest: Any) -> tuple[_Http, dict[str, Any]]:
        given = {key: value for key, value in context["given"].items() if key != "ClientToken"}
        try:
            content = CloudSession.current.call(service, region, model.name, given)
        except RefusalError as error:
            refusal = {"Error": {"Code": error.code, "Message": error.message}, "ResponseMetadata": {}}
            return _Http(400), refusal
        return _Http(200), content | {"ResponseMetadata": {"HTTPStatusCode": 200}}

    events.register("before-parameter-build", keep)
    events.register("before-call", answer)
    return client


@functools.cache
def _botocore_session(region: str) -> botocore.session.Session:
    """Dear as well, and the same for all accounts."""
    return botocore.session.get_session()


class CloudSession(boto3.Session):
    """Its clients ask ``cloud``. One session at a time."""

    current: Answering

    def __init__(self, cloud: Answering, region: str = "ap-northeast-1") -> None:
        super().__init__(
            region_name=region,
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106
            botocore_session=_botocore_session(region),
        )
        CloudSession.current = cloud

    def client(self, service_name: str, region_name: str | None = None, **rest: Any) -> Any:  # type: ignore[override]
        return client_of(service_name, region_name or self.region_name)

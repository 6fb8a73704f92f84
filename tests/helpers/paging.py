"""A cloud that answers each list one entry at a time, as AWS may: with a token for the rest."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import botocore.session

from tests.helpers.cloud import Cloud
from tests.helpers.studio import StudioCloud

Record = dict[str, Any]
Paged = TypeVar("Paged", bound="PagedCloud")


@functools.cache
def paginators(service: str) -> dict[str, Record]:
    """How each list of a service is cut, by operation, as botocore's own model says."""
    document = botocore.session.get_session().get_component("data_loader").load_service_model(service, "paginators-1")
    pagination: dict[str, Record] = document["pagination"]
    return pagination


def _several(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


class PagedCloud(StudioCloud):
    """``cut`` and ``continued`` hold the operations whose lists had more than one page, and were read to the end."""

    rest: dict[str, list[tuple[str, Any]]]
    cut: set[str]
    continued: set[str]

    def call(self, service: str, region: str, operation: str, params: Record) -> Record:
        with self.lock:
            how = paginators(service).get(operation)
            if not how:
                return super().call(service, region, operation, params)
            inputs, outputs = _several(how["input_token"]), _several(how["output_token"])
            if token := next((params[key] for key in inputs if params.get(key)), None):
                entries, answer = self.rest[token], {}
                self.calls.append(f"{service} {region} {operation} page {token}")
            else:
                answer = super().call(service, region, operation, params)
                keys = [key for key in _several(how["result_key"]) if key in answer]
                entries = [(key, entry) for key in keys for entry in answer.pop(key)]
            page, left = entries[:1], entries[1:]
            for key in _several(how["result_key"]):
                answer[key] = [entry for name, entry in page if name == key]
            self._note(f"{service} {operation}", first=not token, left=len(left))
            if "more_results" in how:
                answer[how["more_results"]] = bool(left)
            for key in outputs:
                answer.pop(key, None)
                if left:
                    answer[key] = str(len(self.rest))
            self.rest[str(len(self.rest))] = left
            return answer

    def _note(self, name: str, *, first: bool, left: int) -> None:
        if first and left:
            self.cut.add(name)
        elif not first and not left:
            self.continued.add(name)


def paged(cloud: Cloud, kind: type[Paged]) -> Paged:
    """The same account, answering in pages."""
    cloud.__class__ = kind
    assert isinstance(cloud, kind)
    cloud.rest, cloud.cut, cloud.continued = {}, set(), set()
    return cloud

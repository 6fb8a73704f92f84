"""An account in memory, for tests that need thousands of accounts: the AWS calls of a teardown, answered as AWS does.

The local AWS and moto, which other tests use, are slower and know fewer states: nothing in them is ever stuck.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.helpers.cloud_sagemaker import SAGEMAKER, TOOLS, SageMakerCalls
from tests.helpers.cloud_storage import StorageCalls
from tests.helpers.cloud_things import ACCOUNT, ENABLED, JOB_LOGS, Record, RefusalError, tag_list
from tests.helpers.cloud_workflow import WorkflowCalls

__all__ = [
    "ACCOUNT",
    "ENABLED",
    "JOB_LOGS",
    "SAGEMAKER",
    "TOOLS",
    "Cloud",
    "Record",
    "RefusalError",
    "signature",
    "tag_list",
]

ARNS = {
    "bucket": "arn:aws:s3:::{name}",
    "stack": "arn:aws:cloudformation:{region}:{account}:stack/{name}/1",
    "state-machine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "build-project": "arn:aws:codebuild:{region}:{account}:project/{name}",
    "log-group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "schedule-group": "arn:aws:scheduler:{region}:{account}:schedule-group/{name}",
    "queue": "arn:aws:sqs:{region}:{account}:{name}",
}
UNINDEXED = ("schedule", "scalable-target", "user")


@dataclass
class Cloud(SageMakerCalls, WorkflowCalls, StorageCalls):
    """The whole account."""

    def call(self, service: str, region: str, operation: str, params: Record) -> Record:
        """The answer to one request.

        Raises:
            RefusalError: as AWS refuses it.
        """
        with self.lock:
            self.calls.append(signature(service, region, operation, params))
            if region not in self.enabled:
                raise RefusalError("UnrecognizedClientException", "The security token is invalid.")
            handler: Callable[[str, str, Record], Record] = getattr(self, f"_{service.replace('-', '_')}")
            return handler(region, operation, params)

    def _sts(self, region: str, operation: str, params: Record) -> Record:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/organiser", "UserId": "AIDA"}

    def _ec2(self, region: str, operation: str, params: Record) -> Record:
        return {"Regions": [{"RegionName": name} for name in self.enabled]}

    def _pricing(self, region: str, operation: str, params: Record) -> Record:
        return {"PriceList": []}

    def _resourcegroupstaggingapi(self, region: str, operation: str, params: Record) -> Record:
        [wanted] = params["TagFilters"]
        found = [
            {"ResourceARN": self.arn(*key), "Tags": []}
            for key, record in sorted(self.things.items())
            if key[1] == region and record["tags"].get(wanted["Key"]) in wanted["Values"] and key[0] not in UNINDEXED
        ]
        return {"ResourceTagMappingList": found, "PaginationToken": ""}

    def arn(self, kind: str, region: str, name: str) -> str:
        """As the index of tags writes it."""
        if kind in ARNS:
            return ARNS[kind].format(region=region, account=ACCOUNT, name=name)
        return self._arn(kind, region, name)


def signature(service: str, region: str, operation: str, params: Record) -> str:
    """One request, in words."""
    return f"{service} {region} {operation} {json.dumps(params, sort_keys=True, default=str)}"

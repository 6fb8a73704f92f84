"""What else SageMaker runs or keeps under the workshop's tag: notebook instances, pipelines, model packages, MLflow,
clusters, and every kind that its API deletes by one name.

The workshop's commands make none of it; participants may. How a kind is described, stopped and deleted is read from the
API's own model, so that kinds of tomorrow need no code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from botocore import xform_name

from workshop.aws.kinds import ENDPOINT, ENDPOINT_CONFIG, JOBS, MODEL, NOTEBOOK, Kind
from workshop.aws.tags import Arn
from workshop.aws.waiting import Pace, StillThereError, none_if_missing, pages_where_offered, wait
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import entries, tag_of, tags_of
from workshop.teardown.resources.resource import Finding, Place, Problem, Resource, guarded, refuse

LISTED_ELSEWHERE = frozenset(kind.resource for kind in (ENDPOINT, ENDPOINT_CONFIG, MODEL, *JOBS)) | {
    *("domain", "user-profile", "space", "app")
}
# The index of tags names all kinds; these are also looked for in their own lists, because the index lags behind.
OWN_LISTS = (
    NOTEBOOK,
    Kind("pipeline", "Pipeline", "PipelineSummaries"),
    Kind("model-package-group", "ModelPackageGroup", "ModelPackageGroupSummaryList"),
    Kind("cluster", "Cluster", "ClusterSummaries"),
    Kind("compilation-job", "CompilationJob", "CompilationJobSummaries"),
    Kind("automl-job", "AutoMLJob", "AutoMLJobSummaries"),
)
TOPICS = {"pipeline": Topic.EXECUTIONS, "inference-component": Topic.TENANTS}
ENDED = frozenset({"COMPLETED", "FAILED", "STOPPED"})
WAY_OUT = "run the command again in some minutes"


@dataclass(frozen=True, slots=True)
class Tool:
    """One resource and what the API can do with it."""

    sagemaker: Any
    arn: Arn

    def can(self, verb: str) -> bool:
        """Whether the API has this operation and asks it for nothing but the resource's name or ARN."""
        nested = "/" in self.arn.name and self.arn.kind != "model-package"  # more than one name would be asked for
        return bool(self._operation(verb) and self._key(verb)) and not nested

    def call(self, verb: str) -> Any:
        """The answer, or None when the resource does not exist."""
        key = self._key(verb)
        # Versions of model packages have no name of their own.
        whole = key.endswith("Arn") or (self.arn.kind == "model-package" and "/" in self.arn.name)
        method = getattr(self.sagemaker, xform_name(self._operation(verb)))
        return none_if_missing(partial(method, **{key: self.arn.text if whole else self.arn.name}))

    def status(self) -> str:
        """As the API calls it; empty when the resource does not exist."""
        if not self.can("Describe"):
            return "there"
        description = self.call("Describe")
        noun = self._operation("Describe").removeprefix("Describe")
        statuses = [
            str(value)
            for key, value in (description or {}).items()
            if key.endswith("Status") and noun.endswith(key.removesuffix("Status"))
        ]
        status = statuses[0] if statuses else "there" if description else ""
        return "" if status == "Deleted" else status

    def _operation(self, verb: str) -> str:
        wanted = f"{verb}{self.arn.kind.replace('-', '')}".lower()
        operations = self.sagemaker.meta.service_model.operation_names
        return next((name for name in operations if name.lower() == wanted), "")

    def _key(self, verb: str) -> str:
        shape = self.sagemaker.meta.service_model.operation_model(self._operation(verb)).input_shape
        required = [key for key in shape.required_members if not shape.members[key].metadata.get("idempotencyToken")]
        return required[0] if len(required) == 1 else ""


def list_tools(place: Place) -> Iterator[Finding]:
    """Whatever in SageMaker carries the workshop's tag and has no lister of its own."""
    sagemaker = place.client("sagemaker")
    found_twice = dict[str, Arn]()
    for found in (*_by_index(place), *_components(place), *_by_own_lists(place)):
        if isinstance(found, Problem):
            yield found
        else:
            found_twice[found.text] = found
    for arn in sorted(found_twice.values()):
        topic = TOPICS.get(arn.kind, Topic.INSTANCES)
        finding = guarded(partial(_look_at, place, topic, Tool(sagemaker, arn)), topic, place.region, f"{arn.text}: ")
        if finding:
            yield finding


def _look_at(place: Place, topic: Topic, tool: Tool) -> Resource | None:
    """What there is to remove; None when it is gone, another's, or history."""
    if not tag_of_tool(place, tool):
        return None
    status, arn, by_hand = tool.status(), tool.arn, ""
    remove: Callable[[Pace], object]
    if not status:
        remove = partial(_refuse_unnamed, place, tool)
    elif tool.can("Delete"):
        remove = partial(_delete, tool)
    elif tool.can("Stop"):  # what has ended stays in SageMaker's history for good
        if _plain(status) in ENDED:
            return None
        remove = partial(_stop, tool)
    else:
        by_hand = f"{arn.text}: this command cannot remove its kind. Remove it in the console"
        remove = refuse(by_hand)
    kind = arn.kind.replace("-", " ")
    return Resource(topic, kind, arn.name, place.region, remove, status, arn.text, by_hand)


def tag_of_tool(place: Place, tool: Tool) -> bool:
    """Whether it still is the workshop's. Components of a tagged endpoint are its own, with or without a tag."""
    if tool.arn.kind == "inference-component":
        return tag_of(place, tool.arn.text) in (place.names.workshop, None)
    return tag_of(place, tool.arn.text) == place.names.workshop


def _by_index(place: Place) -> list[Arn]:
    return [arn for arn in place.arns if arn.service == "sagemaker" and arn.kind not in LISTED_ELSEWHERE]


def _by_own_lists(place: Place) -> Iterator[Arn | Problem]:
    """With the names as they were given: in ARNs SageMaker writes them in small letters."""
    for kind in OWN_LISTS:
        listed = guarded(partial(_own_list, place, kind), Topic.INSTANCES, place.region, f"{kind.plural_operation}: ")
        if isinstance(listed, Problem):
            yield listed
            continue
        tags = tags_of(place, Topic.INSTANCES, [entry[kind.arn_key] for entry in listed])
        for entry, tag in zip(listed, tags, strict=True):
            if isinstance(tag, Problem):
                yield tag
            elif tag == place.names.workshop:
                yield replace(Arn.parse(entry[kind.arn_key]), name=entry[kind.name_key])


def _own_list(place: Place, kind: Kind) -> list[dict[str, Any]]:
    pages = pages_where_offered(place.client("sagemaker"), kind.plural_operation)
    return [entry for page in pages for entry in page[kind.list_key]]


def _components(place: Place) -> Iterator[Arn | Problem]:
    """Inference components of the workshop's endpoints. What keeps an endpoint's tags from being seen is told by the
    endpoints' own lister."""
    listed = list(entries(place, ENDPOINT))
    tags = tags_of(place, Topic.TENANTS, [entry[ENDPOINT.arn_key] for entry in listed])
    for entry, tag in zip(listed, tags, strict=True):
        if tag == place.names.workshop:
            name = entry[ENDPOINT.name_key]
            look: Callable[[], list[Arn]] = partial(list, _components_of(place, name))
            found = guarded(look, Topic.TENANTS, place.region, f"inference components of endpoint {name}: ")
            yield from [found] if isinstance(found, Problem) else found


def _components_of(place: Place, name: str) -> Iterator[Arn]:
    """Where an endpoint has some, its config names no model (AWS's API reference, ProductionVariant)."""
    sagemaker = place.client("sagemaker")
    endpoint = none_if_missing(partial(sagemaker.describe_endpoint, EndpointName=name)) or {}
    config_name = endpoint.get("EndpointConfigName", name)
    config = none_if_missing(partial(sagemaker.describe_endpoint_config, EndpointConfigName=config_name)) or {}
    if all("ModelName" in variant for variant in config.get("ProductionVariants", [])):
        return
    for page in sagemaker.get_paginator("list_inference_components").paginate(EndpointNameEquals=name):
        yield from (Arn.parse(component["InferenceComponentArn"]) for component in page["InferenceComponents"])


def _delete(tool: Tool, pace: Pace) -> None:
    """What runs is stopped first, what it holds is emptied; then it is deleted, as soon as AWS allows it."""
    _empty(tool)

    def state() -> str:
        status = tool.status()
        if not status:
            return ""
        if _stops_first(tool, status):
            tool.call("Stop")
            return "Stopping"
        if _is_busy(status):
            return status
        if _plain(status) == "DELETEFAILED" and asked:
            raise StillThereError(f"{status}: look at {tool.arn.text} in the console, mend the cause and {WAY_OUT}")
        tool.call("Delete")
        asked.append(True)
        return "Deleting" if tool.can("Describe") else ""

    asked: list[bool] = []
    wait(state, pace, WAY_OUT)


def _empty(tool: Tool) -> None:
    """A pipeline's running executions, the versions in a group of model packages."""
    sagemaker = tool.sagemaker
    if tool.arn.kind == "pipeline":
        for page in sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=tool.arn.name):
            for execution in page["PipelineExecutionSummaries"]:
                if execution["PipelineExecutionStatus"] == "Executing":
                    arn = execution["PipelineExecutionArn"]
                    none_if_missing(partial(sagemaker.stop_pipeline_execution, PipelineExecutionArn=arn))
    if tool.arn.kind == "model-package-group":
        for page in sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=tool.arn.name):
            for package in page["ModelPackageSummaryList"]:
                none_if_missing(partial(sagemaker.delete_model_package, ModelPackageName=package["ModelPackageArn"]))


def _stop(tool: Tool, pace: Pace) -> None:
    def state() -> str:
        status = tool.status()
        if not status or _plain(status) in ENDED:
            return ""
        if _plain(status) != "STOPPING":
            tool.call("Stop")
        return status

    wait(state, pace, WAY_OUT)


def _refuse_unnamed(place: Place, tool: Tool, pace: Pace) -> None:
    """Of what has the tag by its ARN, but is not known by the name in it, in which SageMaker writes small letters."""
    if none_if_missing(partial(place.client("sagemaker").list_tags, ResourceArn=tool.arn.text)):
        raise StillThereError(f"{tool.arn.text}: carries the tag, but nothing has that name. Remove it in the console")


def _plain(status: str) -> str:
    """AWS writes one state in several ways: InProgress, INPROGRESS, Delete_Failed."""
    return status.replace("_", "").upper()


def _stops_first(tool: Tool, status: str) -> bool:
    """Notebook instances in service and jobs at work are deleted only once they were stopped."""
    if tool.arn.kind == "notebook-instance":
        return status == "InService"
    return tool.arn.kind.endswith("-job") and _plain(status) in ("INPROGRESS", "STARTING") and tool.can("Stop")


def _is_busy(status: str) -> bool:
    return _plain(status).endswith(("ING", "INPROGRESS")) and _plain(status) != "EXECUTING"

"""Accounts with a workshop and its neighbours, as lists of things from which a ``Cloud`` is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from infra.names import Names, bootstrap_bucket, bootstrap_repository
from tests.helpers.cloud import ACCOUNT, ENABLED, JOB_LOGS, SAGEMAKER, Cloud

HOME, EARLIER, FORGOTTEN = "ap-northeast-1", "us-west-2", "eu-west-1"
WORKSHOP = "chitra"
NAMES = Names(WORKSHOP)
TAG = {"workshop": WORKSHOP}
ENDPOINT_STATES = ("InService", "Creating", "Updating", "SystemUpdating", "RollingBack", "Failed", "Deleting")
ENDPOINT_STATES += ("OutOfService", "UpdateRollbackFailed")
JOB_STATES = ("InProgress", "Stopping", "Completed", "Failed", "Stopped")
STACK_STATES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
STACK_STATES += ("UPDATE_ROLLBACK_FAILED", "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
STACK_STATES += ("REVIEW_IN_PROGRESS", "CREATE_FAILED")
JOBS = tuple(kind for kind in SAGEMAKER if kind.endswith("-job"))
ENDED = ("Completed", "Failed", "Stopped")
OTHER_TAGS: tuple[dict[str, str], ...] = (
    {},
    {"workshop": "chitra-2"},
    {"workshop": "Chitra"},
    {"Workshop": "chitra"},
    {"team": "chitra"},
)


@dataclass(frozen=True)
class Thing:
    """One thing to put into an account; ``inside`` names what holds it, for objects, streams, images, executions."""

    kind: str
    region: str
    name: str
    record: dict[str, Any] = field(default_factory=dict, hash=False)
    inside: str = ""


def build(things: Iterable[Thing], looks: int = 1, regions: tuple[str, ...] = ENABLED) -> Cloud:
    """An account that was bootstrapped in every region."""
    cloud = Cloud(looks=looks, enabled=regions)
    for region in cloud.enabled:
        cloud.add("bucket", region, bootstrap_bucket(ACCOUNT, region), objects=[["other.json", "1", False]], uploads=[])
        cloud.add("repository", region, bootstrap_repository(ACCOUNT, region), images=["other"])
    for thing in things:
        match thing.kind:
            case "object":
                cloud.things["bucket", thing.region, thing.inside]["objects"].append([thing.name, "1", False])
            case "upload":
                cloud.things["bucket", thing.region, thing.inside]["uploads"].append(thing.name)
            case "image":
                cloud.things["repository", thing.region, thing.inside]["images"].append(thing.name)
            case "stream":
                cloud.add("log-group", thing.region, thing.inside).setdefault("streams", []).append(thing.name)
            case _:
                record = {key: value.copy() if hasattr(value, "copy") else value for key, value in thing.record.items()}
                cloud.add(thing.kind, thing.region, thing.name, **record)
    return cloud


def sagemaker(kind: str, name: str, tags: dict[str, str], state: str = "", region: str = HOME) -> list[Thing]:
    """A resource of SageMaker with what comes along with it: logs, a scalable target, a schedule."""
    if kind == "endpoint":
        return [
            Thing(kind, region, name, {"state": state or "InService", "tags": tags}),
            Thing("log-group", region, f"/aws/sagemaker/Endpoints/{name}", {"streams": ["AllTraffic/i-1"]}),
            Thing("scalable-target", region, f"endpoint/{name}/variant/AllTraffic"),
        ]
    if kind in JOBS:
        group = f"/aws/sagemaker/{JOB_LOGS.get(kind, 'TrainingJobs')}"
        logs = [Thing("stream", region, f"{name}/algo-1", inside=group)] if kind in JOB_LOGS else []
        return [Thing(kind, region, name, {"state": state or "InProgress", "tags": tags}), *logs]
    return [Thing(kind, region, name, {"tags": tags})]


def warm(name: str, tags: dict[str, str], region: str = HOME, *, is_at_work: bool = False) -> Thing:
    """A training job that keeps its instance for the next one, when it has ended."""
    state = {"state": "InProgress", "pool": "InUse"} if is_at_work else {"state": "Completed", "pool": "Available"}
    return Thing("training-job", region, name, {**state, "tags": tags})


def stacks(region: str = HOME, states: tuple[str, str, str] = STACK_STATES[:1] * 3) -> list[Thing]:
    """The three stacks of a deployment with what they hold; an empty state means that one is not there."""
    bucket = NAMES.bucket(ACCOUNT, region)
    users = [NAMES.user(name) for name in ("tanaka", "suzuki")]
    foundation, workflow, participants = states
    things = []
    if foundation:
        things += [
            Thing("stack", region, NAMES.foundation_stack, _stack(foundation, ("bucket", bucket))),
            Thing("bucket", region, bucket, {"tags": TAG, "objects": [], "uploads": []}),
            *(
                Thing("object", region, key, inside=bucket)
                for key in ("corpus/c", "exports/r.json", "models/r/output/m")
            ),
            Thing("upload", region, "models/unfinished", inside=bucket),
        ]
    if workflow:
        machine = {"tags": TAG, "executions": ["run-1", "run-2"]}
        in_workflow = (
            ("state-machine", NAMES.state_machine),
            ("repository", NAMES.image_repository),
            ("build-project", NAMES.build_project),
        )
        things += [
            Thing("stack", region, NAMES.workflow_stack, _stack(workflow, *in_workflow)),
            Thing("repository", region, NAMES.image_repository, {"tags": TAG, "images": ["built"]}),
            Thing("build-project", region, NAMES.build_project, {"tags": TAG, "builds": builds(NAMES.build_project)}),
            Thing("state-machine", region, NAMES.state_machine, machine),
            Thing("log-group", region, NAMES.workflow_log_group, {"tags": TAG}),
            Thing("log-group", region, NAMES.build_log_group, {"tags": TAG}),
        ]
    if participants:
        things += [
            Thing("stack", region, NAMES.participants_stack, _stack(participants, *(("user", user) for user in users))),
            Thing("user", "global", users[0], {"keys": ["AKIA000000000001", "AKIA000000000002"], "password": True}),
            Thing("user", "global", users[1], {"keys": [], "password": False}),
        ]
    return things


def builds(project: str) -> list[dict[str, str]]:
    return [{"id": f"{project}:1", "state": "SUCCEEDED"}, {"id": f"{project}:2", "state": "IN_PROGRESS"}]


def _stack(state: str, *holds: tuple[str, str]) -> dict[str, Any]:
    return {"state": state, "tags": TAG, "holds": list(holds)}


def staged(region: str = HOME) -> list[Thing]:
    """What two deployments left in the bootstrap bucket and repository."""
    return [
        Thing("object", region, "chitra/1.json", inside=bootstrap_bucket(ACCOUNT, region)),
        Thing("object", region, "chitra/2.json", inside=bootstrap_bucket(ACCOUNT, region)),
        Thing("image", region, "chitra--1", inside=bootstrap_repository(ACCOUNT, region)),
        Thing("image", region, "chitra--2", inside=bootstrap_repository(ACCOUNT, region)),
    ]


def whole_workshop() -> list[Thing]:
    """One of everything that a workshop can have."""
    named = [thing for kind in SAGEMAKER for thing in sagemaker(kind, f"chitra--{kind}", TAG)]
    foreign = [*sagemaker("endpoint", "from-a-notebook", TAG), *sagemaker("training-job", "from-a-notebook", TAG)]
    kept = [warm("chitra--warm", TAG), Thing("schedule", HOME, "chitra--endpoint")]
    return [*stacks(), *staged(), *named, *foreign, *kept]


def some_neighbours() -> list[Thing]:
    """Things whose names or tags are near the workshop's."""
    things = [thing for kind in SAGEMAKER for thing in sagemaker(kind, f"chitra-2--{kind}", {"workshop": "chitra-2"})]
    things += [thing for kind in SAGEMAKER for thing in sagemaker(kind, f"my-chitra--{kind}", {})]
    return [
        *things,
        warm("chitra-2--warm", {"workshop": "chitra-2"}),
        Thing("schedule", HOME, "chitra-2--endpoint"),
        Thing("stack", HOME, "chitra-2-foundation", {"state": "CREATE_COMPLETE", "tags": {}, "holds": []}),
        Thing("user", "global", "chitra-somebody", {"keys": ["AKIA000000000009"], "password": True}),
        Thing("object", HOME, "chitra-2/1.json", inside=bootstrap_bucket(ACCOUNT, HOME)),
        Thing("image", HOME, "chitra-2--1", inside=bootstrap_repository(ACCOUNT, HOME)),
    ]


def _words(first: str) -> st.SearchStrategy[str]:
    """Own things and neighbours draw from different words, so that no two things have one name."""
    return st.integers(0, 999).map(lambda number: f"{first}{number}")


@st.composite
def own_things(draw: st.DrawFn) -> list[Thing]:
    """0 to about 40 things of the workshop, in every state, in the home region and in others."""
    things: list[Thing] = []
    for region in draw(st.sampled_from([(), (HOME,), (HOME, EARLIER), (HOME, FORGOTTEN)])):
        states = tuple(draw(st.sampled_from(("", *STACK_STATES))) for _ in range(3))
        if region != HOME:
            states = ("CREATE_COMPLETE", states[1], "")
        things += stacks(region, (states[0], states[1], states[2]))
    for word in draw(st.lists(_words("own"), max_size=10, unique=True)):
        kind = draw(st.sampled_from([*SAGEMAKER, "schedule", "staged", "log", "warm"]))
        name = f"chitra--{word}"
        if kind in SAGEMAKER:
            region = draw(st.sampled_from((HOME, EARLIER, FORGOTTEN)))
            name = draw(st.sampled_from((name, f"notebook-{word}")))
            states_of = ENDPOINT_STATES if kind == "endpoint" else JOB_STATES
            things += sagemaker(kind, name, TAG, draw(st.sampled_from(states_of)), region)
        elif kind == "schedule":
            things.append(Thing("schedule", draw(st.sampled_from((HOME, EARLIER))), name))
        elif kind == "warm":
            region = draw(st.sampled_from((HOME, EARLIER, FORGOTTEN)))
            things.append(warm(name, TAG, region, is_at_work=draw(st.booleans())))
        elif kind == "log":
            things.append(Thing("log-group", HOME, f"/aws/sagemaker/Endpoints/{name}"))
        else:
            things.append(Thing("object", HOME, f"chitra/{word}.json", inside=bootstrap_bucket(ACCOUNT, HOME)))
            things.append(Thing("image", HOME, name, inside=bootstrap_repository(ACCOUNT, HOME)))
    return things


@st.composite
def neighbours(draw: st.DrawFn) -> list[Thing]:
    """0 to about 40 things of others, with similar names and tags."""
    things: list[Thing] = []
    for word in draw(st.lists(_words("next"), max_size=12, unique=True)):
        region = draw(st.sampled_from((HOME, EARLIER, FORGOTTEN)))
        pattern = draw(st.sampled_from(("chitra-2--{}", "chitrab--{}", "my-chitra--{}", "chitra-{}", "CHITRA-2--{}")))
        name = pattern.format(word)
        kind = draw(st.sampled_from([*SAGEMAKER, "other", "same name", "stream", "kept group", "warm"]))
        if kind in SAGEMAKER:
            states_of = ENDPOINT_STATES[:1] if kind == "endpoint" else JOB_STATES
            tags = draw(st.sampled_from(OTHER_TAGS))
            things += sagemaker(kind, name, tags, draw(st.sampled_from(states_of)), region)
        elif kind == "same name":
            tags = draw(st.sampled_from(OTHER_TAGS))
            things.append(Thing("model", region, f"chitra--{word}", {"tags": tags}))
            things.append(Thing("endpoint", region, f"chitra--{word}", {"state": "InService", "tags": tags}))
            things.append(Thing("scalable-target", region, f"endpoint/chitra--{word}/variant/AllTraffic"))
        elif kind == "warm":
            things.append(warm(name, draw(st.sampled_from(OTHER_TAGS)), region, is_at_work=draw(st.booleans())))
        elif kind == "stream":
            things.append(Thing("stream", region, f"{name}/algo-1", inside="/aws/sagemaker/TrainingJobs"))
        elif kind == "kept group":
            group = {"retention": 7, "streams": []}
            things.insert(0, Thing("log-group", region, "/aws/sagemaker/TransformJobs", group))
        else:
            bucket = f"{name.lower()}-sagemaker-{ACCOUNT}-{region}"
            tagged = {"tags": draw(st.sampled_from(OTHER_TAGS)), "executions": ["run"]}
            things += [
                Thing("schedule", region, name),
                Thing("stack", region, f"{name}-foundation", {"state": "CREATE_COMPLETE", "tags": {}, "holds": []}),
                Thing("bucket", region, bucket, {"tags": {}, "objects": [["o", "1", False]], "uploads": ["u"]}),
                Thing("user", "global", f"chitra-{word}", {"keys": ["AKIA000000000003"], "password": True}),
                Thing("state-machine", region, f"{name}-workflow", tagged),
                Thing("repository", region, f"{name}-image", {"tags": {}, "images": ["theirs"]}),
                Thing("build-project", region, f"{name}-image", {"tags": {}, "builds": builds(f"{name}-image")}),
                Thing("log-group", region, f"/aws/vendedlogs/states/chitra-workflow-{word}"),
                Thing("object", region, f"{name}/1.json", inside=bootstrap_bucket(ACCOUNT, region)),
                Thing("image", region, name, inside=bootstrap_repository(ACCOUNT, region)),
            ]
    return things


def without_history(cloud: Cloud) -> dict[tuple[str, str, str], Any]:
    """What stands in the account, without jobs of the workshop that ended: SageMaker keeps those for good. One that
    keeps a warm pool is not over."""
    return {
        key: record
        for key, record in cloud.snapshot().items()
        if not (key[0] in JOBS and record["state"] in ENDED and record["tags"] == TAG)
        or record.get("pool") == "Available"
    }

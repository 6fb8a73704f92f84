"""What would break a workshop is told before it, with the fix."""

from __future__ import annotations

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest

from infra.settings import Settings
from tests.helpers.accounts import HOME, build, stacks
from tests.helpers.cloud import Cloud, RefusalError
from tests.helpers.cloud_session import CloudSession
from tests.helpers.project import SETTINGS
from workshop.aws.account import Account
from workshop.aws.permissions import BOOTSTRAP_ACTIONS, ORGANISER_ACTIONS
from workshop.doctor import Check, State, examine

QUOTAS = {
    "ml.m5.xlarge for processing job usage": ("L-1", 10.0),
    "ml.g4dn.xlarge for training job usage": ("L-2", 0.0),
    "instances across all processing jobs": ("L-F311B08F", 10.0),
    "instances across all training jobs": ("L-00C91CB5", 10.0),
    "ml.m5.xlarge for endpoint usage": ("L-3", 10.0),
    "instances across all endpoints": ("L-7A3DF611", 10.0),
}


class Examined(Cloud):
    """A cloud that also answers what only the doctor asks."""

    bootstrap_version = "30"
    image = ""
    denied: tuple[str, ...] = ()
    quotas: dict[str, tuple[str, float]] = QUOTAS
    simulated: ClassVar[list[dict[str, Any]]] = []  # requests

    def _ssm(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        [name] = params["Names"]
        value = self.image if name.endswith("/image") else self.bootstrap_version
        return {"Parameters": [{"Name": name, "Value": value}] if value else []}

    def _service_quotas(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "Quotas": [
                {"QuotaName": name, "QuotaCode": code, "Value": value} for name, (code, value) in self.quotas.items()
            ]
        }

    def _iam(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        assert params["PolicySourceArn"].endswith(":user/organiser")
        self.simulated.append(params)
        results = []
        for action in params["ActionNames"]:
            decisions = [
                {"EvalResourceName": arn, "EvalResourceDecision": self._decision(arn.partition("/")[2])}
                for arn in params.get("ResourceArns", [])
            ]
            decided = {"EvalActionName": action, "EvalDecision": self._decision(action)}
            results.append({**decided, "ResourceSpecificResults": decisions})
        return {"EvaluationResults": results}

    def _decision(self, name: str) -> str:
        return "implicitDeny" if name in self.denied else "allowed"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything in place, and a Docker engine that answers."""
    for name in ("node_modules/.bin/cdk", "build/downloads/ldcc-20140209.tar.gz", "models/chiTra-1.0.tar.gz"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"")
    docker(tmp_path, monkeypatch, "exit 0")
    free_disk(monkeypatch, 20)
    return tmp_path


def free_disk(monkeypatch: pytest.MonkeyPatch, gigabytes: float) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda root: SimpleNamespace(free=gigabytes * 1e9))


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("CDK_DOCKER", str(program))


def settings(**changes: Any) -> Settings:
    given = SETTINGS
    model = given.model.model_copy(update={"address": "models/chiTra-1.0.tar.gz", "sha256": "0" * 64})
    return given.model_copy(update={"model": model} | changes)


def examined(cloud: Cloud, project: Path, given: Settings | None = None) -> dict[str, Check]:
    cloud.__class__ = Examined
    account = Account(CloudSession(cloud))
    return {check.subject: check for check in examine(account, given or settings(), project, project)}


def test_should_be_content_with_a_prepared_account(project: Path) -> None:
    cloud = build(stacks())
    Examined.quotas = {name: (code, 1.0) for name, (code, _) in QUOTAS.items()}  # just what one participant needs
    Examined.bootstrap_version = "8"
    try:
        checks = examined(cloud, project)
    finally:
        Examined.quotas, Examined.bootstrap_version = QUOTAS, "30"
    assert {check.subject for check in checks.values() if check.state is not State.OK} == set()
    assert list(checks) == [
        *("CDK command line", "Docker", "disk", "model", "corpus", "credentials", "region", "bootstrap", "stacks"),
        *("permissions to deploy", "permissions of the organiser"),
        *(f"quota: {name}" for name in QUOTAS),
    ]
    assert checks["permissions to deploy"].finding == "the 3 roles of the bootstrap may be assumed"
    assert checks["permissions of the organiser"].finding == f"{len(ORGANISER_ACTIONS)} actions allowed"


def test_should_name_the_request_for_a_quota_that_is_too_small(project: Path) -> None:
    given = settings(participants=["a", "b", "c"])
    check = examined(build([]), project, given)["quota: ml.g4dn.xlarge for training job usage"]
    assert (check.state, check.finding) == (State.FAILED, "0, 3 needed")
    assert check.fix == (
        "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-2 "
        "--desired-value 3 --region ap-northeast-1"
    )


def test_should_name_the_request_for_an_account_wide_quota(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: (code, 2.0 if code == "L-7A3DF611" else 10.0) for name, (code, _) in QUOTAS.items()}
    monkeypatch.setattr(Examined, "quotas", few)
    check = examined(build([]), project, settings(participants=["a", "b", "c"]))[
        "quota: instances across all endpoints"
    ]
    assert (check.state, check.finding) == (State.FAILED, "2, 3 needed")
    assert "--quota-code L-7A3DF611 --desired-value 3" in check.fix


@pytest.mark.parametrize(("refusal", "state"), [("", State.OK), ("u: its manifest is OCI", State.FAILED)])
def test_should_look_at_the_deployed_image(
    refusal: str, state: State, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "image" not in examined(build([]), project)
    monkeypatch.setattr("workshop.doctor.why_refused", lambda account, uri: refusal)
    monkeypatch.setattr(Examined, "image", "u")
    assert examined(build([]), project)["image"].state is state


def test_should_find_what_is_missing_on_this_machine(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "node_modules/.bin/cdk").unlink()
    (project / "models/chiTra-1.0.tar.gz").unlink()
    (project / "build/downloads/ldcc-20140209.tar.gz").unlink()
    docker(project, monkeypatch, "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    checks = examined(build([]), project)
    assert checks["CDK command line"] == Check("CDK command line", State.FAILED, "is not installed", "make setup")
    assert checks["Docker"].finding == "Cannot connect to the Docker daemon"
    assert checks["model"].finding == "models/chiTra-1.0.tar.gz does not exist"
    assert checks["corpus"].fix.startswith("workshop fetch corpus")
    docker(project, monkeypatch, '[ "$1" = info ]')
    assert examined(build([]), project)["Docker"].finding == "has no buildx"
    docker(project, monkeypatch, """echo '[["driver-type", "io.containerd.snapshotter.v1"]]'""")
    assert examined(build([]), project)["Docker"].finding.startswith("engine answers, with containerd's store")
    monkeypatch.setenv("CDK_DOCKER", str(project / "nothing"))
    assert examined(build([]), project)["Docker"].finding == "is not installed"


def test_should_tell_the_state_of_bootstrap_stacks_and_region(project: Path) -> None:
    cloud = build([])
    cloud.add("stack", HOME, "chitra-foundation", state="ROLLBACK_COMPLETE", tags={"workshop": "chitra"}, holds=[])
    Examined.bootstrap_version = "6"
    try:
        checks = examined(cloud, project)
        assert checks["bootstrap"].finding == "version 6, 8 is needed"
        Examined.bootstrap_version = ""
        assert "cdk bootstrap aws://123456789012/ap-northeast-1" in examined(cloud, project)["bootstrap"].fix
    finally:
        Examined.bootstrap_version = "30"
    assert checks["stacks"].finding == "chitra-foundation is ROLLBACK_COMPLETE"
    cloud.things["stack", HOME, "chitra-foundation"]["tags"] = {}
    assert examined(cloud, project)["stacks"].finding == "chitra-foundation exists and is not this workshop's"


@pytest.mark.parametrize(
    ("gigabytes", "state", "fix"),
    [(20, State.OK, ""), (19.9, State.TO_DO, "free 20 GB"), (16, State.TO_DO, "free 20"), (15.9, State.FAILED, "free")],
)
def test_should_tell_when_the_disk_is_too_small(
    project: Path, monkeypatch: pytest.MonkeyPatch, gigabytes: float, state: State, fix: str
) -> None:
    free_disk(monkeypatch, gigabytes)
    check = examined(build([]), project)["disk"]
    assert check.state is state
    assert check.fix.startswith(fix)
    assert bool(check.fix) == bool(fix)
    assert check.finding == f"{gigabytes:.0f} GB free"


def test_should_say_that_the_region_is_switched_off(project: Path) -> None:
    cloud = build([])
    cloud._ec2 = lambda *given: {"Regions": [{"RegionName": "us-west-2"}]}  # type: ignore[method-assign]
    check = examined(cloud, project)["region"]
    assert (check.state, check.finding) == (State.FAILED, f"{HOME} is switched off")


def test_should_say_that_no_quota_of_that_name_is_listed(project: Path) -> None:
    given = settings(training=SETTINGS.training.model_copy(update={"instance_type": "ml.new.xlarge"}))
    check = examined(build([]), project, given)["quota: ml.new.xlarge for training job usage"]
    assert (check.state, check.fix) == (State.UNKNOWN, "look at the instance type in cdk.json")


def test_should_ask_nothing_about_the_root_user(project: Path) -> None:
    cloud = build([])
    root = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:root", "UserId": "1"}
    cloud._sts = lambda *given: root  # type: ignore[method-assign]
    assert examined(cloud, project)["permissions"].finding == "the root user may do everything"


@pytest.mark.parametrize(
    ("status", "sha256", "state", "finding"),
    [
        (200, "0" * 64, State.OK, ""),
        (200, "", State.TO_DO, "no checksum is set"),
        (404, "0" * 64, State.FAILED, "answers 404"),
    ],
)
def test_should_ask_for_the_models_address(
    project: Path, monkeypatch: pytest.MonkeyPatch, status: int, sha256: str, state: State, finding: str
) -> None:
    model = SETTINGS.model.model_copy(update={"sha256": sha256})
    monkeypatch.setattr("httpx.head", lambda address, **given: httpx.Response(status))
    check = examined(build([]), project, settings(model=model))["model"]
    assert check.state is state
    assert finding in check.finding


def test_should_list_missing_permissions(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    role = f"cdk-hnb659fds-deploy-role-123456789012-{HOME}"
    monkeypatch.setattr(Examined, "denied", (role, ORGANISER_ACTIONS[0]))
    checks = examined(build([]), project)
    assert checks["permissions to deploy"].finding == f"missing: sts:AssumeRole on {role}"
    assert checks["permissions to deploy"].state is State.FAILED
    assert checks["permissions of the organiser"].finding == f"missing: {ORGANISER_ACTIONS[0]}"
    assert checks["permissions of the organiser"].state is State.TO_DO


def test_should_not_ask_a_deployer_for_what_the_bootstraps_roles_do(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Examined, "simulated", [])
    examined(build([]), project)
    actions = {action for request in Examined.simulated for action in request["ActionNames"]}
    assert actions == {"sts:AssumeRole", *ORGANISER_ACTIONS}
    assert not actions & {"iam:CreateUser", "s3:CreateBucket", "cloudformation:CreateChangeSet"}
    roles = {arn.partition("/")[2] for request in Examined.simulated for arn in request.get("ResourceArns", [])}
    purposes = ("deploy", "file-publishing", "image-publishing")
    assert roles == {f"cdk-hnb659fds-{purpose}-role-123456789012-{HOME}" for purpose in purposes}
    check = examined(build([]), project, settings(image_source="codebuild"))["permissions to deploy"]
    assert check.finding == "the 2 roles of the bootstrap may be assumed"


@pytest.mark.parametrize("version", ["", "6"])
def test_should_ask_for_the_bootstraps_own_permissions_before_it(
    version: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Examined, "bootstrap_version", version)
    check = examined(build([]), project)["permissions to bootstrap"]
    assert check.finding == f"{len(BOOTSTRAP_ACTIONS)} actions allowed"
    monkeypatch.setattr(Examined, "denied", ("iam:CreateRole",))
    check = examined(build([]), project)["permissions to bootstrap"]
    assert (check.state, check.finding) == (State.FAILED, "missing: iam:CreateRole")


def test_should_go_on_when_a_check_is_not_allowed(project: Path) -> None:
    def denied(region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("AccessDeniedException", "no")

    cloud = build([])
    cloud._service_quotas = denied  # type: ignore[attr-defined]
    cloud._ec2 = denied  # type: ignore[method-assign]
    checks = examined(cloud, project)
    assert checks["quotas"].state is State.UNKNOWN
    assert checks["region"].state is State.UNKNOWN
    assert checks["bootstrap"].state is State.OK
    cloud._sts = denied  # type: ignore[method-assign]
    assert examined(cloud, project)["credentials"].state is State.FAILED

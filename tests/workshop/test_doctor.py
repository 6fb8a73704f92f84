"""What would break a workshop is told before it, with the fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.accounts import HOME, build, stacks
from tests.helpers.cloud import RefusalError
from tests.helpers.examined import QUOTAS, Examined, docker, examined, free_disk, prepare, settings
from tests.helpers.project import SETTINGS
from workshop.aws.account import Account
from workshop.aws.permissions import BOOTSTRAP_ACTIONS, ORGANISER_ACTIONS
from workshop.checks.check import Check, State


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepare(tmp_path, monkeypatch)


def test_should_be_content_with_a_prepared_account(project: Path) -> None:
    cloud = build(stacks())
    Examined.quotas = {name: (code, 2.0) for name, (code, _) in QUOTAS.items()}  # what a participant who tunes needs
    Examined.bootstrap_version = "8"
    try:
        checks = examined(cloud, project)
    finally:
        Examined.quotas, Examined.bootstrap_version = QUOTAS, "30"
    assert {check.subject for check in checks.values() if check.state is not State.OK} == set()
    assert list(checks) == [
        *("CDK command line", "Docker", "disk", "model", "corpus", "credentials", "region", "bootstrap", "stacks"),
        *("permissions to deploy", "permissions of the organiser", "workflow"),
        *(f"quota: {name}" for name in QUOTAS),
    ]
    assert checks["permissions to deploy"].finding == "the 3 roles of the bootstrap may be assumed"
    assert checks["permissions of the organiser"].finding == f"{len(ORGANISER_ACTIONS)} actions allowed"


@pytest.mark.parametrize("refused", ["", "cpu", "cuda"])
def test_should_look_at_every_deployed_image(refused: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "image" not in examined(build([]), project)
    looked_at = []

    def why_refused(account: Account, uri: str) -> str:
        looked_at.append(uri)
        return f"{uri}: its manifest is OCI" if uri == refused else ""

    monkeypatch.setattr("workshop.doctor.why_refused", why_refused)
    monkeypatch.setattr(Examined, "images", ("cpu", "cuda", "cpu"))
    check = examined(build([]), project)["image"]
    assert looked_at == ["cpu", "cuda"]
    assert check.state is (State.FAILED if refused else State.OK)
    assert check.finding.startswith(refused or "nothing speaks against it")


def test_should_find_what_is_missing_on_this_machine(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "node_modules/.bin/cdk").unlink()
    (project / "models/chiTra-1.0.tar.gz").unlink()
    (project / "build/downloads/ldcc-20140209.tar.gz").unlink()
    docker(project, monkeypatch, "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    checks = examined(build([]), project)
    assert checks["CDK command line"] == Check("CDK command line", State.FAILED, "is not installed", "make setup")
    assert checks["Docker"].finding == "Cannot connect to the Docker daemon"
    assert checks["model"].finding == "models/chiTra-1.0.tar.gz does not exist"
    assert checks["corpus"].fix.startswith(".venv/bin/workshop fetch corpus")
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

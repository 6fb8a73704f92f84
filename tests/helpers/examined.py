"""An account in memory that also answers what only the doctor asks."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from infra.names import BOOTSTRAP_VERSION_PARAMETER, IMAGE_KEYS
from infra.settings import Settings
from tests.helpers.cloud import Cloud
from tests.helpers.cloud_session import CloudSession
from tests.helpers.project import SETTINGS
from workshop.aws.account import Account
from workshop.checks.check import Check
from workshop.doctor import examine

QUOTAS = {
    "ml.m5.xlarge for processing job usage": ("L-1", 10.0),
    "ml.g4dn.xlarge for training job usage": ("L-2", 0.0),
    "instances across all processing jobs": ("L-F311B08F", 10.0),
    "instances across all training jobs": ("L-00C91CB5", 10.0),
    "ml.m5.xlarge for endpoint usage": ("L-3", 10.0),
    "instances across all endpoints": ("L-7A3DF611", 10.0),
    "ml.m5.xlarge for transform job usage": ("L-4", 4.0),
    "DescribeLogStreams per second, by who follows a run": ("L-3F243AD0", 25.0),
}


class Examined(Cloud):
    bootstrap_version = "30"
    images: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    quotas: dict[str, tuple[str, float]] = QUOTAS
    simulated: ClassVar[list[dict[str, Any]]] = []  # requests
    deployed = ""  # definition
    validated: ClassVar[list[str]] = []  # definitions
    diagnostics: tuple[dict[str, str], ...] = ()

    def _ssm(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        known = dict(zip((f"/chitra/{key}" for key in IMAGE_KEYS), self.images, strict=False))
        known |= {BOOTSTRAP_VERSION_PARAMETER: self.bootstrap_version} if self.bootstrap_version else {}
        return {"Parameters": [{"Name": name, "Value": known[name]} for name in params["Names"] if name in known]}

    def _service_quotas(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        of_logs = params["ServiceCode"] == "logs"
        return {
            "Quotas": [
                {"QuotaName": name, "QuotaCode": code, "Value": value}
                for name, (code, value) in self.quotas.items()
                if name.startswith("DescribeLogStreams") == of_logs
            ]
        }

    def _stepfunctions(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "ValidateStateMachineDefinition":
            self.validated.append(params["definition"])
            refused = any(each["severity"] == "ERROR" for each in self.diagnostics)
            return {"result": "FAIL" if refused else "OK", "diagnostics": list(self.diagnostics)}
        return {**super()._stepfunctions(region, operation, params), "definition": self.deployed}

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


def prepare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything in place, and a Docker engine that answers."""
    for name in ("node_modules/.bin/cdk", "build/downloads/ldcc-20140209.tar.gz", "models/chiTra-1.0.tar.gz"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"")
    write_template(folder, "{}")
    docker(folder, monkeypatch, "exit 0")
    free_disk(monkeypatch, 20)
    return folder


def write_template(folder: Path, definition: object) -> None:
    """What `make synth` leaves of the workflow."""
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": definition}}
    file = folder / "cdk.out/chitra-workflow.template.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"Resources": {"Machine": machine, "Role": {"Type": "AWS::IAM::Role"}}}))


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


def checks_of(cloud: Cloud, project: Path, given: Settings | None = None) -> list[Check]:
    cloud.__class__ = Examined
    return list(examine(Account(CloudSession(cloud)), given or settings(), project, project))


def examined(cloud: Cloud, project: Path, given: Settings | None = None) -> dict[str, Check]:
    return {check.subject: check for check in checks_of(cloud, project, given)}

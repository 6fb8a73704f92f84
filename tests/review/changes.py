"""Changes as pull requests make them: of settings, or of what the code gives, as edits of templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from review.sides import Side, Template
from tests.helpers.project import CONTEXT
from tests.review.conftest import edited, only, side

Templates = dict[str, Template]
USER, ROLE, BUCKET = "AWS::IAM::User", "AWS::IAM::Role", "AWS::S3::Bucket"
MANAGED = "arn:aws:iam::aws:policy/"


def _rename_bucket(templates: Templates) -> None:
    only(templates["foundation"], BUCKET)["BucketName"] = "chitra-sagemaker-elsewhere"


def _drop_encryption(templates: Templates) -> None:
    del only(templates["foundation"], BUCKET)["BucketEncryption"]


def _drop_tls(templates: Templates) -> None:
    document = only(templates["foundation"], "AWS::S3::BucketPolicy")["PolicyDocument"]
    document["Statement"] = [each for each in document["Statement"] if each["Effect"] != "Deny"]


def _statement(templates: Templates, sid: str) -> dict[str, Any]:
    statements = [
        statement
        for resource in templates["participants"]["Resources"].values()
        for statement in resource["Properties"].get("PolicyDocument", {}).get("Statement", [])
    ]
    found: dict[str, Any] = next(each for each in statements if each.get("Sid") == sid)
    return found


def _widen_action(templates: Templates) -> None:
    _statement(templates, "RunTheWorkflow")["Action"] = "*"


def _pass_another_role(templates: Templates) -> None:
    use = _statement(templates, "UseTheExecutionRole")
    use["Resource"] = [use["Resource"], "arn:aws:iam::${AWS::AccountId}:role/another"]
    del use["Condition"]


def _attach_administrator(templates: Templates) -> None:
    only(templates["participants"], USER)["ManagedPolicyArns"].append(f"{MANAGED}AdministratorAccess")


def _lift_boundary(templates: Templates) -> None:
    del only(templates["participants"], USER)["PermissionsBoundary"]


def _remove_expiry(templates: Templates) -> None:
    """The state that schedules the endpoint's end."""
    machine = only(templates["workflow"], "AWS::StepFunctions::StateMachine")
    text = json.dumps(machine["DefinitionString"])
    assert EXPIRY in text
    kept = {f"<<{number}>>": part for number, part in enumerate(machine["DefinitionString"]["Fn::Join"][1])}
    definition = json.loads("".join(part if isinstance(part, str) else mark for mark, part in kept.items()))
    after = definition["States"].pop(EXPIRY)["Next"]
    for state in definition["States"].values():
        for way in (state, *state.get("Choices", [])):
            for key in ("Next", "Default"):
                if way.get(key) == EXPIRY:
                    way[key] = after
    parts = [kept.get(part, part) for part in re.split(r"(<<\d+>>)", json.dumps(definition))]
    machine["DefinitionString"] = {"Fn::Join": ["", parts]}


EXPIRY = "Schedule expiry"


def _of_settings(**changes: Any) -> Callable[[], Side]:
    return lambda: side(changes)


def _of_templates(edit: Callable[[Templates], None]) -> Callable[[], Side]:
    return lambda: edited(edit)


CHANGES: dict[str, Callable[[], Side]] = {
    "nothing": side,
    "rename-bucket": _of_templates(_rename_bucket),
    "drop-encryption": _of_templates(_drop_encryption),
    "drop-tls-only": _of_templates(_drop_tls),
    "widen-action": _of_templates(_widen_action),
    "pass-another-role": _of_templates(_pass_another_role),
    "attach-administrator": _of_templates(_attach_administrator),
    "lift-boundary": _of_templates(_lift_boundary),
    "remove-expiry": _of_templates(_remove_expiry),
    "larger-training-instance": _of_settings(training=CONTEXT["training"] | {"instance_type": "ml.g5.2xlarge"}),
    "smaller-endpoint": _of_settings(endpoint=CONTEXT["endpoint"] | {"instance_type": "ml.m5.large"}),
    "thirty-participants": _of_settings(participants=[f"participant-{number}" for number in range(1, 32)]),
    "codebuild": _of_settings(image_source="codebuild"),
    "endpoint-for-72-hours": _of_settings(endpoint=CONTEXT["endpoint"] | {"hours_to_live": 72}),
    "rename-workshop": _of_settings(name="seminar"),
    "power-users": _of_settings(power_user=True),
}

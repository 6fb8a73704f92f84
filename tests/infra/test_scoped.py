"""Templates with access ``scoped``: whose names and policies they hold, within AWS's limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.names import Names
from infra.settings import SettingsError, parse_settings
from tests.helpers.project import CONTEXT
from tests.infra.conftest import Templates, synthesise
from tests.infra.test_limits import LONGEST, resolved
from tests.infra.test_stacks import definition, managed_policies, policies
from workshop.aws.run_names import is_run_name, new_run_name

MANY = [f"{number:03}{'x' * 29}" for number in range(1, 101)]  # 32 characters each
TEMPLATE_BYTES, RESOURCES = 1_000_000, 500  # CloudFormation's quotas
NAME_LENGTHS = {"AWS::IAM::Role": ("RoleName", 64), "AWS::IAM::User": ("UserName", 64)}
NAME_LENGTHS |= {"AWS::StepFunctions::StateMachine": ("StateMachineName", 80)}
INLINE = 10_240  # characters of all inline policies of one role
ATTACHED = 10  # managed policies of one role


def scoped(**changes: Any) -> Templates:
    return synthesise(parse_settings(CONTEXT | {"access": "scoped", **changes}))


@pytest.fixture(scope="module")
def crowded() -> Templates:
    """The longest names, and as many participants as settings allow."""
    return scoped(name="a-workshop-of-16", participants=MANY)


@pytest.fixture(scope="module")
def two() -> Templates:
    return scoped(participants=["tanaka", "suzuki"])


def resources(template: Template, kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in template.find_resources(kind).values()]


def test_should_fit_into_awss_limits(crowded: Templates) -> None:
    for template in crowded.values():
        content = template.to_json()
        assert len(json.dumps(content)) < TEMPLATE_BYTES
        assert len(content["Resources"]) < RESOURCES
        for kind, (key, longest) in NAME_LENGTHS.items():
            assert all(len(each[key]) <= longest for each in resources(template, kind) if key in each)
        for each in resources(template, "AWS::IAM::Role"):
            assert sum(characters(one["PolicyDocument"]) for one in each.get("Policies", [])) < INLINE
        assert all(characters(each["PolicyDocument"]) < INLINE for each in resources(template, "AWS::IAM::Policy"))
    sizes = {name: characters(document) for name, document in policies(crowded).items()}
    names = ["participant", *(f"participant-{each}" for each in ("sagemaker", "boundary", "jobs"))]
    names += ["pass-job-roles-1", "pass-job-roles-2"]
    assert set(sizes) == {f"a-workshop-of-16-{name}" for name in names}
    assert max(sizes.values()) < LONGEST, sizes
    assert len(passing(crowded)) <= ATTACHED


def characters(document: dict[str, Any]) -> int:
    return len(json.dumps(resolved(document), separators=(",", ":")))


def test_should_give_nobody_aws_s_own_policies(two: Templates) -> None:
    for template in two.values():
        assert managed_policies(template, "AWS::IAM::Role") == managed_policies(template, "AWS::IAM::User") == set()


def test_should_bound_users_and_their_jobs_by_what_they_may_do(two: Templates) -> None:
    users, roles = (resources(two["participants"], f"AWS::IAM::{kind}") for kind in ("User", "Role"))
    of_jobs = [each for each in roles if each["RoleName"].endswith("-jobs")]
    assert all(each["ManagedPolicyArns"] == [each["PermissionsBoundary"]] for each in of_jobs)
    assert all(each["PermissionsBoundary"] not in each["ManagedPolicyArns"] for each in users)
    assert len(users) == len(of_jobs) == 2
    for each in (*users, *of_jobs):
        tags = {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        assert tags["user"] == f"chitra-{tags['participant']}"
        assert tags["workshop"] == "chitra"


def test_should_make_a_user_a_role_and_a_gate_for_each(two: Templates) -> None:
    made = two["participants"]
    gates = {each["StateMachineName"] for each in resources(made, "AWS::StepFunctions::StateMachine")}
    assert gates == {"chitra--tanaka-start", "chitra--suzuki-start"}
    names = {each["RoleName"] for each in resources(made, "AWS::IAM::Role")}
    assert names == {"chitra--tanaka-jobs", "chitra--suzuki-jobs", "chitra-gates"}


def test_should_change_one_stack_only_when_participants_come_and_go(two: Templates) -> None:
    more = scoped(participants=["tanaka", "suzuki", "sato"])
    assert two["foundation"].to_json() == more["foundation"].to_json()
    assert two["workflow"].to_json() == more["workflow"].to_json()


def test_should_let_a_deployment_change_between_the_two(two: Templates) -> None:
    """A thing with a name cannot get another logical id, nor an export go that a stack still imports."""
    full = synthesise(parse_settings(CONTEXT | {"participants": ["tanaka", "suzuki"]}))
    for name, template in full.items():
        before, after = ids_of_names(template), ids_of_names(two[name])
        assert {thing: before[thing] for thing in before.keys() & after.keys()}.items() <= after.items()
    assert len(ids_of_names(full["participants"]).keys() & ids_of_names(two["participants"]).keys()) == 4
    for name in ("foundation", "workflow"):
        assert full[name].to_json().get("Outputs", {}).keys() == two[name].to_json().get("Outputs", {}).keys()


def ids_of_names(template: Template) -> dict[str, str]:
    """Logical ids of what has a name of its own, by that name."""
    keys = ("RoleName", "UserName", "ManagedPolicyName", "StateMachineName", "BucketName", "Name", "LogGroupName")
    found = template.to_json()["Resources"].items()
    return {f"{key} {each['Properties'][key]}": i for i, each in found for key in keys if key in each["Properties"]}


def passing(templates: Templates) -> list[dict[str, Any]]:
    """What lets the workflow's role pass participants' roles; it is attached to that role alone."""
    attached = [each for each in resources(templates["participants"], "AWS::IAM::ManagedPolicy") if "Roles" in each]
    [exported] = [
        value["Export"]["Name"]
        for value in templates["workflow"].to_json()["Outputs"].values()
        if "StateMachineRole" in json.dumps(value["Value"])
    ]
    assert all(each["Roles"] == [{"Fn::ImportValue": exported}] for each in attached)
    return attached


def test_should_pass_the_role_of_each_participant_by_its_name(crowded: Templates) -> None:
    statements = [one for each in passing(crowded) for one in each["PolicyDocument"]["Statement"]]
    assert {each["Action"] for each in statements} == {"iam:PassRole"}
    to = [each["Condition"]["StringEquals"]["iam:PassedToService"] for each in statements]
    assert to == ["sagemaker.amazonaws.com"] * len(statements)
    passed = [arn.partition(":role/")[2] for each in statements for arn in resolved(each["Resource"])]
    assert passed == [Names("a-workshop-of-16").job_role(each) for each in MANY]
    made = {each["RoleName"] for each in resources(crowded["participants"], "AWS::IAM::Role")}
    assert made - set(passed) == {"a-workshop-of-16-gates"}
    assert "*" not in "".join(passed)


def test_should_pass_roles_of_the_workshop_only(two: Templates) -> None:
    [workflow] = [
        each["PolicyDocument"]["Statement"]
        for each in resources(two["workflow"], "AWS::IAM::Policy")
        if "iam:PassRole" in json.dumps(each)
    ]
    passed = [each for each in workflow if each["Action"] == "iam:PassRole"]
    takers = {each["Condition"]["StringEquals"]["iam:PassedToService"] for each in passed}
    assert takers == {"sagemaker.amazonaws.com", "scheduler.amazonaws.com"}
    assert "*" not in json.dumps([each["Resource"] for each in passed])


def test_should_preprocess_with_a_role_of_the_workflows_own(two: Templates) -> None:
    states = definition(two)
    assert states["Train"]["Arguments"]["RoleArn"] == states["Create model"]["Arguments"]["ExecutionRoleArn"]
    assert states["Train"]["Arguments"]["RoleArn"] == "{% $role %}"
    assert states["Preprocess"]["Arguments"]["RoleArn"].endswith("role/chitra-preprocessing")
    assert "role/chitra--' & $states.input.participant & '-jobs" in states["Start"]["Assign"]["role"]


def test_should_let_jobs_call_nothing_that_makes_or_passes_anything(two: Templates) -> None:
    roles = [*resources(two["foundation"], "AWS::IAM::Role"), *resources(two["participants"], "AWS::IAM::Role")]
    documents = [one["PolicyDocument"] for each in roles for one in each.get("Policies", [])]
    documents.append(policies(two)["chitra-participant-jobs"])
    actions = {action for one in documents for each in one["Statement"] for action in aslist(each["Action"])}
    assert {action.partition(":")[0] for action in actions} == {"s3", "ecr", "logs", "cloudwatch"}
    assert not [action for action in actions if "*" in action]


def aslist(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_should_allow_on_everything_only_what_has_no_resources(two: Templates) -> None:
    documents = [document for name, document in policies(two).items() if not name.endswith("-boundary")]
    statements = [each for document in documents for each in document["Statement"]]
    wide = {action for each in statements if each["Resource"] == "*" for action in aslist(each["Action"])}
    kinds = ("TrainingJob", "ProcessingJob", "TransformJob", "EndpointConfig", "Endpoint")
    listed = {f"sagemaker:List{each}s" for each in kinds}
    others = {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData", "pricing:GetProducts"}
    assert wide == {*listed, *others, "iam:GetAccountPasswordPolicy"}
    assert all(each.get("Sid") for each in statements)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"power_user": True}, "power_user: goes not with access scoped"),
        ({"participants": ["tanaka", "tanaka-2"]}, "runs of tanaka-2 could not be told from those of tanaka; rename"),
        ({"participants": ["sato-", "sato"]}, "could not be told from those of sato"),
        ({"participants": ["Dataset"]}, "could not be told from those of the dataset jobs"),
        ({"participants": ["smoke-1"]}, "could not be told from those of the smoke jobs"),
    ],
)
def test_should_refuse_settings_that_would_mix_people_up(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_settings(CONTEXT | {"access": "scoped", **changes})
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    if "participants" in changes:
        parse_settings(CONTEXT | changes)


def test_should_tell_numbered_participants_apart() -> None:
    parse_settings(CONTEXT | {"access": "scoped", "participants": [f"participant-{n}" for n in range(1, 101)]})


def test_should_call_runs_so_that_sagemaker_takes_them() -> None:
    names = Names("a-workshop-of-16")
    for participant in MANY:
        run = new_run_name(names, names.user(participant))
        assert is_run_name(run)
        assert run.startswith(names.runs_of(participant))
    assert len({names.runs_of(participant) for participant in MANY}) == len(MANY)

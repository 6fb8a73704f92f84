"""Each rule on an example that keeps it and on some that break it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from rules import endpoints, images, jobs, names, roles, scaling, tags
from rules.findings import Finding, Templates
from rules.pack import findings
from rules.tags import UNTAGGABLE
from tests.rules.examples import CREATE, IMAGE, ROLE, SCHEDULE, TAGS, machine, resources, task, training

TRAIN = "sagemaker:createTrainingJob.sync"
PASS = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": ROLE,
    "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
}


def told(templates: Templates) -> set[tuple[str, str]]:
    """Rules that are broken, and by what."""
    return {(each.rule, each.logical_id) for each in findings(templates, "project", "mine")}


def policy(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}, **more}


def test_should_find_nothing_where_all_is_well() -> None:
    states = {"Train": task(TRAIN, training(), Next="Schedule"), "Schedule": SCHEDULE, "Create": CREATE}
    assert findings(machine(states), "project", "mine") == []


def test_should_say_where_what_and_the_way_out() -> None:
    [finding] = findings(machine({"Train": task(TRAIN, training(StoppingCondition={}))}), "project", "mine")
    assert finding == Finding(
        jobs.RULE,
        "stack",
        "Machine",
        "Properties.DefinitionString.States.Train",
        "state Train starts a job that has no maximum run time, and so no upper limit of its cost",
        "give the request StoppingCondition.MaxRuntimeInSeconds",
    )


@pytest.mark.parametrize(
    ("resource", "arguments", "fields", "kept"),
    [
        (TRAIN, training(StoppingCondition={"MaxRuntimeInSeconds": "{% $seconds %}"}), {}, True),
        (TRAIN, training(StoppingCondition={"MaxRuntimeInSeconds": 0}), {}, False),
        ("aws-sdk:sagemaker:createProcessingJob", {"Tags": TAGS}, {}, False),
        ("sagemaker:createHyperParameterTuningJob.sync", {"TrainingJobDefinition": {}, "Tags": TAGS}, {}, False),
        ("sagemaker:createTransformJob.sync", {"Tags": TAGS}, {"TimeoutSeconds": 3600}, True),
        ("sagemaker:createTransformJob", {"Tags": TAGS}, {"TimeoutSeconds": 3600}, False),
        ("aws-sdk:sagemaker:describeTrainingJob", {}, {}, True),
        ("aws-sdk:sagemaker:listTrainingJobs", {}, {}, True),
    ],
)
def test_should_ask_every_job_for_a_maximum_run_time(
    resource: str, arguments: dict[str, Any], fields: dict[str, Any], kept: bool
) -> None:
    assert bool([*jobs.findings(machine({"Job": task(resource, arguments, **fields)}))]) is not kept


@pytest.mark.parametrize(
    ("resource", "arguments", "kept"),
    [
        ("aws-sdk:applicationautoscaling:registerScalableTarget", {"MinCapacity": 1, "MaxCapacity": 3}, True),
        ("aws-sdk:applicationautoscaling:registerScalableTarget", {"MinCapacity": 3, "MaxCapacity": 1}, False),
        ("aws-sdk:applicationautoscaling:registerScalableTarget", {"MinCapacity": 1}, False),
        ("aws-sdk:sagemaker:createEndpointConfig", {"ProductionVariants": []}, True),
        ("aws-sdk:sagemaker:createEndpointConfig", {"AsyncInferenceConfig": {"OutputConfig": {}}}, False),
        (
            "aws-sdk:sagemaker:createEndpointConfig",
            {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/a", "S3FailurePath": "s3://b/f"}}},
            True,
        ),
    ],
)
def test_should_ask_what_scales_for_a_limit_and_what_answers_later_for_a_place(
    resource: str, arguments: dict[str, Any], kept: bool
) -> None:
    assert bool([*scaling.findings(machine({"State": task(resource, arguments)}))]) is not kept


def test_should_look_into_branches_and_older_definitions() -> None:
    inner = {"StartAt": "Train", "States": {"Train": task(TRAIN, training(StoppingCondition={}))}}
    assert told(machine({"Both": {"Type": "Parallel", "Branches": [inner], "End": True}})) == {(jobs.RULE, "Machine")}
    older = {"Type": "Task", "Resource": f"arn:aws:states:::{TRAIN}", "Parameters": {"Tags.$": "$.tags"}, "End": True}
    definition = {"StartAt": "Train", "States": {"Train": older}}
    given = resources(Machine=("AWS::StepFunctions::StateMachine", {"Definition": definition, "Tags": TAGS}))
    assert (jobs.RULE, "Machine") in told(given)


BACK = {"Type": "Choice", "Choices": [{"Condition": "{% $at = 'Create' %}", "Next": "Create"}], "Default": "Model"}
MODEL = task("aws-sdk:sagemaker:createModel", {"Tags": TAGS}, Next="Schedule")


@pytest.mark.parametrize(
    ("states", "endless"),
    [
        ({"Schedule": SCHEDULE, "Create": CREATE}, False),
        ({"Create": CREATE}, True),
        (
            {"Schedule": SCHEDULE | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Create"}]}, "Create": CREATE},
            True,
        ),
        (
            {
                "Wanted?": {
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% $short %}", "Next": "Create"}],
                    "Default": "Schedule",
                },
                "Schedule": SCHEDULE,
                "Create": CREATE,
            },
            True,
        ),
        # A call that failed is made again, by its name: that is no way around the schedule ...
        (
            {
                "Model": MODEL | {"Catch": [{"ErrorEquals": ["Busy"], "Assign": {"at": "Model"}, "Next": "Back"}]},
                "Schedule": SCHEDULE,
                "Create": CREATE | {"Catch": [{"ErrorEquals": ["Busy"], "Assign": {"at": "Create"}, "Next": "Back"}]},
                "Back": BACK,
            },
            False,
        ),
        # ... unless the name is that of the state that makes the endpoint, or is computed.
        (
            {
                "Model": MODEL | {"Catch": [{"ErrorEquals": ["Busy"], "Assign": {"at": "Create"}, "Next": "Back"}]},
                "Schedule": SCHEDULE,
                "Create": CREATE,
                "Back": BACK,
            },
            True,
        ),
        (
            {
                "Model": MODEL | {"Catch": [{"ErrorEquals": ["Busy"], "Assign": {"at": "{% $x %}"}, "Next": "Back"}]},
                "Schedule": SCHEDULE,
                "Create": CREATE,
                "Back": BACK,
            },
            True,
        ),
        (
            {
                "Both": {
                    "Type": "Parallel",
                    "Branches": [{"StartAt": "Create", "States": {"Create": CREATE}}],
                    "End": True,
                }
            },
            True,
        ),
        (
            {
                "Schedule": SCHEDULE | {"Next": "Each"},
                "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "Create", "States": {"Create": CREATE}}},
            },
            False,
        ),
    ],
)
def test_should_ask_for_an_end_on_every_way_to_an_endpoint(states: dict[str, Any], endless: bool) -> None:
    assert bool([*endpoints.findings(machine(states))]) is endless


def test_should_take_no_other_schedule_for_the_endpoints_end() -> None:
    other = task("aws-sdk:scheduler:createSchedule", {"Target": {"Arn": "arn:aws:sns:x:y:topic"}}, Next="Create")
    assert [each.rule for each in endpoints.findings(machine({"Remind": other, "Create": CREATE}))] == [endpoints.RULE]


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        (IMAGE, True),
        ({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.eu-west-1.${AWS::URLSuffix}/assets:mine--" + "a" * 64}, True),
        ({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.eu-west-1.${AWS::URLSuffix}/assets:latest"}, False),
        ("python:3.11", False),
        ({"Ref": "ImageOfSomebody"}, False),
    ],
)
def test_should_ask_every_image_for_a_digest_or_a_hash(image: Any, pinned: bool) -> None:
    container = {"PrimaryContainer": {"Image": image}, "Tags": TAGS}
    found = told(resources(Model=("AWS::SageMaker::Model", container)))
    assert found == (set() if pinned else {(images.RULE, "Model")})


def test_should_find_images_in_state_machines_and_parameters() -> None:
    loose = training(AlgorithmSpecification={"TrainingImage": "1.dkr.ecr.eu-west-1.amazonaws.com/images:v1"})
    assert told(machine({"Train": task(TRAIN, loose)})) == {(images.RULE, "Machine")}
    address = {"Name": "/image", "Value": "1.dkr.ecr.eu-west-1.amazonaws.com/images:v1", "Tags": {"project": "mine"}}
    assert told(resources(Image=("AWS::SSM::Parameter", address))) == {(images.RULE, "Image")}
    repository = {"Name": "REPOSITORY", "Value": "1.dkr.ecr.eu-west-1.amazonaws.com/images"}
    build = {"Environment": {"Image": "aws/codebuild/standard:7.0", "Variables": [repository]}, "Tags": TAGS}
    assert told(resources(Build=("AWS::CodeBuild::Project", build))) == set()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, ""),
        ({"Resource": [ROLE, "arn:aws:iam::1:role/b"]}, ""),
        ({"Resource": "*"}, "iam:PassRole on *: that is more than roles by name"),
        (
            {"Resource": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/*"}},
            "iam:PassRole on arn:aws:iam::<...>:role/*",
        ),
        ({"Condition": {}}, "iam:PassRole to any service: that is not one service"),
        ({"Condition": {"StringLike": {"iam:PassedToService": "*.amazonaws.com"}}}, "iam:PassRole to any service"),
        ({"Condition": {"StringEquals": {"iam:PassedToService": ["a", "b"]}}}, "iam:PassRole to a, b"),
        ({"Action": ["s3:GetObject", "iam:Pass*"], "Condition": {}}, "iam:PassRole to any service"),
        ({"Action": "s3:GetObject", "Resource": "*", "Condition": {}}, ""),
        ({"Effect": "Deny", "Resource": "*", "Condition": {}}, ""),
    ],
)
def test_should_ask_for_roles_by_name_and_one_service(changes: dict[str, Any], problem: str) -> None:
    given = resources(Policy=("AWS::IAM::Policy", policy(PASS | changes)))
    problems = [each.problem for each in roles.findings(given)]
    assert len(problems) == bool(problem)
    assert all(each.startswith(problem) for each in problems)


def test_should_find_roles_that_everything_but_something_lets_pass() -> None:
    inline = {"Policies": [policy({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})], "Tags": TAGS}
    assert told(resources(Role=("AWS::IAM::Role", inline))) == {(roles.RULE, "Role")}


def test_should_leave_permissions_boundaries_alone_unless_they_are_attached() -> None:
    wide = ("AWS::IAM::ManagedPolicy", policy({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    limited = {"PermissionsBoundary": {"Ref": "Boundary"}, "Tags": TAGS}
    assert told(resources(Boundary=wide, User=("AWS::IAM::User", limited))) == set()
    both = limited | {"ManagedPolicyArns": [{"Ref": "Boundary"}]}
    assert told(resources(Boundary=wide, User=("AWS::IAM::User", both))) == {(roles.RULE, "Boundary")}
    here = resources(Boundary=wide)
    here["stack"]["Outputs"] = {"Out": {"Value": {"Ref": "Boundary"}, "Export": {"Name": "stack:boundary"}}}
    assert told(here) == {(roles.RULE, "Boundary")}
    elsewhere = {"PermissionsBoundary": {"Fn::ImportValue": "stack:boundary"}, "Tags": TAGS}
    assert told(here | {"users": resources(User=("AWS::IAM::User", elsewhere))["stack"]}) == set()


@pytest.mark.parametrize(
    ("kind", "properties", "carried"),
    [
        ("AWS::S3::Bucket", {"Tags": TAGS}, True),
        ("AWS::S3::Bucket", {}, False),
        ("AWS::S3::Bucket", {"Tags": [{"Key": "project", "Value": "another"}]}, False),
        ("AWS::SSM::Parameter", {"Tags": {"project": "mine"}}, True),
        ("AWS::Cognito::UserPool", {"UserPoolTags": {"project": "mine"}}, True),
        ("AWS::S3::BucketPolicy", {}, True),
        ("Custom::Thing", {}, True),
    ],
)
def test_should_ask_everything_that_takes_tags_for_the_tag(
    kind: str, properties: dict[str, Any], carried: bool
) -> None:
    assert told(resources(Thing=(kind, properties))) == (set() if carried else {(tags.RULE, "Thing")})


def test_should_ask_what_a_state_machine_makes_for_the_tag() -> None:
    assert told(machine({"Train": task(TRAIN, training(Tags=[]))})) == {(tags.RULE, "Machine")}
    assert told(machine({"Stop": task("aws-sdk:sagemaker:stopTrainingJob", {})})) == set()


def test_should_know_which_types_take_no_tags() -> None:
    """As cfn-lint's copy of CloudFormation's schemas does; a newer one may know more types."""
    folder = Path(cfnlint.__file__).parent / "data/schemas/resources"
    known = set()
    for file in folder.glob("*.json"):
        schema = json.loads(file.read_text(encoding="utf-8"))
        tagging = schema.get("tagging", {})
        property_name = tagging.get("tagProperty", "/properties/Tags").rpartition("/")[2]
        if property_name not in schema["properties"] or not tagging.get("taggable", True):
            known.add(schema["typeName"])
    assert json.loads(UNTAGGABLE.read_text(encoding="utf-8")) == sorted(known)


@pytest.mark.parametrize(
    ("kind", "properties", "fits"),
    [
        ("AWS::IAM::Role", {"RoleName": "r" * 64}, True),
        ("AWS::IAM::Role", {"RoleName": "r" * 65}, False),
        ("AWS::S3::Bucket", {"BucketName": {"Fn::Sub": "b" * 40 + "${AWS::AccountId}${AWS::Region}"}}, False),
        ("AWS::S3::Bucket", {"BucketName": {"Fn::Join": ["-", ["b" * 50, {"Ref": "AWS::AccountId"}]]}}, True),
        ("AWS::S3::Bucket", {"BucketName": {"Fn::Join": ["-", ["b" * 62, {"Ref": "Unknown"}]]}}, True),
        ("AWS::Budgets::Budget", {"Budget": {"BudgetName": "b" * 101}}, False),
    ],
)
def test_should_measure_names(kind: str, properties: dict[str, Any], fits: bool) -> None:
    assert bool([*names.findings(resources(Thing=(kind, properties)))]) is not fits


def test_should_measure_names_of_stacks_and_in_requests() -> None:
    assert [each.place for each in names.findings({"s" * 129: {}})] == ["StackName"]
    long = machine({"Train": task(TRAIN, training(TrainingJobName="j" * 64))})
    assert told(long) == {(names.RULE, "Machine")}

"""Commands leave alone what is not the workshop's, as processes against moto's server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.helpers.moto_server import Moto
from tests.helpers.project import SETTINGS
from tests.workshop.test_moto import RUN, bootstrap, deploy, furnish

OWN, OTHER = [{"Key": "workshop", "Value": "chitra"}], [{"Key": "workshop", "Value": "chitra-2"}]
ROLE = "arn:aws:iam::123456789012:role/chitra-sagemaker-execution"


@pytest.fixture
def account(moto: Moto) -> Moto:
    """Workshops chitra and chitra-2, each with two participants; and users of nobody's stack."""
    settings = SETTINGS.model_copy(update={"participants": ["participant-1", "left-cdk-json"]})
    bootstrap(moto)
    deploy(moto, settings)
    deploy(moto, settings.model_copy(update={"name": "chitra-2"}))
    iam = moto.client("iam")
    for name in ("chitra-admin", "chitra-UPPER"):
        iam.create_user(UserName=name, Tags=OWN)
    for name in key_holders(iam):
        iam.create_access_key(UserName=name)
    return moto


def key_holders(iam: Any) -> list[str]:
    return [user["UserName"] for user in iam.list_users()["Users"]]


def keys(aws: Moto) -> dict[str, list[str]]:
    iam = aws.client("iam")
    return {
        user: [key["AccessKeyId"] for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]]
        for user in key_holders(iam)
    }


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["admin", "--revoke"], 1, "participant 'admin': is no user that workshop 'chitra' made."),
        (["2-participant-1", "--rotate"], 1, "participant '2-participant-1': is no user that workshop 'chitra' made."),
        (["2-participant-1"], 1, "is no user that workshop 'chitra' made."),
        (["UPPER", "--console"], 1, "is no user that workshop 'chitra' made."),
        (["../../x", "--revoke"], 2, "participant '../../x': is no name of a participant"),
        (["a/b"], 2, "participant 'a/b': is no name of a participant"),
    ],
)
def test_should_give_credentials_to_users_of_the_own_stack_only(
    account: Moto, arguments: list[str], code: int, says: str
) -> None:
    before = keys(account)
    done = account.workshop("credentials", *arguments)
    assert (done.returncode, says in done.stderr) == (code, True), done.stdout + done.stderr
    assert keys(account) == before
    assert "Traceback" not in done.stderr


def test_should_revoke_somebody_who_left_cdk_json_and_nobody_when_the_stack_is_anothers(account: Moto) -> None:
    before = keys(account)
    done = account.workshop("credentials", "left-cdk-json", "--revoke")
    assert done.returncode == 0, done.stderr
    assert keys(account) == before | {"chitra-left-cdk-json": []}
    account.client("cloudformation").update_stack(
        StackName="chitra-participants", UsePreviousTemplate=True, Tags=OTHER, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert account.workshop("credentials", "--all", "--revoke").returncode == 1
    assert keys(account) == before | {"chitra-left-cdk-json": []}


def serve(aws: Moto, name: str, models: Iterable[str], tags: list[dict[str, str]], config: str = "") -> None:
    """An endpoint with a config; models that exist are taken as they are."""
    sagemaker = aws.client("sagemaker")
    known = {model["ModelName"] for model in sagemaker.list_models()["Models"]}
    for model in set(models) - known:
        sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"}, Tags=tags)
    if not config:
        variants = [
            {"VariantName": model, "ModelName": model, "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
            for model in models
        ]
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, Tags=tags)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config or name, Tags=tags)


def serving(aws: Moto) -> set[str]:
    sagemaker = aws.client("sagemaker")
    found = {f"endpoint {each['EndpointName']}" for each in sagemaker.list_endpoints()["Endpoints"]}
    found |= {f"config {each['EndpointConfigName']}" for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]}
    found |= {f"model {each['ModelName']}" for each in sagemaker.list_models()["Models"]}
    return found | {f"schedule {each['Name']}" for each in aws.client("scheduler").list_schedules()["Schedules"]}


def schedule(aws: Moto, name: str, ends: str) -> None:
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint", "RoleArn": ROLE}
    target["Input"] = json.dumps({"EndpointName": ends})
    aws.client("scheduler").create_schedule(
        Name=name, ScheduleExpression="at(2099-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )


def test_should_delete_with_an_endpoint_what_is_its_own(account: Moto) -> None:
    serve(account, "chitra--a", ["chitra--a"], OWN)
    schedule(account, "chitra--a", ends="chitra--a")
    done = account.workshop("endpoint", "delete", "a")
    assert done.stdout == "endpoint chitra--a is gone\n"
    assert serving(account) == set()


def test_should_delete_an_endpoint_under_a_name_of_its_own(account: Moto) -> None:
    serve(account, "Satos-own", ["Satos-own"], OWN)
    serve(account, "chitra--Theirs", ["chitra--Theirs"], OWN)
    serve(account, "Theirs", ["Theirs"], OTHER)
    for name, full in (("Satos-own", "Satos-own"), ("Theirs", "chitra--Theirs")):
        done = account.workshop("endpoint", "delete", name)
        assert done.stdout == f"endpoint {full} is gone\n", done.stderr
    assert serving(account) == {"endpoint Theirs", "config Theirs", "model Theirs"}


def test_should_tell_that_models_are_not_known_without_the_config(account: Moto) -> None:
    serve(account, "chitra--a", ["chitra--a"], OWN)
    account.client("sagemaker").delete_endpoint_config(EndpointConfigName="chitra--a")
    done = account.workshop("endpoint", "delete", "a")
    assert done.returncode == 0, done.stderr
    assert "endpoint config chitra--a: was gone before, so the models it served are not known" in done.stdout
    assert serving(account) == {"model chitra--a"}


def test_should_tell_of_what_no_command_removes_how_to_remove_it(account: Moto) -> None:
    account.client("sqs").create_queue(QueueName="letters", tags={"workshop": "chitra"})
    arn = "arn:aws:sqs:ap-northeast-1:123456789012:letters"
    for arguments in (("verify",), ("teardown", "--dry-run")):
        done = account.workshop(*arguments)
        assert f"{arn}: carries the workshop's tag, but no command" in " ".join(done.stdout.split())
    found = json.loads(account.workshop("verify", "--json").stdout)
    why = {each["arn"] or each["name"]: each["why"] for each in found["remaining"]}
    assert why[arn].startswith(f"{arn}: carries the workshop's tag")
    assert why["chitra-foundation"] == "is there: `.venv/bin/workshop teardown` removes it"


def test_should_leave_configs_and_models_of_others(account: Moto) -> None:
    serve(account, "others", ["others-model"], OTHER)
    serve(account, "chitra--a", [], OWN, config="others")
    done = account.workshop("endpoint", "delete", "a")
    assert done.returncode == 0, done.stderr
    assert serving(account) == {"endpoint others", "config others", "model others-model"}
    assert "endpoint config others: does not carry the tag of workshop 'chitra'; left alone" in done.stdout
    assert "model others-model: does not carry the tag of workshop 'chitra'; left alone" in done.stdout


def test_should_leave_what_serves_elsewhere_too(account: Moto) -> None:
    serve(account, "chitra--a", ["chitra--a", "chitra--both", "untagged"], OWN)
    account.client("sagemaker").delete_tags(
        ResourceArn="arn:aws:sagemaker:ap-northeast-1:123456789012:model/untagged", TagKeys=["workshop"]
    )
    serve(account, "chitra--b", ["chitra--both"], OWN)
    serve(account, "chitra--c", [], OWN, config="chitra--b")
    done = account.workshop("endpoint", "delete", "a")
    assert "model chitra--both: endpoint config chitra--b uses it; left alone" in done.stdout
    assert "model untagged: does not carry the tag" in done.stdout
    assert {each for each in serving(account) if "chitra--a" in each} == set()
    done = account.workshop("endpoint", "delete", "b")
    assert "endpoint config chitra--b: endpoint chitra--c uses it; left alone" in done.stdout
    assert {"config chitra--b", "model chitra--both", "endpoint chitra--c"} <= serving(account)


def test_should_take_no_schedule_for_the_endpoints_that_ends_another(account: Moto) -> None:
    serve(account, "chitra--a", ["chitra--a"], OWN)
    schedule(account, "chitra--a", ends="chitra--z")
    assert "NEVER" in account.workshop("status").stdout
    done = account.workshop("endpoint", "extend", "a", "--hours", "3")
    assert done.returncode == 1
    assert "endpoint chitra--a: has no schedule of its own that could be extended" in done.stderr
    account.workshop("endpoint", "delete", "a")
    assert serving(account) == {"schedule chitra--a"}


def test_should_upload_only_into_a_bucket_with_the_tag(account: Moto) -> None:
    furnish(account, SETTINGS)
    s3, bucket = account.client("s3"), "chitra-sagemaker-123456789012-ap-northeast-1"
    s3.put_object(Bucket=bucket, Key="corpus/earlier", Body=b"x")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": OTHER})
    corpus = account.folder / "corpus.jsonl"
    corpus.write_text(json.dumps({"sentence1": "本文", "label": "a"}) + "\n", encoding="utf-8")
    done = account.workshop("upload", "--corpus", str(corpus))
    assert (done.returncode, "nothing was uploaded" in done.stderr) == (1, True), done.stdout + done.stderr
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="corpus/")["Contents"]
    assert [entry["Key"] for entry in listed] == ["corpus/earlier"]
    assert RUN in json.dumps(s3.list_objects_v2(Bucket=bucket)["Contents"], default=str)


def test_should_show_what_bills_and_is_nobodys(account: Moto) -> None:
    """A warning, no more: exit codes and receipts are about the workshop."""
    serve(account, "forgotten", ["forgotten"], [])
    serve(account, "of-chitra-2", ["of-chitra-2"], OTHER)
    serve(account, "chitra--own", ["chitra--own"], OWN)
    before = serving(account)
    for arguments in (("status",), ("verify",)):
        said = account.workshop(*arguments).stdout
        lines = [line for line in said.splitlines() if line.startswith("bills, and is no workshop's")]
        assert len(lines) == 1
        assert lines[0].startswith("bills, and is no workshop's: endpoint forgotten (1 x ml.m5.xlarge: ")
    assert serving(account) == before

"""Who gains or loses what: by meaning, whatever the order and the cut of statements."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review import risks
from review.access import Access, Row, access_between
from review.grants import grants_of, identities_of
from review.sides import Side
from tests.review.conftest import of

Statement = dict[str, Any]

ACTIONS = ("s3:GetObject", "s3:*", "iam:PassRole", "states:StartExecution", "*")
RESOURCES = ("*", "arn:aws:s3:::corpus", "arn:aws:s3:::corpus/*", "arn:aws:iam::111122223333:role/job")
TAKERS = ["sagemaker.amazonaws.com", "states.amazonaws.com"]
CONDITIONS: tuple[dict[str, Any], ...] = ({}, {"StringEquals": {"iam:PassedToService": TAKERS}})
statements = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Action": st.lists(st.sampled_from(ACTIONS), min_size=1, unique=True),
            "Resource": st.lists(st.sampled_from(RESOURCES), min_size=1, unique=True),
            "Condition": st.sampled_from(CONDITIONS),
        }
    ),
    max_size=5,
)


def side(*policies: list[Statement], **role: Any) -> Side:
    """A role with a policy for each list of statements."""
    resources: dict[str, Any] = {"Job": {"Type": "AWS::IAM::Role", "Properties": role}}
    for number, each in enumerate(policies):
        properties = {"PolicyDocument": {"Statement": each}, "Roles": [{"Ref": "Job"}]}
        resources[f"Policy{number}"] = {"Type": "AWS::IAM::Policy", "Properties": properties}
    return of(stack={"Resources": resources})


def access(before: Side, after: Side) -> Access:
    return access_between(grants_of(before), grants_of(after), identities_of(before), identities_of(after))


def allow(action: str | list[str], resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@given(statements, st.randoms(use_true_random=False))
def test_should_see_nothing_gained_or_lost_between_equal_documents(given: list[Statement], random: Any) -> None:
    shuffled = copy.deepcopy(given)
    random.shuffle(shuffled)
    for each in shuffled:
        random.shuffle(each["Action"])
        random.shuffle(each["Resource"])
    assert access(side(given), side(shuffled)) == Access()


@given(statements)
def test_should_see_nothing_where_statements_are_cut_or_put_into_other_policies(given: list[Statement]) -> None:
    single = [
        {**each, "Action": action.upper() if action != "*" else action, "Resource": resource}
        for each in given
        for action in each["Action"]
        for resource in each["Resource"]
    ]
    assert access(side(given), side(*([each] for each in single))) == Access()


@given(statements, statements)
def test_should_lose_on_the_way_back_what_was_gained_on_the_way_there(
    old: list[Statement], new: list[Statement]
) -> None:
    there, back = access(side(old), side(new)), access(side(new), side(old))
    assert said(there.gained) == said(back.lost)
    assert said(there.lost) == said(back.gained)


def said(rows: list[Row]) -> list[tuple[Any, ...]]:
    return sorted((row.principal, row.actions, row.resources, row.conditions) for row in rows)


@pytest.mark.parametrize(
    ("statement", "marks"),
    [
        (allow("s3:GetObject", "arn:aws:s3:::corpus/*"), []),
        (allow("*"), [risks.ADMINISTRATOR, risks.ESCALATION, risks.TO_ANY_SERVICE, risks.EVERY_ACTION]),
        (allow("*", "arn:aws:s3:::corpus"), [risks.EVERY_ACTION]),
        (allow("s3:*", "arn:aws:s3:::corpus"), [f"{risks.EVERY_ACTION} of s3"]),
        (allow("IAM:PutUser*"), [risks.ESCALATION, risks.EVERY_RESOURCE]),
        (allow("iam:PassRole", "arn:aws:iam::111122223333:role/job"), [risks.TO_ANY_SERVICE]),
        (allow("iam:PassRole", "arn:aws:iam::1:role/job", Condition=CONDITIONS[1]), [risks.PASSES_ROLES]),
        ({"Effect": "Allow", "NotAction": ["s3:*"], "Resource": "*"}, [risks.ADMINISTRATOR, risks.EVERY_ACTION]),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_should_mark_what_is_worth_a_second_look(statement: Statement, marks: list[str]) -> None:
    [row] = access(side(), side([statement])).gained
    shown = [mark.partition(":")[0] for mark in row.marks]
    assert [mark for mark in shown if mark in marks] == marks
    assert bool(row.marks) is bool(marks)


def test_should_name_managed_policies() -> None:
    policy = {
        "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/job-function/AdministratorAccess"]]
    }
    [row] = access(side(), side(ManagedPolicyArns=[policy])).gained
    assert row.as_json() == {
        "principal": "stack/Job",
        "actions": ["AdministratorAccess"],
        "resources": ["*"],
        "conditions": {},
        "marks": [risks.ADMINISTRATOR, risks.MANAGED],
    }


def test_should_call_a_deny_lifted_where_fewer_are_left_and_changed_where_others_are() -> None:
    def deny(*regions: str) -> list[Statement]:
        return [
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:region": region}}}
            for region in regions
        ]

    kept = allow("s3:GetObject", "arn:aws:s3:::corpus/*")
    two = side([kept, *deny("a", "b")])
    lifted = access(two, side([kept, *deny("a")]))
    assert [row.marks for row in lifted.gained] == [(risks.DENY_LIFTED,)]
    assert not lifted.lost
    changed = access(two, side([kept, *deny("a", "c")]))
    assert [row.marks for row in (*changed.gained, *changed.lost)] == [(risks.DENY_CHANGED,)] * 2


def test_should_see_a_bucket_opened_to_everybody() -> None:
    policy = {"Bucket": {"Ref": "Data"}, "PolicyDocument": {"Statement": allow("s3:GetObject", Principal={"AWS": "*"})}}
    bucket = {"Data": {"Type": "AWS::S3::Bucket"}}
    opened = {**bucket, "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy}}
    [row] = access(of(stack={"Resources": bucket}), of(stack={"Resources": opened})).gained
    assert (row.principal, row.resources, row.marks) == ("*", ("stack/Data",), (risks.EVERYBODY,))


def test_should_see_who_may_assume_a_role() -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]
    }
    [row] = access(side(), side(AssumeRolePolicyDocument=trust)).gained
    assert (row.principal, row.actions, row.resources) == ("ec2.amazonaws.com", ("sts:AssumeRole",), ("stack/Job",))


def test_should_follow_a_policy_into_another_stack() -> None:
    """Also by its export's name, which changes with nothing that a policy says."""

    def apart(export: str) -> Side:
        output = {"Value": {"Ref": "Job"}, "Export": {"Name": export}}
        first = {"Resources": {"Job": {"Type": "AWS::IAM::Role"}}, "Outputs": {"Job": output}}
        document = {"Statement": [allow("s3:*")]}
        properties = {"PolicyDocument": document, "Roles": [{"Fn::ImportValue": export}]}
        second = {"Resources": {"Policy": {"Type": "AWS::IAM::Policy", "Properties": properties}}}
        return of(one=first, two=second)

    assert access(apart("a"), apart("b")) == Access()
    assert {grant.principal for grant in grants_of(apart("a"))} == {"one/Job"}


def test_should_see_that_a_user_joins_a_group() -> None:
    group = {"Admins": {"Type": "AWS::IAM::Group"}, "Tanaka": {"Type": "AWS::IAM::User"}}
    addition = {"GroupName": {"Ref": "Admins"}, "Users": [{"Ref": "Tanaka"}]}
    added = {**group, "Addition": {"Type": "AWS::IAM::UserToGroupAddition", "Properties": addition}}
    own = {**group, "Tanaka": {"Type": "AWS::IAM::User", "Properties": {"Groups": [{"Ref": "Admins"}]}}}
    for after in (added, own):
        [row] = access(of(stack={"Resources": group}), of(stack={"Resources": after})).gained
        assert (row.principal, row.actions) == ("stack/Tanaka", ("whatever stack/Admins may do",))


def test_should_see_who_may_call_a_function() -> None:
    permission = {"FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "*"}
    function = {"Function": {"Type": "AWS::Lambda::Function"}}
    opened = {**function, "Open": {"Type": "AWS::Lambda::Permission", "Properties": permission}}
    [row] = access(of(stack={"Resources": function}), of(stack={"Resources": opened})).gained
    assert (row.principal, row.resources, row.marks) == ("*", ("stack/Function",), (risks.EVERYBODY,))


def test_should_read_policies_that_are_written_as_texts_and_both_branches_of_a_condition() -> None:
    document = {
        "Statement": [allow("logs:PutLogEvents", "arn:aws:logs:::group", Principal={"Service": "es.amazonaws.com"})]
    }
    policy = {"Type": "AWS::Logs::ResourcePolicy", "Properties": {"PolicyDocument": json.dumps(document)}}
    [row] = access(of(stack={"Resources": {}}), of(stack={"Resources": {"Policy": policy}})).gained
    assert (row.principal, row.actions) == ("es.amazonaws.com", ("logs:PutLogEvents",))
    either: Any = {"Fn::If": ["IsLarge", allow("s3:GetObject", "a"), {"Ref": "AWS::NoValue"}]}
    [row] = access(side(), side([either])).gained
    assert (row.actions, row.resources, row.marks) == (("s3:GetObject",), ("a",), ())


def test_should_name_a_policy_that_no_template_describes() -> None:
    arn = "arn:aws:iam::111122223333:policy/by-hand"
    [row] = access(side(), side(ManagedPolicyArns=[arn])).gained
    assert (row.actions, row.marks) == ((arn,), (risks.UNSEEN,))


def test_should_see_the_last_limit_of_an_identity_go() -> None:
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    [row] = access(side([deny]), side()).gained
    assert (row.actions, row.marks) == (("iam:*",), (risks.DENY_LIFTED,))
    [row] = access(side(PermissionsBoundary="arn:aws:iam::111122223333:policy/b"), side()).gained
    assert row.marks == (risks.BOUNDARY_LIFTED,)
    [row] = access(side([deny]), side([{**deny, "Condition": {"StringEquals": {"aws:username": "nobody"}}}])).gained
    assert row.marks == (risks.DENY_LIFTED,)


def test_should_see_a_boundary_that_is_opened_to_everything_and_a_policy_that_nobody_here_holds() -> None:
    def bounded(statement: Statement) -> Side:
        policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [statement]}}}
        role = {"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": {"Ref": "P"}}}
        return of(stack={"Resources": {"P": policy, "Job": role}})

    [row] = access(bounded(allow("s3:GetObject")), bounded(allow("*"))).gained
    assert row.marks == (risks.BOUNDARY_LIFTED, risks.IN_BOUNDARY)

    def loose(statement: Statement) -> Side:
        policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [statement]}}}
        return of(stack={"Resources": {"P": policy}})

    [row] = access(loose(allow("s3:GetObject")), loose(allow("*"))).gained
    assert risks.ADMINISTRATOR in row.marks
    assert row.marks[-1] == risks.LOOSE


@pytest.mark.parametrize(
    ("statement", "mark"),
    [
        (allow("iam:PassRole", Condition={"StringLike": {"iam:PassedToService": "*"}}), risks.TO_ANY_SERVICE),
        (allow("iam:PassRole", Condition={"StringNotEquals": {"iam:PassedToService": "a"}}), risks.TO_ANY_SERVICE),
        (allow("iam:DetachUserPolicy", "a"), f"{risks.ESCALATION}: iam:DetachUserPolicy"),
    ],
)
def test_should_not_be_put_off_by_a_condition_that_says_nothing(statement: Statement, mark: str) -> None:
    [row] = access(side(), side([statement])).gained
    assert mark in row.marks


def test_should_see_a_bucket_opened_to_everybody_but_somebody() -> None:
    policy = {"Bucket": "b", "PolicyDocument": {"Statement": [allow("s3:GetObject", NotPrincipal={"AWS": "x"})]}}
    opened = {"Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy}}
    [row] = access(of(stack={"Resources": {}}), of(stack={"Resources": opened})).gained
    assert risks.EVERYBODY in row.marks

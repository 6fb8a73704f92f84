"""A state machine is made when its role may do what it does."""

from __future__ import annotations

from aws_cdk import CfnElement
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn


def wait_for_the_policy_alone(machine: sfn.StateMachine, role: iam.IRole) -> None:
    """The CDK lets the state machine depend on role and policy; its reference to the role says half of it already
    (cfn-lint W3005)."""
    policy = role.node.find_child("DefaultPolicy").node.default_child
    resource = machine.node.default_child
    assert isinstance(policy, CfnElement)
    assert isinstance(resource, sfn.CfnStateMachine)
    resource.add_override("DependsOn", [policy.logical_id])

"""Checks that are part of the synthesis: whatever breaks one is neither synthesised nor deployed."""

from __future__ import annotations

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

from infra.acknowledgements import ACKNOWLEDGEMENTS
from infra.settings import TAG_KEY, Settings
from rules.plugin import SageMakerRules

CHECKED_BY = "checked-by"  # metadata of each stack: a report leaves out the checkers that found nothing


def add_checks(app: App, settings: Settings) -> None:
    """cdk-nag and the project's own rules; CloudFormation's validation is the CDK's own default."""
    add_checkers(app, settings)
    for acknowledged in ACKNOWLEDGEMENTS:
        if construct := _find(app, f"{settings.name}-{acknowledged.path}"):
            validations = Validations.of(construct)
            for rule in acknowledged.rules:
                name = rule.replace("{workshop}", settings.name).replace("{region}", settings.region)
                validations.acknowledge(Acknowledgment(id=name, reason=acknowledged.reason))


def add_checkers(app: App, settings: Settings) -> None:
    """Without the acknowledgements: for what finds out which are needed."""
    plugins = AwsSolutionsChecks(app), SageMakerRules(TAG_KEY, settings.name)
    Validations.of(app).add_plugins(*plugins)
    for stack in app.node.children:
        stack.node.add_metadata(CHECKED_BY, ["CloudFormation Validate", *(plugin.name for plugin in plugins)])


def _find(app: App, path: str) -> IConstruct | None:
    """None where the settings make no such construct."""
    construct: IConstruct | None = app
    for name in path.split("/"):
        construct = construct and construct.node.try_find_child(name)
    return construct

"""The rules as a plugin of the CDK: `Validations.of(app).add_plugins(SageMakerRules("project", "mine"))`."""

from __future__ import annotations

import json
from pathlib import Path

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)

from rules.findings import Finding
from rules.pack import RULES, findings

NAME = "SageMakerRules"  # acknowledged as SageMakerRules::image-is-pinned
ENDING = ".template.json"


@jsii.implements(IPolicyValidationPlugin)
class SageMakerRules:
    """Fails a synthesis whose templates break a rule; the tag is what everything has to carry."""

    def __init__(self, tag_key: str, tag_value: str) -> None:
        self._tag = tag_key, tag_value

    @property
    def name(self) -> str:
        return NAME

    @property
    def version(self) -> str:
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        return list(RULES)

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        files = {Path(file).name.removesuffix(ENDING): file for file in context.template_paths}
        templates = {name: json.loads(Path(file).read_text(encoding="utf-8")) for name, file in files.items()}
        found = findings(templates, *self._tag)
        return PolicyValidationPluginReport(
            success=not found, violations=[_violation(each, files[each.stack]) for each in found]
        )


def _violation(finding: Finding, file: str) -> PolicyViolation:
    resource = PolicyViolatingResource(
        locations=[finding.place],
        template_path=file,
        resource_logical_id=finding.logical_id or None,
        construct_path=None if finding.logical_id else finding.stack,
    )
    return PolicyViolation(
        rule_name=finding.rule,
        description=finding.problem,
        fix=finding.way_out,
        severity="error",
        violating_resources=[resource],
    )

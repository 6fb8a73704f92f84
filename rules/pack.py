"""All rules."""

from __future__ import annotations

from rules import endpoints, images, jobs, names, roles, scaling, tags
from rules.findings import Finding, Templates

RULES = (jobs.RULE, endpoints.RULE, scaling.RULE, images.RULE, roles.RULE, tags.RULE, names.RULE)


def findings(templates: Templates, tag_key: str, tag_value: str) -> list[Finding]:
    """Of an app's templates by the stacks' names; empty where all is well."""
    return [
        *jobs.findings(templates),
        *endpoints.findings(templates),
        *scaling.findings(templates),
        *images.findings(templates),
        *roles.findings(templates),
        *tags.findings(templates, tag_key, tag_value),
        *names.findings(templates),
    ]

"""What validation plugins found while the CDK synthesised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.assembly import ENDING, Assembly
from checks.findings import Finding


def plugins(assembly: Assembly) -> frozenset[str]:
    """Those that ran, as far as it can be known: a report leaves out who found nothing."""
    return assembly.checked_by | {str(plugin.get("pluginName")) for plugin in _reports(assembly)}


def findings(assembly: Assembly) -> Iterator[Finding]:
    """Without those that the CDK knows to be acknowledged."""
    for plugin in _reports(assembly):
        name = str(plugin.get("pluginName"))
        if broken := plugin.get("metadata", {}).get("error"):
            yield Finding(assembly.folder.name, "app", name, "the plugin failed", str(broken), "Mend the plugin")
        for violation in plugin.get("violations", []):
            for place in violation.get("violatingConstructs", []):
                path = str(place.get("constructPath", ""))
                file = place.get("cloudFormationResource", {}).get("templatePath", f"{path.partition('/')[0]}{ENDING}")
                fix = str(violation.get("suggestedFix") or "Mend it, or acknowledge it").rstrip(".")
                way_out = fix[:1].upper() + fix[1:]
                problem = str(violation.get("description", ""))
                yield Finding(str(file), path, name, str(violation.get("ruleName")), problem, way_out)


def _reports(assembly: Assembly) -> list[dict[str, Any]]:
    reports: list[dict[str, Any]] = assembly.report.get("pluginReports", [])
    return reports

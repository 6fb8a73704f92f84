"""Sides as a review reads them, synthesised once per settings."""

from __future__ import annotations

import copy
import functools
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aws_cdk import App

from checks.together import Checked
from infra.settings import CONTEXT_KEY, parse_settings
from infra.stacks import build_app
from review.sides import PATHS, Side, Template, read_side
from tests.helpers.project import CONTEXT, cdk_json

Resource = dict[str, Any]


def side(changes: dict[str, Any] | None = None) -> Side:
    """What the settings of the tests give, with changes."""
    return copy.deepcopy(_synthesised(json.dumps(CONTEXT | (changes or {}))))


@functools.cache
def _synthesised(settings: str) -> Side:
    context = cdk_json(json.loads(settings))["context"]
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, context={**context, **PATHS})
        build_app(app, parse_settings(context[CONTEXT_KEY])).synth()
        return read_side(Path(folder), "head", context)


def of(**templates: Template) -> Side:
    """A project that nobody has checked, of these stacks."""
    return Side("", templates, {}, frozenset(), {}, Checked(frozenset(), (), ()))


def edited(edit: Callable[[dict[str, Template]], None]) -> Side:
    """The tests' settings, with an edit of the templates by the stacks' names without the workshop's."""
    changed = side()
    edit({key: changed.templates[name] for key, name in changed.stacks().items()})
    return changed


def only(template: Template, kind: str) -> Resource:
    """The properties of a template's one resource of a type."""
    [resource] = [each for each in template["Resources"].values() if each["Type"] == kind]
    properties: Resource = resource["Properties"]
    return properties


def base() -> Side:
    return replace(side(), label="base")

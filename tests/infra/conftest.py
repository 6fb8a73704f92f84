"""Synthesises once per process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from infra.names import Names
from infra.settings import Settings, parse_settings
from infra.stacks import build_app
from tests.helpers.project import CONTEXT, SETTINGS, cdk_json

Templates = dict[str, Template]


def synthesise(settings: Settings) -> Templates:
    """The templates by the stacks' names without the workshop's."""
    return _synthesise(settings.model_dump_json())


@functools.cache
def _synthesise(text: str) -> Templates:
    settings = Settings.model_validate_json(text)
    app = build_app(App(context=cdk_json(CONTEXT)["context"]), settings)
    stacks = {name: app.node.find_child(name) for name in Names(settings.name).stacks}
    return {
        name.removeprefix(f"{settings.name}-"): Template.from_stack(stack)
        for name, stack in stacks.items()
        if isinstance(stack, Stack)
    }


@pytest.fixture(scope="session")
def shipped() -> Settings:
    return SETTINGS


@pytest.fixture(scope="session")
def templates(shipped: Settings) -> Templates:
    return synthesise(shipped)


@pytest.fixture(scope="session")
def templates_with() -> Callable[[dict[str, Any]], Templates]:
    return lambda changes: synthesise(parse_settings(CONTEXT | changes))

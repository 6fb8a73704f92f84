"""An endpoint's config and models: they go with it unless they are somebody else's or serve elsewhere, too.

What the caller may not see uses none of it: with access ``scoped``, participants serve their own models only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from workshop.aws.kinds import ENDPOINT, ENDPOINT_CONFIG, Kind
from workshop.aws.tags import owner_in_sagemaker
from workshop.aws.waiting import none_if_hidden, none_if_missing

Description = dict[str, Any]


def delete_serving(sagemaker: Any, workshop: str, config_name: str) -> list[str]:
    """Delete the config of an endpoint that is gone, and the config's models; returns what was left, and why."""
    config = none_if_missing(partial(sagemaker.describe_endpoint_config, EndpointConfigName=config_name))
    if config is None:
        return [f"endpoint config {config_name}: was gone before, so the models it served are not known"]
    left, deleted = list[str](), ""
    if reason := _foreign(sagemaker, workshop, config["EndpointConfigArn"]) or _endpoint_with(sagemaker, config_name):
        left.append(f"endpoint config {config_name}: {reason}; left alone")
    else:
        none_if_missing(partial(sagemaker.delete_endpoint_config, EndpointConfigName=config_name))
        deleted = config_name
    for name in models_of(config):
        model = none_if_missing(partial(sagemaker.describe_model, ModelName=name))
        if model is None:
            continue
        if reason := _foreign(sagemaker, workshop, model["ModelArn"]) or _config_with(sagemaker, name, deleted):
            left.append(f"model {name}: {reason}; left alone")
        else:
            none_if_missing(partial(sagemaker.delete_model, ModelName=name))
    return left


def models_of(config: Description) -> list[str]:
    """Names of the models that a config serves, each once."""
    variants = [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]
    return list(dict.fromkeys(variant["ModelName"] for variant in variants if "ModelName" in variant))


def _foreign(sagemaker: Any, workshop: str, arn: str) -> str:
    is_own = owner_in_sagemaker(sagemaker, arn) == workshop
    return "" if is_own else f"does not carry the tag of workshop {workshop!r}"


def _endpoint_with(sagemaker: Any, config: str) -> str:
    for entry in _listed(sagemaker, ENDPOINT):
        endpoint = none_if_hidden(partial(sagemaker.describe_endpoint, EndpointName=entry["EndpointName"]))
        if endpoint and endpoint["EndpointStatus"] != "Deleting" and endpoint.get("EndpointConfigName") == config:
            return f"endpoint {entry['EndpointName']} uses it"
    return ""


def _config_with(sagemaker: Any, model: str, deleted: str) -> str:
    """``deleted`` is a config that the list may still hold."""
    for entry in _listed(sagemaker, ENDPOINT_CONFIG):
        name = entry["EndpointConfigName"]
        config = (
            none_if_hidden(partial(sagemaker.describe_endpoint_config, EndpointConfigName=name))
            if name != deleted
            else None
        )
        if config and model in models_of(config):
            return f"endpoint config {name} uses it"
    return ""


def _listed(sagemaker: Any, kind: Kind) -> Iterator[Description]:
    for page in sagemaker.get_paginator(kind.plural_operation).paginate():
        yield from page[kind.list_key]

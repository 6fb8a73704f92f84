"""CloudFormation's AWS::Budgets::Budget, which MiniStack lacks though it has the service."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import budgets
from ministack.services.cloudformation import provisioners

from local_aws.spelling import as_the_api_spells
from local_aws.validation import service_model

TYPE = "AWS::Budgets::Budget"


def install() -> None:
    """Register the type with MiniStack."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "delete": _delete}


def _create(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    name = properties["Budget"].get("BudgetName") or f"{stack}-{logical_id}"
    named = {**properties, "Budget": {**properties["Budget"], "BudgetName": name}}
    _call(budgets._create_budget, "CreateBudget", named)
    return name, {}


def _update(name: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    """A change of anything makes it anew."""
    _delete(name, old)
    return _create("", {**new, "Budget": {**new["Budget"], "BudgetName": name}}, stack)


def _delete(name: str, properties: dict[str, Any]) -> None:
    if name in budgets._budgets:
        _answer(budgets._delete_budget({"BudgetName": name}))


def _call(operation: Any, name: str, properties: dict[str, Any]) -> None:
    """The service takes amounts as texts, as its API does; CloudFormation's are numbers."""
    limit = properties["Budget"].get("BudgetLimit", {})
    budget = {**properties["Budget"], "BudgetLimit": {**limit, "Amount": str(limit["Amount"])}}
    shape = service_model("budgets").operation_model(name).input_shape
    _answer(operation(as_the_api_spells({**properties, "Budget": budget}, shape)))


def _answer(answer: Any) -> None:
    status, _, body = answer
    if status != 200:
        raise ValueError(json.loads(body).get("message") or body)

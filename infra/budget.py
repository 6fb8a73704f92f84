"""AWS's own budget, which tells by e-mail; it lags by a day, and what stops runs is in the workflow."""

from __future__ import annotations

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from infra.names import Names
from infra.settings import TAG_KEY

PERCENT_SPENT = (50, 80, 100)
PERCENT_FORECAST = 100


class WorkshopBudget(Construct):
    """Of what carries the workshop's tag, once the tag is active as a cost allocation tag (Billing console).

    Another address replaces it, so it has no name of its own: CloudFormation makes the new one before the old one goes.
    """

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, amount: float, email: str) -> None:
        super().__init__(scope, construct_id)
        subscriber = budgets.CfnBudget.SubscriberProperty(address=email, subscription_type="EMAIL")
        told = [("ACTUAL", percent) for percent in PERCENT_SPENT] + [("FORECASTED", PERCENT_FORECAST)]
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=amount, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{TAG_KEY}${names.workshop}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in told
            ],
        )

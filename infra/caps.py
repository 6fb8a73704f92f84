"""The states that count what a participant has already, and refuse an execution that would be one too many.

Whose an execution is, its input says (a gate writes that), or its name, as `workshop run` chooses names. The
organiser's are nobody's, and are not counted.

Values in ``{% %}`` are JSONata, evaluated by Step Functions.
"""

from __future__ import annotations

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.jobs import Request
from infra.names import COUNT_ENDPOINTS_STATE, COUNT_RUNS_STATE, Names
from infra.settings import LimitSettings
from infra.tasks import Tasks

RUNS_PER_PAGE = 500  # so that a page stays below the 256 KiB of a state's result
ENDPOINTS_PER_PAGE = 100
OWN_NAME = "/^(.+)-(?:[0-9]{8}-[0-9]{6}-|t)[0-9a-f]{4}$/"
BEGIN = "$participant & '-'"


def caps_variables() -> Request:
    """What the first state assigns: ``participant`` is empty for nobody's execution. ``by_name`` says that it was read
    from a name, in which another participant's may begin with theirs."""
    of_name = f"$match($states.context.Execution.Name, {OWN_NAME})[0].groups[0]"
    return {
        "participant": "{% $states.input.participant ? $states.input.participant : "
        f"$exists({of_name}) ? {of_name} : '' %}}",
        "by_name": "{% $not($exists($states.input.participant)) %}",
    }


def count_runs() -> Request:
    """ListExecutions of those that run."""
    return {
        "StateMachineArn": "{% $states.context.StateMachine.Id %}",
        "StatusFilter": "RUNNING",
        "MaxResults": RUNS_PER_PAGE,
    }


def runs_counted() -> Request:
    """``others`` are the names of the participant's that were started before this one.

    Of several that are started at once, as many go on as may; those that come too early for AWS's list count all.
    """
    own = _own("Name")
    earlier = "$not($exists($me)) or StartDate < $me.StartDate or (StartDate = $me.StartDate and Name < $me.Name)"
    me = "$states.context.Execution.Name"
    return {
        "others": f"{{% ($all := $states.result.Executions; $me := $all[Name = {me}]; "
        f"[$all[{own} and Name != {me} and ({earlier})].Name]) %}}"
    }


def count_endpoints(names: Names) -> Request:
    """ListEndpoints of the participant, and of those whose names contain theirs."""
    return {"NameContains": f"{{% '{names.run_prefix}' & {BEGIN} %}}", "MaxResults": ENDPOINTS_PER_PAGE}


def endpoints_counted(names: Names) -> Request:
    own = _own(f"$substringAfter(EndpointName, '{names.run_prefix}')")
    return {"others": f"{{% [$states.result.Endpoints[{own}].EndpointName] %}}"}


def _own(name: str) -> str:
    """Whether the participant has called something so."""
    as_read = f"$match({name}, {OWN_NAME})[0].groups[0] = $participant"
    return f"($by_name ? {as_read} : $substring({name}, 0, $length({BEGIN})) = {BEGIN})"


def cap_states(
    scope: Construct, tasks: Tasks, *, limits: LimitSettings, names: Names, then: sfn.IChainable
) -> sfn.IChainable:
    """The first of the states; what they let through goes on with ``then``."""

    def choice(name: str) -> sfn.Choice:
        return sfn.Choice.jsonata(scope, name)

    def refusal(name: str, error: str, what: str, way_out: str) -> sfn.CustomState:
        one_or_many = f"$string($count($others)) & ' {what}' & ($count($others) = 1 ? ': ' : 's: ')"
        cause = f"{{% $participant & ' has already ' & {one_or_many} & $join($others, ', ') & '. {way_out}' %}}"
        return tasks.fail(name, error=error, cause=cause)

    def is_full(limit: int) -> sfn.Condition:
        return sfn.Condition.jsonata(f"{{% $count($others) >= {limit} %}}")

    endpoints = tasks.task(
        COUNT_ENDPOINTS_STATE,
        "aws-sdk:sagemaker:listEndpoints",
        count_endpoints(names),
        Assign=endpoints_counted(names),
    )
    too_many = refusal(
        "Too many endpoints", "TooManyEndpoints", "endpoint", "Delete one: workshop endpoint delete NAME"
    )
    endpoints.next(
        choice("Room for an endpoint?").when(is_full(limits.endpoints_per_participant), too_many).otherwise(then)
    )
    runs = tasks.task(COUNT_RUNS_STATE, "aws-sdk:sfn:listExecutions", count_runs(), Assign=runs_counted())
    too_many = refusal("Too many runs", "TooManyRuns", "run", "Wait for one to end, or stop it: workshop stop NAME")
    room = choice("Room for a run?").when(is_full(limits.executions_per_participant), too_many)
    wanted = choice("Endpoint to count?").when(sfn.Condition.jsonata("{% $endpoint %}"), endpoints)
    runs.next(room.otherwise(wanted.otherwise(then)))
    nobodys = sfn.Condition.jsonata("{% $participant = '' %}")
    return choice("Whose execution?").when(nobodys, then).otherwise(runs)

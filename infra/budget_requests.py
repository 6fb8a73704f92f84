"""What decides whether an execution may start under a budget: the calls that count, and the sums over their answers.

Amounts are cents. Values in ``{% %}`` are JSONata, evaluated by Step Functions; workshop/runs/meter.py counts the same
for people, and a test holds the two together.

Every execution notes what it may cost at most as the name of an object, ``budget/<run>/<jobs>-<endpoint>``, before it
reads the notes of the others. S3 shows every note that was written before: of executions that start together at least
the one that reads last sees all others, so together they never pass the budget; near its end they may refuse each
other, and one that is started again gets what is left.
"""

from __future__ import annotations

from infra.costs import Rates
from infra.jobs import JobResources, Request
from infra.names import BUDGET_PREFIX, TRIAL_END, Names

# A note this young counts in full, whether or not Step Functions lists its execution yet.
YOUNG_MILLISECONDS = 600_000
NOTES_PER_PAGE = 200
EXECUTIONS_PER_PAGE = 200
JOBS_PER_PAGE = 100
AT_WORK = "['InProgress', 'Stopping']"
MACHINE = "{% $states.context.StateMachine.Id %}"
NOTE = f"'{BUDGET_PREFIX}' & $run & '/' & $string($own_jobs) & '-' & $string($own_endpoint)"
OVERTIME = "$sum([0, $living.($max([0, cents - noted]))])"
TOTAL = f"($spent + $endpoints + $reserved + {OVERTIME})"
HAS_MORE = "{% $token != '' %}"
HAS_MORE_NOTES = "{% $states.input.IsTruncated = true %}"


def variables() -> Request:
    """What the first state assigns."""
    numbers = {"spent": 0, "endpoints": 0, "reserved": 0}
    return {**numbers, "token": "", "open": [], "at_work": [], "living": [], "notes_after": BUDGET_PREFIX}


def begin(rates: Rates) -> Request:
    """Assigned from DescribeStateMachine: since when to count, and what this execution may cost at most."""
    jobs = f"{rates.processing * rates.processing_hours} + {rates.training * rates.training_hours} * $max([1, $trials])"
    return {
        "since": f"{{% {_milliseconds('$states.result.CreationDate')} %}}",
        "own_jobs": f"{{% $artefact = '' ? $ceil(100 * ({jobs})) : 0 %}}",
        "own_endpoint": f"{{% $endpoint ? $ceil(100 * {rates.hosting} * $hours) : 0 %}}",
    }


def list_running() -> Request | str:
    """ListExecutions."""
    return _paged({"StatusFilter": "RUNNING", "MaxResults": EXECUTIONS_PER_PAGE}, "'StateMachineArn': " + MACHINE[3:-3])


def running_listed(names: Names) -> Request:
    return {"open": f"{{% $append($open, $states.result.Executions.('{names.run_prefix}' & Name)) %}}", **_TOKEN}


def list_jobs(names: Names) -> Request | str:
    """ListTrainingJobs, ListProcessingJobs and ListEndpoints, a page of them."""
    fixed = {"NameContains": names.run_prefix, "SortBy": "CreationTime", "SortOrder": "Ascending"}
    return _paged({**fixed, "MaxResults": JOBS_PER_PAGE}, "'CreationTimeAfter': $fromMillis($since)")


def training_listed(names: Names, rates: Rates) -> Request:
    """Those of open executions are counted by what they may cost at most; any other that is at work may go on."""
    own = _own("TrainingJob", names)
    cents = _cents("TrainingEndTime", rates.training, rates.warm_hours)
    return {
        "spent": f"{{% $spent + $sum([0, {own}[$not({_RUN} in $open)].({cents})]) %}}",
        "at_work": f"{{% $append($at_work, {own}[TrainingJobStatus in {AT_WORK}].{_RUN}) %}}",
        **_TOKEN,
    }


def processing_listed(names: Names, rates: Rates) -> Request:
    """One in progress is counted with the execution that waits for it."""
    ended = f"{_own('ProcessingJob', names)}[ProcessingJobStatus != 'InProgress']"
    cents = _cents("ProcessingEndTime", rates.processing, 0)
    return {"spent": f"{{% $spent + $sum([0, {ended}.({cents})]) %}}", **_TOKEN}


def endpoints_listed(names: Names, rates: Rates) -> Request:
    """What those that are there have cost so far: more than was noted where one lives on."""
    own = f"$states.result.Endpoints[$substring(EndpointName, 0, {len(names.run_prefix)}) = '{names.run_prefix}']"
    cents = f"100 * {rates.hosting} * ($millis() - {_milliseconds('CreationTime')}) / 3600000"
    row = f"{{'name': EndpointName, 'cents': {cents}, 'noted': 0}}"
    return {"living": f"{{% $append($living, {own}.({row})) %}}", **_TOKEN}


def note(resources: JobResources) -> Request:
    """PutObject."""
    body = {"run": "{% $run %}", "jobs_cents": "{% $own_jobs %}", "endpoint_cents": "{% $own_endpoint %}"}
    return {"Bucket": resources.bucket, "Key": f"{{% {NOTE} %}}", "Body": body}


def list_notes(resources: JobResources) -> Request:
    """ListObjectsV2."""
    return {
        "Bucket": resources.bucket,
        "Prefix": BUDGET_PREFIX,
        "StartAfter": "{% $notes_after %}",
        "MaxKeys": NOTES_PER_PAGE,
    }


def notes_listed() -> Request:
    """Endpoints count with all their hours, also when they are gone; jobs while their execution may go on."""
    young = f"{_milliseconds('LastModified')} > $millis() - {YOUNG_MILLISECONDS}"
    row = (
        f"($of := $split($substringAfter(Key, '{BUDGET_PREFIX}'), '/'); $cents := $split($of[1], '-'); "
        f"{{'run': $of[0], 'jobs': $number($cents[0]), 'endpoint': $number($cents[1]), "
        f"'open': $of[0] in $open or $of[0] in $at_work or {young}}})"
    )
    rows = f"$notes := $states.result.Contents.{row};"
    noted = "{'name': name, 'cents': cents, 'noted': noted + $sum([0, ($name := name; $notes[run = $name].endpoint)])}"
    return {
        "endpoints": f"{{% ({rows} $endpoints + $sum([0, $notes.endpoint])) %}}",
        "reserved": f"{{% ({rows} $reserved + $sum([0, $notes[open].jobs])) %}}",
        "living": f"{{% ({rows} $append([], $living.({noted}))) %}}",
        "notes_after": "{% $states.result.Contents ? $states.result.Contents[-1].Key : $notes_after %}",
    }


def is_within(amount: float) -> str:
    return f"{{% {TOTAL} <= {round(100 * amount)} %}}"


def release(resources: JobResources) -> Request:
    """DeleteObject: what does not start costs nothing."""
    return {"Bucket": resources.bucket, "Key": f"{{% {NOTE} %}}"}


def refusal(amount: float) -> str:
    """The execution's cause, as people read it."""

    def dollars(cents: str) -> str:
        return f"$formatNumber({cents} / 100, '#,##0.00')"

    own = "($own_jobs + $own_endpoint)"
    left = f"$max([0, {round(100 * amount)} - ({TOTAL} - {own})])"
    ways = (
        "`workshop budget` shows what it went to; runs that end give back what they did not use, and the organiser may "
        "raise workshop.budget.amount."
    )
    said = f"'; $' & {dollars(left)} & ' of the budget of ${amount:,.2f} are left. {ways}'"
    return f"{{% 'would cost up to $' & {dollars(own)} & {said} %}}"


_TOKEN = {"token": "{% $states.result.NextToken ? $states.result.NextToken : '' %}"}


_RUN = f"$replace(TrainingJobName, /{TRIAL_END}/, '')"  # as run_of_job has it


def _paged(fixed: Request, computed: str) -> str:
    constant = ", ".join(f"'{key}': {value!r}" for key, value in fixed.items())
    return f"{{% $merge([{{{constant}, {computed}}}, $token = '' ? {{}} : {{'NextToken': $token}}]) %}}"


def _own(noun: str, names: Names) -> str:
    """Names that only contain the workshop's prefix are another workshop's."""
    prefix = names.run_prefix
    return f"$states.result.{noun}Summaries[$substring({noun}Name, 0, {len(prefix)}) = '{prefix}']"


def _cents(end: str, rate: float, more_hours: float) -> str:
    """From its creation, which is before it bills, to its end, or to now."""
    until = f"({end} ? {_milliseconds(end)} : $millis())"
    return f"100 * {rate} * (({until} - {_milliseconds('CreationTime')}) / 3600000 + {more_hours})"


def _milliseconds(time: str) -> str:
    """Step Functions gives times as ISO 8601 or as numbers."""
    return f"($type({time}) = 'number' ? {time} : $toMillis({time}))"

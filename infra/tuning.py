"""The tuning of hyperparameters: the request of one execution that trains many models and goes on with the best.

An execution's input asks for it by ``tuning``: ``jobs`` and ``parallel`` (training jobs, and how many at a time; more
than the settings' limits are not made), ``strategy`` (``Bayesian`` or ``Hyperband``), and ``ranges`` (the API's
ParameterRanges). Values in ``{% %}`` are JSONata, evaluated by Step Functions.

The workflow makes the tuning job, not whoever wants it. So caps, the budget, the dataset, the endpoint's end and the
role that the jobs run with are those of any execution, and nobody needs a permission more.
"""

from __future__ import annotations

from chitra.hyperparameters import parse_hyperparameters
from chitra.training_lines import BEST_ACCURACY
from infra import jobs
from infra.jobs import JobResources, Request
from infra.names import ARTEFACT_END, MODELS_PREFIX
from infra.settings import LimitSettings, Settings

BAYESIAN, HYPERBAND = "Bayesian", "Hyperband"
ASKED = "$states.input.tuning"
OF_ALL_TRIALS = (
    *("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "StoppingCondition"),
    *("EnableNetworkIsolation", "EnableManagedSpotTraining"),
)
# SageMaker reads from it how many epochs Hyperband may give to a job (API reference, HyperbandStrategyConfig).
EPOCHS = "epochs"


def variables(limits: LimitSettings) -> Request:
    """What the first state assigns; ``trials`` is 0 where nothing is tuned."""
    trials = f"$max([1, $min([{ASKED}.jobs, {limits.tuning_jobs}])])"
    parallel = f"$max([1, $min([{ASKED}.parallel, {limits.tuning_jobs_at_a_time}, {trials}])])"
    return {
        "trials": f"{{% {ASKED} ? {trials} : 0 %}}",
        "parallel": f"{{% {parallel} %}}",
        "strategy": f"{{% {ASKED}.strategy = '{HYPERBAND}' ? '{HYPERBAND}' : '{BAYESIAN}' %}}",
        "ranges": f"{{% {ASKED}.ranges ? {ASKED}.ranges : {{}} %}}",
    }


def tuning_job(settings: Settings, resources: JobResources) -> Request:
    """CreateHyperParameterTuningJob: training jobs as any other, but with values out of ranges.

    They keep no checkpoints: one place would be for all of them. Hyperband stops jobs by itself, and refuses to have
    another way beside it.
    """
    one = jobs.training_job(settings, resources)
    resource_config = {key: value for key, value in one["ResourceConfig"].items() if key != "KeepAlivePeriodInSeconds"}
    return {
        "HyperParameterTuningJobName": jobs.RUN,
        "HyperParameterTuningJobConfig": {
            "Strategy": "{% $strategy %}",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": BEST_ACCURACY},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": "{% $trials %}",
                "MaxParallelTrainingJobs": "{% $parallel %}",
            },
            "ParameterRanges": "{% $ranges %}",
            "TrainingJobEarlyStoppingType": f"{{% $strategy = '{HYPERBAND}' ? 'Off' : 'Auto' %}}",
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": _fixed(settings),
            **{key: one[key] for key in OF_ALL_TRIALS if key in one},
            "ResourceConfig": resource_config,
        },
        "Tags": one["Tags"],
    }


def best_artefact(resources: JobResources) -> Request:
    """Assigned from the tuning job as SageMaker describes it at its end."""
    model = f"'s3://{resources.bucket}/{MODELS_PREFIX}' & $states.result.BestTrainingJob.TrainingJobName"
    return {"artefact": f"{{% {model} & '{ARTEFACT_END}' %}}"}


def _fixed(settings: Settings) -> str:
    """What is the same for all: the defaults, then what the execution's input overrides; not what has a range."""
    defaults = settings.training.hyperparameters
    epochs = f"{parse_hyperparameters(defaults).epochs:g}"
    merged = jobs.hyperparameters({EPOCHS: epochs, **defaults})[3:-3]
    return f"{{% $merge([{{}}, $sift({merged}, function($v, $k) {{ $not($k in $ranges.*.Name) }})]) %}}"

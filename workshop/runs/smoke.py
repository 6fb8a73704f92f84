"""`workshop smoke`: a short training job on the workshop's instance, and whether that is good enough for the day."""

from __future__ import annotations

from dataclasses import dataclass

from chitra.hyperparameters import parse_hyperparameters
from chitra.smoke import SmokeReport, find_report
from infra.instances import needs_gpu
from infra.jobs import SMOKE_MINUTES, JobResources, smoke_job
from infra.prices import usd
from infra.settings import Settings
from infra.stage_images import StageImages
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.aws.log_groups import TRAINING_LOGS
from workshop.aws.run_names import new_run_name
from workshop.runs.costs import TRAINING, Capacity, PriceList
from workshop.runs.follow import LogReader

LIVEDOOR_TRAINING_ARTICLES = 5_894
FULL = 0.9  # of a GPU's memory: CUDA takes some of the rest for itself
GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Verdict:
    """``text`` is one line: what is good enough, or everything that is not."""

    good: bool
    text: str

    def __str__(self) -> str:
        return f"{'good enough' if self.good else 'not good enough'}: {self.text}"


def cost_at_most(prices: PriceList, settings: Settings) -> str:
    """Of a smoke job, in words."""
    capacity = Capacity(settings.training.instance_type, 1, TRAINING)
    per_hour = prices.per_hour(settings.region, capacity)
    if per_hour is None:
        return f"costs {SMOKE_MINUTES} minutes of {capacity} at most (price {prices.problem or 'unknown'})"
    most = usd(per_hour * SMOKE_MINUTES / 60)
    remark = f" ({prices.remark})" if prices.remark else ""
    return f"costs {most} at most: {SMOKE_MINUTES} minutes of {capacity} at {usd(per_hour)} per hour{remark}"


def start_smoke(account: Account, deployment: Deployment, settings: Settings) -> str:
    """Create the job; returns its name."""
    name = new_run_name(deployment.names, "smoke")
    images = StageImages(deployment.image, deployment.training_image, deployment.endpoint_image)
    resources = JobResources(deployment.bucket, images, deployment.execution_role)
    account.client("sagemaker").create_training_job(**smoke_job(settings, resources, name))
    return name


def judge_smoke(account: Account, settings: Settings, name: str) -> Verdict:
    """What the ended job says about the day."""
    job = account.client("sagemaker").describe_training_job(TrainingJobName=name)
    if job["TrainingJobStatus"] == "Failed":
        return Verdict(False, " ".join(str(job.get("FailureReason") or "the job failed without a reason").split()))
    lines = LogReader(account.client("logs"), TRAINING_LOGS).new_lines(name)
    report = find_report(line.text for line in lines)
    if report is None:
        limit = f"it was stopped, or did not end within {SMOKE_MINUTES} minutes"
        return Verdict(False, f"the job ended as {job['SecondaryStatus']} without a report; {limit}")
    return judge(settings, report)


def judge(settings: Settings, report: SmokeReport) -> Verdict:
    """Hold a report against the settings' instance and time limit, for a training on livedoor news."""
    training = settings.training
    epochs = parse_hyperparameters(training.hyperparameters).epochs
    minutes = LIVEDOOR_TRAINING_ARTICLES * epochs / report.articles_per_second / 60
    time = (
        f"{LIVEDOOR_TRAINING_ARTICLES:,} articles x {epochs:g} epochs take {minutes:.0f} minutes at "
        f"{report.articles_per_second:.1f} articles/s, {training.max_runtime_minutes} are allowed"
    )
    memory = f"{report.memory_peak / GIGABYTE:.1f} of {report.memory_total / GIGABYTE:.1f} GB of GPU memory are used"
    problems = []
    if needs_gpu(training.instance_type) and not report.gpu:
        problems.append(f"{training.instance_type} has a GPU, but the job ran on the CPU (docs/image.md)")
    if minutes > training.max_runtime_minutes:
        problems.append(f"{time}: raise training.max_runtime_minutes, or take a faster training.instance_type")
    if report.memory_peak > FULL * report.memory_total:
        problems.append(f"{memory}: take a smaller train-batch-size")
    if problems:
        return Verdict(False, "; ".join(problems))
    return Verdict(True, f"{time}; {memory}" if report.gpu else time)

"""What participants may do with access ``scoped``: an allow-list, the same for all of them.

Whose is whose, IAM tells by two tags that the stack gives to users and roles, and that nobody else may give: ``user``,
after whom folders of the bucket are called, and ``participant``, after whom runs are. Actions, resource types and
condition keys are those of the Service Authorization Reference.
"""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.job_permissions import JobPermissions
from infra.names import (
    CHECKPOINTS_PREFIX,
    CORPORA_PREFIX,
    CORPUS_PREFIX,
    DATASET_JOBS,
    DATASETS_PREFIX,
    EXPORTS_PREFIX,
    MODELS_PREFIX,
    USERS_PREFIX,
    Names,
)
from infra.repositories import repositories
from infra.settings import TAG_KEY, Settings

USER_TAG, PARTICIPANT_TAG = "user", "participant"
USER, PARTICIPANT = (f"${{aws:PrincipalTag/{key}}}" for key in (USER_TAG, PARTICIPANT_TAG))
# What participants may make: its noun in the names of actions, and its type in ARNs.
KINDS = {
    "TrainingJob": "training-job",
    "ProcessingJob": "processing-job",
    "Model": "model",
    "EndpointConfig": "endpoint-config",
    "Endpoint": "endpoint",
}
# The workflow makes these; whose they are watches and stops them.
TYPES = (*KINDS.values(), "transform-job", "hyper-parameter-tuning-job")
DELETED = tuple(each for each in KINDS if not each.endswith("Job"))  # SageMaker keeps jobs
# Nothing that participants run lists models.
LISTED = (*(each for each in KINDS if each != "Model"), "TransformJob")


class ScopedPermissions:
    """For policies in ``stack``."""

    def __init__(self, stack: Stack, *, settings: Settings, names: Names, bucket: s3.IBucket) -> None:
        self._stack, self._settings, self._names, self._bucket = stack, settings, names, bucket
        self._runs = f"{names.run_prefix}{PARTICIPANT}-"

    def of_jobs(self) -> list[iam.PolicyStatement]:
        """Of a participant's training jobs and endpoints: datasets, and corpora but their own, they only read."""
        return JobPermissions(self._stack, settings=self._settings, names=self._names, bucket=self._bucket).statements(
            read=[CORPUS_PREFIX, f"{CORPORA_PREFIX}{USER}/", DATASETS_PREFIX],
            write=[f"{MODELS_PREFIX}{self._runs}", f"{CHECKPOINTS_PREFIX}{self._runs}", f"{USERS_PREFIX}{USER}/"],
            jobs=f"{self._runs}*",
        )

    def of_participants(self) -> list[iam.PolicyStatement]:
        """Whatever participants may do outside of SageMaker."""
        return [
            *self._storage(),
            *self._workflow(),
            *self._logs(),
            _allow(
                "SeeWhatImagesAre",  # `workshop run` asks beforehand whether SageMaker will take them
                ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                repositories(self._stack, self._settings, self._names),
            ),
            *self._account(),
        ]

    def boundary(self) -> list[iam.PolicyStatement]:
        """The most that anything attached to a participant can open: all of the above, and of SageMaker whatever there
        is to do with own things, on instance types of the settings.

        ``of_participants`` and ``in_sagemaker`` together are longer than one document may be.
        """
        return [
            *self.of_participants(),
            *self._beside_own_things(),
            _allow("OwnThings", ["sagemaker:*"], self._own_things()),
            iam.PolicyStatement(
                sid="NoOtherInstances",
                effect=iam.Effect.DENY,
                actions=["sagemaker:*"],
                resources=["*"],
                conditions={"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": self._instance_types()}},
            ),
        ]

    def _storage(self) -> list[iam.PolicyStatement]:
        """ListBucket is for a bucket as a whole, so names of objects are seen by everybody; contents are not."""
        objects = self._bucket.arn_for_objects
        read = (CORPUS_PREFIX, DATASETS_PREFIX, f"{MODELS_PREFIX}{self._runs}", f"{CHECKPOINTS_PREFIX}{self._runs}")
        records = (f"{EXPORTS_PREFIX}{self._runs}", f"{EXPORTS_PREFIX}*/{self._runs}")
        return [
            _allow(
                "SeeTheBucket",
                ["s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketTagging"],
                [self._bucket.bucket_arn],
            ),
            _allow("ReadSharedAndOwnResults", ["s3:GetObject"], [objects(f"{each}*") for each in (*read, *records)]),
            _allow(
                "KeepOwnFolders",
                ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
                [objects(f"{each}*") for each in self._names.folders_of(USER)],
            ),
        ]

    def _workflow(self) -> list[iam.PolicyStatement]:
        gate, workflow = f"{self._runs}start", self._names.state_machine
        return [
            _allow(
                "StartAtOwnGate",
                ["states:StartExecution", "states:ListExecutions"],
                [self._arn("states", f"stateMachine:{gate}")],
            ),
            _allow(
                "FollowOwnExecutions",
                ["states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution"],
                [self._arn("states", f"execution:{each}") for each in (f"{gate}:*", f"{workflow}:{PARTICIPANT}-*")],
            ),
            _allow(
                "FindTheDeployment",
                ["ssm:GetParameters"],
                [self._arn("ssm", f"parameter/{self._names.workshop}/*")],
            ),
            _allow(
                "SeeWhenOwnEndpointsEnd",
                ["scheduler:GetSchedule"],
                [self._arn("scheduler", f"schedule/default/{self._runs}*")],
            ),
        ]

    def in_sagemaker(self) -> list[iam.PolicyStatement]:
        """What is made carries the tag, runs on a type of the settings, and serves the participant's models.

        A request without instance types is for a serverless endpoint, one without models is for no endpoint.
        Tags are given at creation only: ``sagemaker:TaggingAction`` is there then.
        """
        own = self._own_things()
        return [
            _allow(
                "MakeOwnThings",
                [f"sagemaker:Create{each}" for each in KINDS],
                own,
                when={
                    "StringEquals": {f"aws:RequestTag/{TAG_KEY}": self._names.workshop},
                    "ForAnyValue:StringEquals": {"aws:TagKeys": TAG_KEY},
                    "ForAllValues:StringEquals": {"sagemaker:InstanceTypes": self._instance_types()},
                    "ForAllValues:ArnLike": {"sagemaker:ModelArn": self._arn("sagemaker", f"model/{self._runs}*")},
                },
            ),
            _allow("TagAtCreation", ["sagemaker:AddTags"], own, when={"Null": {"sagemaker:TaggingAction": "false"}}),
            _allow(
                "UseAndRemoveOwnThings",
                [
                    f"sagemaker:{each}"
                    for each in ("Describe*", "ListTags", "ListTrainingJobsFor*", "Stop*Job", self._invoke())
                ]
                + [f"sagemaker:Delete{each}" for each in DELETED],
                own,
            ),
            *self._beside_own_things(),
        ]

    def _beside_own_things(self) -> list[iam.PolicyStatement]:
        """How preprocessing fares, the role to pass to SageMaker, the end of scaling, and names, for whose lists AWS
        knows no resources."""
        dataset_jobs = self._arn("sagemaker", f"processing-job/{self._names.run_prefix}{DATASET_JOBS}-*")
        role = self._stack.format_arn(service="iam", region="", resource="role", resource_name=f"{self._runs}jobs")
        return [
            _allow("SeeHowDatasetsAreMade", ["sagemaker:DescribeProcessingJob"], [dataset_jobs]),
            _allow(
                "PassOwnRole",
                ["iam:PassRole"],
                [role],
                when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            _allow(
                "ListNames",
                [f"sagemaker:List{each}s" for each in LISTED],
                ["*"],
                when={"StringEquals": {"aws:RequestedRegion": self._settings.region}},
            ),
            self._end_of_scaling(),
        ]

    def _invoke(self) -> str:
        return "InvokeEndpointAsync" if self._settings.endpoint.kind == "asynchronous" else "InvokeEndpoint"

    def _end_of_scaling(self) -> iam.PolicyStatement:
        """Who deletes an endpoint that scales needs it. AWS names targets by numbers: the tag is the workshop's."""
        return _allow(
            "EndScaling",
            ["application-autoscaling:DeregisterScalableTarget"],
            [self._arn("application-autoscaling", "scalable-target/*")],
            when={"StringEquals": {f"aws:ResourceTag/{TAG_KEY}": self._names.workshop}},
        )

    def _own_things(self) -> list[str]:
        return [self._arn("sagemaker", f"{kind}/{self._runs}*") for kind in TYPES]

    def _instance_types(self) -> list[str]:
        return sorted(set(self._settings.instance_types))

    def _logs(self) -> list[iam.PolicyStatement]:
        streams = (
            f"*Jobs:log-stream:{self._runs}*",
            f"ProcessingJobs:log-stream:{self._names.run_prefix}{DATASET_JOBS}-*",
            f"Endpoints/{self._runs}*:log-stream:*",
        )
        return [
            _allow("FindLogs", ["logs:DescribeLogStreams"], [self._log_group("*")]),
            _allow("ReadOwnLogs", ["logs:GetLogEvents"], [self._log_group(each) for each in streams]),
        ]

    def _account(self) -> list[iam.PolicyStatement]:
        me = self._stack.format_arn(service="iam", region="", resource="user", resource_name="${aws:username}")
        return [
            _allow("ChangeOwnPassword", ["iam:ChangePassword", "iam:GetUser"], [me]),
            # AWS knows no resources of these.
            _allow("SeeRulesAndPrices", ["iam:GetAccountPasswordPolicy", "pricing:GetProducts"], ["*"]),
        ]

    def _log_group(self, name: str) -> str:
        return self._arn("logs", f"log-group:/aws/sagemaker/{name}")

    def _arn(self, service: str, resource: str) -> str:
        return self._stack.format_arn(service=service, resource=resource, arn_format=ArnFormat.NO_RESOURCE_NAME)


def _allow(
    sid: str, actions: list[str], resources: list[str], *, when: dict[str, dict[str, object]] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=when)

"""Findings of security checkers that are no faults here: each by its construct and its id, with the reason.

A finding that is not listed fails `make synth` and `cdk deploy`; a line that matches no finding any more fails a test.
Rules without a namespace of their own are cdk-nag's (AwsSolutions-...), checkov's (CKV_...) and cfn-lint's (W3005).
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.scoped_permissions import TYPES

BUCKET = "{workshop}-foundation:ExportsOutputFnGetAttStorageBucket5CB7C8EAArnB295C186"
OBJECTS_IN_FOUNDATION = "<StorageBucket5CB7C8EA.Arn>"
ARN = "arn:<AWS::Partition>:{service}:{region}:<AWS::AccountId>:"
# With access scoped a participant's own, by tags of users and roles that only the stacks give.
OWN_RUNS = "{workshop}--<aws:PrincipalTag/participant>-*"
OWN_THINGS = tuple(f"{kind}/{OWN_RUNS}" for kind in TYPES)
OWN_FOLDER = "<aws:PrincipalTag/user>/*"
FULL_ACCESS = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonSageMakerFullAccess]"
POWER_USER = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/PowerUserAccess]"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """``path`` is a construct's below the app, without the workshop's name; it holds for what is below it, too.

    In ``rules``, ``{workshop}`` and ``{region}`` stand for the settings'.
    """

    path: str
    rules: tuple[str, ...]
    reason: str


def _actions(*names: str) -> tuple[str, ...]:
    return tuple(f"AwsSolutions-IAM5[Action::{name}]" for name in names)


def _resources(*names: str) -> tuple[str, ...]:
    return tuple(f"AwsSolutions-IAM5[Resource::{name}]" for name in names)


def _arns(service: str, *names: str) -> tuple[str, ...]:
    return _resources(*(ARN.replace("{service}", service) + name for name in names))


def _objects(bucket: str, *keys: str) -> tuple[str, ...]:
    return _resources(*(f"{bucket}/{key}" for key in keys))


def _logs(*names: str) -> tuple[str, ...]:
    return tuple(f"log-group:/aws/sagemaker/{name}" for name in names)


LOGS_OF_JOBS = ("ProcessingJobs", "TrainingJobs", "TransformJobs")
TARGETS = "scalable-target/*"
JOB_LOGS = (
    "SageMaker names groups and streams of logs. Events are written to streams, or groups of endpoints, that begin with"
    " the name of the role's own jobs. Groups and streams may be opened and listed beside them: SageMaker asks for the "
    "group as a whole, which all jobs of the account share."
)
DATASET_JOBS = (
    "Who waits for a dataset sees how it is made: state and log of the workshop's preprocessing jobs, which are "
    "named by hashes. Nothing can be changed by it."
)
OF_EVERY_JOB = (
    "Two things that know no resources: ecr:GetAuthorizationToken, the login to the registry, which opens no repository"
    " by itself; and cloudwatch:PutMetricData, which a condition keeps in SageMaker's namespaces."
)
GRANTED_BY_CDK = _actions("s3:Abort*", "s3:DeleteObject*", "s3:GetBucket*", "s3:GetObject*", "s3:List*")

ACKNOWLEDGEMENTS = (
    # The bucket
    Acknowledgement(
        "foundation/Storage/Bucket",
        ("AwsSolutions-S1", "CKV_AWS_18"),
        "The bucket lives as long as the workshop and holds a corpus and models made from it. Who started which job, "
        "with which input, is in the executions' log and in CloudTrail. A second bucket for access logs would outlive"
        " the workshop, or take its evidence along when it is torn down.",
    ),
    # The execution role and its boundary
    Acknowledgement(
        "foundation/Execution/Role",
        (FULL_ACCESS,),
        "The hands-on teaches AWS's own managed policy. What it opens too far is denied by the role's boundary: other"
        " buckets, other roles, other instance types, what other workshops made.",
    ),
    Acknowledgement(
        "foundation/Execution/Role/DefaultPolicy",
        (*GRANTED_BY_CDK, *_resources(f"{OBJECTS_IN_FOUNDATION}/*")),
        "Jobs read and write objects of the workshop's one bucket, whose keys only exist when runs do. The actions "
        "are those of the CDK's grant_read_write; the boundary denies versions, the bucket's settings, and writing "
        "where jobs only read.",
    ),
    Acknowledgement(
        "foundation/Execution/Boundary",
        (
            *_actions("s3:*", "sagemaker:*"),
            *_resources("*"),
            *_arns("logs", "log-group:/aws/sagemaker/*"),
            "CKV_AWS_109",
            "CKV_AWS_111",
        ),
        "A permissions boundary grants nothing: it says what the role can have at most, and its Deny statements then "
        "take from that every other bucket, role, tag and instance type. SageMaker chooses the names of log groups.",
    ),
    # The execution roles with access scoped
    Acknowledgement(
        "foundation/Execution/Role",
        (
            *_objects(OBJECTS_IN_FOUNDATION, "corpora/*", "corpus/*", "datasets/*", "users/*"),
            *_objects(OBJECTS_IN_FOUNDATION, "checkpoints/*", "classified/*", "models/*", "smoke/*"),
        ),
        "The organiser's jobs read the first four folders of the workshop's one bucket and write the other four, by "
        "actions that are named. Keys only exist when runs do. Participants may not pass this role.",
    ),
    Acknowledgement(
        "foundation/Execution/Preprocessing",
        _objects(OBJECTS_IN_FOUNDATION, "corpora/*", "corpus/*", "datasets/*"),
        "The jobs that make datasets read corpora and write datasets, which are called by a hash of what they are made "
        "from. Participants may not pass this role: the workflow does, and chooses what runs with it.",
    ),
    Acknowledgement(
        "foundation/Execution/Role",
        (
            *_arns("logs", *_logs(*(f"{each}*" for each in LOGS_OF_JOBS), "Endpoints/{workshop}--*")),
            *_arns("logs", *_logs(*(f"{each}:log-stream:{{workshop}}--*" for each in LOGS_OF_JOBS))),
            *_arns("logs", *_logs("Endpoints/{workshop}--*:log-stream:*")),
        ),
        JOB_LOGS,
    ),
    Acknowledgement(
        "foundation/Execution/Preprocessing",
        (
            *_arns("logs", *_logs(*(f"{each}*" for each in LOGS_OF_JOBS), "Endpoints/{workshop}--dataset-*")),
            *_arns("logs", *_logs(*(f"{each}:log-stream:{{workshop}}--dataset-*" for each in LOGS_OF_JOBS))),
            *_arns("logs", *_logs("Endpoints/{workshop}--dataset-*:log-stream:*")),
        ),
        JOB_LOGS,
    ),
    Acknowledgement("foundation/Execution/Role", _resources("*"), OF_EVERY_JOB),
    Acknowledgement("foundation/Execution/Preprocessing", _resources("*"), OF_EVERY_JOB),
    # The workflow
    Acknowledgement(
        "workflow/Workflow/StateMachine/Resource",
        ("AwsSolutions-SF2",),
        "Every state's input, output and error is in the log group (level ALL, with execution data). X-Ray would hold"
        " a second, sampled record, and needs write access to all of the account's traces.",
    ),
    Acknowledgement(
        "workflow/Workflow/StateMachine/Role/DefaultPolicy",
        _resources("*"),
        "Two things that know no resources. Delivery of logs (logs:CreateLogDelivery and its kin): AWS's documentation"
        " for logging of Step Functions asks for *. And SageMaker's lists, by which an execution counts before it "
        "starts: of endpoints and, with a budget, of jobs. Lists tell names, states and times.",
    ),
    Acknowledgement(
        "workflow/Workflow/StateMachine/Role/DefaultPolicy",
        (
            *_arns(
                "sagemaker",
                *(
                    f"{kind}/{{workshop}}--*"
                    for kind in (
                        *("processing-job", "training-job", "transform-job", "hyper-parameter-tuning-job"),
                        *("model", "endpoint-config", "endpoint"),
                    )
                ),
            ),
            *_arns("scheduler", "schedule/default/{workshop}--*"),
            *_resources(f"{BUCKET}/datasets/*/complete.json", f"{BUCKET}/models/{{workshop}}--*/dataset/*"),
        ),
        "What an execution makes is named after it, so names are unknown before. All begin with the workshop's name "
        "and a double hyphen, which no other workshop's name can; of objects, two kinds of small marks may be "
        "written.",
    ),
    Acknowledgement(
        "workflow/Workflow/StateMachine/Role/DefaultPolicy",
        _objects(BUCKET, "budget/{workshop}--*"),
        "With a budget an execution notes what it may cost at most as the name of an object, and takes the note back "
        "when it is refused. Runs are named by whoever starts them; participants may write no notes.",
    ),
    Acknowledgement(
        "workflow/Workflow/StateMachine/Role/DefaultPolicy",
        (
            *_arns("application-autoscaling", TARGETS),
            *_arns("cloudwatch", "alarm:TargetTracking-endpoint/{workshop}--*"),
        ),
        "Where endpoints scale, an execution registers its own. AWS numbers what scales, so a condition asks for the "
        "workshop's tag; its alarms are named after the endpoint.",
    ),
    Acknowledgement(
        "workflow/Workflow/ExpiryRole/DefaultPolicy",
        _arns("application-autoscaling", TARGETS),
        "DeleteEndpoint ends the endpoint's scaling with the caller's permission. AWS numbers what scales: a condition "
        "asks for the workshop's tag.",
    ),
    Acknowledgement(
        "workflow/Workflow/ExpiryRole/DefaultPolicy",
        _arns("sagemaker", "endpoint/{workshop}--*"),
        "The one action is to delete an endpoint. Endpoints are named after executions; all begin with the workshop's"
        " name and a double hyphen, which no other workshop's name can.",
    ),
    Acknowledgement(
        "workflow/Workflow/Log",
        ("CKV_AWS_158",),
        "CloudWatch Logs encrypts at rest with a key of AWS's own. The log holds inputs and states of executions, no "
        "texts of the corpus and no secrets. A customer's key would cost money by the month and outlive the teardown "
        "by its waiting period of at least seven days, in which nothing of the log can be read.",
    ),
    # Images that CodeBuild builds
    Acknowledgement(
        "workflow/Image/Build/Project",
        ("AwsSolutions-CB4",),
        "The project writes no artefact: its output is an image, which ECR encrypts, and its input an asset of the "
        "CDK's bootstrap bucket.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Project/Role/DefaultPolicy",
        (
            *_actions("s3:GetBucket*", "s3:GetObject*", "s3:List*"),
            *_arns("codebuild", "report-group/<ImageBuildProjectC50787E3>-*"),
            *_arns("logs", "log-group:/aws/codebuild/<ImageBuildProjectC50787E3>:*"),
        ),
        "The statements are the CDK's: it reads the asset, and writes the log and the reports of this one project, "
        "whose streams and reports CodeBuild names.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Log",
        ("CKV_AWS_158",),
        "CloudWatch Logs encrypts at rest with a key of AWS's own, and the log of a build holds no secrets. A "
        "customer's key would outlive the teardown.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Repository",
        ("CKV_AWS_136",),
        "ECR encrypts at rest with a key of AWS's own. The images hold this repository's code and published packages "
        "and models; a customer's key would outlive the teardown.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Repository",
        ("CKV_AWS_51",),
        "A tag is the hash of all that the image is built from, and a build that is repeated must replace what an "
        "interrupted one pushed. Only the build's role may push: participants are denied it.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Project/Role/DefaultPolicy",
        _resources("*"),
        "ecr:GetAuthorizationToken, the login to the registry, knows no resources.",
    ),
    # Participants
    Acknowledgement(
        "participants/Participants",
        (FULL_ACCESS,),
        "The hands-on teaches AWS's own managed policy. What it opens too far is denied beside it: other buckets, "
        "other roles, other instance types, untagged creation, what other workshops made, services that no run needs.",
    ),
    Acknowledgement(
        "participants/Participants",
        (POWER_USER,),
        "Only where the organiser sets power_user, as the hands-on of 2022 did. A policy beside it denies each way to"
        " administration that it would open (assuming roles, acting with those of functions, builds and stacks).",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        _resources("*"),
        "What knows no resources: iam:GetAccountPasswordPolicy and pricing:GetProducts, which read what is no secret.",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        (*GRANTED_BY_CDK, *_resources(f"{BUCKET}/*")),
        "Participants read and write objects of the workshop's one bucket, whose keys only exist when runs do. The "
        "boundary leaves each of them their own folders to write; Deny statements keep versions and settings.",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        (
            *_arns("logs", *_logs("*")),
            *_arns("scheduler", "schedule/default/{workshop}--*"),
            *_arns("states", "execution:{workshop}-workflow:*"),
            *_arns("ssm", "parameter/{workshop}/*"),
        ),
        "Log groups are named by SageMaker, executions and their schedules by whoever starts a run; parameters are "
        "read by path. All but the log groups, which are read only, are below the workshop's own name.",
    ),
    Acknowledgement(
        "participants/Participants/Boundary",
        (
            *_actions("*", "s3:Abort*", "s3:Delete*", "s3:Get*", "s3:List*", "s3:Put*"),
            *_resources(
                *(
                    f"{BUCKET}/{folder}/*"
                    for folder in ("budget", "checkpoints", "corpora", "corpus", "datasets", "exports")
                ),
                f"{BUCKET}/models/*",
                f"{BUCKET}/corpora/<aws:username>/*",
                f"{BUCKET}/exports/<aws:username>/*",
            ),
            "CKV_AWS_107",
        ),
        "A permissions boundary grants nothing. This one leaves everything to the users' policies but objects in "
        "shared folders, which may be read by all and written by the one whose folder it is.",
    ),
    # Participants with access scoped
    Acknowledgement(
        "participants/Participants/Policy",
        (
            *_objects(BUCKET, "corpus/*", "datasets/*", f"checkpoints/{OWN_RUNS}", f"models/{OWN_RUNS}"),
            *_objects(BUCKET, f"exports/{OWN_RUNS}", f"exports/*/{OWN_RUNS}"),
        ),
        "Participants read the corpus and the datasets that all of them share, and of models, checkpoints and records "
        "of exports those of their own runs: the tag of the caller stands in the resource. Runs give keys their names.",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        _objects(BUCKET, *(f"{each}/{OWN_FOLDER}" for each in ("corpora", "exports", "uploads/corpora", "users"))),
        "Participants keep files in folders of their own: the tag of the caller stands in the resource. The four "
        "actions are named; versions are not among them.",
    ),
    Acknowledgement(
        "participants/Participants/SageMakerPolicy",
        (
            *_actions("sagemaker:Describe*", "sagemaker:ListTrainingJobsFor*", "sagemaker:Stop*Job"),
            *_arns("sagemaker", *OWN_THINGS),
        ),
        "Things of SageMaker whose name begins with that of the participant's runs: the tag of the caller stands in the"
        " resource. They are of the kinds that can be created, with the workshop's tag and on instance types of the "
        "settings, so these are what there is to describe and to stop.",
    ),
    Acknowledgement(
        "participants/Participants/SageMakerPolicy",
        _resources("*"),
        "SageMaker's lists know no resources. They tell names, states and times, in the workshop's region alone.",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        (
            *_arns("states", "execution:{workshop}--<aws:PrincipalTag/participant>-start:*"),
            *_arns("states", "execution:{workshop}-workflow:<aws:PrincipalTag/participant>-*"),
            *_arns("scheduler", f"schedule/default/{OWN_RUNS}"),
            *_arns("logs", *_logs(f"*Jobs:log-stream:{OWN_RUNS}", f"Endpoints/{OWN_RUNS}:log-stream:*")),
        ),
        "Executions, schedules and streams of logs get their names when a run starts. Those of other participants begin"
        " with another name than the tag of the caller says. Executions may be stopped, the others are read only.",
    ),
    Acknowledgement(
        "participants/Participants/SageMakerPolicy",
        _arns("sagemaker", "processing-job/{workshop}--dataset-*"),
        DATASET_JOBS,
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        _arns("logs", *_logs("ProcessingJobs:log-stream:{workshop}--dataset-*")),
        DATASET_JOBS,
    ),
    Acknowledgement(
        "participants/Participants/Boundary",
        (
            *_actions("sagemaker:*"),
            *_arns("sagemaker", *OWN_THINGS, "processing-job/{workshop}--dataset-*"),
            *_arns("states", "execution:{workshop}--<aws:PrincipalTag/participant>-start:*"),
            *_arns("states", "execution:{workshop}-workflow:<aws:PrincipalTag/participant>-*"),
            *_arns("scheduler", f"schedule/default/{OWN_RUNS}"),
            *_arns("ssm", "parameter/{workshop}/*"),
            *_arns("logs", *_logs("*", f"*Jobs:log-stream:{OWN_RUNS}", f"Endpoints/{OWN_RUNS}:log-stream:*")),
            *_arns("logs", *_logs("ProcessingJobs:log-stream:{workshop}--dataset-*")),
            *_objects(BUCKET, f"checkpoints/{OWN_RUNS}", f"models/{OWN_RUNS}"),
            *_objects(BUCKET, f"exports/{OWN_RUNS}", f"exports/*/{OWN_RUNS}"),
            *_objects(BUCKET, *(f"{each}/{OWN_FOLDER}" for each in ("corpora", "exports", "uploads/corpora", "users"))),
            *_resources("*"),
        ),
        "A permissions boundary grants nothing. It repeats the two policies beside it, for SageMaker in fewer words: "
        "whatever there is to do with things of the participant's own, on instance types of the settings.",
    ),
    *(
        Acknowledgement(
            f"participants/Participants/{policy}",
            _arns("application-autoscaling", TARGETS),
            "Where endpoints scale, who deletes an own one ends its scaling. AWS numbers what scales: a condition asks "
            "for the workshop's tag, and nothing but the end of scaling is allowed.",
        )
        for policy in ("SageMakerPolicy", "Boundary")
    ),
    Acknowledgement(
        "participants/Participants/JobPolicy",
        (
            *_objects(BUCKET, "corpus/*", "datasets/*", f"corpora/{OWN_FOLDER}"),
            *_objects(BUCKET, f"checkpoints/{OWN_RUNS}", f"models/{OWN_RUNS}", f"users/{OWN_FOLDER}"),
        ),
        "A participant's jobs read what is shared and their own corpus, and write models, checkpoints and files of "
        "their own: the tag of the job's role stands in the resource. Keys only exist when runs do.",
    ),
    Acknowledgement(
        "participants/Participants/JobPolicy",
        (
            *_arns("logs", *_logs(*(f"{each}*" for each in LOGS_OF_JOBS), f"Endpoints/{OWN_RUNS}")),
            *_arns("logs", *_logs(*(f"{each}:log-stream:{OWN_RUNS}" for each in LOGS_OF_JOBS))),
            *_arns("logs", *_logs(f"Endpoints/{OWN_RUNS}:log-stream:*")),
        ),
        JOB_LOGS,
    ),
    Acknowledgement("participants/Participants/JobPolicy", _resources("*"), OF_EVERY_JOB),
    Acknowledgement(
        "participants/Participants",
        ("AwsSolutions-SF2",),
        "A gate looks at its input and starts the workflow, nothing else. All of it is in the workflow's log group "
        "(level ALL, with execution data). X-Ray needs write access to all of the account's traces.",
    ),
    Acknowledgement(
        "participants/Participants/GateRole/DefaultPolicy",
        _resources("*"),
        "Delivery of logs (logs:CreateLogDelivery and its kin) knows no resources. The statement is the CDK's, and "
        "holds these actions alone; the other statement starts one state machine, the workflow.",
    ),
)

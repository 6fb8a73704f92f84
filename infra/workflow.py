"""The state machine: preprocessing, training, then on request an endpoint that expires by itself."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra import budget_requests, datasets, jobs, scaling, tuning
from infra.budget_states import BudgetStates
from infra.caps import cap_states, caps_variables
from infra.classify_states import classify_states, classify_variables
from infra.dataset_states import DatasetStates
from infra.machine_dependency import wait_for_the_policy_alone
from infra.names import JOB_ROLE_END, TRAIN_STATE, TUNE_STATE, Names
from infra.retention import RETENTION
from infra.settings import Settings
from infra.stage_images import StageImages
from infra.tasks import MINUTES_IN_LINE, Tasks
from infra.workflow_permissions import WorkflowPermissions

# Behind the schedule that ends the endpoint, which may be due in an hour: an endpoint made after it would have no end.
MINUTES_IN_LINE_FOR_AN_ENDPOINT = 20
ENDPOINT_MINUTES = 60
ENDPOINT_POLL_SECONDS = 15
SAGEMAKER = "sagemaker.amazonaws.com"
ROLE = "{% $role %}"


class Workflow(Construct):
    """One execution runs the whole hands-on.

    Input, every key optional: ``corpus`` (prefix in the bucket), ``hyperparameters`` (overrides), ``endpoint``
    (true to create one), ``hours`` (until it is deleted), ``artefact`` (the model of an earlier run: nothing is
    preprocessed or trained then), ``articles`` (folder in the bucket whose articles that model classifies, and nothing
    else is done), ``tuning`` (`infra/tuning.py` says what is in it: the best of many models is taken), ``participant``
    (whose it is). The execution's name is the name of the run.

    The input cannot widen what its author may do: the states name what they make after the execution, jobs and models
    read with the execution role, whose boundary ends at the workshop's bucket, and ``hours`` has an upper bound. With
    access ``scoped`` only gates and the organiser start executions, and ``participant`` decides the role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        bucket: s3.IBucket,
        execution_role: iam.IRole,
        images: StageImages,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._names = names
        self._execution_role = execution_role
        self._is_scoped = settings.access == "scoped"
        self._resources = jobs.JobResources(
            bucket=bucket.bucket_name,
            images=images,
            execution_role_arn=ROLE if self._is_scoped else execution_role.role_arn,
            preprocessing_role_arn=self._role(names.preprocessing_role) if self._is_scoped else "",
        )
        self._tasks = Tasks(self)
        self._permissions = WorkflowPermissions(Stack.of(self), settings=settings, names=names)
        self._expiry_role = self._create_expiry_role()
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=names.workflow_log_group,
            retention=RETENTION[settings.retention_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=names.state_machine,
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(self._definition()),
            timeout=Duration.minutes(self._timeout_minutes()),
            logs=sfn.LogOptions(destination=self.log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        passed = {execution_role.role_arn: SAGEMAKER, self._expiry_role.role_arn: "scheduler.amazonaws.com"}
        if self._is_scoped:
            passed |= {self._resources.preprocessing_role_arn: SAGEMAKER}  # participants' are in their stack
        for statement in self._permissions.statements(bucket=bucket, passed=passed):
            self.state_machine.add_to_role_policy(statement)
        wait_for_the_policy_alone(self.state_machine, self.state_machine.role)

    def _role(self, name: str) -> str:
        """ARN of a role by its name: an import would keep other stacks from ever going back to access ``full``."""
        return Stack.of(self).format_arn(service="iam", region="", resource="role", resource_name=name)

    def _role_variable(self) -> jobs.Request:
        """What the first state assigns: the role of this execution's training job and model."""
        theirs = self._role(f"{self._names.run_prefix}' & $states.input.participant & '-{JOB_ROLE_END}")
        return {"role": f"{{% $states.input.participant ? '{theirs}' : '{self._execution_role.role_arn}' %}}"}

    def _timeout_minutes(self) -> int:
        """Of everything that one execution may wait for: three lines, two jobs, spare capacity, the endpoint."""
        in_line = 2 * MINUTES_IN_LINE + MINUTES_IN_LINE_FOR_AN_ENDPOINT
        preprocessing = (
            2 * self._settings.preprocessing.max_runtime_minutes
        )  # somebody else's job that fails, then ours
        one_training = self._settings.training.max_runtime_minutes * (2 if self._settings.training.spot else 1)
        training = one_training * self._settings.limits.tuning_jobs  # one after the other at worst
        run = in_line + preprocessing + training + ENDPOINT_MINUTES
        return max(run, MINUTES_IN_LINE + self._settings.classification.max_runtime_minutes + ENDPOINT_MINUTES)

    def _create_expiry_role(self) -> iam.Role:
        role = iam.Role(
            self,
            "ExpiryRole",
            role_name=self._names.expiry_role,
            description="Lets EventBridge Scheduler delete the workshop's endpoints",
            # Whoever else may make schedules in some account must not have this role used for them ("confused deputy").
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["sagemaker:DeleteEndpoint"], resources=[self._permissions.sagemaker_arn("endpoint")]
            )
        )
        # Also where endpoints do not scale: some may have been made before the settings said so.
        role.add_to_policy(self._permissions.end_of_scaling())
        return role

    def _definition(self) -> sfn.IChainable:
        settings, resources = self._settings, self._resources
        variables = {
            **jobs.run_variables(self._names, settings.endpoint.hours_to_live),
            **datasets.variables(resources),
            **tuning.variables(settings.limits),
            **self._tasks.variables(),
            **caps_variables(),
            **classify_variables(),
            **(self._role_variable() if self._is_scoped else {}),
            **(budget_requests.variables() if settings.budget else {}),
        }
        start = self._tasks.state("Start", {"Type": "Pass", "Assign": variables})
        train = self._tasks.task(
            TRAIN_STATE,
            "sagemaker:createTrainingJob.sync",
            jobs.training_job(settings, resources),
            Assign={"artefact": "{% $states.result.ModelArtifacts.S3ModelArtifacts %}"},
        )
        done = sfn.Succeed(self, "Done")
        wants_endpoint = sfn.Choice.jsonata(self, "Endpoint wanted?")
        serve = self._serving_states(done)
        wants_endpoint.when(sfn.Condition.jsonata("{% $endpoint %}"), serve).otherwise(done)
        has_model = sfn.Choice.jsonata(self, "Model given?")
        dataset = DatasetStates(self, self._tasks, settings=settings, names=self._names, resources=resources)
        tune = self._tasks.task(
            TUNE_STATE,
            "sagemaker:createHyperParameterTuningJob.sync",
            tuning.tuning_job(settings, resources),
            Assign=tuning.best_artefact(resources),
        )
        wants_tuning = sfn.Choice.jsonata(self, "Tuning wanted?")
        wants_tuning.when(sfn.Condition.jsonata("{% $trials > 0 %}"), tune).otherwise(train)
        dataset.last.next(wants_tuning)
        train.next(wants_endpoint)
        tune.next(wants_endpoint)
        has_model.when(sfn.Condition.jsonata("{% $artefact = '' %}"), dataset.first)
        has_model.otherwise(wants_endpoint)
        has_articles = sfn.Choice.jsonata(self, "Articles given?")
        classify = classify_states(self, self._tasks, settings=settings, resources=resources, done=done)
        has_articles.when(sfn.Condition.jsonata("{% $articles != '' %}"), classify).otherwise(has_model)
        allowed = self._within_the_budget(has_articles)
        caps = cap_states(self, self._tasks, limits=settings.limits, names=self._names, then=allowed)
        return sfn.Chain.start(start).next(caps)

    def _within_the_budget(self, following: sfn.IChainable) -> sfn.IChainable:
        """``following`` behind the states of the budget, where there is one."""
        if self._settings.budget is None:
            return following
        budget = BudgetStates(
            self,
            self._tasks,
            settings=self._settings,
            budget=self._settings.budget,
            names=self._names,
            resources=self._resources,
        )
        budget.then(following)
        return budget.first

    def _serving_states(self, done: sfn.Succeed) -> sfn.Chain:
        """The expiry comes before the endpoint: without it no endpoint is made.

        All through the SDK integration: the optimised one refuses members that it does not know, such as
        ``ServerlessConfig``, instead of passing them on.
        """
        settings = self._settings
        create_model = self._tasks.task(
            "Create model", "aws-sdk:sagemaker:createModel", jobs.model(settings, self._resources)
        )
        configure = self._tasks.task(
            "Configure endpoint",
            "aws-sdk:sagemaker:createEndpointConfig",
            jobs.endpoint_config(settings, self._resources),
        )
        schedule = self._tasks.task(
            "Schedule expiry",
            "aws-sdk:scheduler:createSchedule",
            jobs.expiry_schedule(settings, self._expiry_role.role_arn),
        )
        create = self._tasks.task(
            "Create endpoint",
            "aws-sdk:sagemaker:createEndpoint",
            jobs.endpoint(settings),
            minutes_in_line=MINUTES_IN_LINE_FOR_AN_ENDPOINT,
        )
        wait = self._tasks.state("Wait for endpoint", {"Type": "Wait", "Seconds": ENDPOINT_POLL_SECONDS})
        describe = self._tasks.task(
            "Describe endpoint", "aws-sdk:sagemaker:describeEndpoint", {"EndpointName": jobs.RUN}
        )
        failed = self._tasks.fail(
            "Endpoint failed",
            error="EndpointFailed",
            cause="{% $string($states.input.[EndpointStatus, FailureReason]) %}",
        )
        status = sfn.Choice.jsonata(self, "Endpoint in service?")
        following = self._scaling_states(done) if settings.endpoint.scales else done
        status.when(sfn.Condition.jsonata("{% $states.input.EndpointStatus = 'InService' %}"), following)
        status.when(sfn.Condition.jsonata("{% $states.input.EndpointStatus = 'Creating' %}"), wait)
        status.otherwise(failed)
        chain = sfn.Chain.start(create_model).next(configure).next(schedule).next(create)
        return chain.next(wait).next(describe).next(status)

    def _scaling_states(self, done: sfn.Succeed) -> sfn.CustomState:
        """Only an endpoint in service may scale. What deletes it takes target and policy away, too."""
        register = self._tasks.task(
            "Register scaling",
            "aws-sdk:applicationautoscaling:registerScalableTarget",
            scaling.scalable_target(self._settings),
        )
        policy = self._tasks.task(
            "Set scaling policy",
            "aws-sdk:applicationautoscaling:putScalingPolicy",
            scaling.scaling_policy(self._settings),
        )
        register.next(policy.next(done))
        return register

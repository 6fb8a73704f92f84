"""SageMaker's calls on an account in memory."""

from __future__ import annotations

from tests.helpers.cloud_things import ACCOUNT, EPOCH, Record, RefusalError, Things, tag_list

SAGEMAKER = {
    "endpoint": "Endpoint",
    "endpoint-config": "EndpointConfig",
    "model": "Model",
    "processing-job": "ProcessingJob",
    "training-job": "TrainingJob",
    "hyper-parameter-tuning-job": "HyperParameterTuningJob",
    "transform-job": "TransformJob",
}
LIST_KEYS = {"Endpoint": "Endpoints", "EndpointConfig": "EndpointConfigs", "Model": "Models"}
# Kinds that only participants make: how the API names them, and how it lists them.
TOOLS = {
    "notebook-instance": ("NotebookInstanceName", "NotebookInstances"),
    "pipeline": ("PipelineName", "PipelineSummaries"),
    "model-package-group": ("ModelPackageGroupName", "ModelPackageGroupSummaryList"),
    "cluster": ("ClusterName", "ClusterSummaries"),
    "inference-component": ("InferenceComponentName", "InferenceComponents"),
    "compilation-job": ("CompilationJobName", "CompilationJobSummaries"),
    "automl-job": ("AutoMLJobName", "AutoMLJobSummaries"),
    "optimization-job": ("OptimizationJobName", ""),
    "mlflow-tracking-server": ("TrackingServerName", ""),
    "mlflow-app": ("Arn", ""),
    "feature-group": ("FeatureGroupName", ""),
}
# In these states a tool cannot be deleted.
RUNNING = {
    "notebook-instance": ("InService",),
    "compilation-job": ("STARTING", "INPROGRESS"),
    "optimization-job": ("STARTING", "INPROGRESS"),
}
BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


class SageMakerCalls(Things):
    def _arn(self, kind: str, region: str, name: str) -> str:
        """SageMaker writes names in small letters there."""
        return f"arn:aws:sagemaker:{region}:{ACCOUNT}:{kind}/{name.lower()}"

    def _sagemaker(self, region: str, operation: str, params: Record) -> Record:
        if operation == "ListTags":
            return {"Tags": tag_list(self._resource(*self._named_by(region, params["ResourceArn"]))["tags"])}
        verb = next(verb for verb in ("List", "Describe", "Delete", "Stop", "Update") if operation.startswith(verb))
        if tool := _tool(operation.removeprefix(verb)):
            return self._tools(verb, tool, region, params)
        noun = operation.removeprefix(verb).removesuffix("s" if verb == "List" else "")
        if noun in ("Domain", "ModelPackage", "PipelineExecution"):
            return {"Domains": [], "ModelPackageSummaryList": [], "PipelineExecutionSummaries": []}
        kind = next(kind for kind, candidate in SAGEMAKER.items() if candidate == noun)
        if verb == "List":
            wanted = params.get("NameContains", "").lower()
            entries = [
                self._sagemaker_answer(kind, region, name, record)
                for name, record in self.named(kind, region)
                if wanted in name.lower()
                and params.get("StatusEquals") in (None, record.get("state"))
                and params.get("WarmPoolStatusEquals") in (None, record.get("pool"))
            ]
            return {LIST_KEYS.get(noun, f"{noun}Summaries"): entries}
        name = params[f"{noun}Name"]
        record = self._resource(kind, region, name)
        if verb == "Describe":
            self._pass_time(kind, region, name, record)
            return self._sagemaker_answer(kind, region, name, self._resource(kind, region, name))
        return self._end(verb, kind, region, name, record)

    def _tools(self, verb: str, kind: str, region: str, params: Record) -> Record:
        key, list_key = TOOLS[kind]
        noun = key.removesuffix("Name")
        if verb == "List":
            names = [name for name, _ in self.named(kind, region)]
            return {list_key: [{f"{noun}Name": name, f"{noun}Arn": self._arn(kind, region, name)} for name in names]}
        name = params[key]
        if key == "Arn":
            _, _, name = self._named_by(region, name)
        record = self._resource(kind, region, name)
        match verb:
            case "Describe":
                return {f"{noun}Status": record["state"]} if "state" in record else {"RoleArn": "role"}
            case "Stop":
                record["state"] = "Stopped"
            case "Delete" if record.get("state") in RUNNING.get(kind, ()):
                raise RefusalError("ValidationException", f"Status ({record['state']}) not in ([Stopped, Failed])")
            case "Delete":
                self.drop(kind, region, name)
        return {}

    def _named_by(self, region: str, arn: str) -> tuple[str, str, str]:
        """Kind, region and name, as it was given, of what an ARN names."""
        kind, _, name = arn.split(":", 5)[5].partition("/")
        names = (given for given, _ in self.named(kind, region) if given.lower() == name)
        return kind, region, next(names, name)

    def _resource(self, kind: str, region: str, name: str) -> Record:
        return self.get(kind, region, name, "ValidationException", f'Could not find {kind} "{name}".')

    def _sagemaker_answer(self, kind: str, region: str, name: str, record: Record) -> Record:
        noun = SAGEMAKER[kind]
        answer = {f"{noun}Name": name, f"{noun}Arn": self._arn(kind, region, name), "CreationTime": EPOCH}
        if "state" in record:
            answer[f"{noun}Status"] = record["state"]
        if kind == "endpoint":
            answer["EndpointConfigName"] = name
        if "pool" in record:
            answer["WarmPoolStatus"] = {"Status": record["pool"]}
        return answer

    def _end(self, verb: str, kind: str, region: str, name: str, record: Record) -> Record:
        if verb == "Update":
            if record.get("pool") != "Available":
                raise RefusalError("ValidationException", "The job keeps no warm pool.")
            record["pool"] = "Terminated"
        elif verb == "Stop":
            if record["state"] != "InProgress":
                raise RefusalError("ValidationException", f"The job is {record['state']}.")
            record.update(state="Stopping", left=self.looks)
        elif kind == "endpoint":
            if record["state"] in (*BUSY, "Deleting"):
                raise RefusalError("ValidationException", f"Cannot update in-progress endpoint {name}.")
            record.update(state="Deleting", left=self.looks)
        else:
            self.drop(kind, region, name)
        return {}

    def _pass_time(self, kind: str, region: str, name: str, record: Record) -> None:
        """A look at something that is under way; ``stuck`` things never move."""
        if record.get("stuck") or record.get("state") not in (*BUSY, "Deleting", "Stopping"):
            return
        record["left"] = record.get("left", self.looks) - 1
        if record["left"] >= 0:
            return
        record.pop("left")
        if record["state"] == "Deleting":
            self.drop(kind, region, name)
        else:
            record["state"] = "Stopped" if record["state"] == "Stopping" else "InService"
            if record.get("pool") == "InUse":
                record["pool"] = "Available"
        if record["state"] in ("Deleting", "Stopped"):
            self._write_late(region, name)

    def _write_late(self, region: str, name: str) -> None:
        group = (region, f"/aws/sagemaker/Endpoints/{name}")
        if group in self.late_logs:
            self.late_logs.remove(group)
            self.add("log-group", region, group[1])


def _tool(noun: str) -> str:
    """The kind that an operation is about, when it is one of the tools."""
    wanted = noun.lower().removesuffix("s")
    return next((kind for kind in TOOLS if kind.replace("-", "") == wanted), "")

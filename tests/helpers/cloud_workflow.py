"""Step Functions, Scheduler, Parameter Store, Auto Scaling and CloudFormation on an account in memory."""

from __future__ import annotations

import json

from tests.helpers.cloud_things import ACCOUNT, EPOCH, Record, RefusalError, Things, tag_list


class WorkflowCalls(Things):
    def _stepfunctions(self, region: str, operation: str, params: Record) -> Record:
        name = next(iter(params.values())).split(":")[6]
        code = "ResourceNotFound" if operation == "ListTagsForResource" else "StateMachineDoesNotExist"
        machine = self.get("state-machine", region, name, code)
        if operation == "DescribeStateMachine":
            return {"name": name, "stateMachineArn": params["stateMachineArn"]}
        if operation == "ListTagsForResource":
            return {"tags": [{"key": key, "value": value} for key, value in machine["tags"].items()]}
        if operation == "StopExecution":
            machine["executions"].remove(params["executionArn"].split(":")[7])
            return {"stopDate": EPOCH}
        arn = params["stateMachineArn"].replace(":stateMachine:", ":execution:")
        return {
            "executions": [
                {"executionArn": f"{arn}:{run}", "name": run, "status": "RUNNING", "startDate": EPOCH}
                for run in machine["executions"]
            ]
        }

    def _scheduler(self, region: str, operation: str, params: Record) -> Record:
        if operation == "DeleteSchedule":
            self.get("schedule", region, params["Name"])
            self.drop("schedule", region, params["Name"])
            return {}
        if operation == "GetSchedule":
            schedule = self.get("schedule", region, params["Name"])
            ends = json.dumps({"EndpointName": schedule.get("ends", params["Name"])})
            target = {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint", "RoleArn": "role", "Input": ends}
            return {"Name": params["Name"], "Target": target | schedule.get("target", {})}
        if operation == "ListTagsForResource":
            group = self.get("schedule-group", region, params["ResourceArn"].rpartition("/")[2])
            return {"Tags": tag_list(group["tags"])}
        named = [each for each in self.named("schedule", region) if each[0].startswith(params["NamePrefix"])]
        return {"Schedules": [{"Name": name, "GroupName": each.get("group", "default")} for name, each in named]}

    def _ssm(self, region: str, operation: str, params: Record) -> Record:
        known = [name for name in params["Names"] if ("parameter", region, name) in self.things]
        return {"Parameters": [{"Name": name} for name in known]}

    def _application_autoscaling(self, region: str, operation: str, params: Record) -> Record:
        if operation == "DeregisterScalableTarget":
            self.get("scalable-target", region, params["ResourceId"], "ObjectNotFoundException")
            self.drop("scalable-target", region, params["ResourceId"])
            return {}
        dimension = "sagemaker:variant:DesiredInstanceCount"
        names = [name for name, _ in self.named("scalable-target", region)]
        return {"ScalableTargets": [{"ResourceId": name, "ScalableDimension": dimension} for name in names]}

    # CloudFormation

    def _cloudformation(self, region: str, operation: str, params: Record) -> Record:
        name = params["StackName"].split("/")[1] if params["StackName"].startswith("arn:") else params["StackName"]
        stack = self.get("stack", region, name, "ValidationError", f"Stack with id {name} does not exist")
        if operation == "DescribeStacks":
            self._pass_time_of_stack(region, name, stack)
            stack = self.get("stack", region, name, "ValidationError", f"Stack with id {name} does not exist")
            identity = {"StackName": name, "StackId": f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/1"}
            details = {"StackStatus": stack["state"], "Tags": tag_list(stack["tags"]), "CreationTime": EPOCH}
            return {"Stacks": [identity | details]}
        if operation == "ListStackResources":
            return {"StackResourceSummaries": [_summary(*held) for held in stack["holds"]]}
        if operation == "DescribeStackEvents":
            reason = {"LogicalResourceId": "It", "ResourceStatus": "DELETE_FAILED", "PhysicalResourceId": "it"}
            return {"StackEvents": [reason | {"ResourceStatusReason": stack.get("why", "")}]}
        if stack.get("protected"):
            raise RefusalError("ValidationError", f"Stack [{name}] cannot be deleted while TerminationProtection is on")
        stack.update(state="DELETE_IN_PROGRESS", left=self.looks)
        return {}

    def _pass_time_of_stack(self, region: str, name: str, stack: Record) -> None:
        state = stack["state"]
        if stack.get("stuck") or not state.endswith("_IN_PROGRESS") or state == "REVIEW_IN_PROGRESS":
            return
        stack["left"] = stack.get("left", self.looks) - 1
        if stack["left"] >= 0:
            return
        stack.pop("left")
        if state != "DELETE_IN_PROGRESS":
            stack["state"] = state.replace("_IN_PROGRESS", "_COMPLETE")
            return
        stack["why"] = next((why for held in stack["holds"] if (why := self._why_kept(region, *held))), "")
        if stack["why"]:
            stack["state"] = "DELETE_FAILED"
            return
        for kind, held in stack["holds"]:
            self.drop(kind, "global" if kind == "user" else region, held)
        self.drop("stack", region, name)

    def _why_kept(self, region: str, kind: str, name: str) -> str:
        if (
            kind == "bucket"
            and (held := self.things.get((kind, region, name)))
            and (held["objects"] or held["uploads"])
        ):
            return "The bucket you tried to delete is not empty"
        if kind == "user" and (user := self.things.get((kind, "global", name))) and (user["keys"] or user["password"]):
            return "Cannot delete entity, must delete access keys or login profile first."
        return ""


def _summary(kind: str, name: str) -> Record:
    types = {
        "bucket": "AWS::S3::Bucket",
        "build-project": "AWS::CodeBuild::Project",
        "repository": "AWS::ECR::Repository",
        "state-machine": "AWS::StepFunctions::StateMachine",
        "user": "AWS::IAM::User",
    }
    return {
        "LogicalResourceId": "It",
        "PhysicalResourceId": name,
        "ResourceType": types[kind],
        "ResourceStatus": "CREATE_COMPLETE",
    }

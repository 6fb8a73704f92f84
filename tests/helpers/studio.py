"""Studio of SageMaker for a ``Cloud``: domains that cannot go while something is in them."""

from __future__ import annotations

from typing import Any

from tests.helpers.cloud import ACCOUNT, Cloud, RefusalError

Record = dict[str, Any]
NOUNS = {"Domain": "domain", "UserProfile": "user-profile", "Space": "space", "App": "app"}
KEYS = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")


class StudioCloud(Cloud):
    """``studio`` maps (kind, name) to tags; a name holds the parts of the ARN, ``domain/profile/type/app``."""

    studio: dict[tuple[str, str], dict[str, str]]

    def _resourcegroupstaggingapi(self, region: str, operation: str, params: Record) -> Record:
        answer = super()._resourcegroupstaggingapi(region, operation, params)
        tagged = [key for key, tags in self.studio.items() if tags == {"workshop": "chitra"} and region == REGION]
        answer["ResourceTagMappingList"] += [{"ResourceARN": _arn(*key), "Tags": []} for key in tagged]
        return answer

    def _sagemaker(self, region: str, operation: str, params: Record) -> Record:
        verb = next(verb for verb in ("List", "Describe", "Delete", "Stop", "Update") if operation.startswith(verb))
        noun = operation.removeprefix(verb).removesuffix("s" if verb == "List" and operation != "ListTags" else "")
        if operation == "ListTags":
            kind, _, name = params["ResourceArn"].split(":", 5)[5].partition("/")
            if kind in NOUNS.values():
                return {"Tags": [{"Key": key, "Value": value} for key, value in self.studio[kind, name].items()]}
        if noun not in NOUNS:
            return super()._sagemaker(region, operation, params)
        kind = NOUNS[noun]
        if verb == "List":
            known = [name for what, name in self.studio if what == kind and region == REGION]
            inside = [name for name in known if params.get("DomainIdEquals", name.split("/")[0]) == name.split("/")[0]]
            return {f"{noun}s": [_entry(noun, kind, name) for name in inside]}
        name = "/".join(params[key] for key in KEYS if key in params)
        if (kind, name) not in self.studio:
            raise RefusalError("ResourceNotFound", f"{kind} {name} does not exist")
        if verb == "Describe":
            return {**_entry(noun, kind, name), f"{noun}Arn": _arn(kind, name)}
        if any(other.startswith(f"{name}/") for _, other in self.studio):
            raise RefusalError("ResourceInUse", f"{name} holds something")
        assert kind != "domain" or params["RetentionPolicy"] == {"HomeEfsFileSystem": "Delete"}
        del self.studio[kind, name]
        return {}


REGION = "ap-northeast-1"


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def _entry(noun: str, kind: str, name: str) -> Record:
    parts = name.split("/")
    if kind == "app":
        identity = dict(zip(("DomainId", "UserProfileName", "AppType", "AppName"), parts, strict=True))
    elif kind == "domain":
        identity = {"DomainId": name, "DomainArn": _arn(kind, name)}
    else:
        identity = {"DomainId": parts[0], f"{noun}Name": parts[1]}
    return {**identity, "Status": "InService"}

"""Whether Step Functions takes the workflow's definition: the deployed one, or the one that `make synth` wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chitra.errors import InputError
from chitra.json_text import read_json
from infra.names import Names
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.waiting import none_if_missing
from workshop.checks.check import Check, State

SUBJECT = "workflow"
TEMPLATES = "cdk.out"  # where the CDK's command line writes, as cdk.json says
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
SUBSTITUTED = re.compile(r"\$\{([^}]+)\}")
FIX = "mend infra/workflow.py or infra/jobs.py, then `make synth` or `make deploy`, and ask the doctor again"


def check_definition(account: Account, settings: Settings, project: Path) -> Iterator[Check]:
    """A line for each of Step Functions' diagnostics; an error there fails the deployment."""
    definition, where = _deployed(account, settings), "deployed"
    if not definition:
        file = project / TEMPLATES / f"{Names(settings.name).workflow_stack}.template.json"
        try:
            definition, where = _synthesised(file, account.number, settings.region), f"in {TEMPLATES}"
        except InputError as error:
            yield Check(SUBJECT, State.UNKNOWN, str(error), "make synth writes it anew")
            return
    if not definition:
        yield Check(SUBJECT, State.UNKNOWN, f"neither deployed nor in {TEMPLATES}", "make synth, then the doctor again")
        return
    answer = account.client("stepfunctions").validate_state_machine_definition(
        definition=definition, type="STANDARD", severity="WARNING"
    )
    found = [_line(each) for each in answer["diagnostics"]]
    if answer["result"] == "FAIL" and not any(line.state is State.FAILED for line in found):
        found.append(Check(SUBJECT, State.FAILED, "Step Functions refuses the definition and does not say why", FIX))
    yield from found or [Check(SUBJECT, State.OK, f"Step Functions takes the definition {where}")]


def _line(diagnostic: Mapping[str, str]) -> Check:
    state = State.FAILED if diagnostic["severity"] == "ERROR" else State.TO_DO
    said = f"{diagnostic.get('location', '')} {diagnostic['code']}: {diagnostic['message']}"
    return Check(SUBJECT, state, " ".join(said.split()), FIX)


def _deployed(account: Account, settings: Settings) -> str:
    """Empty before a deployment."""
    machine = Names(settings.name).state_machine
    arn = f"arn:aws:states:{settings.region}:{account.number}:stateMachine:{machine}"
    states = account.client("stepfunctions")
    answer = none_if_missing(lambda: states.describe_state_machine(stateMachineArn=arn))
    return str(answer["definition"]) if answer else ""


def _synthesised(template: Path, account: str, region: str) -> str:
    """What CloudFormation would hand to Step Functions, with names for what it makes first; empty without a template.

    Raises:
        InputError: the file is no template with a state machine.
    """
    pseudo = {"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": "aws"}
    pseudo["AWS::URLSuffix"] = "amazonaws.com"
    try:
        resources = read_json(template)["Resources"].values()
        [machine] = (each["Properties"] for each in resources if each["Type"] == STATE_MACHINE)
        return _text(machine["DefinitionString"], pseudo)
    except FileNotFoundError:
        return ""
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise InputError(f"{template} is no template of the workflow") from error


def _text(value: Any, pseudo: Mapping[str, str]) -> str:
    """A text, or a plausible one in the place of CloudFormation's ``Fn::Join``, ``Fn::Sub``, ``Ref`` and others."""
    if isinstance(value, str):
        return value
    [(function, given)] = value.items()
    if function == "Fn::Join":
        separator, parts = given
        return str(separator).join(_text(part, pseudo) for part in parts)
    if function == "Fn::Sub":
        text, own = (given, {}) if isinstance(given, str) else given
        known = {**pseudo, **{name: _text(each, pseudo) for name, each in own.items()}}
        return SUBSTITUTED.sub(lambda match: known.get(match[1]) or _made(match[1], pseudo), text)
    return pseudo.get(str(given)) or _made(str(given), pseudo)


def _made(reference: str, pseudo: Mapping[str, str]) -> str:
    """What CloudFormation will have made: an ARN where one is asked for. Exports are called after what they export."""
    return f"arn:aws:iam::{pseudo['AWS::AccountId']}:role/made-later" if "Arn" in reference else "made-later"

"""Settings are typed; an error names the key and the way out."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from chitra.hyperparameters import parse_hyperparameters
from infra.names import Names
from infra.settings import SettingsError, parse_settings, read_settings
from tests.helpers.project import CONTEXT, ROOT
from tests.infra.conftest import synthesise


def changed(path: str, value: object) -> dict[str, Any]:
    context = deepcopy(CONTEXT)
    section = context
    *parents, key = path.split(".")
    for parent in parents:
        section = section[parent]
    section[key] = value
    return context


def test_should_make_the_stacks_of_cdk_json_whatever_an_organiser_wrote_there() -> None:
    settings = read_settings(ROOT)
    made = {name for name, template in synthesise(settings).items() if template.to_json()["Resources"]}
    assert {f"{settings.name}-{name}" for name in made} == set(Names(settings.name).stacks)
    assert parse_hyperparameters(settings.training.hyperparameters)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", "Chitra", "workshop.name: should match pattern"),
        ("name", "a--b", "workshop.name: should match pattern"),
        ("name", "a-name-that-is-too-long", "workshop.name: should have at most 16 characters"),
        ("name", "my-sagemaker", "workshop.name: must not contain sagemaker"),
        ("name", "sagemakers", "workshop.name: must not contain sagemaker"),
        ("region", "tokyo", "workshop.region: should match pattern"),
        ("participants", [], "workshop.participants: "),
        ("participants", ["a", "A"], "workshop: participants: two have the same name"),
        ("power_user", "maybe", "workshop.power_user: "),
        ("training.instance_type", "g4dn.xlarge", "workshop.training.instance_type: should match pattern"),
        ("training.hyperparameters", {"epochs'": 1}, "workshop.training.hyperparameters.epochs'.[key]: should match"),
        ("training.instance_count", 5, "workshop.training.instance_count: Input should be less than or equal to 4"),
        ("training.keep_warm_minutes", 61, "workshop.training.keep_warm_minutes: "),
        ("training.keep_warm_minutes", -1, "workshop.training.keep_warm_minutes: "),
        ("training.max_runtime_minutes", 0, "workshop.training.max_runtime_minutes: "),
        ("preprocessing.max_length", 4097, "workshop.preprocessing.max_length: "),
        ("endpoint.hours_to_live", 100, "workshop.endpoint.hours_to_live: "),
        ("endpoint.kind", "batch", "workshop.endpoint.kind: "),
        ("training.instance_type", "ml.p3.2xlarge", "workshop.training.instance_type: has a GPU that this PyTorch"),
        ("training.instance_type", "ml.p6e-gb200.36xlarge", "workshop.training.instance_type: is no x86 machine"),
        ("endpoint.instance_type", "ml.g5g.xlarge", "workshop.endpoint.instance_type: is no x86 machine"),
        ("preprocessing.instance_type", "ml.m6gd.large", "workshop.preprocessing.instance_type: is no x86 machine"),
        ("image_source", "docker", "workshop.image_source: "),
        ("image_source", "uri", "workshop: image_uri: belongs to image_source uri, and only to that"),
        (
            "cuda_image_uri",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/c@sha256:" + "1" * 64,
            "workshop: cuda_image_uri: belongs to image_source uri, and only to that",
        ),
        ("cuda_image_uri", "python:3.11", "workshop.cuda_image_uri: should match pattern"),
        ("image_uri", "python:3.11", "workshop.image_uri: should match pattern"),
        (
            "image_uri",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/images:latest",
            "workshop.image_uri: a tag can get another image; name the digest",
        ),
        ("model.address", "models/chiTra.tar.gz", "workshop.model: sha256 is needed for a file of your own; print it"),
        ("model.address", "http://example.com/m.tar.gz", "workshop.model: sha256 is needed for an http:// address"),
        ("model.address", "ftp://example.com/m.tar.gz", "workshop.model.address: should match pattern"),
        ("model.sha256", "abc", "workshop.model.sha256: should match pattern"),
        ("retention_days", 2, "workshop.retention_days: "),
        ("colour", "red", "workshop.colour: is no setting; remove it or mend its spelling"),
        (
            "particpants",
            [],
            "workshop.particpants: is no setting; remove it or mend its spelling, not []. Did you mean p",
        ),
    ],
)
def test_should_name_the_key_that_is_wrong(path: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(changed(path, value))
    assert str(caught.value).startswith(f"cdk.json: {message}")
    assert "\n" not in str(caught.value)


def test_should_name_the_nearest_key_of_the_same_section() -> None:
    with pytest.raises(SettingsError, match=r"not 'x'\. Did you mean instance_type\?$"):
        parse_settings(changed("training.instance_typ", "x"))


def test_should_keep_nothing_warm_after_spot_training() -> None:
    training = CONTEXT["training"] | {"spot": True, "keep_warm_minutes": 10}
    with pytest.raises(SettingsError) as caught:
        parse_settings(changed("training", training))
    problem = "keep_warm_minutes: SageMaker keeps no instance of spot training; choose one of the two"
    assert str(caught.value) == f"cdk.json: workshop.training: {problem}"


def test_should_take_an_http_address_with_a_checksum() -> None:
    model = {"address": "http://example.com/m.tar.gz", "sha256": "0" * 64}
    assert parse_settings(changed("model", model)).model.sha256


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\n" + "[" * 100_000, r"cdk\.json:2: is nested too deeply"),
        ('{\n\n"a": ' + "9" * 5_000 + "}", r"cdk\.json:3: holds a number of more than 4300 digits"),
        ("[]", "is not an object"),
        ('{"context": []}', 'context key "workshop" is missing'),
        ('{"context": {"workshop": [1]}}', "workshop: "),
        ('{"context": {"workshop": ' + "[" * 90 + "]" * 90 + "}}", "workshop: "),
    ],
)
def test_should_name_the_line_that_no_parser_takes(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "cdk.json").write_text(content)
    with pytest.raises(SettingsError, match=message) as caught:
        read_settings(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_should_report_every_wrong_key_on_a_line_of_its_own() -> None:
    context = changed("region", "tokyo") | {"colour": "red"}
    del context["name"]
    with pytest.raises(SettingsError) as caught:
        parse_settings(context)
    assert len(str(caught.value).splitlines()) == 3


def test_should_name_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        read_settings(tmp_path)
    (tmp_path / "cdk.json").write_text("{\n oops")
    with pytest.raises(SettingsError, match=r"cdk\.json:2: is not JSON"):
        read_settings(tmp_path)
    (tmp_path / "cdk.json").write_text("{}")
    with pytest.raises(SettingsError, match='context key "workshop" is missing'):
        read_settings(tmp_path)

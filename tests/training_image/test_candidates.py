"""Ways to serve a model: what is left in the artefact after training, and what an endpoint makes of it."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from chitra.errors import InputError
from chitra.long_articles import View
from training_image.candidates import build, choice
from training_image.candidates.choice import load_model, load_way
from training_image.candidates.cpu import cpu_flags, suits
from training_image.candidates.export import write_int8, write_onnx
from training_image.candidates.onnx_check import read_checked
from training_image.candidates.onnx_model import OnnxModel
from training_image.candidates.record import ALLOWED, Measured, Record, Runtime, Way, read_record
from training_image.candidates.rule import Quality, choose
from training_image.classifier import Classifier

TIMES = {128: 1.0, 512: 4.0}
AMX = frozenset({"avx2", "avx512_vnni", "amx_bf16"})
AVX2 = frozenset({"avx2"})
OLD = frozenset({"asimdhp"})


def way(runtime: Runtime, *, student: bool = False, served: bool = True) -> Measured:
    return Measured(runtime=runtime, student=student, milliseconds=TIMES, served=served, accuracy=0.9, agreement=1)


@pytest.fixture(scope="module")
def every_way(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> Path:
    """An artefact that holds all of them, quickest first."""
    folder = tmp_path_factory.mktemp("every-way") / "model"
    shutil.copytree(trained / "model", folder)
    write_onnx(folder, folder / "model.onnx")
    write_int8(folder / "model.onnx", folder / "int8.onnx")
    Record(ways=[way("bf16"), way("int8"), way("onnx"), way("fp32")]).write(folder)
    return folder


@pytest.fixture
def artefact(tmp_path: Path, every_way: Path) -> Path:
    return Path(shutil.copytree(every_way, tmp_path / "model"))


def served_by(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the log says while the model is loaded."""
    load_model(folder)
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("accuracies", "served", "asked"),
    [
        ({"int8": 0.9, "onnx": 0.9}, ["int8", "fp32"], ["int8"]),
        ({"int8": 0.898, "onnx": 0.9}, ["int8", "fp32"], ["int8"]),
        ({"int8": 0.897, "onnx": 0.9}, ["onnx", "fp32"], ["int8", "onnx"]),
        ({"int8": None, "onnx": 0.1}, ["fp32"], ["int8", "onnx"]),
        ({"bf16": 0.9, "int8": 0.9, "onnx": 0.9}, ["bf16", "int8", "fp32"], ["bf16", "int8"]),
    ],
)
def test_should_serve_the_quickest_way_that_is_as_good_as_fp32(
    accuracies: dict[Runtime, float | None], served: list[str], asked: list[str]
) -> None:
    seen = []

    def quality(way: Way) -> Quality | None:
        seen.append(way.runtime)
        found = accuracies[way.runtime]
        return None if found is None else Quality(found, 1.0)

    ways = list(choose([way(name, served=False) for name in [*accuracies, "fp32"]], 0.9, quality))
    assert [each.runtime for each in ways if each.served] == served
    assert seen == asked
    assert ways[-1].accuracy == 0.9


def test_should_say_that_a_distilled_model_falls_short() -> None:
    timed = [way("int8", student=True), way("int8"), way("fp32")]
    record = Record(ways=list(choose(timed, 0.95, lambda way: Quality(0.9 if way.student else 0.95, 1.0))))
    assert [each.served for each in record.ways] == [False, True, True]
    served, student = record.describe().split("; ")
    assert served == "int8 (cpu), right on 0.9500 of the validation articles"
    assert student == "the distilled model is not served, its accuracy is 0.9000"


def test_should_say_in_the_artefact_the_report_and_the_log_what_is_served(trained: Path) -> None:
    record = read_record(trained / "model")
    *_, fp32 = [each for each in record.ways if each.served]
    assert fp32.is_fp32
    assert fp32.accuracy is not None
    assert all(each.accuracy is None or each.accuracy >= fp32.accuracy - ALLOWED for each in record.served("cpu"))
    assert record.articles == record.validation_articles == 11
    assert {each.runtime for each in record.ways} >= {"int8", "onnx", "fp32"}
    assert json.loads((trained / "output/data/metrics.json").read_text())["serving"] == json.loads(
        (trained / "model/candidates.json").read_text()
    )
    log = (trained / "log").read_text(encoding="utf-8")
    assert record.table() in log
    assert f"; served: {record.describe()}" in log.splitlines()[-1]


def test_should_hold_the_files_of_what_is_served_and_no_others(trained: Path) -> None:
    served = {each.runtime for each in read_record(trained / "model").served("cpu")}
    assert {"int8": "int8.onnx" in names(trained), "onnx": "model.onnx" in names(trained)} == {
        runtime: runtime in served for runtime in ("int8", "onnx")
    }


def names(trained: Path) -> set[str]:
    return {file.name for file in (trained / "model").iterdir()}


def test_should_do_without_what_cannot_be_built(
    artefact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: Path) -> None:
        raise RuntimeError("no exporter here")

    monkeypatch.setattr(build, "write_onnx", fail)
    (artefact / "model.onnx").unlink()
    (artefact / "int8.onnx").unlink()
    articles = build.Articles([[2, 9, 3]] * 4, np.zeros(4, np.int64), View(16))
    record = build.measure_candidates(artefact, articles, threading.Event())
    assert {each.runtime for each in record.ways} <= {"bf16", "fp32"}
    assert read_record(artefact) == record
    assert (
        "warning: writing the model for ONNX Runtime failed (RuntimeError: no exporter here)" in capsys.readouterr().out
    )


@pytest.mark.parametrize("runtime", ["int8", "onnx", "bf16"])
def test_should_compute_nearly_the_same_in_every_way(every_way: Path, runtime: Runtime) -> None:
    inputs = [[2, *range(5, 5 + size), 3] for size in (1, 7, 254)]
    found, expected = (load_way(every_way, Way(runtime=name)) for name in (runtime, "fp32"))
    assert found.names == expected.names
    assert found.pad_id == expected.pad_id
    np.testing.assert_allclose(found.forward(inputs), expected.forward(inputs), atol=0.2)


@pytest.mark.parametrize("runtime", ["int8", "onnx", "bf16", "fp32"])
def test_should_answer_the_same_on_all_cores(every_way: Path, runtime: Runtime) -> None:
    model = load_way(every_way, Way(runtime=runtime))
    inputs = [[2, *range(10, 70), 3], [2, 11, 3]]
    np.testing.assert_allclose(model.forward_alone(inputs[:1]), model.forward(inputs[:1]), atol=0.01)
    assert model.forward_alone(inputs).shape == (2, 9)


def test_should_answer_the_same_whatever_is_asked_beside_it(every_way: Path) -> None:
    model = OnnxModel(every_way / "int8.onnx", every_way)
    first, second = [2, 5, 6, 7, 3], [2, *range(8, 200), 3]
    together = model.forward([first, second])
    np.testing.assert_array_equal(together, np.concatenate([model.forward([first]), model.forward([second])]))


def test_should_serve_windows_as_they_were_trained(every_way: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "cpu_flags", lambda: AVX2)
    view, article = View(16, "windows"), [2, *range(5, 60), 3]
    classifier = Classifier(every_way, view)
    parts = classifier.model.forward(view.parts(article))
    assert len(parts) > 3
    np.testing.assert_allclose(classifier.logits([article]), [parts.mean(axis=0)], rtol=1e-5)


@pytest.mark.parametrize(("flags", "runtime"), [(AMX, "bf16"), (AVX2, "int8"), (frozenset(), "int8"), (OLD, "onnx")])
def test_should_choose_again_by_what_the_cpu_can_do(
    every_way: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: frozenset[str],
    runtime: str,
) -> None:
    monkeypatch.setattr(choice, "cpu_flags", lambda: flags)
    assert served_by(every_way, capsys) == [f"serving {runtime} (cpu)"]


def test_should_know_the_cpu(tmp_path: Path) -> None:
    intel, arm = tmp_path / "intel", tmp_path / "arm"
    intel.write_text("processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni amx_bf16\nbugs\t\t: x\n\nprocessor\t: 1\n")
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd asimddp\n")
    assert cpu_flags(intel) == AMX
    assert cpu_flags(arm) == {"asimd", "asimddp"}
    assert cpu_flags(tmp_path / "nosuch") == frozenset()
    assert suits("int8", cpu_flags(arm))


def cut(folder: Path) -> None:
    file = folder / "int8.onnx"
    file.write_bytes(file.read_bytes()[:2_000])


def missing(folder: Path) -> None:
    (folder / "int8.onnx").unlink()


def other_categories(folder: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Cast", ["input_ids"], ["logits"], to=TensorProto.FLOAT)],
        "other",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", "s"])],
    )
    save(graph, folder / "int8.onnx")


@pytest.mark.parametrize("spoil", [cut, missing, other_categories])
def test_should_fall_back_to_the_next_way(
    artefact: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
) -> None:
    monkeypatch.setattr(choice, "cpu_flags", lambda: AVX2)
    spoil(artefact)
    warning, serving = served_by(artefact, capsys)
    assert warning.startswith("warning: int8 (cpu) cannot be served, the next way is tried: ")
    assert serving == "serving onnx (cpu)"


def test_should_serve_an_artefact_of_before_in_fp32(artefact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (artefact / "candidates.json").unlink()
    assert served_by(artefact, capsys) == ["serving fp32 (cpu)"]


def test_should_name_the_value_that_no_training_writes(artefact: Path) -> None:
    (artefact / "candidates.json").write_text('{"ways": [{"runtime": "../../evil", "milliseconds": {}}]}')
    with pytest.raises(InputError, match=r"candidates.json: ways.0.runtime is not what `train` writes"):
        load_model(artefact)


def save(graph: onnx.GraphProto, file: Path, **content: object) -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("evil", 1)]
    onnx.save_model(helper.make_model(graph, opset_imports=opsets, ir_version=8, **content), str(file))


def graph_of(*nodes: onnx.NodeProto, tensors: list[TensorProto] | None = None) -> onnx.GraphProto:
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 9])
    return helper.make_graph(list(nodes), "evil", [], [output], initializer=tensors)


def in_another_file(file: Path) -> None:
    """The numbers of ``secret``, which lies beside the artefact."""
    (file.parent.parent / "secret").write_bytes(bytes(36))
    tensor = TensorProto(name="logits_", data_type=TensorProto.FLOAT, dims=[1, 9], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "../secret"), ("offset", "0"), ("length", "36")):
        tensor.external_data.add(key=key, value=value)
    save(graph_of(helper.make_node("Identity", ["logits_"], ["logits"]), tensors=[tensor]), file)


def in_another_file_of_an_attribute(file: Path) -> None:
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[1, 9], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../secret")
    save(graph_of(helper.make_node("Constant", [], ["logits"], value=tensor)), file)


def operator_of_its_own(file: Path) -> None:
    save(graph_of(helper.make_node("Run", [], ["logits"], domain="evil")), file)


def context_of_a_device(file: Path) -> None:
    """Would load a compiled model from a path."""
    save(graph_of(helper.make_node("EPContext", [], ["logits"], domain="com.microsoft", ep_cache_context="x")), file)


def function(file: Path) -> None:
    opsets = [helper.make_opsetid("", 17)]
    body = [helper.make_node("Run", [], ["logits"], domain="evil")]
    made = helper.make_function("evil", "Add", [], ["logits"], body, opsets)
    save(graph_of(helper.make_node("Add", [], ["logits"], domain="evil")), file, functions=[made])


def graph_in_a_graph(file: Path) -> None:
    inner = graph_of(helper.make_node("Constant", [], ["logits"], value_floats=[0.0] * 9))
    save(graph_of(helper.make_node("Identity", [], ["logits"], body=inner)), file)


HOSTILE = [
    (in_another_file, "keeps the numbers of 'logits_' in another file"),
    (in_another_file_of_an_attribute, "in another file"),
    (operator_of_its_own, "uses the operator 'evil::Run'"),
    (context_of_a_device, "uses the operator 'com.microsoft::EPContext'"),
    (function, "defines operators of its own"),
    (graph_in_a_graph, "holds a graph in its operator 'Identity'"),
]


@pytest.mark.parametrize(("make", "named"), HOSTILE, ids=lambda value: getattr(value, "__name__", ""))
def test_should_load_nothing_but_numbers_of_the_file(
    artefact: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], None],
    named: str,
) -> None:
    monkeypatch.setattr(choice, "cpu_flags", lambda: AVX2)
    make(artefact / "int8.onnx")
    with pytest.raises(InputError, match=named):
        read_checked(artefact / "int8.onnx")
    warning, serving = served_by(artefact, capsys)
    assert named in warning
    assert serving == "serving onnx (cpu)"

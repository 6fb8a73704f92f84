"""A model's folder is data: none of its files makes Sudachi load code, other files or another class."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sudachipy

from chitra.errors import InputError
from chitra.fingerprint import fingerprint
from chitra.tokenisation import Encoder, load_tokenizer
from tests.conftest import Job

RESOURCES = Path(sudachipy.__file__).parent / "resources"
SUDACHI = {"split_mode": "C", "dict_type": "core"}
TEXT = "引越してからすだちを届けます"


@pytest.fixture
def model(tmp_path: Path, stand_in: Path) -> Path:
    shutil.copytree(stand_in, tmp_path / "model")
    return tmp_path / "model"


def change(file: Path, **changes: Any) -> None:
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(content | changes))


@pytest.fixture
def plugin(tmp_path: Path) -> tuple[Path, Path]:
    """A library that makes a file when it is loaded, and that file."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    marker, source = tmp_path / "ran", tmp_path / "plugin.c"
    source.write_text(
        "#include <stdio.h>\n"
        f'__attribute__((constructor)) static void run(void) {{ fclose(fopen("{marker}", "w")); }}\n'
    )
    library = tmp_path / "plugin.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library, marker


def put_plugin(folder: Path, library: Path) -> Path:
    """The library as a plugin in a Sudachi configuration of the folder."""
    shutil.copytree(RESOURCES, folder, dirs_exist_ok=True)
    shutil.copy(library, folder / "plugin.so")
    config = json.loads((RESOURCES / "sudachi.json").read_text())
    config["inputTextPlugin"].insert(0, {"class": str(folder / "plugin.so")})
    (folder / "sudachi.json").write_text(json.dumps(config))
    return folder / "sudachi.json"


def test_should_run_no_plugin_of_a_model(model: Path, plugin: tuple[Path, Path]) -> None:
    library, marker = plugin
    config = put_plugin(model, library)
    for kwargs in (
        {"config_path": str(config)},
        {"resource_dir": str(model)},
        {"config_path": str(config), "resource_dir": str(RESOURCES)},
    ):
        change(model / "tokenizer_config.json", sudachipy_kwargs={**SUDACHI, **kwargs})
        with pytest.raises(InputError, match=r"sudachipy_kwargs\.(config_path|resource_dir) is not a value"):
            Encoder(model, 512)
        with pytest.raises(InputError):
            fingerprint(model)
        assert not marker.exists()


def test_should_run_no_plugin_when_an_artefact_is_served(
    tmp_path: Path, trained: Path, make_job: Callable[[Path], Job], plugin: tuple[Path, Path]
) -> None:
    """Neither one that says so in its configuration nor one whose Sudachi files merely lie there."""
    library, marker = plugin
    shutil.copytree(trained / "model", tmp_path / "model")
    config = put_plugin(tmp_path / "model", library)
    change(tmp_path / "model/tokenizer_config.json", sudachipy_kwargs={**SUDACHI, "config_path": str(config)})
    done = make_job(tmp_path).run("training_image.serve")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    change(tmp_path / "model/tokenizer_config.json", sudachipy_kwargs=SUDACHI)
    change(tmp_path / "model/tokenisation.json", max_length="many")
    assert make_job(tmp_path).run("training_image.serve").returncode == 2
    assert not marker.exists()


def test_should_ignore_files_that_a_tokenizer_might_look_for(model: Path, plugin: tuple[Path, Path]) -> None:
    library, marker = plugin
    expected = Encoder(model, 512).encode([TEXT])[0].tolist()
    put_plugin(model, library)
    (model / "core").write_text("no dictionary")
    (model / "tokenizer.json").write_text("{")
    (model / "chat_template.jinja").write_text("{{")
    (model / "tokenization.py").write_text("raise SystemExit")
    change(model / "tokenizer_config.json", vocab_file="/etc/passwd", init_inputs=["/etc/passwd"], name_or_path="/etc")
    assert Encoder(model, 512).encode([TEXT])[0].tolist() == expected
    assert not marker.exists()


def test_should_compare_before_a_tokenizer_is_built(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training_image.predictor import Predictor

    shutil.copytree(trained / "model", tmp_path / "model")
    file = tmp_path / "model/tokenisation.json"
    content = json.loads(file.read_text())
    content["fingerprint"]["sudachipy"] = "0.6.2"
    file.write_text(json.dumps(content))
    for builder in ("chitra.words.Dictionary", "chitra.tokenisation.load_tokenizer"):
        monkeypatch.setattr(builder, lambda *arguments, **rest: pytest.fail("was built"))
    with pytest.raises(InputError, match="trained with another tokenisation"):
        Predictor(tmp_path / "model")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tokenizer_class": "AutoTokenizer"}, "tokenizer_class"),
        ({"tokenizer_class": ["BertSudachipyTokenizer"]}, "tokenizer_class"),
        ({"auto_map": {"AutoTokenizer": ["evil--tokenization.Evil", None]}}, "auto_map"),
        ({"word_tokenizer_type": "mecab"}, "word_tokenizer_type"),
        ({"subword_tokenizer_type": "character"}, "subword_tokenizer_type"),
        ({"do_subword_tokenize": False}, "do_subword_tokenize"),
        ({"do_word_tokenize": False}, "do_word_tokenize"),
        ({"do_nfkc": "yes"}, "do_nfkc"),
        ({"word_form_type": "reading"}, "word_form_type"),
        ({"sudachipy_kwargs": {"dict_type": "/tmp/system.dic"}}, "sudachipy_kwargs.dict_type"),  # noqa: S108
        ({"sudachipy_kwargs": {"dict_type": None}}, "sudachipy_kwargs.dict_type"),
        ({"sudachipy_kwargs": {"split_mode": "D"}}, "sudachipy_kwargs.split_mode"),
        ({"sudachipy_kwargs": {"user": ["/tmp/user.dic"]}}, "sudachipy_kwargs.user"),  # noqa: S108
        ({"sudachipy_kwargs": [1]}, "sudachipy_kwargs"),
        ({"unk_token": "the"}, "unk_token"),
        ({"additional_special_tokens": ["<extra>"]}, "adds tokens"),
        ({"added_tokens_decoder": {"7": {"content": "<extra>"}}}, "adds tokens"),
        ({"added_tokens_decoder": [1]}, "added tokens are no tokens"),
        ({"sudachipy_kwargs": {"dict_type": "full"}}, "dictionary 'full': is not installed"),
    ],
)
def test_should_name_the_value_that_is_not_taken(model: Path, changes: dict[str, Any], named: str) -> None:
    change(model / "tokenizer_config.json", **changes)
    with pytest.raises(InputError) as caught:
        fingerprint(model)
    assert named in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("added_tokens.json", '{"<extra>": 5}', r"added_tokens\.json: adds tokens"),
        ("special_tokens_map.json", '{"cls_token": {"content": "<s>"}}', r"special_tokens_map\.json: cls_token"),
        ("special_tokens_map.json", "[]", r"special_tokens_map\.json: is not a JSON object"),
        ("tokenizer_config.json", "[" * 100_000, r"tokenizer_config\.json:1: is nested too deeply"),
        ("tokenizer_config.json", '{\n"a": ' + "9" * 5000 + "}", r"tokenizer_config\.json:2: holds a number of more"),
        ("tokenizer_config.json", "\n\n{", r"tokenizer_config\.json:3: is not JSON"),
        ("vocab.txt", "a\n" * 5_000_000, r"vocab\.txt: is larger than"),
        ("vocab.txt", "[UNK]\n[CLS]\n[SEP]\n", r"vocab\.txt: lacks \[PAD\], \[MASK\]"),
    ],
)
def test_should_name_the_file_that_cannot_be_read(model: Path, name: str, content: str, message: str) -> None:
    (model / name).write_text(content)
    for read in (fingerprint, load_tokenizer):
        with pytest.raises(InputError, match=message):
            read(model)


def test_should_take_what_chitra_and_newer_libraries_write(model: Path) -> None:
    before = fingerprint(model)
    expected = Encoder(model, 512).encode([TEXT])[0].tolist()
    tokens = {"unk_token": "[UNK]", "cls_token": {"content": "[CLS]", "lstrip": False}, "additional_special_tokens": []}
    (model / "special_tokens_map.json").write_text(json.dumps(tokens))
    (model / "added_tokens.json").write_text(json.dumps({"[CLS]": 2, "[MASK]": 4}))
    change(
        model / "tokenizer_config.json",
        **tokens,
        added_tokens_decoder={"2": {"content": "[CLS]", "special": True}},
        special_tokens_map_file=None,
        name_or_path="chiTra-1.0",
        sudachipy_kwargs={**SUDACHI, "config_path": None, "resource_dir": None},
        clean_up_tokenization_spaces=True,
    )
    assert fingerprint(model) == before
    assert Encoder(model, 512).encode([TEXT])[0].tolist() == expected

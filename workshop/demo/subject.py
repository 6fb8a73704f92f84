"""What the page asks: a model on this disk, or an endpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from botocore.config import Config

from chitra.contract import Explanation
from chitra.errors import InputError, WorkshopError
from chitra.fingerprint import Fingerprint, fingerprint
from chitra.inside import UnsafePathError, inside
from chitra.json_text import read_json
from chitra.tokens import Reading, SudachiReader, TokenReader
from infra.names import MODELS_PREFIX
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment
from workshop.aws.run_names import is_run_name
from workshop.data.export import fetch_report
from workshop.language import Language
from workshop.report.results import has_results, read_results
from workshop.runs.costs import PriceList
from workshop.runs.own_model import TOKENISATION_FILE, OwnModel, max_length_of
from workshop.runs.predict import PORTION, explain, predict
from workshop.runs.serving import models_of
from workshop.runs.status import EndpointStatus, endpoint_status

Answer = dict[str, Any]
PROBE = "試合"
MODEL = "model"  # an exported run's folder of the model
MOST_WORDS = 510
# Somebody waits before a page: two tries, of the 60 seconds that an endpoint may take.
SOON = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=65)


class Reader(Protocol):
    def read(self, text: str) -> Reading: ...


@dataclass(frozen=True)
class Subject:
    """``reads_tokens`` where the model's own vocabulary is on this disk. ``home`` holds the run's report, once
    ``fetch_report`` was called; None where nobody knows which run it was. Models without ``status`` cost nothing."""

    name: str
    ask: Callable[[list[str]], list[Answer]]
    explain: Callable[[str], Explanation]
    categories: list[str]
    reader: Reader
    reads_tokens: bool
    home: Path | None
    fetch_report: Callable[[], None] = lambda: None
    status: Callable[[], EndpointStatus | None] | None = None
    _lock: Lock = field(default_factory=Lock)

    def read(self, text: str) -> Reading:
        """What the model sees of a text. Sudachi's tokenizer serves one thread at a time."""
        with self._lock:
            return self.reader.read(text)

    def report(self, language: Language) -> str | None:
        """The page about the run that made the model; None where its results are not to be had."""
        if self.home is None:
            return None
        from workshop.report.page import build_page  # brings matplotlib, which takes a second

        self.fetch_report()
        return build_page(read_results(self.home, self.home.name), language)

    def answers(self, texts: list[str], on_portion: Callable[[int], None]) -> list[Answer]:
        """One per text; ``on_portion`` hears how many are done."""
        found = list[Answer]()
        for start in range(0, len(texts), PORTION):
            found += self.ask(texts[start : start + PORTION])
            on_portion(len(found))
        return found


def own_model(model: OwnModel) -> Subject:
    """Waits until the model has answered once.

    Raises:
        InputError, WorkshopError: as ``OwnModel.ask``.
    """
    [answer] = model.ask([PROBE])
    folder = model.folder.resolve()
    return Subject(
        name=str(model.folder),
        ask=model.ask,
        explain=model.explain,
        categories=sorted(answer["scores"]),
        reader=TokenReader(folder, max_length_of(folder)),
        reads_tokens=True,
        home=folder.parent if has_results(folder.parent) else None,
    )


def served(account: Account, settings: Settings, endpoint: str, exports: Path) -> Subject:
    """``exports`` is where `workshop export` and `workshop report` put runs.

    Raises:
        AWS_ERRORS: the endpoint does not answer.
        WorkshopError: something else than this workshop's image answers.
    """
    ask = partial(predict, account, endpoint, config=SOON)
    [answer] = ask([PROBE])
    run = _run_behind(account, endpoint)
    home = _home(exports, run) if run else None
    model = _same_tokeniser(home / MODEL) if home else None
    prices = PriceList(account, settings.prices)
    return Subject(
        name=endpoint,
        ask=ask,
        explain=partial(explain, account, endpoint, config=SOON),
        categories=sorted(answer["scores"]),
        reader=TokenReader(model, max_length_of(model)) if model else SudachiReader(MOST_WORDS),
        reads_tokens=model is not None,
        home=home,
        fetch_report=partial(_fetch_report, account, settings, run, home) if home else lambda: None,
        status=partial(endpoint_status, account, endpoint, prices),
    )


def _run_behind(account: Account, endpoint: str) -> str:
    """The run whose model is served, by the model's place in the bucket; empty for a model of another place."""
    sagemaker = account.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    [name, *_] = models_of(sagemaker.describe_endpoint_config(EndpointConfigName=config)) or [""]
    model = sagemaker.describe_model(ModelName=name) if name else {}
    address = str(model.get("PrimaryContainer", {}).get("ModelDataUrl", ""))
    run = address.partition(f"/{MODELS_PREFIX}")[2].partition("/")[0]
    return run if is_run_name(run) else ""


def _home(exports: Path, run: str) -> Path:
    try:
        return inside(exports, run)
    except UnsafePathError as error:
        raise WorkshopError(f"{exports / run}: {error}. Remove the link.") from error


def _same_tokeniser(model: Path) -> Path | None:
    """The model's folder, where it is on this disk and this machine tokenises as training did."""
    try:
        trained_with = Fingerprint.from_json(read_json(model / TOKENISATION_FILE)["fingerprint"])
        return model if fingerprint(model) == trained_with else None
    except (InputError, OSError, LookupError, TypeError):
        return None


def _fetch_report(account: Account, settings: Settings, run: str, home: Path) -> None:
    if not has_results(home):
        fetch_report(account.client("s3"), find_deployment(account, settings).bucket, run, home)

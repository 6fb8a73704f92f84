"""The SageMaker training job, in the process that trains: `python -m training_image.train`. `train` starts it."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from chitra.contract import base_dir, bundled_model_dir, report_end
from chitra.errors import EXIT_FAILURE, EXIT_INPUT, InputError, in_one_line
from chitra.fingerprint import fingerprint
from chitra.hyperparameters import Hyperparameters, read_hyperparameters
from chitra.model_files import pieces_by_id, read_tokenizer_files
from training_image import processes
from training_image.cluster import read_cluster
from training_image.device import FOR_TRAINING, gpu_problem

if TYPE_CHECKING:
    from training_image.channels import Channels

REASON_CHARACTERS = 200
LOST_CONTACT = "training ended with another of its processes; the log of the instance that ended first says why"


def main() -> int:
    """See `run_job`. Of several processes the first one speaks for all."""
    processes.end_with_launcher()
    with contextlib.redirect_stdout(None if processes.rank() else sys.stdout):
        return run_job(lambda stop: train(base_dir(), bundled_model_dir(), stop))


def run_job(work: Callable[[threading.Event], None]) -> int:
    """0, 2 for input that cannot be used, 1 for a fault of ours; ``output/failure`` says why.

    SIGTERM sets the event that ``work`` gets.
    """
    stop = threading.Event()

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        work(stop)
    except InputError as error:
        return processes.end(str(error), EXIT_INPUT)
    except Exception as error:
        if _is_out_of_memory(error):
            reason = f"the GPU's memory is full: take a smaller train-batch-size or a larger instance ({error})"
            return processes.end(reason, EXIT_INPUT)
        if processes.lost_contact(error):
            return processes.end(f"{LOST_CONTACT} ({_reason(error)})", EXIT_FAILURE)
        traceback.print_exc()
        report_end("failure", f"training failed: {type(error).__name__}: {error}")
        return EXIT_FAILURE
    return 0


def _reason(error: Exception) -> str:
    """Without the place in PyTorch's source with which Gloo begins."""
    said = re.sub(r"^\[/\S+\] ", "", str(error))
    return in_one_line(f"{type(error).__name__}: {said}", REASON_CHARACTERS)


def _is_out_of_memory(error: Exception) -> bool:
    torch = sys.modules.get("torch")  # a job that fails early never loads it
    return torch is not None and isinstance(error, torch.OutOfMemoryError)


def train(base: Path, model_dir: Path, stop: threading.Event) -> None:
    """Fine-tune, save the artefact, then evaluate once on the test split and write the report.

    Raises:
        InputError: hyperparameters, channels or model cannot be used.
    """
    hyperparameters = read_hyperparameters(base / "input/config/hyperparameters.json")
    cluster = read_cluster(base)
    if len(cluster.hosts) > processes.count():
        raise InputError(f"resourceconfig.json: names {len(cluster.hosts)} hosts. Start each by `train`.")
    if problem := gpu_problem(FOR_TRAINING, cluster.current_instance_type):
        raise InputError(problem)
    vocabulary = pieces_by_id(read_tokenizer_files(model_dir).vocabulary)
    # `datasets`, and below transformers and PyTorch, take seconds: what is wrong is told before they are loaded.
    from training_image.channels import read_channels

    channels = read_channels(base / "input/data", fingerprint(model_dir))
    _check_labels(hyperparameters, channels)
    from training_image.artefact import save_artefact
    from training_image.candidates.build import add_candidates
    from training_image.distillation import add_student
    from training_image.event_files import EventFiles
    from training_image.report import write_report
    from training_image.trainer import FineTuning

    keep_quiet()
    print(f"training on {len(channels.train):,} articles: {hyperparameters}", flush=True)
    started = time.monotonic()
    tuning = FineTuning(
        channels,
        hyperparameters,
        model_dir=model_dir,
        checkpoints=base / "checkpoints",
        stop=stop,
        callbacks=[EventFiles(base / "output/data/tensorboard")],
    )
    print(tuning, flush=True)
    finished = tuning.run()
    processes.part()
    if not finished:
        print("stopped by SIGTERM; the checkpoint is kept, the same job can go on from it", flush=True)
        return
    if processes.rank():
        return
    train_seconds = time.monotonic() - started
    save_artefact(tuning.model, model_dir, base / "model", view=tuning.view, article_length=channels.max_length)
    if hyperparameters.distil:
        add_student(base / "model", tuning.model, channels.train, tuning.view, hyperparameters, tuning.epochs, stop)
    serving = add_candidates(base / "model", channels.validation, tuning.view, stop)
    try:
        summary = write_report(
            base / "output/data",
            tuning,
            channels,
            hyperparameters,
            vocabulary=vocabulary,
            train_seconds=train_seconds,
            serving=serving,
        )
    except Exception as error:  # the model was paid for: it never goes with its report
        traceback.print_exc()
        summary = f"warning: the model is saved, but its report failed ({type(error).__name__}: {error})"
    print(summary, flush=True)


def keep_quiet() -> None:
    """The log is for what users follow."""
    import datasets
    import transformers

    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", message="mtime may not be reliable")  # of checkpoints; their names are read then
    warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated")  # transformers' own call


def _check_labels(hyperparameters: Hyperparameters, channels: Channels) -> None:
    if hyperparameters.num_labels not in (None, len(channels.categories)):
        raise InputError(
            f"hyperparameter num_labels: is {hyperparameters.num_labels}, but the corpus has "
            f"{len(channels.categories)} categories. Leave it out."
        )


if __name__ == "__main__":
    sys.exit(main())

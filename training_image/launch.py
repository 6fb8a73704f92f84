"""Starts this instance's processes of a training that has several, with PyTorch's own launcher."""

from __future__ import annotations

import logging
import os
import signal
import sys

from chitra.contract import end_in_failure, was_reported
from chitra.errors import EXIT_FAILURE, EXIT_INPUT
from training_image.cluster import Cluster
from training_image.endings import ended_by

PORT = "29500"  # of the first host, unless MASTER_PORT names another one; PyTorch's usual one
MEETING_SECONDS = 600  # that instances wait for each other at the start
POLL_SECONDS = 0.2
STOP_SECONDS = "100"  # for the last checkpoint; SageMaker gives 120 between SIGTERM and SIGKILL


def launch(cluster: Cluster, processes: int) -> int:
    """Train with so many processes on this instance, and return the exit code: 0, 2 for input, 1 for anything else.

    Whoever fails writes ``output/failure``; what was ended by a signal has its reason written here.

    Raises:
        InputError: the first host cannot be found.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # what failed is told in one line below
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", STOP_SECONDS)
    _name_network(cluster)
    config = LaunchConfig(
        min_nodes=len(cluster.hosts),
        max_nodes=len(cluster.hosts),
        nproc_per_node=processes,
        run_id="training",
        rdzv_backend="static",
        rdzv_endpoint=f"{cluster.first_address()}:{os.environ.get('MASTER_PORT', PORT)}",
        rdzv_configs={"rank": cluster.rank, "timeout": MEETING_SECONDS},
        max_restarts=0,
        monitor_interval=POLL_SECONDS,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "training_image.train", *sys.argv[1:])
    except ChildFailedError as error:
        return exit_code([failure.exitcode for failure in error.failures.values()])
    except SignalException:
        return 0  # the processes were told, and have written a checkpoint
    except RuntimeError as error:  # of PyTorch's store, by which the instances meet
        hosts = ", ".join(cluster.hosts)
        reason = f"the training's instances ({hosts}) did not meet: {' '.join(str(error).split())}"
        return end_in_failure(reason, EXIT_FAILURE)
    return 0


def _name_network(cluster: Cluster) -> None:
    if cluster.network_interface_name:
        for variable in ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"):
            os.environ.setdefault(variable, cluster.network_interface_name)


def exit_code(codes: list[int]) -> int:
    """Of the processes that failed first: those that a signal ended could not say so themselves."""
    if killed := [-code for code in codes if code < 0]:
        return end_in_failure(ended_by(signal.Signals(killed[0])), EXIT_FAILURE)
    if not was_reported("failure"):
        return end_in_failure("training failed; its log says why", EXIT_FAILURE)
    return EXIT_INPUT if EXIT_INPUT in codes else EXIT_FAILURE

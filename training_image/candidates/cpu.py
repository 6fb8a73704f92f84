"""What this machine's CPU can do, and which ways to compute need it."""

from __future__ import annotations

import os
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
# Of all flags those that decide how quick whole numbers of eight bits and floats of sixteen are.
TOLD = frozenset(
    {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "asimd", "asimddp", "i8mm"}
)
BF16 = frozenset({"amx_bf16", "avx512_bf16"})
INT8 = frozenset({"avx2", "asimd"})


def cpu_flags(file: Path = CPU_INFO) -> frozenset[str]:
    """Those of ``TOLD`` that the CPU has; none where the system does not tell."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    told = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return TOLD.intersection(next(told, "").split())


def suits(runtime: str, flags: frozenset[str]) -> bool:
    """Whether a CPU with these flags computes this way quickly; one that tells no flags is trusted with int8."""
    if runtime == "bf16":
        return bool(BF16 & flags)
    return runtime != "int8" or not flags or bool(INT8 & flags)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Removes from installed packages what neither preprocessing nor training nor serving uses, and compiles the rest.

Runs in the image's build, right after an installation and in its layer, with the standard library only. The image's own
tests run what is left.
"""

from __future__ import annotations

import argparse
import compileall
import py_compile
import shutil
from collections.abc import Iterator
from pathlib import Path

# Tests, headers, stubs, sources of extensions, static libraries, command-line tools, libraries of services not called,
# torch's compiler, which needs one for C that the image does not have, and NVIDIA's libraries that torch does not link.
UNUSED = (
    "**/tests",
    "**/*.a",
    "**/*.c",
    "**/*.h",
    "**/*.hpp",
    "**/*.pxd",
    "**/*.pyi",
    "**/*.pyx",
    "bin",
    "matplotlib/mpl-data/sample_data",
    "numpy/distutils",
    "nvidia/cuda_nvrtc/lib/*.alt.so*",
    "nvidia/cusolver/lib/libcusolverMg*",
    "nvidia/nvshmem/lib/*.bc",
    "onnx/backend/test",
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/datasets",
    "pyarrow/_flight*",
    "pyarrow/include",
    "pyarrow/libarrow_flight*",
    "pyarrow/src",
    "sklearn/datasets/data",
    "sklearn/datasets/images",
    "sympy/**/benchmarks",
    "torch/_inductor/codegen",
    "torch/_inductor/fx_passes",
    "torch/_inductor/kernel",
    "torch/bin/*",
    "torch/include",
    "torch/lib/*test*",
    "torch/share",
    "torch/test",
)
KEPT = ("torch/bin/torch_shm_manager",)  # torch looks for it when it is imported
# Of transformers' some 400 architectures: chiTra's, and the one that chooses among them by name.
ARCHITECTURES = "transformers/models"
KEPT_ARCHITECTURES = ("auto", "bert", "bert_japanese")


def unused(site_packages: Path) -> Iterator[Path]:
    """Files and folders to remove."""
    kept = {site_packages / name for name in KEPT}
    for pattern in UNUSED:
        yield from (path for path in sorted(site_packages.glob(pattern)) if path not in kept)
    for path in sorted((site_packages / ARCHITECTURES).glob("*/")):
        if path.name not in (*KEPT_ARCHITECTURES, "__pycache__"):
            yield path


def slim(site_packages: Path) -> int:
    """Remove them; returns the bytes freed."""
    freed = 0
    for path in unused(site_packages):
        if not path.exists() and not path.is_symlink():
            continue  # inside of a folder that is gone
        files = [path] if path.is_file() or path.is_symlink() else [file for file in path.rglob("*") if file.is_file()]
        freed += sum(file.lstat().st_size for file in files)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return freed


def compile_all(site_packages: Path) -> None:
    """Bytecode that holds no time of its build, so that two builds give the same bytes."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(site_packages, quiet=2, workers=0, invalidation_mode=unchecked)


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return Path(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Removes from installed packages what no program of the image uses.")
    parser.add_argument("site_packages", type=_folder)
    folder = parser.parse_args().site_packages
    print(f"freed {slim(folder) / 1e6:.0f} MB")
    compile_all(folder)

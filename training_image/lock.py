"""Prints what the image installs: the packages its programs import and all they need, as installed here.

`make lock` writes it to requirements.lock, so the image holds the versions that the tests ran with.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

IMPORTED = (
    "accelerate",
    "datasets",
    "fastapi",
    "matplotlib",
    "matplotlib-fontja",
    "numpy",
    "pydantic",
    "scikit-learn",
    "sudachidict-core",
    "sudachipy",
    "sudachitra",
    "torch",
    "transformers",
    "uvicorn",
)
CUDA_PREFIXES = ("cuda-", "nvidia-", "triton")  # pinned exactly by torch's own metadata, where they are needed


def image_requirements() -> dict[str, str]:
    """Versions by name: everything that ``IMPORTED`` needs here, with the extras it asks for."""
    pending, found = list(IMPORTED), dict[str, str]()
    while pending:
        name = canonicalize_name(pending.pop())
        if name in found or name.startswith(CUDA_PREFIXES):
            continue
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            continue  # for another platform
        for text in requires(name) or []:
            requirement = Requirement(text)
            extras = requirement.extras or {""}
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pending.append(requirement.name)
                pending += [
                    Requirement(inner).name
                    for extra in extras - {""}
                    for inner in requires(requirement.name) or []
                    if (marker := Requirement(inner).marker) and marker.evaluate({"extra": extra})
                ]
    return dict(sorted(found.items()))


if __name__ == "__main__":
    for package, number in image_requirements().items():
        print(f"{package}=={number}")

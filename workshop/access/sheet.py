"""The page that a participant gets together with an access key."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined


@dataclass(frozen=True, slots=True)
class Access:
    """``password`` is empty unless a console password was set. The access key is not on the sheet."""

    participant: str
    user: str
    account: str
    region: str
    file: str
    password: str
    workshop: str


def sheet(access: Access) -> str:
    """In Japanese, as Markdown."""
    templates = Environment(loader=PackageLoader("workshop.access", "."), undefined=StrictUndefined, trim_blocks=True)  # noqa: S701
    return templates.get_template("sheet.md.j2").render(access=access)

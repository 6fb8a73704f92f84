"""Points in time, for people: in UTC, and where they are."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """``2026-11-25 12:00 UTC (21:00 JST)``, with the local date where it is another; UTC alone where that is local."""
    utc, local = at.astimezone(UTC), at.astimezone()
    said = f"{utc:%Y-%m-%d %H:%M} UTC"
    if not local.utcoffset():
        return said
    day = "" if local.date() == utc.date() else f"{local:%Y-%m-%d} "
    return f"{said} ({day}{local:%H:%M %Z})"

"""The `workshop` command. Exit codes: 0 done, 1 failed, 2 bad input or settings, 130 interrupted."""

from __future__ import annotations

import sys

import typer
from rich.text import Text

from infra.settings import SettingsError
from preprocessing.errors import EXIT_INPUT, InputError
from workshop.commands import endpoints, local, organise, removal, runs
from workshop.commands.common import EXIT_FAILED, EXIT_INTERRUPTED, errors
from workshop.errors import WorkshopError
from workshop.plain import plain

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The chiTra hands-on on AWS.", rich_markup_mode=None)
app.command("rehearse")(local.rehearse)
app.command("stand-in")(local.stand_in)
app.add_typer(local.fetch_app, name="fetch")
app.command("doctor")(organise.doctor)
app.command("build-image")(organise.build_image)
app.command("credentials")(organise.credentials)
app.command("upload")(runs.upload)
app.command("run")(runs.run)
app.command("status")(endpoints.status)
app.add_typer(endpoints.endpoint_app, name="endpoint")
app.command("predict")(runs.predict)
app.command("export")(runs.export)
app.command("teardown")(removal.tear_down)
app.command("verify")(removal.verify)


def main() -> None:
    """Every failure that a user can mend is one line; see the exit codes above."""
    try:
        app()
    except SystemExit as end:
        if _was_interrupted(end):
            sys.exit(EXIT_INTERRUPTED)
        raise
    except SettingsError as error:
        errors.print(Text("\n").join(map(plain, f"error: {error}".split("\n"))))
        sys.exit(EXIT_INPUT)
    except InputError as error:
        errors.print(plain(f"error: {error}"))
        sys.exit(EXIT_INPUT)
    except WorkshopError as error:
        errors.print(plain(f"error: {error}"))
        sys.exit(EXIT_FAILED)


def _was_interrupted(end: SystemExit) -> bool:
    """Typer ends with 1 for Ctrl-C as for a declined question; only the cause tells them apart."""
    return isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt)


if __name__ == "__main__":
    main()

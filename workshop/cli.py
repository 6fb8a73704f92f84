"""The `workshop` command. Exit codes: 0 done, 1 failed, 2 bad input or settings, 130 interrupted."""

from __future__ import annotations

import os
import sys

import typer

from workshop.commands import (
    classify,
    compare,
    demo,
    endpoints,
    fetching,
    money,
    notebooks,
    organise,
    removal,
    report,
    runs,
    tune,
)
from workshop.commands.common import HELP, ProfileOption, RegionOption, VersionOption, run_app
from workshop.commands.help import command_line
from workshop.language import language_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=HELP)


@app.callback()
def workshop(profile: ProfileOption = None, region: RegionOption = None, version: VersionOption = False) -> None:
    """The chiTra hands-on on AWS."""


app.add_typer(fetching.fetch_app, name="fetch")
app.command("doctor")(organise.doctor)
app.command("build-image")(organise.build_image)
app.command("smoke")(organise.smoke)
app.command("credentials")(organise.credentials)
app.command("upload")(runs.upload)
app.command("run")(runs.run)
app.command("tune")(tune.tune)
app.command("follow")(runs.follow)
app.command("logs")(runs.logs)
app.command("stop")(runs.stop)
app.command("status")(endpoints.status)
app.command("budget")(money.budget)
app.command("prices")(money.prices)
app.add_typer(endpoints.endpoint_app, name="endpoint")
app.command("predict")(runs.predict)
app.command("classify")(classify.classify)
app.command("demo")(demo.demo)
app.command("export")(runs.export)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("notebooks")(notebooks.notebooks)
app.command("teardown")(removal.tear_down)
app.command("verify")(removal.verify)


def main() -> None:
    """Every failure that a user can mend is one line; see the exit codes above."""
    run_app(command_line(app, language_of(os.environ), sys.argv[0]))


if __name__ == "__main__":
    main()

"""The CDK entry point: the stacks of the workshop that cdk.json describes."""

import sys

from aws_cdk import App

from infra.checks import add_checks
from infra.overrides import settings_of_call
from infra.settings import SettingsError
from infra.stacks import build_app

app = App()
try:
    settings = settings_of_call(app.node.get_all_context())
    build_app(app, settings)
except SettingsError as error:
    sys.exit(str(error))
add_checks(app, settings)
app.synth()

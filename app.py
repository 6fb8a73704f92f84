"""The CDK entry point: the stacks of the workshop that cdk.json describes."""

import sys

from aws_cdk import App

from infra.settings import CONTEXT_KEY, SettingsError, parse_settings
from infra.stacks import build_app

app = App()
try:
    settings = parse_settings(app.node.try_get_context(CONTEXT_KEY))
except SettingsError as error:
    sys.exit(str(error))
build_app(app, settings).synth()

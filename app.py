"""The CDK entry point: the stacks of the workshop that cdk.json describes."""

import sys

from aws_cdk import App

from infra.overrides import settings_of_call
from infra.settings import SettingsError
from infra.stacks import build_app

app = App()
try:
    build_app(app, settings_of_call(app.node.get_all_context())).synth()
except SettingsError as error:
    sys.exit(str(error))

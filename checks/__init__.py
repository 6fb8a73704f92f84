"""Checks of synthesised templates: what the CDK's plugins reported, cfn-lint, checkov."""

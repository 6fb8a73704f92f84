"""One page per run: what was trained on what, how well it went, and where it goes wrong."""

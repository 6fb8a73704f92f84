"""The corpus and the models: fetched, uploaded, taken home."""

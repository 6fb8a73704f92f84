"""The `workshop` command line, one file per part of a workshop's day."""

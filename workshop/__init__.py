"""The organiser's and the participants' commands."""

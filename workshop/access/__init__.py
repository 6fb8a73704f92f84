"""Credentials of participants, and the sheet that goes with them."""

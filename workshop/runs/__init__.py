"""Runs and endpoints: started, followed, asked, watched, and what they cost."""

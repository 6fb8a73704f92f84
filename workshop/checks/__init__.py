"""What the doctor looks at, one file per check that has more to it than a call."""

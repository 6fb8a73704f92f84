"""The AWS resources of the workshop. Synthesis is a pure function of this repository."""

"""The one door to AWS: who calls, what is deployed, what a refusal means, how to wait."""

"""What a text and a job are: shared by the jobs, the training and the commands."""

"""What only builds the image: its Dockerfile, its locks, and the programs that run during a build."""

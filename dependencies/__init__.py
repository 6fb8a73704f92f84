"""The set-up: writes the locks (`make lock`) and installs what they hold (`make setup`)."""

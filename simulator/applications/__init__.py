"""The switch's applications and api commands, one file for each family."""

"""The simulator's commands of `eslsync`, one file a command."""

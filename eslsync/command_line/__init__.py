"""The program `eslsync`: one file a command. Other distributions add theirs (see `added`)."""

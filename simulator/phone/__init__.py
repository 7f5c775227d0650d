"""A telephone: somebody is the caller, of a simulated call whose time is theirs."""

"""Scenarios: calls that are performed on a real switch, to be recorded."""

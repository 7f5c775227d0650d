"""Asks a real switch: random scenarios are performed on it, and the model must say the same.

It needs a switch, and time; so it is run by hand (docs/internals/conformance.md).
"""

"""Malformed conversations, made from the recordings and played to the library.

``python -m tests.fuzz`` plays many over loopback and prints how each kind ended;
``python -m tests.fuzz.guided`` has atheris look for what nobody thought of.
"""

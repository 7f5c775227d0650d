"""Recorded calls: the model is checked against them, and handlers run against them."""

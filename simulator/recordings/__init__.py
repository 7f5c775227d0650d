"""Recorded calls: the model held to them, handlers run against them."""

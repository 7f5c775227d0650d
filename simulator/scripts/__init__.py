"""Calls as YAML."""

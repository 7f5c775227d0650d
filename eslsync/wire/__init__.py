"""Bytes to messages and back, names and quoting: no socket, no thread, no clock."""

"""Every call that a handler can have, made one after the other (docs/guides/explore.md)."""

"""Here, so that pytest finds the package beside it."""

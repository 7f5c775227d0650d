"""The scenarios behind the project's recordings; docs/guides/recorder.md has how they are made."""

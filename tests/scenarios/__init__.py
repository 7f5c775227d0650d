"""The scenarios behind the project's recordings; docs/recorder.md says how they are performed."""

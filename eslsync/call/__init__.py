"""One call: its connection, what is said on it, and what waits for it."""

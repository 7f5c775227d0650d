"""One call: its connection, the conversation on it, and the waits of its handler."""

"""The server: access, a thread per call, stopping, a view of the calls, their recordings."""

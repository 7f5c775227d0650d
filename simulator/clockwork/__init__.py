"""Time: the agenda, simulated threads, virtual time and real time."""

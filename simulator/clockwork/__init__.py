"""What happens when: the agenda, simulated threads, virtual time and real time."""

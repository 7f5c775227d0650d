"""The server: who is let in, a thread a call, how it stops, what is seen from outside."""

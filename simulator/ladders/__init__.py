"""What happened in a call, as a transcript and as pictures."""

"""A call as a transcript and as pictures."""

"""Rules that need no I/O: what follows from a response, and what to send next."""

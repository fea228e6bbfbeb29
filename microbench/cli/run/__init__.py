"""Time a program: start it, forward streams and signals, sample it, and reap it."""

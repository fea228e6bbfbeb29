"""The end of the process: registered benches, signal handlers, the cause of the end."""

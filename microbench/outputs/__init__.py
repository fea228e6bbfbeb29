"""Where records go: one sink a file."""

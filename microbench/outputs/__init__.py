"""Where records go: one sink a file, and the delivery of a record to all sinks."""

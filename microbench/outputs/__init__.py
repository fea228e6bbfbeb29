"""Sinks, one a file, and the delivery of a record to all of them."""

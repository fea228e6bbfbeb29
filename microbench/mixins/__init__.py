"""What surrounds a record: one family of captures a file."""

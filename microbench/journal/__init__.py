"""Read crash journals and torn lines, and rebuild the records of killed processes."""

"""Read crash journals and torn lines, and rebuild the records of killed processes.

Readers come in by `lost`, writers and `microbench recover` by `recovery`.
"""

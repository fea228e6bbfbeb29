"""Read records back, tolerantly: lines, shapes, filters, frames, and summaries.

`reading` makes records of blocks of lines, and `formats` what `get_results` returns: dicts
by `shapes`, a frame with a record in each row by `frames`, and tidy frames by `tables`: of
rows, which `tidy` makes of records and `quick` of lines, in C, and of `columns`, which
`cells` collects. Nothing here opens a journal: the blocks of a file and of its journals
come from journal/lost.py.
"""

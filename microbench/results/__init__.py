"""Read records back, tolerantly: lines, shapes, filters, frames, and summaries.

`reading` makes records of blocks of lines, and `shapes` what `get_results` returns. Nothing
here opens a journal: the blocks of a file and of its journals come from journal/lost.py,
through outputs/contents.py.
"""

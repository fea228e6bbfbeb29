"""Read crash journals and torn lines, and rebuild the records of killed processes.

Readers come in by `lost`, and write nothing; writers and `microbench recover` come in by
`recovery`, which appends to the file. Both go through the same modules:

    reader.py       find, lock and decode the journals of dead processes
    ends.py         when the process of a journal ended
    written.py      whether the file has a record already
    torn_lines.py   parts of records at the place of a cut-off write

`patterns` expands paths with `*`. What a living process writes is in core/run_journal.py;
its format is in csrc/journal.
"""

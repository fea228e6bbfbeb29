"""Read crash journals and torn lines, and rebuild the records of killed processes.

Follow `get_results()` of a file with a journal beside it:

    lost.py      a file (each that matches: patterns.py), then the records that it lacks
    reader.py    find (listing.py), lock and decode the journals of dead processes
    image.py     make records of one: those that wait in a batch, and open ones, which end
                 when the process did
    written.py   whether the file has a record already

Readers write nothing. Writers and `microbench recover` come in by `recovery`, which goes
through the same modules and appends to the file. `torn_lines` finds parts of records at the
place of a cut-off write. `followed` follows a path: one file, or those of a directory or
pattern.

What a living process writes is in core/run_journal.py; its format is in csrc/journal.
"""

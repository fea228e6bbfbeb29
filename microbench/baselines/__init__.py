"""Records that later runs are compared with, in a folder `.microbench`.

    folder.py      where that folder is
    identity.py    the machine and the interpreter of records
    commit.py      the commit that is checked out
    stored.py      Baseline: saved, listed, chosen by its name

A baseline is a result file, `.microbench/MACHINE-INTERPRETER/NAME.jsonl`. Each of its
records has a member `baseline` that says whose it is.
"""

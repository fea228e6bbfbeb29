"""Compare commands with each other: `microbench compare -- A --- B`.

`words.py` divides the command line, `options.py` has its options, `scan.py` makes a command
of each value of a scan. `compared.py` runs them: `turns.py` says which command is next and
when the answer is clear, `around.py` runs the programs around a command, `variant.py` is
one command with its runs, each measured by cli/run. `progress.py` prints how far it is,
`shown.py` the answer.
"""

"""Time a statement in processes of its own.

`processes` starts them one after another, `worker` is what each of them runs, `statement`
compiles the statement, `timed` holds what they found, `stored` makes records of it.
`cli/view/timeit.py` has the options and prints the answer.
"""

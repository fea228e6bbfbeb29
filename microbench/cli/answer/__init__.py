"""Answer on a terminal how long a command took, and what disturbed it.

`runs` collects the runs, `rows` makes the rows of the answer, `remarks` its warnings,
`page` wraps and prints them. Nothing here is imported unless an answer is printed.
"""

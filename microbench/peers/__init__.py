"""Result files of other benchmarking tools, as records.

`document.py` recognizes a file and gives it to the module of its tool: `pyperf.py`,
`hyperfine.py`, `pytest_bench.py`, `asv.py` or `google_bench.py`. `fields.py` makes the
records. Durations are those of single calls, in seconds or, if a tool has measured
something else, in its unit. All else that a tool says is in an object with its name.
"""

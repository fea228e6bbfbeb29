"""Pack a program and the command with real tools, and run them: `make test-packed`.

`packers.py` has a function for each tool; `programs.py` has what is packed, and judges its
run. Each run is in a folder of its own, in which nothing but the packed program is used.
"""

"""Find installed distributions, their modules and their versions.

`versions` is asked for loaded modules; it asks `owners` for the distribution of a file, and
`owners` reads `metadata`. `sources` finds where a distribution was installed from,
`answering` the folders that may be read.
"""

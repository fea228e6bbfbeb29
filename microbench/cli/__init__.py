"""The command. `args` parses, `run` times a program, `view` shows stored records.

`main` calls them; the other modules here serve all three.
"""

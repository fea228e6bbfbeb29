"""The command. `args` parses, `run` times a program, `view` shows stored records.

`main` calls them; they share the other modules.
"""

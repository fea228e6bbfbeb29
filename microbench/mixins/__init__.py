"""Captures of what surrounds a record, one family a file."""

# The public mixins whose `cli_default` is true, in the order of their `cli_place`. Here it
# is said again, so that the command need not import all of them to find these; a test
# compares.
DEFAULTS = (
    'MBPythonInfo',
    'MBHostInfo',
    'MBSlurmInfo',
    'MBLoadedModules',
    'MBWorkingDir',
    'MBResourceUsage',
)

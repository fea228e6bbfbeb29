"""Captures of what surrounds a record, one family a file.

Public classes are those in `_HOME` of microbench/__init__.py; each is in the module that
its entry there names. Modules without one help a family. A mixin gets all that it needs as
arguments: it may use `core.capture` and `core.observed_phases`, and no run and no bench.
"""

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

"""Capture installed Python packages, of this process or of a command's program."""

from __future__ import annotations

import os
import sys

from ..core.capture import CLIArg, namespace, per_process
from .installed import FIELD, Installed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def python_program(word: str) -> str:
    """Return the path of a program; ValueError if there is none."""
    import shutil

    found = shutil.which(word)
    if found is None:
        raise ValueError(f'the program {word!r} cannot be found')
    return found


class MBInstalledPackages:
    """Versions of all installed Python packages.

    Attributes:
        capture_paths: store the directories of the packages as well; the default is False.
        packages_of: another Python whose packages are listed. In the command, the default
            is the Python of the program.

    >>> from microbench import MBInstalledPackages, MicroBench
    >>> class Bench(MicroBench, MBInstalledPackages):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> 'pytest' in bench.get_results()[0]['python']['installed_packages']
    True
    """

    cli_name = 'installed-packages'
    cli_fields = ('python',)
    cli_args = (
        CLIArg(
            ['--packages-of'],
            'packages_of',
            'Python whose packages are listed (default: the one that the command runs)',
            metavar='PYTHON',
            type=python_program,
            cli_default=list,
        ),
    )
    capture_paths = False
    packages_of: Any = None

    @per_process
    def capture_packages(self, bm_data: dict[str, Any]) -> None:
        """Set `python.installed_packages`, and the environment that they come from.

        Of two distributions with one name the first counts, as in an import.
        `python.unavailable` has the reason for each value that could not be read.
        """
        python = namespace(bm_data, 'python')
        found = Installed()
        if self.packages_of is None:
            found.add_own()
        else:
            self._add_those_of(python, found)
        found.store(python, self.capture_paths)

    def _add_those_of(self, python: dict[str, Any], found: Installed) -> None:
        """Add the packages of the Python that a command runs, and name that Python."""
        from .interpreters import program_of  # start-up time

        of = self.packages_of
        is_python = isinstance(of, (str, os.PathLike))
        program = program_of(list(map(os.fspath, [of] if is_python else of)), os.environ)
        if is_python:
            program.first = None  # no script, no folder beside it
        if program.python is not None:
            found.add_those_of(program)
        elif program.is_python:
            found.why[FIELD], found.prefix = program.why, None
        else:
            found.python = sys.executable
            found.why['packages_of_program'] = program.why
            found.add_own()

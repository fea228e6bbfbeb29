"""Say in a sentence what a build from source lacks.

setup.py calls this before setuptools reads pyproject.toml, and before it compiles: older
releases of setuptools answer with a page about their schema, and a compiler that is missing
with the name of a file.
"""

from __future__ import annotations

import re
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PACKAGES = (
    'Debian and Ubuntu: apt install gcc libc6-dev python3-dev; '
    'Fedora: dnf install gcc python3-devel; '
    'Alpine: apk add gcc musl-dev linux-headers python3-dev; '
    'macOS: xcode-select --install'
)


def requirements(pyproject: str) -> dict[str, str]:
    """Return the lowest version of each package that builds, from the text of the file."""
    [line] = re.findall(r'^requires = \[(.+)\]$', pyproject, re.MULTILINE)
    return dict(re.findall(r'"(\w+)>=([\d.]+)"', line))


def check_packages(
    needed: dict[str, str], version_of: Callable[[str], str] = version
) -> None:
    """Exit with a sentence if a package that builds is missing or too old.

    Args:
        needed: the lowest version of each, as `requirements` returns them.
        version_of: returns the version that is installed, or raises PackageNotFoundError.

    Raises:
        SystemExit: one is missing or too old.
    """
    wrong = [*_wrong_packages(needed, version_of)]
    if wrong:
        asked = ' '.join(f'"{name}>={lowest}"' for name, lowest in needed.items())
        raise SystemExit(
            f'microbench cannot be built: {", ".join(wrong)}. Leave out '
            f'--no-build-isolation, or run: python -m pip install --upgrade {asked}'
        )


def _wrong_packages(
    needed: dict[str, str], version_of: Callable[[str], str]
) -> Iterable[str]:
    for name, lowest in needed.items():
        try:
            found = version_of(name)
        except PackageNotFoundError:
            yield f'{name} is not installed'
            continue
        if _numbers(found) < _numbers(lowest):
            yield f'it needs {name} {lowest} or newer, and {found} is installed'


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r'\d+', release)][:3]


def check_compiler(command: Iterable[str], headers: str) -> None:
    """Exit with a sentence if there is no C compiler, or Python has no headers.

    Args:
        command: the compiler and its first arguments.
        headers: the folder where Python.h should be.

    Raises:
        SystemExit: one of the two is missing.
    """
    program = next(iter(command))
    if shutil.which(program) is None:
        raise SystemExit(lacks(f'there is no C compiler {program!r}'))
    if not Path(headers, 'Python.h').exists():
        raise SystemExit(lacks(f'the headers of Python are missing ({headers}/Python.h)'))


def lacks(what: str) -> str:
    """Return the sentence for a build that could not compile."""
    return f'microbench cannot be built: {what}. Install what it needs. {PACKAGES}'

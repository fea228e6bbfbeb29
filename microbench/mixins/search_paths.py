"""Find the search path of another Python: from its environment, or by running it."""

from __future__ import annotations

import os
import sys

from .environments import settings_of
from .programs import output_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .interpreters import Program

LIMIT = 10.0  # seconds
PROBE = 'import json, sys; print(json.dumps([sys.executable, sys.prefix, sys.path]))'
# Variables by which starting a Python would do more than start it.
STARTS_MORE = ('COVERAGE_PROCESS_START', 'COVERAGE_PROCESS_CONFIG', 'PYTHONINSPECT')
PTH_AT_MOST = 1 << 20  # bytes


def is_this_python(program: Program) -> bool:
    """Return True if a program looks for packages where this process does."""
    assert program.python is not None
    if set(program.options) - {'-P'} or _paths_in(program.environ) != _paths_in(os.environ):
        return False
    prefix = _prefix_of(program.python)
    try:
        if settings_of(prefix) is None and settings_of(sys.prefix) is None:
            return os.path.samefile(program.python, sys.executable or '')
        return settings_of(prefix) is not None and os.path.samefile(prefix, sys.prefix)
    except OSError:
        return False


def _paths_in(environ: Mapping[str, str]) -> list[str | None]:
    return [environ.get(name) for name in ('PYTHONPATH', 'PYTHONHOME', 'PYTHONUSERBASE')]


def search_path(program: Program) -> tuple[str, list[str]]:
    """Return prefix and search path of the interpreter of a program.

    An isolated environment is read. Any other interpreter is run, with a time limit, and
    prints them. Then `program.python` is set to its `sys.executable`, because the program
    may be a script that selects an interpreter.

    Raises:
        OSError, ValueError, subprocess.SubprocessError: the interpreter could not be run.
    """
    assert program.python is not None
    prefix = _prefix_of(program.python)
    found = _site_packages(prefix)
    if found is None or '-S' in program.options or _code_adds_paths(found):
        prefix, later = _asked(program)
    else:
        later = [*_of_variable(program), found, *_of_pth_files(found)]
    first = [program.first] if program.first else []
    return prefix, list(dict.fromkeys([*first, *later]))


def _prefix_of(python: str) -> str:
    """Return the folder of the environment, found as by the interpreter: by its name."""
    return os.path.dirname(os.path.dirname(python))


def _site_packages(prefix: str) -> str | None:
    """Return the package folder of an isolated environment; None for any other."""
    settings = settings_of(prefix)
    if settings is None:
        return None
    if settings.get('include-system-site-packages', 'false').lower() != 'false':
        return None
    libraries = [os.path.join(prefix, name) for name in ('lib', 'Lib', 'lib64')]
    found = [site for library in libraries for site in _sites_in(library)]
    return found[0] if len(set(found)) == 1 else None


def _sites_in(folder: str) -> list[str]:
    """Return the package folders in this folder and in those of versions of Python."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    versions = [name for name in names if name.startswith(('python', 'pypy'))]
    places = [folder, *(os.path.join(folder, name) for name in versions)]
    sites = [os.path.join(place, 'site-packages') for place in places]
    return [os.path.realpath(site) for site in sites if os.path.isdir(site)]


def _of_variable(program: Program) -> list[str]:
    if {'-E', '-I'} & set(program.options):
        return []
    paths = program.environ.get('PYTHONPATH', '').split(os.pathsep)
    return [os.path.abspath(path) for path in paths if path]


def _of_pth_files(site: str) -> Iterator[str]:
    """Yield the folders that `.pth` files add; lines that run code are passed over."""
    for line in _pth_lines(site):
        if not line.startswith(('#', 'import ', 'import\t')):
            path = os.path.abspath(os.path.join(site, line))
            if os.path.exists(path):
                yield path


def _pth_lines(site: str) -> Iterator[str]:
    """Yield what stands in `.pth` files, in the order in which Python reads them."""
    for name in sorted(os.listdir(site)):
        if not name.endswith('.pth') or name.startswith('.'):
            continue
        try:
            with open(os.path.join(site, name), encoding='utf-8', errors='replace') as file:
                lines = file.read(PTH_AT_MOST).splitlines()
        except OSError:
            continue
        yield from filter(None, map(str.strip, lines))


def _code_adds_paths(site: str) -> bool:
    """Return True if the code of a `.pth` file adds folders, as in `uv run --with`."""
    code = (line for line in _pth_lines(site) if line.startswith(('import ', 'import\t')))
    return any('addsitedir' in line or 'sys.path' in line for line in code)


def _asked(program: Program) -> tuple[str, list[str]]:
    """Run the interpreter; return prefix and search path, without the entry of `-c`."""
    import json

    environ = {n: v for n, v in program.environ.items() if n not in STARTS_MORE}
    command = [str(program.python), *program.options, '-c', PROBE]
    said = output_of(command, limit=LIMIT, env=environ).strip().splitlines()
    try:
        python, prefix, paths = json.loads(said[-1])
        found = str(prefix), [str(path) for path in paths if path]
    except (LookupError, TypeError, ValueError):
        message = f'{program.python} does not say where it looks for packages'
        raise ValueError(message) from None
    program.python = str(python or program.python)
    return found

"""Find what this process runs: a script, module, archive, notebook, or typed code."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAIN = '__main__.py'  # what `python directory` and `python archive.zip` run


def running_script() -> str:
    """Return the absolute path of the script that this process runs; '' if unknown.

    For `python directory` and `python -m package` it is their `__main__.py`, for
    `python archive.zip` the archive. It may be a link, or deleted. It is unknown if the
    code was typed, and if an installed program runs other code: a test runner, the kernel
    of a notebook, the script of a package in `bin`.
    """
    main = _file_of_main()
    return _script(_given(), main, _started_by_python(main), _current_directory())


@lru_cache
def _script(given: str, main: str, started_by_python: bool, directory: str) -> str:
    """Return the script; the result is cached, even if the file is deleted later."""
    if os.path.isfile(main) and not started_by_python:
        chosen = main  # set by a program that runs another one, such as Snakemake
    else:
        chosen = _absolute(given, main, directory) or main
    path = _file_to_run(chosen)
    return '' if not path or is_installed(path) else path


def _given() -> str:
    """Return the first word of the program's arguments, its path as given."""
    return sys.argv[0] if getattr(sys, 'argv', None) else ''


def running_program() -> str:
    """Return the file of the program: a script, a notebook, or a frozen executable.

    '' if unknown; `unknown_reason` returns why.
    """
    if getattr(sys, 'frozen', False):
        return sys.executable
    return running_script() or running_notebook()


def unknown_reason() -> str:
    """Return why the file of the program is not known."""
    given = _given()
    if not given or given.startswith('-'):
        return 'no script: the code was typed, or given to Python as text'
    if not os.path.isabs(given):
        return f'no running script is found by this relative path: {given}'
    return f'an installed program runs the code: {given}'


def path_as_given(path: str) -> str:
    """Return the word that the program was started with, if it leads to this path now."""
    given = _given()
    for word in (given, os.path.join(given, MAIN)):
        if os.path.join(_current_directory(), word) == path:
            return word
    return path


def running_notebook() -> str:
    """Return the absolute path of the notebook whose kernel this is; '' if unknown.

    The file contains the notebook as last saved. VS Code sets a variable; the Jupyter
    server (2.0 and later) sets one in the environment of the kernels that it starts.
    nbclient, and so papermill and nbconvert, leave no name.
    """
    if 'ipykernel.kernelapp' not in sys.modules:
        return ''
    path = vars(sys.modules['__main__']).get('__vsc_ipynb_file__') or _session_name()
    usable = isinstance(path, str) and os.path.isabs(path) and os.path.isfile(path)
    return path if usable else ''


def started_script() -> str:
    """Return the script if Python itself was started with it, else ''.

    Its code is the file's as it was then. A program that runs others, such as IPython,
    may read a script again and again.
    """
    script = running_script()
    return script if script == code_of_main() else ''


def code_of_main() -> str:
    """Return the file that Python itself has read the code of `__main__` from, else ''."""
    main = _file_of_main()
    return _file_to_run(main) if _started_by_python(main) else ''


def _file_of_main() -> str:
    """Return `__main__.__file__`, if it is a path that no change of directory affects."""
    path = getattr(sys.modules.get('__main__'), '__file__', None)
    return path if isinstance(path, str) and os.path.isabs(path) else ''


def _started_by_python(path: str) -> bool:
    """Return True if Python's loader has read `__main__.__file__`, this path."""
    loader: Any = getattr(sys.modules.get('__main__'), '__loader__', None)
    read = str(getattr(loader, 'path', '') or getattr(loader, 'archive', ''))
    return bool(read) and (path == read or path.startswith(os.path.join(read, '')))


def _absolute(given: str, main: str, directory: str) -> str:
    """Return the path that a program was started with, made absolute; '' if unknown.

    Python made `__main__.__file__` absolute when it started; the program may have
    changed its directory since.
    """
    if not given or given.startswith('-'):
        return ''
    if os.path.isabs(given):
        found = os.path.isfile(_file_to_run(given))
        return main if not found and _is_script(main) else given
    if _last_part(given) in _names_of(main):
        return main
    script = main if _is_script(main) else ''
    return _relative(given, script, directory) or script


def _relative(given: str, script: str, directory: str) -> str:
    """Return the file that a relative path leads to, if it is the program; else ''.

    A launcher runs the file, or the program has replaced its first argument. After a
    change of directory the path may lead to another file of that name, or to none.
    """
    start = FIRST_SEEN[1] if given == FIRST_SEEN[0] else directory
    path = os.path.join(start, given)
    runs = _runs(path)
    known = not script if runs is None else runs
    return path if known else ''


@lru_cache
def _runs(path: str) -> bool | None:
    from .running_code import runs_now  # start-up time

    return runs_now(_file_to_run(path))


def _is_script(main: str) -> bool:
    return bool(main) and not is_installed(main)


def _last_part(path: str) -> str:
    return os.path.basename(path.rstrip(os.sep))


def _names_of(main: str) -> set[str]:
    """Return the last parts of the words that start this program."""
    directory, name = os.path.split(main)
    return {name, os.path.basename(directory)} if name == MAIN else {name}


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return os.sep  # it was deleted


def _first_directory() -> str:
    """Return the directory in which the program, or the parent of a worker, started."""
    module: Any = sys.modules.get('multiprocessing.process')
    if module is not None and module.parent_process() is not None:
        return module.ORIGINAL_DIR or _current_directory()
    return _current_directory()


# Most programs import this before they change their directory.
FIRST_SEEN = (_given(), _first_directory())


@lru_cache
def _file_to_run(path: str) -> str:
    """Return the file that Python reads: in a directory, or the archive around it."""
    if os.path.isdir(path):
        return os.path.join(path, MAIN)
    archive = path
    while archive and not os.path.exists(archive):
        archive = os.path.dirname(archive)
    return archive if os.path.isfile(archive) else path


@lru_cache
def is_installed(path: str) -> bool:
    """Return True for Python itself, and programs installed with it, such as pytest."""
    real = os.path.realpath(path)
    directory = os.path.dirname(real)
    executable = sys.executable or ''
    return (
        real == os.path.realpath(executable)
        or directory in _directories_of_programs(executable)
        or os.path.join(directory, '').startswith(_standard_library())
        or not {'site-packages', 'dist-packages'}.isdisjoint(directory.split(os.sep))
    )


@lru_cache
def _directories_of_programs(executable: str) -> set[str]:
    try:
        import sysconfig

        user = sysconfig.get_preferred_scheme('user')
        found = [sysconfig.get_path('scripts'), sysconfig.get_path('scripts', user)]
    except (ImportError, OSError):
        found = []  # such as after setuid(), where this user cannot read the library
    directories = [os.path.dirname(executable), *found]
    return {os.path.realpath(directory) for directory in directories if directory}


@lru_cache
def _standard_library() -> str:
    return os.path.join(os.path.realpath(os.path.dirname(os.__file__)), '')


def _session_name() -> str:
    """Return the path in `JPY_SESSION_NAME`, if it was set for this kernel.

    A program that a notebook starts inherits the variable, and may start kernels for other
    notebooks: nbclient does not change it. In that case, the process that started this
    kernel has it too.
    """
    name = os.environ.get('JPY_SESSION_NAME', '')
    parent = os.environ.get('JPY_PARENT_PID', '')
    try:
        with open(f'/proc/{int(parent)}/environ', 'rb') as file:
            inherited = os.fsencode(f'JPY_SESSION_NAME={name}') in file.read().split(b'\0')
    except (OSError, ValueError):
        return ''  # it cannot be ruled out
    return '' if inherited else name

"""Find the Python that a command runs, from its words and files."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PYTHON = re.compile(r'(?:python|pypy)(?:[0-9]+(?:\.[0-9]+)*)?[tdm]*(?:\.exe)?')
# Programs that run another one: options with a value, and words before that program.
WRAPPERS: dict[str, tuple[str, int]] = {
    'nohup': ('', 0),
    'setsid': ('', 0),
    'nice': ('n', 0),
    'stdbuf': ('ioe', 0),
    'time': ('fo', 0),
    'timeout': ('ks', 1),
    'taskset': ('', 1),
    'ionice': ('cnp', 0),
}
# Their long options with a value, which may be the next word.
LONG = (
    *('--adjustment', '--input', '--output', '--error', '--format', '--kill-after'),
    *('--signal', '--class', '--classdata'),
)
# Programs that make or choose the environment of the program they run.
CHOOSERS = ('uv', 'poetry', 'pdm', 'hatch', 'pipenv', 'rye', 'pixi', 'pipx', 'pyenv')
CHOOSERS_OF_CONDA = ('conda', 'mamba', 'micromamba')
ALWAYS = ('uvx', 'tox', 'nox')
ELSEWHERE = ('docker', 'podman', 'apptainer', 'singularity', 'ssh', 'kubectl', 'bwrap')
RUNS = ('run', 'exec', 'tool', 'shell', 'x')
STEPS = 8  # wrappers and scripts that may lead to an interpreter
FIRST_LINES = 1024  # bytes of a script
# Options of the interpreter with a value, and those whose value is the program.
VALUED, LAST = 'WX', 'cm'


class Program:
    """The program that a command runs.

    Attributes:
        python: path of the interpreter; None if unknown.
        options: options of the interpreter that change where it looks for packages.
        environ: environment of the program.
        first: first folder on its search path; None if there is none.
        why: reason why the interpreter is unknown.
        is_python: True if it is a Python, even an unknown one.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.python: str | None = None
        self.options: list[str] = []
        self.environ = dict(environ)
        self.first: str | None = None
        self.why = ''
        self.is_python = False

    def unknown(self, why: str, *, is_python: bool = True) -> Program:
        """Mark the interpreter as unknown, for this reason; return self."""
        self.why, self.is_python = why, is_python
        return self


def program_of(command: list[str], environ: Mapping[str, str]) -> Program:
    """Find the interpreter of a command: its program, or that of its script.

    Args:
        command: program and arguments.
        environ: environment of the command.
    """
    found, words = Program(environ), list(command)
    for _ in range(STEPS):
        if not words:
            break
        path, name = _where(words[0], found.environ), os.path.basename(words[0])
        why = _chosen_by(name, words[1:])
        if why:
            return found.unknown(why)
        if PYTHON.fullmatch(name):
            return _python(found, path, words)
        if path is None:
            return found.unknown(f'{name} is not there', is_python=False)
        if f'{os.sep}shims{os.sep}' in path:
            return found.unknown(f'{path} chooses the Python itself')
        inner = _unwrapped(found, name, words) or _interpreter_of(path, words)
        if inner is None:
            break
        words = inner
    name = os.path.basename(command[0]) if command else 'nothing'
    return found.unknown(f'{name} is not known to be a program in Python', is_python=False)


def _where(word: str, environ: Mapping[str, str]) -> str | None:
    import shutil

    return shutil.which(word, path=environ.get('PATH', os.defpath))


def _chosen_by(name: str, rest: list[str]) -> str:
    """Return a reason if a program itself decides what runs, else ''."""
    plain = [word for word in rest if not word.startswith('-')]
    runs = plain[:1] and plain[0] in RUNS
    if name in ALWAYS or (name in (*CHOOSERS, *CHOOSERS_OF_CONDA) and runs):
        return f'{name} chooses the environment itself'
    return f'{name} runs it elsewhere' if name in ELSEWHERE else ''


def _unwrapped(found: Program, name: str, words: list[str]) -> list[str] | None:
    """Return the command that a wrapper runs; None for an unknown program."""
    if name == 'env':
        return _after_env(found, words[1:])
    if name not in WRAPPERS:
        return None
    valued, count = WRAPPERS[name]
    place = 1
    while place < len(words) and words[place].startswith('-'):
        word = words[place]
        apart = word in LONG or (len(word) == 2 and word[1] in valued)
        place += 2 if apart else 1
    return words[place + count :]


def _after_env(found: Program, words: list[str]) -> list[str] | None:
    """Return the command that env(1) runs, and apply its changes of the environment.

    None for options with other effects, such as `-C`, which changes the directory.
    """
    words = _split_string(words)
    while words:
        word, *rest = words
        if word in ('-i', '-', '--ignore-environment'):
            found.environ.clear()
        elif word in ('-u', '--unset'):
            found.environ.pop(''.join(rest[:1]), None)
            rest = rest[1:]
        elif '=' in word and not word.startswith('-'):
            name, _, value = word.partition('=')
            found.environ[name] = value
        elif word not in ('-v', '--debug'):
            return None if word.startswith('-') else words
        words = _split_string(rest)
    return None


def _split_string(words: list[str]) -> list[str]:
    """Split the argument of a leading `-S` into several words."""
    import shlex

    if words[:1] in (['-S'], ['--split-string']):
        return [*shlex.split(' '.join(words[1:2])), *words[2:]]
    if words and words[0].startswith('-S'):
        return [*shlex.split(words[0][2:]), *words[1:]]
    return words


def _interpreter_of(path: str, words: list[str]) -> list[str] | None:
    """Return the words that run a script; None if the file is not a script.

    If the path of the interpreter is too long for a first line, or relative, pip and uv
    write two lines of sh that execute it.
    """
    lines = _first_lines(path)
    if not lines or not lines[0].startswith('#!'):
        return None
    shebang = lines[0][2:].strip()
    executed = re.match(r"'''exec' (.+) \"\$0\" \"\$@\"", lines[1]) if lines[1:] else None
    if executed and shebang.endswith('/sh'):
        return _executed(executed.group(1), path, words)
    interpreter = shebang.split(None, 1)  # the kernel passes one argument at most
    return [*interpreter, path, *words[1:]] if interpreter else None


def _executed(text: str, path: str, words: list[str]) -> list[str] | None:
    import shlex

    beside = '"$(dirname -- "$(realpath -- "$0")")"'
    text = text.replace(beside, shlex.quote(os.path.dirname(os.path.realpath(path))))
    return None if '$' in text else [*shlex.split(text), path, *words[1:]]


def _first_lines(path: str) -> list[str]:
    try:
        if not os.path.isfile(path):
            return []
        with open(path, 'rb') as file:
            start = file.read(FIRST_LINES)
    except OSError:
        return []
    return [os.fsdecode(line).rstrip('\r') for line in start.split(b'\n')[:2]]


def _python(found: Program, path: str | None, words: list[str]) -> Program:
    """Store the interpreter, its options, and what it runs."""
    found.is_python = True
    if path is None:
        return found.unknown(f'{words[0]} is not there')
    found.python = os.path.abspath(path)
    _take_options(found, words)
    if {'-I', '-P'} & set(found.options) or _is_safe_path(found):
        found.first = None
    return found


def _take_options(found: Program, words: list[str]) -> None:
    """Store the options of a Python, and the folder that is first in its search path."""
    place = 1
    while place < len(words) and words[place][:1] == '-' and len(words[place]) > 1:
        word = words[place]
        found.options += [f'-{letter}' for letter in _letters(word) if letter in 'IEsSP']
        if _ends(word):
            found.first = os.getcwd()
            return
        place += 2 if word[-1] in VALUED and word[1:2] != '-' else 1
    found.first = _folder_of(words[place]) if place < len(words) else os.getcwd()


def _letters(word: str) -> str:
    """Return the option letters of a word such as `-Es`, without a value after them."""
    return '' if word.startswith('--') else re.split(f'[{VALUED}{LAST}]', word[1:])[0]


def _ends(word: str) -> bool:
    """Return True if an option ends Python's own options, as `-m` and `-c` do."""
    return (
        not word.startswith('--')
        and re.match(f'-[^{VALUED}{LAST}]*[{LAST}]', word) is not None
    )


def _folder_of(script: str) -> str | None:
    """Return the folder of a script, or the archive or directory that runs as one."""
    if script == '-':
        return os.getcwd()
    real = os.path.realpath(script)
    return real if os.path.isdir(real) or _is_zip(real) else os.path.dirname(real)


def _is_zip(path: str) -> bool:
    from zipfile import is_zipfile

    return os.path.isfile(path) and is_zipfile(path)


def _is_safe_path(found: Program) -> bool:
    ignores = {'-I', '-E'} & set(found.options)
    return bool(found.environ.get('PYTHONSAFEPATH')) and not ignores

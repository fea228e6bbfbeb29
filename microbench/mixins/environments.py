"""Detect the program that has made a Python environment, by the marks that it leaves."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AT_MOST = 1 << 16  # bytes of a mark
HISTORY_AT_MOST = 1 << 20
# Poetry names an environment: name, 8 letters of a hash in base 64, version of Python.
OF_POETRY = re.compile(r'.+-[A-Za-z0-9_-]{8}-py[0-9.]+')
OF_CONDA = re.compile(
    r'^# cmd: *(?:.*[/\\])?(conda|mamba|micromamba)(?:\.exe|-script\.py)? ', re.MULTILINE
)


def environment_of(prefix: str) -> dict[str, str] | None:
    """Return kind and place of an environment.

    Returns:
        `kind`: venv, virtualenv, uv, pipx, poetry, conda, mamba, micromamba or pixi;
        `prefix`; and, if known, `version` of the program that has made it and `base`, the
        folder of the Python below it. None if the prefix is not an environment.
    """
    kinds = [*_of_conda(prefix), *_of_tools(prefix)]
    settings = settings_of(prefix)
    if settings is None and not kinds:
        return None
    found = {'kind': kinds[0] if kinds else 'venv', 'prefix': prefix}
    for maker in ('uv', 'virtualenv') if settings else ():
        if version := (settings or {}).get(maker):
            found.update({'version': version} if kinds[:1] == [maker] else {})
    if home := (settings or {}).get('home'):
        found['base'] = home
    return found


def settings_of(prefix: str) -> dict[str, str] | None:
    """Return the settings in `pyvenv.cfg`, with lower-case names; None if it is missing."""
    try:
        text = _beginning(os.path.join(prefix, 'pyvenv.cfg'))
    except OSError:
        return None
    pairs = (line.partition('=') for line in text.splitlines() if '=' in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _of_tools(prefix: str) -> Iterator[str]:
    """Yield the programs whose marks are there, the outermost first."""
    if os.path.isfile(os.path.join(prefix, 'pipx_metadata.json')):
        yield 'pipx'
    if _is_of_poetry(prefix):
        yield 'poetry'
    settings = settings_of(prefix) or {}
    yield from (maker for maker in ('uv', 'virtualenv') if maker in settings)


def _is_of_poetry(prefix: str) -> bool:
    """Return True if Poetry has made it: in its own folder, or in that of a project."""
    if OF_POETRY.fullmatch(os.path.basename(prefix)):
        return True
    project = os.path.dirname(prefix)
    in_project = os.path.basename(prefix) == '.venv'
    return in_project and os.path.isfile(os.path.join(project, 'poetry.lock'))


def _of_conda(prefix: str) -> Iterator[str]:
    folder = os.path.join(prefix, 'conda-meta')
    if not os.path.isdir(folder):
        return
    if os.path.isfile(os.path.join(folder, 'pixi')):
        yield 'pixi'
    try:
        made_by = OF_CONDA.search(_beginning(os.path.join(folder, 'history')))
    except OSError:
        made_by = None
    yield made_by.group(1) if made_by else 'conda'


def _beginning(path: str) -> str:
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read(AT_MOST)

"""Capture the packages of a conda environment, made by conda, mamba or pixi."""

from __future__ import annotations

import os
import re
import sys

from .environments import environment_of
from .programs import output_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COLUMNS_AT_MOST = 5  # of a list: name, version, build, channel, features
NAME = re.compile(r'\w[\w.+-]*')
LIMIT = 120.0  # seconds: conda starts slowly from network file systems


class MBCondaPackages:
    """Packages of the active conda environment.

    The program conda runs once for each bench object and environment. If it is not
    installed (mamba, micromamba, pixi), the environment's own list is read.

    Attributes:
        include_builds: append the build to each version; the default is True.
        include_channels: append the channel to each version; the default is False.

    >>> from microbench import MBCondaPackages, MicroBench
    >>> class Bench(MicroBench, MBCondaPackages):
    ...     capture_optional = True
    """

    cli_name = 'conda-packages'
    cli_fields = ('conda',)
    include_builds = True
    include_channels = False
    _conda_list: tuple[Any, tuple[list[list[str]], str]] | None = None

    def capture_conda_packages(self, bm_data: dict[str, Any]) -> None:
        """Set `conda`: name, path, kind and packages of the environment.

        Outside of an environment, `prefix` is the directory of the packages. If the running
        Python is in another environment of conda, `unavailable` names that.

        Raises:
            FileNotFoundError: there is neither conda nor a list of packages.
            subprocess.SubprocessError: conda failed; the record lacks `conda.packages`.
        """
        name, path = map(os.environ.get, ('CONDA_DEFAULT_ENV', 'CONDA_PREFIX'))
        conda: dict[str, Any] = {'name': name, 'path': path}
        bm_data['conda'] = conda
        prefix = path or sys.prefix
        if why := _why_not_of(prefix, _prefix_that_runs(bm_data)):
            conda['unavailable'] = {'packages_of_python': why}
        rows, kind = self._found_in(prefix)
        conda['packages'] = {name: self._version(*rest) for name, *rest in rows}
        if prefix != path:
            conda['prefix'] = prefix
        if kind:
            conda['kind'] = kind

    def _found_in(self, prefix: str) -> tuple[list[list[str]], str]:
        """Return the packages of a prefix, and the kind of its environment, if any."""
        import shutil

        program = shutil.which('conda') or os.environ.get('CONDA_EXE') or 'conda'
        asked = (os.getpid(), program, prefix)
        if self._conda_list is None or self._conda_list[0] != asked:
            kind = (environment_of(prefix) or {}).get('kind', '')
            self._conda_list = asked, (packages(program, prefix), kind)
        return self._conda_list[1]

    def _version(self, version: str, build: str = '', channel: str = '', *_: str) -> str:
        text = f'{version} {build}' if self.include_builds and build else version
        return f'{text}({channel})' if self.include_channels and channel else text


def _prefix_that_runs(bm_data: dict[str, Any]) -> str:
    """Return the prefix of the Python that a command runs, if known, else of this one."""
    call = bm_data.get('call') or {}
    if call.get('invocation') != 'CLI':
        return sys.prefix
    from .interpreters import program_of  # start-up time

    python = program_of(call.get('command') or [], os.environ).python
    return os.path.dirname(os.path.dirname(python)) if python else sys.prefix


def _why_not_of(prefix: str, other: str) -> str:
    """Return a note if a Python is in another environment of conda, else ''."""
    if not os.path.isdir(os.path.join(other, 'conda-meta')):
        return ''
    try:
        is_same = os.path.samefile(prefix, other)
    except OSError:
        is_same = False
    return '' if is_same else f'the Python that runs is in {other}'


def packages(program: str, prefix: str) -> list[list[str]]:
    """Return name, version, and perhaps build and channel, of each package."""
    try:
        text = output_of([program, 'list', '--prefix', prefix], limit=LIMIT)
    except FileNotFoundError:
        installed = packages_listed_in(os.path.join(prefix, 'conda-meta'))
        if not installed:
            raise
        return installed
    return [row for row in map(str.split, text.splitlines()) if _is_package(row)]


def _is_package(row: list[str]) -> bool:
    """Return True if words are a package, not a comment, message or title.

    A program named conda may be mamba, which prints titles.
    """
    if not 2 <= len(row) <= COLUMNS_AT_MOST or row[:2] == ['Name', 'Version']:
        return False
    return NAME.fullmatch(row[0]) is not None and row[1][0].isalnum()


def packages_listed_in(folder: str) -> list[list[str]]:
    """Return the packages listed in the files that installers write.

    Packages that pip has installed are not among them.
    """
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if name.endswith('.json')]
    return [row for row in map(_noted, paths) if row]


def _noted(path: str) -> list[str]:
    """Return the package in one file; nothing if the file is broken or was deleted."""
    import json

    try:
        with open(path, encoding='utf-8') as file:
            package = json.load(file)
        row = [package['name'], package['version'], package.get('build', '')]
        return [*map(str, row), channel_of(package)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []


def channel_of(package: dict[str, Any]) -> str:
    """Return the channel's name as `conda list` shows it; empty for the defaults.

    Files have its address, some with the platform: https://host/conda-forge/linux-64.
    """
    address = str(package.get('channel') or '').rstrip('/')
    address = address.removesuffix(f'/{package.get("subdir")}')
    names = address.split('/')[3:] if address.startswith('http') else [address]
    if names[:1] == ['t']:
        del names[:2]  # an access token
    return '' if names[:1] == ['pkgs'] else '/'.join(names)

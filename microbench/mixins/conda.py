"""Packages of a conda environment, whichever program made it."""

from __future__ import annotations

import os
import sys

from .programs import output_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIMIT = 120.0  # seconds: conda starts slowly from network file systems


class MBCondaPackages:
    """Packages of the active conda environment.

    `include_builds` (True) appends builds to versions, `include_channels` (False)
    channels. The program conda is asked, once for each bench object and environment.
    Where there is none (mamba, micromamba, pixi), the environment's own list is read.

    Raises CalledProcessError, or FileNotFoundError where there is no such list either.

    >>> from microbench import MBCondaPackages, MicroBench
    >>> class Bench(MicroBench, MBCondaPackages):
    ...     capture_optional = True
    """

    cli_name = 'conda-packages'
    cli_fields = ('conda',)
    include_builds = True
    include_channels = False
    _conda_list: tuple[Any, list[list[str]]] | None = None

    def capture_conda_packages(self, bm_data: dict[str, Any]) -> None:
        """Set `conda`: name, path and packages of the environment.

        Raises:
            FileNotFoundError, subprocess.SubprocessError: conda could not be asked;
                `conda.packages` is not there then.
        """
        conda: dict[str, Any] = {
            'name': os.environ.get('CONDA_DEFAULT_ENV'),
            'path': os.environ.get('CONDA_PREFIX'),
        }
        bm_data['conda'] = conda
        conda['packages'] = {name: self._version(*rest) for name, *rest in self._rows()}

    def _rows(self) -> list[list[str]]:
        import shutil

        program = shutil.which('conda') or os.environ.get('CONDA_EXE') or 'conda'
        prefix = os.environ.get('CONDA_PREFIX') or sys.prefix
        asked = (os.getpid(), program, prefix)
        if self._conda_list is None or self._conda_list[0] != asked:
            self._conda_list = asked, packages(program, prefix)
        return self._conda_list[1]

    def _version(self, version: str, build: str = '', channel: str = '', *_: str) -> str:
        text = f'{version} {build}' if self.include_builds and build else version
        return f'{text}({channel})' if self.include_channels and channel else text


def packages(program: str, prefix: str) -> list[list[str]]:
    """Return name, version, and perhaps build and channel, of each package."""
    try:
        text = output_of([program, 'list', '--prefix', prefix], limit=LIMIT)
    except FileNotFoundError:
        installed = packages_listed_in(os.path.join(prefix, 'conda-meta'))
        if not installed:
            raise
        return installed
    rows = [line.split() for line in text.splitlines()]
    return [row for row in rows if len(row) > 1 and not row[0].startswith('#')]


def packages_listed_in(folder: str) -> list[list[str]]:
    """Return the same from the files in which installers note what they have installed.

    Packages that pip has added are not among them.
    """
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if name.endswith('.json')]
    return [row for row in map(_noted, paths) if row]


def _noted(path: str) -> list[str]:
    """Return what one file says; nothing if it is broken, or has just gone."""
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

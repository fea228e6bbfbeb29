"""Complete what PyInstaller finds by import statements in the modules of microbench."""

# ruff: noqa: N999 - the name is what PyInstaller looks for

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

# Parts of pytest, IPython, Dask and PyInstaller, which would bring these into each frozen
# program whose environment has them.
FOR_OTHERS = (
    'microbench._pyinstaller',
    'microbench.magics',
    'microbench.pytest_plugin',
    'microbench.sweeps.dask',
)


def is_of_programs(name: str) -> bool:
    """Return whether a frozen program may need this module."""
    return not name.startswith(FOR_OTHERS)


hiddenimports = collect_submodules('microbench', filter=is_of_programs)
excludedimports = ['IPython', 'dask', 'distributed', 'pytest', '_pytest', 'py.test']
datas = collect_data_files('microbench', includes=['*.schema.json'])
try:
    datas += copy_metadata('microbench')
except PackageNotFoundError:
    pass  # it is not installed, but on the path

"""Freezing tools, which follow import statements, find all modules."""

import ast
from pathlib import Path

import microbench

PACKAGE = Path(microbench.__file__).parent
# Started by themselves, or asked for by name.
ROOTS = {
    *('microbench', 'microbench.__main__', 'microbench.logs', 'microbench.start'),
    *('microbench.cli.timeit.worker', 'microbench.pytest_plugin'),
    'microbench.sweeps.dask',
    *('microbench._pyinstaller', 'microbench._pyinstaller.hook-microbench'),
}


def modules():
    """Return the path of each module of the package by its name."""
    found = {}
    for path in PACKAGE.rglob('*.py'):
        parts = ['microbench', *path.relative_to(PACKAGE).with_suffix('').parts]
        name = '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
        found[name] = path
    return found


def imported(name, path):
    """Return every name that an import statement of the module could mean."""
    package = name.split('.') if path.name == '__init__.py' else name.split('.')[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = '.'.join([*above, *filter(None, [node.module])])
            yield base
            yield from (f'{base}.{alias.name}' for alias in node.names)


def test_each_module_is_found():
    """From the package and the command, statements lead to all modules."""
    known = modules()
    found, new = set(), set(ROOTS)
    while new:
        found |= new
        new = {other for name in new for other in imported(name, known[name])}
        new |= {name.rpartition('.')[0] for name in new}
        new = (new & set(known)) - found
    assert set(known) - found == set(), 'add an import to microbench/__init__.py'

"""Print how long the functions and files of microbench are: `python -m tools.sizes`.

A function has the lines from `def` to its end without its docstring. A function inside
another one counts in both.
"""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'microbench'


class Length(NamedTuple):
    """Lines of a function or file, and where it is."""

    lines: int
    where: str


def files() -> list[Length]:
    """Return the Python files, the longest first."""
    found = [Length(len(path.read_text().splitlines()), _name(path)) for path in _paths()]
    return sorted(found, reverse=True)


def functions() -> list[Length]:
    """Return the functions, the longest first."""
    found = [length for path in _paths() for length in _functions_of(path)]
    return sorted(found, reverse=True)


def percentile(lengths: list[Length], percent: int) -> float:
    """Return the length that so many percent of all do not exceed.

    >>> percentile([Length(lines, '') for lines in range(1, 102)], 90)
    91.0
    """
    steps = quantiles([one.lines for one in lengths], n=100, method='inclusive')
    return steps[percent - 1]


def _paths() -> list[Path]:
    return sorted(PACKAGE.rglob('*.py'))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions_of(path: Path) -> Iterator[Length]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1 - _lines_of_docstring(node)
            yield Length(lines, f'{_name(path)}:{node.lineno} {node.name}')


def _lines_of_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    first = node.body[0]
    assert first.end_lineno is not None
    return first.end_lineno - first.lineno + 1


def print_sizes() -> None:
    """Print percentiles, and the longest functions and files."""
    lengths = functions()
    shares = ', '.join(f'p{p} {percentile(lengths, p):.0f}' for p in (50, 90, 99))
    print(f'{len(lengths)} functions: {shares} lines')
    for one in [*lengths[:5], *files()[:5]]:
        print(f'{one.lines:6}  {one.where}')


if __name__ == '__main__':
    print_sizes()

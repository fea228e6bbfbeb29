"""Print which lines and branches no test runs, and compare the shares with limits.

    python -m tools.covered C.json Python.json

Reads the reports of `gcovr --json` and `coverage json`; `make coverage` writes them. Exits
with status 1 if a share is below its limit in LEAST.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Percent, a little below what was measured last, since processes that are killed at random
# moments count. Raise them when the share grows.
LEAST = {
    'C': {'lines': 95.4, 'branches': 81.2},
    'Python': {'lines': 96.7, 'branches': 93.8},
}


class Covered(NamedTuple):
    """What tests run of one file, or of all."""

    name: str
    lines: tuple[int, int]  # run, all
    branches: tuple[int, int]
    missing: list[int] = []  # noqa: RUF012 - a NamedTuple has no other default

    def share(self, of: str) -> float:
        """Return the percentage that ran of `'lines'` or `'branches'`."""
        ran, count = getattr(self, of)
        return 100 * ran / count if count else 100.0


def of_gcovr(report: dict[str, Any]) -> list[Covered]:
    """Return the files of a report of gcovr."""
    return [_of_c(file['file'], file['lines']) for file in report['files']]


def _of_c(name: str, entries: list[dict[str, Any]]) -> Covered:
    counts: dict[int, int] = {}  # by line: one in a header is listed for each function
    for entry in entries:
        number = entry['line_number']
        counts[number] = counts.get(number, 0) + entry['count']
    branches = [branch['count'] for entry in entries for branch in entry['branches']]
    missing = sorted(number for number, count in counts.items() if not count)
    return Covered(
        name,
        (len(counts) - len(missing), len(counts)),
        (sum(map(bool, branches)), len(branches)),
        missing,
    )


def of_coverage(report: dict[str, Any]) -> list[Covered]:
    """Return the files of a report of coverage.py."""
    return [_of_python(name, found) for name, found in report['files'].items()]


def _of_python(name: str, found: dict[str, Any]) -> Covered:
    summary = found['summary']
    return Covered(
        name,
        (summary['covered_lines'], summary['num_statements']),
        (summary['covered_branches'], summary['num_branches']),
        found['missing_lines'],
    )


def total(files: Iterable[Covered]) -> Covered:
    """Return the sum of some files."""
    lines = [file.lines for file in files]
    branches = [file.branches for file in files]
    return Covered('all', _sum(lines), _sum(branches))


def _sum(pairs: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(ran for ran, _ in pairs), sum(count for _, count in pairs)


def ranges(numbers: list[int]) -> str:
    """Return sorted numbers in short.

    >>> ranges([3, 5, 6, 7])
    '3, 5-7'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ', '.join(f'{a}-{b}' if b > a else f'{a}' for a, b in spans)


def row(file: Covered) -> str:
    """Return the line of a table: shares, name, lines that no test runs."""
    shares = ''.join(f'{file.share(of):9.2f} %' for of in ('lines', 'branches'))
    return f'{shares}   {file.name}  {ranges(file.missing)}'.rstrip()


def print_table(language: str, files: list[Covered]) -> None:
    """Print the files that are not covered completely, and the sum of all."""
    print(f'{language + ": lines":>11}{"branches":>11}')
    for file in [*files, total(files)]:
        if file.name == 'all' or min(file.share('lines'), file.share('branches')) < 100:
            print(row(file))
    print()


def too_low(language: str, files: list[Covered]) -> list[str]:
    """Return a message for each share below its limit."""
    whole = total(files)
    return [
        f'{language}: {whole.share(of):.2f} % of {of} run, and {least} % did before'
        for of, least in LEAST[language].items()
        if whole.share(of) < least
    ]


def main(c_report: str, python_report: str) -> int:
    """Print both tables and what is too low; return the exit status."""
    found = {
        'C': of_gcovr(json.loads(Path(c_report).read_bytes())),
        'Python': of_coverage(json.loads(Path(python_report).read_bytes())),
    }
    for language, files in found.items():
        print_table(language, files)
    messages = [line for each in found.items() for line in too_low(*each)]
    print(*messages, sep='\n', end='\n' * bool(messages))
    return bool(messages)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))

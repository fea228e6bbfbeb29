"""Count the instructions of each way of recording, and compare them with the last ones.

    python -m benchmarks.instructions [--accept]

Time is noisy, instructions are not: callgrind counts them, per call. Exits with status 1 if
a count is more than 3 % above the one in instructions.json. If the growth is worth it, say
why in CHANGELOG.md, and store the new counts with --accept.

Compares the instructions of the extension if the compiler is the one of the stored counts,
and all instructions if the interpreter is too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .counted import CALLS, ways
from .native import ROOT
from .table import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

REFERENCE = Path(__file__).with_name('instructions.json')
MOST_GROWN = 1.03
EXTENSION = f'_core{sysconfig.get_config_var("EXT_SUFFIX")}'


class Count(NamedTuple):
    """Instructions of a call."""

    all: float
    extension: float


def main() -> None:
    """Count, print the table, and compare or accept."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.instructions', description=__doc__.partition('\n')[0]
    )
    parser.add_argument('--accept', action='store_true', help='store the new counts')
    accepts = parser.parse_args().accept
    counts, before = counted(), reference()
    sys.stdout.write(as_text(counts, before))
    if accepts:
        stored = {**built_with(), 'counts': counts}
        REFERENCE.write_text(json.dumps(stored, indent=1) + '\n', encoding='utf-8')
    elif grown := list(more_than_allowed(counts, before)):
        sys.exit('\n'.join(grown))


def reference() -> dict[str, Any]:
    """Return the counts that were accepted last, and what they were built with."""
    stored: dict[str, Any] = json.loads(REFERENCE.read_text(encoding='utf-8'))
    return stored


def built_with() -> dict[str, str]:
    """Return what the counts depend on."""
    compiler = subprocess.run(
        ['gcc', '-dumpfullversion'], capture_output=True, text=True, check=True
    )
    return {'python': platform.python_version(), 'gcc': compiler.stdout.strip()}


def counted() -> dict[str, Count]:
    """Return the counts of each way, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'out'
        _count(out)
        names = list(ways(folder))
        return {name: _of(Path(f'{out}.{2 * i + 2}')) for i, name in enumerate(names)}


def _count(out: Path) -> None:
    tool = ['valgrind', '--quiet', '--tool=callgrind', '--compress-strings=no']
    tool += ['--dump-before=getppid', f'--callgrind-out-file={out}']
    # The same order of every dict, and the same clock on each machine.
    fixed = {'PYTHONHASHSEED': '0', 'MICROBENCH_CLOCK': 'monotonic'}
    environment = {**os.environ, **fixed}
    program = [sys.executable, '-m', 'benchmarks.counted']
    subprocess.run([*tool, *program], env=environment, cwd=ROOT, check=True)


def _of(part: Path) -> Count:
    costs = list(own_costs(part.read_text(encoding='utf-8').splitlines()))
    extension = sum(cost for library, cost in costs if library.endswith(EXTENSION))
    return Count(
        round(sum(cost for _, cost in costs) / CALLS, 1), round(extension / CALLS, 1)
    )


def own_costs(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield library and cost of each line of a part that is no call of another function.

    Format: https://valgrind.org/docs/manual/cl-format.html
    """
    library = ''
    of_a_call = False
    for line in lines:
        if line.startswith('ob='):
            library = line[3:]
        elif line.startswith('calls='):
            of_a_call = True
        elif line[:1].isdigit() or line[:1] in ('+', '-', '*'):
            if not of_a_call:
                yield library, int(line.split()[1])
            of_a_call = False


def more_than_allowed(
    counts: Mapping[str, Count], before: Mapping[str, Any]
) -> Iterator[str]:
    """Yield a sentence for each count that has grown too much."""
    for name, which, then, now in _comparable(counts, before):
        if now > then * MOST_GROWN:
            yield (
                f'{name}: {now:g} instructions {which}, {now / then - 1:.1%} more than '
                f'{then:g}. Say why in CHANGELOG.md; make instructions ARGS=--accept'
            )


def _comparable(
    counts: Mapping[str, Count], before: Mapping[str, Any]
) -> Iterator[tuple[str, str, float, float]]:
    here = built_with()
    if before['gcc'] != here['gcc']:
        return
    for name in before['counts'].keys() & counts.keys():
        then = Count(*before['counts'][name])
        yield name, 'in the extension', then.extension, counts[name].extension
        if before['python'] == here['python']:
            yield name, 'in all', then.all, counts[name].all


def as_text(counts: Mapping[str, Count], before: Mapping[str, Any]) -> str:
    """Return the table: what was counted, beside the reference."""
    versions = (('now', built_with()), ('before', before))
    heading = [f'{when}: python {of["python"]}, gcc {of["gcc"]}' for when, of in versions]
    cells: list[tuple[str, ...]] = [
        ('instructions of', 'all', 'before', 'in the extension', 'before')
    ]
    for name, count in counts.items():
        then = Count(*before['counts'].get(name, (0, 0)))
        pairs = zip(count, then, strict=True)
        cells.append((name, *(f'{round(n):,}' for pair in pairs for n in pair)))
    return '\n'.join([*heading, '', *aligned(cells, [0])]) + '\n'


if __name__ == '__main__':
    main()

"""Measure what microbench costs, print the table and write it as JSON."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import measures, native, peers, table
from .lab import Lab
from .parties import Here


def main() -> None:
    """Measure everything that the arguments ask for."""
    options = _parser().parse_args()
    found, reasons = peers.installed() if options.peers else ({}, {})
    names = {name: getattr(native.floor(), name) for name in ('floor', 'spin')}
    quick = {'slices': 3, 'processes': 1} if options.quick else {}
    about = table.surroundings()
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Here(names), Path(folder), found, plant=options.plant, **quick)
        rows = [row for rows in measures.ALL for row in rows(lab)]
    for peer in found.values():
        peer.close()
    reasons = {name: reason or lab.failed.get(name, '') for name, reason in reasons.items()}
    sys.stdout.write(table.as_text(about, rows, reasons))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(table.as_json(about, rows, reasons), encoding='utf-8')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m benchmarks', description=__doc__)
    default = native.ROOT / 'build' / 'bench.json'
    add = parser.add_argument
    add('--peers', action='store_true', help='beside other timing libraries')
    add('--json', metavar='FILE', type=Path, default=default, help='build/bench.json')
    add('--quick', action='store_true', help='few slices: for trying it out')
    add(
        '--plant',
        metavar='NS',
        type=int,
        help='delay in each candidate; 0: only the call',
    )
    return parser


if __name__ == '__main__':
    main()

"""Fuzz targets, two at a time: `python -m fuzz [--seconds N] [NAME ...]`.

New inputs that reach new code go to build/fuzz/NAME, an input that shows a fault to
build/fuzz/NAME-crash-... . Copy the latter to fuzz/corpus/NAME once the fault is fixed.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
FOUND = HERE.parent / 'build' / 'fuzz'
TARGETS = (
    'journal_image',
    'record_line',
    'decoder',
    'filter_expression',
    'command_line',
)
AT_ONCE = 2
LONGEST = 10  # seconds for one input
SEED = 1


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog='python -m fuzz', description=__doc__)
    parser.add_argument('--seconds', type=int, default=60, help='for each target')
    parser.add_argument('--inside', action='store_true', help='one target, in this process')
    parser.add_argument('names', nargs='*', metavar='NAME', default=TARGETS)
    return parser.parse_args()


def fuzz(name: str, seconds: int) -> None:
    """Feed one target in this process, which ends with it."""
    import atheris  # has no wheel for each platform

    with atheris.instrument_imports(include=['microbench', 'fuzz']):
        target = importlib.import_module(f'fuzz.{name}')
    new = FOUND / name
    new.mkdir(parents=True, exist_ok=True)
    options = [f'-max_total_time={seconds}', f'-timeout={LONGEST}', f'-seed={SEED}']
    options += [f'-artifact_prefix={FOUND}/{name}-', '-max_len=2048', '-verbosity=0']
    # New inputs go to the first folder.
    atheris.Setup([name, *options, str(new), str(HERE / 'corpus' / name)], target.check)
    atheris.Fuzz()


def in_a_process(name: str, seconds: int) -> tuple[str, int, str]:
    """Return name, exit status and output of a target that was fed."""
    command = [sys.executable, '-m', 'fuzz', '--inside', '--seconds', str(seconds), name]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
        check=False,
        timeout=seconds + 120,
    )
    return name, done.returncode, done.stdout


def main() -> int:
    """Return 1 if a target shows a fault."""
    options = arguments()
    if options.inside:
        fuzz(options.names[0], options.seconds)
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, status, output in pool.map(
            lambda name: in_a_process(name, options.seconds), options.names
        ):
            failed |= bool(status)
            print(f'{name}: {"FAILED" if status else "no fault"}')
            if status:
                print(output)
    return failed


if __name__ == '__main__':
    sys.exit(main())

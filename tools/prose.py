"""Reject words that make a comment, a docstring, a page or a message hard to follow.

    python tools/prose.py            # the folders and files that are clean
    python tools/prose.py PATH ...   # others

Prints `FILE:LINE: WORD: why, and what to write instead` and exits with status 1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]

# Pattern, and why it is here with what to write instead.
WORDS = {
    r'told': 'hides who does what: write print, warn, raise, return or store',
    r'tells? of|telling of': 'is not idiomatic: write name, report, show or warn about',
    r'nobody': 'makes an abstract subject: name the reader or process, or write "no one"',
    r'whoever': 'makes an abstract subject: name the caller, reader or process',
    r'somebody': 'makes an abstract subject: name the caller, user or process',
    r'mended': 'is not the word of the field: write fixed or repaired',
    r'ours': 'needs a second reading: name the owner, such as "owned by microbench"',
    r'belongs? into': 'is not English: write belongs in, or say what must not happen',
    r'what is no \w+': 'is not idiomatic: write "anything that is not a ..."',
}
PATTERN = re.compile(
    '|'.join(rf'(\b(?:{word})\b)' for word in WORDS).replace(' ', r'\s+'), re.IGNORECASE
)

SUFFIXES = {'.py', '.pyi', '.pyx', '.pxd', '.c', '.h', '.md', '.toml', '.sh', '.yml'}
ITSELF = {'prose.py', 'test_prose.py'}
SKIPPED = {'build', 'dist', 'corpus', '__pycache__'}

# Still to do. Take a name out once `python tools/prose.py NAME` prints nothing.
TO_DO = (
    'benchmarks/measures/calls.py',
    'benchmarks/measures/command.py',
    'benchmarks/measures/exits.py',
    'benchmarks/measures/iterations.py',
    'benchmarks/measures/journal.py',
    'benchmarks/measures/phases.py',
    'benchmarks/measures/reading.py',
    'benchmarks/measures/recovery.py',
    'benchmarks/measures/startup.py',
    'csrc/child/mb_program.c',
    'csrc/dying/mb_setup.c',
    'csrc/dying/mb_signals.c',
    'csrc/dying/mb_signals.h',
    'csrc/journal/mb_endmark.c',
    'csrc/journal/mb_journal.c',
    'csrc/journal/mb_mirror.c',
    'csrc/py/py_ending.c',
    'csrc/tests/test_mb_emergency.c',
    'csrc/tests/test_mb_filesystem.c',
    'csrc/tests/test_mb_identity.c',
    'csrc/tests/test_mb_parent.c',
    'csrc/tests/test_mb_program.c',
    'microbench/_core.pyx',
    'microbench/core/run_journal.py',
    'microbench/encoding/masked_fields.py',
    'microbench/journal/reader.py',
    'microbench/mixins/kernel.py',
    'microbench/mixins/nvml.py',
    'microbench/outputs/delivery.py',
    'microbench/outputs/delivery_state.py',
    'microbench/process/exit_run.py',
    'microbench/process/handlers.py',
    'tests/cli/terminals.py',
    'tests/cli/test_command.py',
    'tests/cli/test_destinations.py',
    'tests/cli/test_forwarding.py',
    'tests/cli/test_listing.py',
    'tests/cli/test_pipes.py',
    'tests/cli/test_progress.py',
    'tests/cli/test_rewind.py',
    'tests/cli/test_spawn.py',
    'tests/cli/test_start.py',
    'tests/cli/test_terminal_control.py',
    'tests/core/test_delivery.py',
    'tests/core/test_interrupts.py',
    'tests/core/test_order.py',
    'tests/exit/test_crashes.py',
    'tests/exit/test_every_ending.py',
    'tests/exit/test_then.py',
    'tests/exit/test_unhandled.py',
    'tests/faults/conftest.py',
    'tests/faults/each_call.py',
    'tests/faults/test_full_disk.py',
    'tests/faults/test_places.py',
    'tests/faults/test_system_calls.py',
    'tests/mixins/test_host.py',
    'tests/mixins/test_lazy_imports.py',
    'tests/mixins/test_profiler.py',
    'tests/native/test_handlers.py',
    'tests/native/test_identity.py',
    'tests/outputs/test_file.py',
    'tests/structure/test_import.py',
    'tests/structure/test_layers.py',
    'tests/test_benchmarks.py',
    'tests/test_livestream.py',
)


def sources(paths: list[Path]) -> Iterator[Path]:
    """Yield the files below some paths that people read."""
    for path in paths:
        if path.is_file():
            yield path
            continue
        for found in sorted(path.rglob('*')):
            parts = found.relative_to(path).parts
            hidden = any(p in SKIPPED or p.startswith('.v') for p in parts)
            if found.suffix in SUFFIXES and not hidden and found.is_file():
                yield found


def complaints(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, word and reason of each word that is listed.

    >>> list(complaints('# It was mended.'))
    [(1, 'mended', 'is not the word of the field: write fixed or repaired')]
    """
    reasons = list(WORDS.values())
    for found in PATTERN.finditer(text):
        line = text.count('\n', 0, found.start()) + 1
        yield line, ' '.join(found[0].split()), reasons[(found.lastindex or 1) - 1]


def is_to_do(path: Path) -> bool:
    """Whether a file is in a folder that is still to be rewritten."""
    name = path.relative_to(ROOT).as_posix()
    return any(name == each or name.startswith(f'{each}/') for each in TO_DO)


def main(words: list[str]) -> int:
    """Check the paths, or all that is not still to do; return the exit status."""
    if words:
        paths = list(sources([Path(word).resolve() for word in words]))
    else:
        paths = [path for path in sources(tracked()) if not is_to_do(path)]
    found = [
        f'{path.relative_to(ROOT)}:{line}: {word!r} {why}'
        for path in paths
        if path.name not in ITSELF
        for line, word, why in complaints(path.read_text('utf-8'))
    ]
    print(*found, sep='\n', end='\n' * bool(found))
    return bool(found)


def tracked() -> list[Path]:
    """Return what lies in the tree, without environments, caches and what was built."""
    return [
        path
        for path in sorted(ROOT.iterdir())
        if not path.name.startswith('.') and path.name not in SKIPPED
    ]


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

"""Files of hyperfine (1.15.0): one record for each command.

User and system time are means over the runs. A signal ends a command with 128 + its
number, or null in later versions. Source: `hyperfine --export-json`, run.
"""

from __future__ import annotations

from .fields import items_of, objects, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Record = dict[str, Any]

TOOL = 'hyperfine'
MOVED = ('command', 'times', 'exit_codes', 'mean', 'stddev', 'median', 'min', 'max')
NAMED = {'user': 'mean_user', 'system': 'mean_system'}


def is_by(document: Record) -> bool:
    """Return True if a document is one of hyperfine."""
    commands = objects(document.get('results'))
    return any('command' in one and 'times' in one for one in commands)


def records(document: Record) -> Iterator[Record]:
    """Yield a record for each command."""
    for found in objects(document['results']):
        codes = items_of(found.get('exit_codes'))
        yield record(
            TOOL,
            found.get('command'),
            items_of(found.get('times')),
            call={'returncode': codes if any(codes) else None},
            more={
                NAMED.get(name, name): value
                for name, value in found.items()
                if name not in MOVED
            },
        )

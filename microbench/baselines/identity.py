"""The machine and the interpreter of records: what a baseline is keyed by."""

from __future__ import annotations

import os
import re

from ..results.fields import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Record = dict[str, Any]

VARIABLE = 'MICROBENCH_MACHINE'  # a name for machines that are alike, as those of a pool
UNKNOWN = 'unknown'  # in the name of a folder
MOST = 5  # machines in a message


class Identity:
    """A machine and an interpreter.

    Attributes:
        machine: the host name, or that of a pool of machines; None if unknown.
        cpu: model of the processor; None if unknown.
        interpreter: such as `cpython-3.11`; None if unknown.
    """

    __slots__ = 'cpu', 'interpreter', 'machine'

    def __init__(
        self, machine: str | None, cpu: str | None, interpreter: str | None
    ) -> None:
        self.machine, self.cpu, self.interpreter = machine, cpu, interpreter

    @property
    def key(self) -> str:
        """The name of the folder for its baselines.

        >>> Identity('node 07', None, 'cpython-3.11').key
        'node-07-cpython-3.11'
        """
        words = [self.machine or UNKNOWN, *filter(None, [self.interpreter])]
        return re.sub(r'[^A-Za-z0-9._-]+', '-', '-'.join(words)).lstrip('.')

    def obstacle(self, other: Identity) -> str:
        """Return why runs of another identity cannot be compared with this; or nothing.

        >>> here = Identity('node07', 'EPYC', 'cpython-3.11')
        >>> here.obstacle(Identity('node08', 'EPYC', 'cpython-3.11'))
        'it is of the machine node07, and not of node08'
        """
        for kind, mine, its in (
            ('the machine', self.machine, other.machine),
            ('the processor', self.cpu, other.cpu),
            ('the interpreter', self.interpreter, other.interpreter),
        ):
            if mine != its and None not in (mine, its):
                return f'it is of {kind} {mine}, and not of {its}'
        return ''

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return {name: getattr(self, name) for name in ('machine', 'cpu', 'interpreter')}


def here() -> Identity:
    """Return the identity of this process."""
    from ..measured_record import MeasuredRecord  # start-up time

    try:
        return identity_of([MeasuredRecord('identity').made([0.0], 1)])
    except LookupError:  # MICROBENCH=off
        return Identity(os.environ.get(VARIABLE) or os.uname().nodename, None, None)


def identity_of(records: Iterable[Record]) -> Identity:
    """Return the identity that some records have in common.

    Raises:
        ValueError: they are of several machines or interpreters.
    """
    found = {_of(record) for record in records} or {(None, None, None)}
    if len(found) > 1:
        some = '; '.join(sorted(' '.join(filter(None, one)) for one in found)[:MOST])
        raise ValueError(f'these records are of several machines or interpreters: {some}')
    return Identity(*found.pop())


def _of(record: Record) -> tuple[str | None, str | None, str | None]:
    saved = record.get('baseline')
    if isinstance(saved, dict):
        return saved.get('machine'), saved.get('cpu'), saved.get('interpreter')
    host, cpu = part(record, 'host', 'hostname'), part(record, 'host', 'cpu_model')
    version, build = (part(record, 'python', name) for name in ('version', 'build'))
    return (
        _machine(host) if isinstance(host, str) else None,
        cpu if isinstance(cpu, str) else None,
        _interpreter(version, str(build)) if isinstance(version, str) else None,
    )


def _machine(host: str) -> str:
    """Return the name of a machine; that of its pool, if it is this one."""
    pool = os.environ.get(VARIABLE)
    return pool if pool and host == os.uname().nodename else host


def _interpreter(version: str, build: str) -> str:
    """Return the name of an interpreter, with the letters of its file for odd builds.

    >>> _interpreter('3.14.1', 'free-threading build (main) [GCC 14] debug')
    'cpython-3.14td'
    """
    letters = 't' * ('free-threading' in build) + 'd' * build.endswith(' debug')
    return f'cpython-{".".join(version.split(".")[:2])}{letters}'

"""Baselines: saved, listed, and chosen by their names."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone

from ..encoding import json_text
from ..reader import read
from ..results.fields import part
from .commit import checked_out
from .folder import existing, to_save_in
from .identity import Identity, here, identity_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Record = dict[str, Any]

PREFIX = 'baseline:'  # of a name, where a path may be
END = '.jsonl'
NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}')
SHORT = 12  # digits of a commit


class BaselineError(ValueError):
    """There is no such baseline, or it cannot be saved."""


class OtherMachineError(BaselineError):
    """A baseline is of another machine or interpreter."""


class Baseline:
    """A saved baseline.

    Args:
        path: of its file.

    Attributes:
        path: of its file.
        name: what it is called.
        about: the member `baseline` of its records; empty if it cannot be read.
        count: number of its records.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path).removesuffix(END)
        self.count = 0
        self.about: dict[str, Any] = {}
        for record in read(path):
            about = record.get('baseline')
            self.about = self.about or (about if isinstance(about, dict) else {})
            self.count += 1

    def __repr__(self) -> str:
        return f'{PREFIX}{self.name}'

    @property
    def saved(self) -> str:
        """When it was saved, in ISO 8601; empty if that is unknown."""
        return str(self.about.get('saved', ''))

    @property
    def commit(self) -> str:
        """The beginning of the commit, with `+` if files were changed; or nothing."""
        commit = self.about.get('commit')
        if not isinstance(commit, str):
            return ''
        return commit[:SHORT] + '+' * (self.about.get('dirty') is True)

    @property
    def identity(self) -> Identity:
        """Its machine and interpreter."""
        return identity_of([{'baseline': self.about}] if self.about else [])

    def records(self) -> Iterator[Record]:
        """Yield its records, less the member `baseline`."""
        for record in read(self.path):
            record.pop('baseline', None)
            yield record


# --- saving ------------------------------------------------------------------------------


def save(name: str, records: list[Record]) -> Baseline:
    """Save records as a baseline; replace one of the same name, machine and interpreter.

    The commit is that of the records or, where they have none, the one that is checked
    out in the current directory.

    Args:
        name: what it is called.
        records: nested records of one machine and one interpreter.

    Raises:
        BaselineError: the name cannot be that of a file, or there are no records.
        ValueError: the records are of several machines or interpreters.
        OSError: it cannot be written.
    """
    checked_name(name)
    if not records:
        raise BaselineError('there are no records to save')
    identity = identity_of(records)
    about = {'name': name, 'saved': _now(), **identity.as_dict(), **_commit(records)}
    folder = os.path.join(to_save_in(), identity.key)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + END)
    lines = [json_text.encode({**record, 'baseline': about}) for record in records]
    _replace(path, b'\n'.join(lines) + b'\n')
    return Baseline(path)


def checked_name(name: str) -> str:
    """Return the name of a baseline.

    Raises:
        BaselineError: it cannot be that of a file.
    """
    if not NAME.fullmatch(name):
        raise BaselineError(
            f'{name!r} cannot be the name of a baseline: take letters, digits and ._+-'
        )
    return name


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec='seconds')


def _commit(records: list[Record]) -> dict[str, Any]:
    """Return commit and dirty of records, or of what is checked out; or nothing."""
    states = [(part(r, 'git', 'commit'), part(r, 'git', 'dirty')) for r in records]
    commit, dirty = states[0] if len(set(states)) == 1 else (None, None)
    if not isinstance(commit, str):
        state = checked_out()
        commit, dirty = state.get('commit'), state.get('dirty')
    return {} if commit is None else {'commit': commit, 'dirty': dirty}


def _replace(path: str, text: bytes) -> None:
    """Write a file in one step: a reader finds the old one or the new one."""
    new = f'{path}.{os.getpid()}.new'
    try:
        with open(new, 'wb') as file:
            file.write(text)
        os.replace(new, path)
    except BaseException:
        if os.path.exists(new):
            os.unlink(new)
        raise


# --- finding -----------------------------------------------------------------------------


def listed() -> list[Baseline]:
    """Return all baselines, the oldest first."""
    top = existing()
    if top is None:
        return []
    found = [
        Baseline(os.path.join(folder.path, file))
        for folder in os.scandir(top)
        if folder.is_dir()
        for file in os.listdir(folder.path)
        if file.endswith(END) and NAME.fullmatch(file.removesuffix(END))
    ]
    return sorted(found, key=lambda one: (one.saved, one.path))


def chosen(
    name: str = '', identity: Identity | None = None, *, force: bool = False
) -> Baseline:
    """Return a baseline for runs of a machine and an interpreter.

    Args:
        name: what it is called; empty for the one that was saved last.
        identity: of the runs. Default: that of this process.
        force: take one of another machine or interpreter if there is no other.

    Raises:
        BaselineError: there is none.
        OtherMachineError: it is of another machine or interpreter.
    """
    every = listed()
    named = [one for one in every if name in ('', one.name)]
    if not named:
        raise BaselineError(_missing(name, every))
    identity = identity or here()
    fitting = [one for one in named if not one.identity.obstacle(identity)]
    if fitting or force:
        return (fitting or named)[-1]
    last = named[-1]
    raise OtherMachineError(
        f'{last!r} cannot be compared with these runs: {last.identity.obstacle(identity)}'
    )


def _missing(name: str, every: list[Baseline]) -> str:
    names = ', '.join(dict.fromkeys(one.name for one in every))
    if not names:
        return 'there are no baselines: microbench baseline save NAME FILE makes one'
    return f'there is no baseline {name!r}: there are {names}'

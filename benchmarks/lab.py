"""The lab that each measure gets: it times the cases of all parties in the same minutes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .peers import nearest
from .slices import tenth_percentiles
from .worker import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from .parties import Party
    from .worker import Case

    Result = TypeVar('Result')

US = 'microbench'

# Times by party and case: nanoseconds of one operation, net of an empty loop.
Times = dict[str, dict[str, float]]


class Lab:
    """Times whatever a measure asks for.

    Args:
        here: this interpreter.
        folder: for files that are made while measuring.
        peers: the others, by name.
        slices: rounds of slices.
        processes: rounds of fresh processes.
        plant: nanoseconds of delay in each candidate; None for no delay at all.
    """

    def __init__(
        self,
        here: Party,
        folder: Path,
        peers: Mapping[str, Party] | None = None,
        slices: int = 300,
        processes: int = 20,
        plant: int | None = None,
    ) -> None:
        self.here = here
        self.folder = folder
        self.peers = dict(peers or {})
        self.slices = slices
        self.processes = processes
        self.plant = 'pass' if plant is None else f'spin({plant})'
        self.failed: dict[str, str] = {}  # peers that could not do a case, and why

    def time(self, cases: Mapping[str, Case], rounds: int = 0) -> Times:
        """Time cases, and what is nearest to them in each peer, in the same slices.

        Raises whatever the setup of one of our own cases raises.
        """
        chosen = {(US, name): case for name, case in {**cases, '': EMPTY}.items()}
        for peer in self.peers:
            theirs = nearest(peer, cases)
            chosen |= {(peer, name): c for name, c in theirs.items()}
            chosen |= {(peer, ''): EMPTY} if theirs else {}
        samplers = {}
        for (party, name), case in chosen.items():
            sampler = self._prepared(party, case)
            if sampler is not None:
                samplers[party, name] = sampler
        return net(tenth_percentiles(samplers, rounds or self.slices), chosen)

    def _prepared(self, party: str, case: Case) -> Callable[[], float] | None:
        if party == US:
            return self.here.prepare(planted(case, self.plant))
        peer = self.peers[party]
        return self._from_peer(party, lambda: peer.prepare(planted(case, 'pass')))

    def _from_peer(self, name: str, attempt: Callable[[], Result]) -> Result | None:
        try:
            return attempt()
        except (RuntimeError, OSError) as error:
            self.failed.setdefault(name, str(error))
            return None

    def fresh(self, codes: Mapping[str, Mapping[str, str]], rounds: int = 0) -> Times:
        """Run code that prints a number in fresh processes, of all parties in turn.

        Args:
            codes: by party and name.
            rounds: how often; left out, as often as the lab does.
        """
        samplers = {}
        for party, named in codes.items():
            whose = self.here if party == US else self.peers.get(party)
            for name, code in named.items():
                # once unmeasured: it compiles the sources, and shows whether it works
                if whose and (party == US or self._from_peer(party, _run(whose, code))):
                    samplers[party, name] = _run(whose, code)
        return by_party(tenth_percentiles(samplers, rounds or self.processes))


def _run(party: Party, code: str) -> Callable[[], float]:
    return lambda: party.number(code)


def planted(case: Case, delay: str) -> Case:
    """Return the case with a statement in place of the word PLANT."""
    return replace(
        case,
        statement=case.statement.replace('PLANT', delay),
        setup=case.setup.replace('PLANT', delay),
    )


def net(
    loops: Mapping[tuple[str, str], float], cases: Mapping[tuple[str, str], Case]
) -> Times:
    """Return the time of one operation, less the party's own empty loop."""
    return by_party(
        {
            (party, name): (ns - loops[party, '']) / cases[party, name].per
            for (party, name), ns in loops.items()
            if name
        }
    )


def by_party(flat: Mapping[tuple[str, str], float]) -> Times:
    """Group by the first half of the key."""
    grouped: Times = {}
    for (party, name), value in flat.items():
        grouped.setdefault(party, {})[name] = value
    return grouped


def others(times: Times, formula: Callable[[dict[str, float]], float]) -> dict[str, float]:
    """Apply a formula to the times of each peer that has all it needs."""
    results = {}
    for party, named in times.items():
        try:
            if party != US:
                results[party] = formula(named)
        except KeyError:
            continue
    return results

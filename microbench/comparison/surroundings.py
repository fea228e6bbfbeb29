"""What differs around two sets of records, the most suspicious first.

A field differs if the value that most records of one side have is not that of the other
side. A few fields make a comparison unfair: what they say explains a difference as well as
the code does.
"""

from __future__ import annotations

import json
from collections import Counter

from ..results import units
from ..results.averages import median
from ..results.fields import is_number, part
from ..results.leaves import arrays_of, leaves
from ..results.noise import Noise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .samples import Record, Side

# Fields that make a comparison unfair, and what to say of them. A path includes all below.
UNFAIR = {
    'host.cpu_model': 'the processors differ',
    'host.cpu_governor': 'the governors of the frequency differ',
    'host.cpu_max_mhz': 'the highest frequencies differ',
    'host.virtual_machine': 'the hypervisors differ',
    'host.container': 'one side ran in a container, or in another kind of one',
    'host.cpu_cores_usable': 'the numbers of usable CPUs differ',
    'cgroups.cpu_cores_limit': 'the limits of CPU time differ',
    'cgroups.cpuset': 'the sets of CPUs differ',
    'call.slowed_by': 'a tool slowed one side down',
    'mb.clock.source': 'the clocks are read in different ways',
    'python.version': 'the versions of Python differ',
    'python.build': 'the builds of Python differ',
    'host.hostname': 'the machines differ',
    'stability.governor': 'the governors of the frequency differ',
    'stability.cpu_max_mhz': 'the highest frequencies differ',
    'stability.turbo': 'turbo is on for one side only',
    'stability.smt': 'SMT is on for one side only',
    'stability.aslr': 'addresses are random for one side only',
    'stability.huge_pages': 'memory gets huge pages in different cases',
    'stability.numa_nodes': 'the numbers of NUMA nodes differ',
    'stability.clock_source': 'the kernel keeps time in different ways',
    'stability.cpus': 'the numbers of usable CPUs differ',
}
# What happened to some records of a side, by names in `stability.disturbed_by`.
HAPPENED = {
    'run_queue': 'waited for a CPU',
    'preempted': 'was preempted',
    'steal': 'lost CPU time to the host of its virtual machine',
    'throttled': 'was throttled by a CPU quota',
    'memory_limit': 'was at its limit of memory',
    'thermal': 'was slowed down by heat',
    'frequency': 'ran at less than the highest frequency',
    'swapping': 'ran while the machine swapped',
    'major_faults': 'read pages from a disk',
    'block_delay': 'waited for a disk',
    'pressure_cpu': 'ran while others waited for a CPU',
    'pressure_memory': 'ran while others waited for memory',
    'pressure_io': 'ran while others waited for a disk',
    'compaction': 'ran while memory was moved for huge pages',
    'numa_migration': 'had memory moved between NUMA nodes',
    'others': 'shared its CPUs with other programs',
}
# Where they are missing, there is none, if the side has other fields of that object.
MAY_LACK = (
    *('host.virtual_machine', 'host.container', 'host.cpu_cores_usable'),
    *('cgroups.cpuset', 'call.slowed_by'),
)
RECORDED = 'recorded'  # instead of a whole object that the other side lacks
# Fields that the code is likely to depend on; then all others.
SUSPECTS = (
    *('git.commit', 'git.dirty', 'git', 'file_hashes', 'call.args', 'call.kwargs'),
    *('call.command', 'python.loaded_packages', 'python.installed_packages', 'host'),
    *('cgroups', 'python', 'conda', 'gpus', 'nvidia', 'slurm'),
)
LAST = ('mb', 'process', 'call', 'git.repo', 'python.prefix', 'python.executable')
NEVER = (
    *('call.name', 'call.returncode', 'call.timings', 'call.stdout', 'call.stderr'),
    *('exception', 'exit_signal', 'exit_status', 'exit_path', 'recovered'),
    *('call.timed_out', 'call.timed_out_iterations', 'call.result', 'call.open_timings'),
    'baseline',
)
VALUES = 20  # distinct ones of a field that are counted
BUSIER = 0.25  # of the cores: a difference of the load that counts
WAITED = 0.05  # of the time: a difference of the waiting for a CPU that counts
ALL = ''  # stands for all records that know what disturbed them
HIT = 0.25  # of the records: a difference of those that were disturbed that counts


class Differing:
    """A field that differs between both sides.

    Attributes:
        path: dotted path.
        base, new: the value of most records; None if they lack it.
        is_unfair: it makes the comparison unfair.
        why: a sentence about it; may be empty.
    """

    def __init__(self, path: str, base: Any, new: Any, why: str = '') -> None:
        self.path, self.base, self.new, self.why = path, base, new, why

    @property
    def is_unfair(self) -> bool:
        """Whether it explains a difference of the times as well as the code does."""
        return bool(self.why)

    @property
    def sentence(self) -> str:
        """What makes the comparison unfair, with both values."""
        return f'unfair: {self.why}: {self.base} and {self.new} ({self.path})'

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        names = ('path', 'base', 'new', 'is_unfair', 'why')
        return {name: getattr(self, name) for name in names}


def differing(base: Side, new: Side) -> list[Differing]:
    """Return what differs, the most suspicious first."""
    records = base.examined, new.examined
    sides = [_commonest(side) for side in records]
    alone = _objects(sides[0]) ^ _objects(sides[1])
    noise = Noise(*sides)
    paths = sorted(
        path
        for path in {*sides[0], *sides[1]}
        if sides[0].get(path) != sides[1].get(path)
        and not noise.covers(path)
        and not _is_below(path, (*NEVER, *alone))
    )
    found = [
        Differing(path, sides[0].get(path), sides[1].get(path), _why(path, sides))
        for path in paths
    ]
    found += [_one_sided(name, sides) for name in alone if name not in NEVER]
    found += _of_load(*records)
    found += _of_stability(*records)
    return sorted(found, key=lambda one: (not one.is_unfair, _rank(one.path), one.path))


def _commonest(records: Sequence[Record]) -> dict[str, Any]:
    """Return for each path the value that most records have, if they have it."""
    counts: dict[str, Counter[str]] = {}
    for record in records:
        for path, value in leaves(record, set(arrays_of(record))).items():
            values = counts.setdefault(path, Counter())
            text = json.dumps(value, sort_keys=True, default=str)
            if text in values or len(values) < VALUES:
                values[text] += 1
    found = {}
    for path, values in counts.items():
        text, count = values.most_common(1)[0]
        if 2 * count > len(records) or 2 * sum(values.values()) > len(records):
            found[path] = json.loads(text)
    return found


def _is_below(path: str, tops: Sequence[str]) -> bool:
    return any(path == top or path.startswith(f'{top}.') for top in tops)


def _objects(side: dict[str, Any]) -> set[str]:
    """Return the names of the objects that a side has, in most of its records."""
    return {path.partition('.')[0] for path in side if '.' in path}


def _one_sided(name: str, sides: Sequence[dict[str, Any]]) -> Differing:
    is_base = name in _objects(sides[0])
    values = (RECORDED, None) if is_base else (None, RECORDED)
    return Differing(name, values[0], values[1])


def _why(path: str, sides: Sequence[dict[str, Any]]) -> str:
    """Return what makes a difference unfair; an empty text if nothing does."""
    is_known = all(path in side for side in sides) or _is_below(path, MAY_LACK)
    found = (why for top, why in UNFAIR.items() if _is_below(path, [top]))
    return next(found, '') if is_known else ''


def _rank(path: str) -> int:
    order = (*UNFAIR, *SUSPECTS)
    for place, top in enumerate(order):
        if _is_below(path, [top]) and not _is_below(path, LAST[3:]):
            return place
    return len(order) + _is_below(path, LAST)


# --- readings ----------------------------------------------------------------------------


def _of_load(base: Sequence[Record], new: Sequence[Record]) -> Iterator[Differing]:
    """Yield the load and the waiting for a CPU, if they differ by more than noise."""
    loads = _median_of(base, 'load_average'), _median_of(new, 'load_average')
    cores = _cores(base) or _cores(new) or 1
    if _differ(*loads, max(1.0, BUSIER * cores)):
        why = 'one side ran on a busier machine'
        yield Differing('call.load_average', loads[0], loads[1], why)
    waits = _waited(base), _waited(new)
    if _differ(*waits, WAITED):
        texts = [units.share(wait or 0.0) for wait in waits]
        why = 'one side waited longer for a CPU, in shares of its time'
        yield Differing('call.run_delay', texts[0], texts[1], why)


def _of_stability(base: Sequence[Record], new: Sequence[Record]) -> Iterator[Differing]:
    """Yield what disturbed one side more often or longer than the other."""
    shares = _disturbed(base), _disturbed(new)
    if not all(shares):
        return  # a side without MBStability: nothing is known
    for name in sorted({*shares[0], *shares[1]} - {ALL}):
        parts = shares[0].get(name, 0.0), shares[1].get(name, 0.0)
        why = f'one side {HAPPENED.get(name, f"was disturbed ({name})")}'
        if abs(parts[1] - parts[0]) > HIT:
            texts = [f'{units.share(part)} of the runs' for part in parts]
            yield Differing(f'stability.disturbed_by.{name}', texts[0], texts[1], why)
    times = _throttled(base), _throttled(new)
    if _differ(*times, WAITED):
        texts = [units.share(time or 0.0) for time in times]
        why = 'one side was throttled longer, in shares of its time'
        yield Differing('stability.throttled', texts[0], texts[1], why)


def _disturbed(records: Sequence[Record]) -> dict[str, float]:
    """Return the share of records that each event disturbed; empty if none knows it."""
    found = [part(record, 'stability', 'disturbed_by') for record in records]
    known = [set(filter(_is_text, names)) for names in found if isinstance(names, list)]
    if not known:
        return {}
    counts = Counter(name for names in known for name in names)
    return {ALL: 1.0, **{name: count / len(known) for name, count in counts.items()}}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _throttled(records: Sequence[Record]) -> float | None:
    """Return the share of the time for which a quota stopped the runs."""
    pairs = [
        (part(record, 'stability', 'throttled'), part(record, 'stability', 'elapsed'))
        for record in records
    ]
    known = [pair for pair in pairs if all(map(is_number, pair))]
    total = sum(elapsed for _, elapsed in known)
    return sum(stopped for stopped, _ in known) / total if total > 0 else None


def _differ(base: float | None, new: float | None, most: float) -> bool:
    return base is not None and new is not None and abs(new - base) > most


def _median_of(records: Sequence[Record], name: str) -> float | None:
    found = sorted(v for r in records if is_number(v := part(r, 'call', name)))
    return median(found) if found else None


def _cores(records: Sequence[Record]) -> int | None:
    found = [part(record, 'host', 'cpu_cores_logical') for record in records[:1]]
    return found[0] if found and isinstance(found[0], int) else None


def _waited(records: Sequence[Record]) -> float | None:
    """Return the share of the time for which runs waited for a CPU; None if unknown."""
    waited = total = 0.0
    for record in records:
        durations = part(record, 'call', 'durations')
        delay = part(record, 'call', 'run_delay')
        if isinstance(durations, list) and all(map(is_number, durations)):
            total += sum(durations) * (units.scale_of(_counter(record)) or 0.0)
            waited += delay if is_number(delay) else 0.0
    return waited / total if total > 0 else None


def _counter(record: Record) -> str:
    counter = part(record, 'mb', 'duration_counter')
    return counter if isinstance(counter, str) else 'perf_counter'

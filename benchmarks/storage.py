"""How results are stored and read: many writers, kills, a million records, 10,000 files.

    python -m benchmarks.storage [--folder DIR] [--records N]

Each part prints a line with what was found, and fails if a record is lost or comes twice.
Figures that are compared are taken in turns, in this process.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import resource
import signal
import statistics
import struct
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from microbench import FileOutput, MicroBenchBase, read
from microbench.integrity import Inspection
from microbench.livestream import LiveStream

from .table import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

WRITERS, EACH = 16, 2000
KILLED, KILLS = 8, 200
SIZE = 800  # bytes of a record
SHARDS, OF_SHARD = 10_000, 10
DELAYS = 300
COUNT = struct.Struct('q')


def line_of(number: int, size: int, writer: int = 0) -> bytes:
    """Return a record of about so many bytes."""
    head = b'{"mb":{"run_id":"%08x","record_id":"%08x-%08x"},' % (writer, writer, number)
    rest = b'"call":{"name":"f","durations":[0.001]},"n":%d,"pad":"' % number
    return head + rest + b'x' * max(size - len(head) - len(rest) - 2, 0) + b'"}'


def children(count: int, work: Callable[[int], None]) -> list[int]:
    """Fork processes that do the work; return their ids."""
    return [child(number, work) for number in range(count)]


def child(number: int, work: Callable[[int], None]) -> int:
    """Fork one process."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work(number)
            status = 0
        finally:
            os._exit(status)
    return pid


def wait_for(pids: list[int]) -> None:
    """Wait for processes that have to end well."""
    assert all(os.waitpid(pid, 0)[1] == 0 for pid in pids)


# --- many writers -------------------------------------------------------------------------


def sizes(seed: int) -> Iterator[int]:
    """Yield sizes from 200 B to 1 MB: mostly small ones, one in 50 of more than 4 kB."""
    rng = random.Random(seed)
    for _ in range(EACH):
        low, high = (4e3, 1e6) if rng.random() < 0.02 else (200, 4e3)
        yield int(low * (high / low) ** rng.random())


def many_writers(output: str) -> str:
    """Append the records of 16 processes; each has to be readable, once, and none torn."""

    def write(number: int) -> None:
        sink = FileOutput(output)
        for n, size in enumerate(sizes(number)):
            sink.write_record(line_of(n, size, number))

    began = time.perf_counter()
    wait_for(children(WRITERS, write))
    took = time.perf_counter() - began
    files = files_of(output)
    inspection = Inspection()
    found = [inspection.of(path) for path in files]
    assert sum(one.records for one in found) == WRITERS * EACH
    assert all(one.is_clean for one in found)
    size = sum(Path(path).stat().st_size for path in files)
    return (
        f'{WRITERS} × {EACH} records, {size / 1e6:.0f} MB, files: {len(files)}, '
        f'{took:.1f} s, {WRITERS * EACH / took:,.0f} records/s; all readable, none torn'
    )


def files_of(output: str) -> list[str]:
    """Return the files that an output has made."""
    if Path(output).is_dir():
        return sorted(str(path) for path in Path(output).glob('[!.]*.jsonl'))
    return [output]


# --- kills --------------------------------------------------------------------------------


def kills(output: str) -> str:
    """Kill writers at random; each record whose write returned has to be readable, once."""
    counts = mmap.mmap(-1, COUNT.size * (KILLED + KILLS))

    def write(number: int) -> None:
        bench = MicroBenchBase(output)
        for n in range(1 << 60):
            with bench.record('work', writer=number, n=n):
                pass
            COUNT.pack_into(counts, COUNT.size * number, n + 1)

    rng = random.Random(1)
    alive = {child(number, write): number for number in range(KILLED)}
    for number in range(KILLED, KILLED + KILLS):
        time.sleep(rng.uniform(0.005, 0.03))
        end(victim := rng.choice(list(alive)))
        del alive[victim]
        alive[child(number, write)] = number
    for pid in alive:
        end(pid)
    written = [COUNT.unpack_from(counts, COUNT.size * n)[0] for n in range(KILLED + KILLS)]
    seen: dict[int, set[int]] = {number: set() for number in range(KILLED + KILLS)}
    total = recovered = 0
    for record in read(output):
        total += 1
        recovered += record.get('exit_path') == 'recovered'
        if 'n' not in record:  # killed before the record had its fields
            assert record['exit_path'] == 'recovered'
            continue
        assert record['n'] not in seen[record['writer']], 'a record came twice'
        seen[record['writer']].add(record['n'])
    for number, least in enumerate(written):
        assert seen[number] >= set(range(least)), 'a record was lost'
    return (
        f'{KILLS + KILLED} kills, {total:,} records, {sum(written):,} acknowledged, '
        f'{recovered} recovered: none lost, none twice'
    )


def end(pid: int) -> None:
    """Kill a process, and wait for its end."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


# --- a million records --------------------------------------------------------------------


def make_file(path: Path, records: int) -> None:
    """Write a file of records of 800 bytes."""
    with path.open('wb') as file:
        for number in range(records):
            file.write(line_of(number, SIZE) + b'\n')


def bare(path: Path) -> int:
    """Count records as the shortest program would: split into lines, and parse each."""
    with path.open('rb') as file:
        return sum(1 for _ in map(orjson.loads, file))


def with_read(path: Path) -> int:
    """Count them with `read`."""
    return sum(1 for _ in read(path))


class Counter(LiveStream):
    """A stream with hooks of its own, and little in them."""

    count = 0

    def process_runtime(self, data: dict[str, Any]) -> None:
        """Count the record."""
        self.count += bool(data)

    def display(self, data: dict[str, Any]) -> None:
        """Show nothing."""


def with_stream(path: Path) -> int:
    """Count them with a LiveStream."""
    stream = Counter(path)
    stream.stop()
    stream.join()
    return stream.count


def reading(path: Path, records: int) -> str:
    """Compare the speed of readers, in turns, and the memory that `read` adds."""
    times: dict[Callable[[Path], int], list[float]] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert with_read(path) == records
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    for _ in range(3):
        for reader in bare, with_read, with_stream:
            began = time.perf_counter()
            assert reader(path) == records
            times.setdefault(reader, []).append(time.perf_counter() - began)
    best = {reader.__name__: min(taken) for reader, taken in times.items()}
    rates = {name: records / taken for name, taken in best.items()}
    return (
        f'{records:,} records of {SIZE} B: bare {rates["bare"]:,.0f}/s, '
        f'read {rates["with_read"]:,.0f}/s ({best["bare"] / best["with_read"]:.2f} ×), '
        f'LiveStream {rates["with_stream"]:,.0f}/s '
        f'({best["bare"] / best["with_stream"]:.2f} ×); read adds {grown / 1024:.1f} MiB'
    )


class Delays(Counter):
    """Note how long each record took to arrive."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.delays: list[float] = []

    def process_runtime(self, data: dict[str, Any]) -> None:
        """Note the time since the record was written."""
        self.delays.append((time.monotonic_ns() - data['n']) / 1e6)


def latency(output: str) -> str:
    """Measure the time from before a write to the hook, of another process's records."""

    def write(_: int) -> None:
        sink = FileOutput(output)
        for _ in range(DELAYS):
            time.sleep(0.005)
            sink.write_record(line_of(time.monotonic_ns(), SIZE))

    stream = Delays(output)
    time.sleep(0.2)
    wait_for([child(0, write)])
    stream.stop()
    stream.join()
    assert len(stream.delays) == DELAYS
    tenths = statistics.quantiles(stream.delays, n=10)
    return f'{DELAYS} records: median {tenths[4]:.2f} ms, 90 % within {tenths[8]:.2f} ms'


# --- 10,000 files -------------------------------------------------------------------------


def make_shards(folder: Path) -> None:
    """Write 10,000 files of 10 records."""
    folder.mkdir()
    for shard in range(SHARDS):
        lines = (line_of(number, SIZE, shard) + b'\n' for number in range(OF_SHARD))
        (folder / f'host_{shard:05d}.jsonl').write_bytes(b''.join(lines))


def shards(folder: Path) -> str:
    """Read all files with a limit of 64 descriptors."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
    found = []
    for name, reader in (('read', with_read), ('LiveStream', with_stream)):
        began = time.perf_counter()
        assert reader(Path(f'{folder}/')) == SHARDS * OF_SHARD
        found.append(f'{name} {time.perf_counter() - began:.1f} s')
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    return f'{SHARDS:,} files of {OF_SHARD} records, 64 descriptors: {", ".join(found)}'


def new_shard(folder: Path) -> str:
    """Compare the first record in a directory of 10,000 files with that in an empty one."""

    def first(place: str) -> float:
        sink = FileOutput(place)
        began = time.perf_counter()
        sink.write_record(line_of(0, SIZE))
        return time.perf_counter() - began

    times: dict[str, list[float]] = {'empty': [], 'full': []}
    empty = folder.parent / 'empty.d'
    empty.mkdir()
    reader, writer = os.pipe()
    for _ in range(50):
        for name, place in (('empty', empty), ('full', folder)):
            pid = os.fork()
            if pid == 0:
                put(writer, first(str(place)))
                os._exit(0)
            wait_for([pid])
            times[name].append(COUNT.unpack(os.read(reader, COUNT.size))[0] / 1e3)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    alone, among = medians['empty'], medians['full']
    return f'first record: {alone:.0f} µs in an empty directory, {among:.0f} µs in that one'


def put(descriptor: int, seconds: float) -> None:
    """Hand a time to the parent."""
    os.write(descriptor, COUNT.pack(int(seconds * 1e9)))


def main() -> None:
    """Run all parts in a folder that is removed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--folder', help='directory for the files; default: TMPDIR')
    parser.add_argument('--records', type=int, default=1_000_000)
    asked = parser.parse_args()
    print(surroundings())
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        parts: list[tuple[str, Callable[[], str]]] = [
            ('one file', lambda: many_writers(f'{folder}/one.jsonl')),
            ('directory', lambda: many_writers(f'{folder}/many.d/')),
            ('killed, one file', lambda: kills(f'{folder}/killed.jsonl')),
            ('killed, directory', lambda: kills(f'{folder}/killed.d/')),
            ('latency, one file', lambda: latency(f'{folder}/late.jsonl')),
            ('latency, directory', lambda: latency(f'{folder}/late.d/')),
        ]
        for title, part in parts:
            print(f'{title}: {part()}', flush=True)
        make_file(folder / 'large.jsonl', asked.records)
        print(f'reading: {reading(folder / "large.jsonl", asked.records)}', flush=True)
        (folder / 'large.jsonl').unlink()
        make_shards(folder / 'shards.d')
        print(f'files: {shards(folder / "shards.d")}', flush=True)
        print(f'files: {new_shard(folder / "shards.d")}', flush=True)


if __name__ == '__main__':
    main()

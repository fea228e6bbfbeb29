"""Images of a crash journal: rejected with a ValueError, or read without contradictions.

An input is a list of changes to a sound image with two open records and a batch:
place in two bytes, count in one, then so many bytes; `place` 0xffff cuts the image off at
a place.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from microbench import MicroBench, _core
from microbench.core.run import Run
from microbench.journal.image import End, waiting_in

CALL = b'"invocation":"Python","name":"x"'
CUT = 0xFFFF


def _sound_image() -> bytes:
    """Return the bytes of a journal that a process would leave behind."""
    with tempfile.TemporaryDirectory() as folder:
        bench = MicroBench(field=1)
        journal = _core.Journal(os.fsencode(Path(folder, 'out.jsonl')))
        runs = [Run(bench, 'x').begin() for _ in range(2)]
        for run in runs:
            text = run.plan.text(run.config, bench)
            assert journal.mirror(run, text.head, CALL, text.tail, text.utc_offset)
            run.start()
        file = _core.Appender(Path(folder, 'out.jsonl'))
        batch = _core.Batch(file, 64, 3600.0, journal)
        batch.append(b'{"n":1}')
        assert journal.path is not None
        image = Path(os.fsdecode(journal.path)).read_bytes()
        batch.flush()
        for run in runs:
            run.stop()
            run.finish()
    return image


SOUND = _sound_image()


def changed(data: bytes) -> bytes:
    """Return the image with the changes of an input."""
    image, left = bytearray(SOUND), data
    while len(left) >= 3:
        place, count = int.from_bytes(left[:2], 'big'), left[2]
        new, left = left[3 : 3 + count], left[3 + count :]
        if place == CUT:
            del image[int.from_bytes(new, 'big') :]
        else:
            image[place : place + len(new)] = new
    return bytes(image)


def check(data: bytes) -> None:
    """Read a changed image in each way there is; each agrees with the others."""
    image = changed(data)
    try:
        header = _core.journal_header(image)
    except ValueError:
        header = None
    try:
        claims = _core.journal_claims(image)
    except ValueError:
        assert header is None
        return
    assert header is not None
    end = End(header, 0)
    records = _core.journal_records(image, end.fields(), end.ns)
    assert len(claims) == len(records)
    for record_id, line in records:
        assert record_id or not line  # a text may be damaged where the id is sound
        kept = end.bounded(record_id, line)  # what recovery writes: nothing if damaged
        if kept:
            assert b'\n' not in kept
            assert json.loads(kept)['mb']['record_id'] == record_id.decode()
    for record_id, line, _ in waiting_in(image):
        assert bool(record_id) == bool(line)
        assert b'\n' not in line

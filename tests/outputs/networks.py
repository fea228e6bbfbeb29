"""A sink behind a network that is not there: it answers as a test says."""

import json
import threading

from microbench.outputs.network import NetworkOutput


def line(number):
    """Return a record with an id."""
    return json.dumps({'mb': {'record_id': f'id-{number}'}, 'n': number}).encode()


def numbers(records):
    """Return the numbers of records, lines or dicts."""
    return [json.loads(r)['n'] if isinstance(r, bytes) else r['n'] for r in records]


class Scripted(NetworkOutput):
    """Takes records, unless the next answer is an error, which it raises.

    An OSError is tried again; `asked` is what the server asks to wait.
    """

    def __init__(self, *answers, background=True, spool=None, batch=1, asked=0.0):
        self.answers = list(answers)
        self.asked = asked
        self.sent = []  # batches, as lists of numbers
        self.open = threading.Event()  # a test clears it to hold requests
        self.open.set()
        self.begun = threading.Event()
        self._most_in_batch = batch
        self._configure(background, spool)

    def __repr__(self):
        return 'Scripted()'

    def write_record(self, record, timeout=None):
        self._put(record, timeout)

    def _send(self, records, timeout):
        self.begun.set()
        if not self.open.wait(timeout):
            raise TimeoutError('too late')
        answer = self.answers.pop(0) if self.answers else None
        if callable(answer):
            answer = answer(records)
        if answer is not None:
            raise answer
        self.sent.append(numbers(records))

    def _retry_after(self, error):
        return self.asked if isinstance(error, OSError) else None

    @property
    def taken(self):
        """Return the numbers of all records that were sent."""
        return [number for batch in self.sent for number in batch]

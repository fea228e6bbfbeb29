"""A signal is recorded as soon as Python handles signals, whatever it does."""

import signal

import pytest

from tests.exit.conftest import ONE, cause_of
from tests.fakes import PATIENT

# Another process sends a signal once this one sleeps in the kernel, or computes.
STRIKE = """
import os, signal, subprocess, threading, time
reading, writing = os.pipe()
asked, asking = os.pipe()
def state_of(number):
    with open(f'/proc/{{number}}/stat') as file:
        return file.read().rpartition(')')[2].split()[0]
def strike(number):
    os.read(asked, 1)
    while (state := state_of(number)) != {state!r}:
        if state == 'Z':
            return
    os.kill(number, signal.{name})
signal.signal(signal.SIGINT, signal.default_int_handler)
number = os.getpid()
if os.fork() == 0:
    strike(number)
    os._exit(0)
"""
BEGIN = """
os.write(asking, b'x')
{what}
"""
WHAT = {
    'reads': ('S', 'os.read(reading, 1)'),
    'reads a file object': ('S', 'os.fdopen(reading).readline()'),
    'sleeps': ('S', 'time.sleep(600)'),
    'waits for an event': ('S', 'threading.Event().wait()'),
    'waits for an event, with a limit': ('S', 'threading.Event().wait(timeout=600)'),
    'waits for a process': ('S', 'subprocess.run(["cat"], stdin=reading)'),
    'selects': ('S', 'import select; select.select([reading], [], [])'),
    'runs a loop of asyncio': ('S', 'import asyncio; asyncio.run(asyncio.sleep(600))'),
    'computes': ('R', 'while True: pass'),
    'computes in calls': ('R', 'while True: max([1], default=2)'),
}
BY = {
    'SIGTERM': {'exit_signal': 'SIGTERM'},
    'SIGINT': {'exception': {'type': 'KeyboardInterrupt', 'message': ''}},
}


@pytest.mark.parametrize('name', BY)
@pytest.mark.parametrize(('state', 'what'), WHAT.values(), ids=WHAT)
def test_by_python(program, name, state, what):
    """Python writes the record, though native code would wait ten minutes."""
    strike = STRIKE.format(state=state, name=name)
    ended = program(strike + ONE + BEGIN.format(what=what), grace=PATIENT)
    assert cause_of(ended.record).items() >= BY[name].items()
    assert 'exit_path' not in ended.record
    assert [timing['name'] for timing in ended.call['open_timings']] == ['solve']
    assert ended.status == -getattr(signal, name)


# The signal comes in a call with keywords, when nothing but C runs until the read: from
# CPython 3.14 on, Python does not look for it in between.
UNSEEN = """
import ctypes
come = getattr(ctypes.PyDLL(None), 'raise')
reading, writing = os.pipe()
sorted([signal.SIGTERM.value], key=come)
os.read(reading, 1)
"""


def test_by_native_code(program):
    """A process in which Python handles no signal still ends with its record."""
    ended = program(ONE + UNSEEN, grace='0.25')
    assert ended.cause['exit_signal'] == 'SIGTERM'
    assert ended.status == -signal.SIGTERM


def test_a_handler_of_the_program_that_python_does_not_call_yet(program):
    """The record is in the file while Python waits; the handler is called after that."""
    code = """
def own(number, frame):
    print(bool(os.path.getsize(path)))
signal.signal(signal.SIGTERM, own)
"""
    feed = """
def feed():
    while not (os.path.exists(path) and os.path.getsize(path)):
        time.sleep(0.001)
    os.write(writing, b'x')
threading.Thread(target=feed).start()
"""
    last = UNSEEN.replace('sorted', f'{feed}\nsorted')
    ended = program(code + ONE + last, grace='0.25')
    assert ended.out == 'True\n'
    assert ended.cause['exit_signal'] == 'SIGTERM'
    assert ended.status == -signal.SIGTERM

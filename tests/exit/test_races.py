"""Of Python and native code, exactly one writes a record.

And the rest of it may happen at any moment: records are cancelled and registered again,
children are forked, signals come.

MICROBENCH_RACES is how many races there are, MICROBENCH_SEED makes the same ones again.
"""

import os
import random

import pytest

COUNT = int(os.environ.get('MICROBENCH_RACES', '300'))
SEED = int(os.environ.get('MICROBENCH_SEED', random.SystemRandom().randrange(10**9)))

# One process that forks: a child costs a millisecond, a new interpreter sixty.
RACES = """
import json, random
from microbench.process import registry

def race(where, grace, patience):
    registry.END_TIMEOUT = patience
    bench = MicroBench(where)
    bench.record_on_exit(grace=grace)
    with bench.time('phase'):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

def outcome(number):
    where = f'{path}.{number}'
    grace, patience = TIMES
    pid = os.fork()
    if pid == 0:
        race(where, grace, patience)
        os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    lines = open(where, 'rb').read().splitlines()
    os.unlink(where)
    records = [json.loads(line) for line in lines]
    assert status == -signal.SIGTERM, (number, status)
    assert len(records) == 1, (number, grace, patience, records)
    return records[0].get('exit_path', 'python'), records[0]['exit_signal']

chosen = random.Random(int(sys.argv[3]))
found = [outcome(number) for number in range(int(sys.argv[2]))]
print({how: found.count(how) for how in sorted(set(found))})
"""

# Who begins: the grace time ends about when Python reacts. It is not killed once it has.
BEGINNING = 'chosen.uniform(0, 1e-3), 60.0'
# Who claims: Python has begun, and is late. Then it goes on, for the sake of a handler of
# the program's, which is what keeps the process alive.
CLAIMING = '0.0, chosen.uniform(0, 3e-3)'
OWN = 'signal.signal(signal.SIGTERM, lambda *args: None)\n'


SITUATIONS = {
    'deadly': ('', BEGINNING),
    'with a handler': (OWN, BEGINNING),
    'late': (OWN, CLAIMING),
}


@pytest.mark.parametrize('situation', SITUATIONS)
def test_one_record_whichever_writer_is_first(program, situation):
    """Each race leaves one complete record and the status of the signal."""
    own, times = SITUATIONS[situation]
    code = own + RACES.replace('TIMES', times)
    ended = program(code, COUNT // len(SITUATIONS), SEED, timeout=600)
    assert ended.status == 0, f'MICROBENCH_SEED={SEED}: {ended.err}'
    assert "'SIGTERM'" in ended.out


# In a child of its own: one thread sends SIGTERM, one cancels and registers, and the main
# thread does either, forks, or is in C.
DISORDER = """
import hashlib, json, random

def spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass

def fork(bench, where):
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os._exit(0)
    os.waitpid(pid, 0)

def register(bench, where):
    bench.record_on_exit(grace=GRACE, then=THEN)

def cancel(bench, where):
    bench.cancel_record_on_exit()

def compute(bench, where):
    hashlib.pbkdf2_hmac('sha256', b'x', b'y', 5000)

def strike(after):
    spin(after)
    os.kill(os.getpid(), signal.SIGTERM)

def act(chosen, bench, where, ways):
    for _ in range(4):
        spin(chosen.uniform(0, 3e-4))
        chosen.choice(ways)(bench, where)

def race(where, chosen):
    bench, other = MicroBench(where), MicroBench(where)
    register(bench, where)
    after, seed = chosen.uniform(0, 3e-3), chosen.random()
    args = random.Random(seed), other, where, [register, cancel]
    threads = [threading.Thread(target=strike, args=(after,)),
               threading.Thread(target=act, args=args)]
    for thread in threads:
        thread.start()
    act(chosen, bench, where, [register, cancel, fork, compute])
    for thread in threads:
        thread.join()
    while not struck:
        time.sleep(600)
    os._exit(len(struck))

def outcome(number):
    where = f'{path}.{number}'
    pid = os.fork()
    if pid == 0:
        race(where, random.Random(seed + number))
        os._exit(99)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    records = []
    if os.path.exists(where):
        records = [json.loads(line) for line in open(where, 'rb').read().splitlines()]
        os.unlink(where)
    assert status in STATUSES, (number, status)
    ids = [record['mb']['record_id'] for record in records]
    assert len(ids) == len(set(ids)) <= 2, (number, records)
    return status, len(records)

struck = []
seed = int(sys.argv[3])
found = [outcome(number) for number in range(int(sys.argv[2]))]
print({how: found.count(how) for how in sorted(set(found))})
for name in os.listdir(os.path.dirname(path)):
    if name.endswith('.journal'):
        os.unlink(os.path.join(os.path.dirname(path), name))
"""
COUNTING = 'signal.signal(signal.SIGTERM, lambda *args: struck.append(1))\n'
# A process that dies is killed by SIGTERM; a handler is called once for one signal.
LIVES = {
    'at the default action': ('', 'auto', [-15]),
    'before Python reacts': ('', 'auto', [-15]),
    'a handler': (COUNTING, 'redeliver', [-15, 1]),
    'left to the program': (COUNTING, 'leave', [1]),
}


@pytest.mark.parametrize('situation', LIVES)
def test_a_signal_amid_registrations(program, situation):
    """Cancelling, forking and registering again never keep the process alive."""
    own, then, statuses = LIVES[situation]
    grace = '1e-4' if situation == 'before Python reacts' else '60'
    code = own + DISORDER.replace('GRACE', grace).replace('THEN', repr(then))
    code = code.replace('STATUSES', repr(statuses))
    count = COUNT // len(LIVES)
    ended = program(code, count, SEED, timeout=3000, flags=['-W', 'ignore'])
    assert ended.status == 0, f'MICROBENCH_SEED={SEED}: {ended.err}'

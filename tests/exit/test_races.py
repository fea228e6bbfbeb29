"""Python and native code want to write the same record: one of them does.

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
from microbench.core import exit as ends

def race(where, grace, patience):
    ends.PATIENCE = patience
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
def test_one_record_whoever_is_first(program, situation):
    """Each race leaves one whole record, and the status of the signal."""
    own, times = SITUATIONS[situation]
    code = own + RACES.replace('TIMES', times)
    ended = program(code, COUNT // len(SITUATIONS), SEED, timeout=600)
    assert ended.status == 0, f'MICROBENCH_SEED={SEED}: {ended.err}'
    assert "'SIGTERM'" in ended.out

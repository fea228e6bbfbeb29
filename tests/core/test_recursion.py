"""Deep recursion through decorated functions works or is a RecursionError."""

import os

import pytest

from microbench import MicroBenchBase
from tests.fakes import Ticking, printed

PRELUDE = """
import asyncio, json, threading
from microbench import MicroBench, MicroBenchBase, Output, _core

class Nothing(Output):
    def write_record(self, record, timeout=None):
        pass

bench = MicroBenchBase(outputs=[Nothing()])

@bench
def plain(n):
    return 0 if n == 0 else 1 + plain(n - 1)

class Thing:
    @bench
    def method(self, n, *, by=1):
        return 0 if n == 0 else by + self.method(n - by, by=by)

    @bench
    @classmethod
    def made(cls, n):
        return 0 if n == 0 else 1 + cls.made(n - 1)

method, made = Thing().method, Thing.made

def through_c(n):
    return 0 if n == 0 else 1 + max(map(through_c, [n - 1]))
through_c = bench(through_c)

@bench
def yields(n):
    if n:
        yield from yields(n - 1)
    yield n

def generator(n):
    return len(list(yields(n))) - 1

@bench
async def waits(n):
    return 0 if n == 0 else 1 + await waits(n - 1)

def coroutine(n):
    return asyncio.run(waits(n), debug=False)  # which would print how long it took

@bench
def blocks(n):
    with bench.record('block'), bench.time('phase'):
        return 0 if n == 0 else 1 + blocks(n - 1)

def tried(func, n):
    try:
        print(func(n) == n)
    except RecursionError:
        print(True)
"""
WAYS = ['plain', 'method', 'made', 'through_c', 'generator', 'coroutine', 'blocks']

# A sanitizer doubles the frames of C.
DEEP = 2_000 if os.environ.get('MICROBENCH_SANITIZE') else 4_000


@pytest.mark.parametrize('way', WAYS)
def test_fifteen_thousand_levels(way):
    """With a raised limit the process does not end by SIGSEGV."""
    code = f'{PRELUDE}sys.setrecursionlimit(10**6)\ntried({way}, 15_000)\n'
    assert printed(code) == 'True\n'


@pytest.mark.parametrize('size', [128, 512])
@pytest.mark.parametrize('way', WAYS)
def test_in_a_thread_with_a_small_stack(way, size):
    """The limit follows the thread's own stack, which can be used again afterwards."""
    code = f"""{PRELUDE}
sys.setrecursionlimit(10**6)
threading.stack_size({size} * 1024)
def main():
    for n in (100_000, 3):
        tried({way}, n)
thread = threading.Thread(target=main)
thread.start()
thread.join()
"""
    assert printed(code) == 'True\nTrue\n'


def test_as_deep_as_a_plain_function():
    """As long as half of the stack is left, only Python's own limit counts."""
    code = f'{PRELUDE}sys.setrecursionlimit(10**6)\nprint(plain({DEEP}))\n'
    assert printed(code) == f'{DEEP}\n'


def test_a_raised_limit_of_the_stack():
    """A program may let the stack of its main thread grow while it runs."""
    code = f"""{PRELUDE}
import resource
_, most = resource.getrlimit(resource.RLIMIT_STACK)
resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, most))
sys.setrecursionlimit(10**6)
tried(plain, 100_000)
resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, most))
print(plain({DEEP}))
"""
    assert printed(code) == f'True\n{DEEP}\n'


@pytest.mark.parametrize('size', [128, 8192])
def test_what_is_nested_deeply(size):
    """Values too deep for any encoder cost their own place in the record."""
    code = f"""{PRELUDE}
import os, warnings
from microbench import MBFunctionCall, MBReturnValue
warnings.simplefilter('ignore')
sys.setrecursionlimit(10**6)
threading.stack_size({size} * 1024)

class Bench(MicroBench, MBFunctionCall, MBReturnValue):
    pass

class Custom(json.JSONEncoder):
    pass

def nested(wrap, levels):
    value = None
    for _ in range(levels):
        value = wrap(value)
    return value

kept = []

def main():
    for encoder in (None, Custom):
        bench = Bench(json_encoder=encoder)

        @bench
        def same(value, *, fail=False):
            if fail:
                raise KeyError(value)
            return value

        for wrap in (lambda v: [v], lambda v: (v,), lambda v: {{'k': v}}):
            value = nested(wrap, 100_000)
            kept.append(value)  # CPython 3.13 would free it beyond a small stack
            assert same(value) is value
            try:
                same(value, fail=True)
            except KeyError as error:
                assert error.args[0] is value
        records = bench.get_results()
        print(len(records), records[1]['exception']['message'], flush=True)
    os._exit(0)

thread = threading.Thread(target=main)
thread.start()
thread.join()
"""
    assert printed(code) == '6 <KeyError without text>\n' * 2


NEAR = """
import json
bench = MicroBench({path!r})
entered, left, twice, problem = [0], [0], [0], ValueError()
{define}
def drive(made):
    try:
        made.send(None)
    except StopIteration:
        pass
def drain(made):
    for _ in made:
        pass
def down():
    try:
        {call}
        left[0] += 1
    except RecursionError:
        pass
    except ValueError:
        left[0] += 1
    down()
try:
    down()
except RecursionError:
    pass
records = bench.get_results()
print(entered[0] > 500, entered[0] - left[0], entered[0] - len(records))
print({{r.get('exception', {{}}).get('type') for r in records}}, _core.runs_open())
"""
HOOKS = """
class Bench(MicroBench):
    def capture_it(self, bm_data):
        bm_data['it'] = json.loads(json.dumps([1]))

    def pre_run_triggers(self, bm_data):
        super().pre_run_triggers(bm_data)

    def post_run_triggers(self, bm_data):
        super().post_run_triggers(bm_data)

bench = Bench({path!r})

@bench
def leaf():
    entered[0] += 1
"""
SEEN = """
class Bench(MicroBench):
    def capturepost_it(self, bm_data):
        bm_data['it'] = json.loads(json.dumps([1]))
bench = Bench({path!r})
"""
RAISES = 'entered[0] += 1; raise problem'  # made before: that takes a level, too
TWICE = """
bench.iterations = 2
@bench
def leaf():
    twice[0] += 1
    entered[0] += twice[0] % 2
"""
VALUE = """
from microbench import MBReturnValue
bench = type('Bench', (MicroBench, MBReturnValue), {})({path!r})
"""
FORMS = {
    'function': ('@bench\ndef leaf(): entered[0] += 1', 'leaf()'),
    'kwargs': ('@bench\ndef leaf(a, *, b): entered[0] += 1', 'leaf(1, b=2)'),
    'hooks': (HOOKS, 'leaf()'),
    'dict': (SEEN + '@bench\ndef leaf(): entered[0] += 1', 'leaf()'),
    'block': ('', 'with bench.record("leaf"): entered[0] += 1'),
    'block, dict': (SEEN, 'with bench.record("leaf"): entered[0] += 1'),
    'coroutine': ('@bench\nasync def leaf(): entered[0] += 1', 'drive(leaf())'),
    'coroutine, captures': (
        f'{VALUE}@bench\nasync def leaf(): entered[0] += 1',
        'drive(leaf())',
    ),
    'generator': ('@bench\ndef leaf():\n    entered[0] += 1\n    yield', 'drain(leaf())'),
    'raises': (f'@bench\ndef leaf():\n    {RAISES}', 'leaf()'),
    'raises, dict': (f'{SEEN}@bench\ndef leaf():\n    {RAISES}', 'leaf()'),
    'block raises': ('', f'with bench.record("leaf"): {RAISES}'),
    'coroutine raises': (f'@bench\nasync def leaf():\n    {RAISES}', 'drive(leaf())'),
    'iterations': (TWICE, 'leaf()'),
}


@pytest.mark.parametrize('form', FORMS)
def test_near_the_recursion_limit(form, tmp_path):
    """A call whose body has run gives its result and has its record, and no other."""
    path = str(tmp_path / 'records.jsonl')
    define, call = FORMS[form]
    define = define.replace('{path!r}', repr(path))
    code = PRELUDE + NEAR.format(path=path, define=define, call=call)
    outcome = 'ValueError' if 'raises' in form else None
    assert printed(code) == f'True 0 0\n{{{outcome!r}}} 0\n'


def test_hooks_that_recurse_without_end(tmp_path):
    """Room near the limit is given to microbench's own calls only once."""
    code = f"""{PRELUDE}
class Bench(MicroBench):
    def capture_again(self, bm_data):
        work()
bench = Bench({str(tmp_path / 'records.jsonl')!r})
@bench
def work(): pass
try:
    work()
except RecursionError:
    print('ended')
work = lambda: None
with bench.record('later'):
    pass
print([r['call']['name'] for r in bench.get_results()])
"""
    assert printed(code) == "ended\n['later']\n"


def test_the_limit_is_the_same_afterwards():
    """Room that was given near the limit is taken back."""
    bench = MicroBenchBase(duration_counter=Ticking(), outputs=[])

    def deepest():
        levels = [0]

        def down():
            levels[0] += 1
            down()

        with pytest.raises(RecursionError):
            down()
        return levels[0]

    before = deepest()
    work = bench(deepest)
    for _ in range(3):
        work()

    @bench
    def down():
        down()

    with pytest.raises(RecursionError):
        down()
    assert deepest() == before


@pytest.mark.parametrize('limit', [60, 100, 1000])
def test_any_limit(limit):
    """A small limit works too."""
    code = f"""{PRELUDE}
bench(int)()
def limited():
    sys.setrecursionlimit({limit})
    tried(plain, 10**5)
limited()
sys.setrecursionlimit(1000)
print(plain(3))
"""
    assert printed(code) == 'True\n3\n'

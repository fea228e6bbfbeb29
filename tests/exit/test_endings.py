"""Whatever ends a program: one record, the cause, and the exit it would have had."""

import signal

import pytest

ERROR = {'type': 'ZeroDivisionError', 'message': 'division by zero'}

# How a program ends: its last lines, the wait status, what the record says of it.
ENDINGS = {
    'end of script': ('pass', 0, {'exit_status': 0}),
    'sys.exit()': ('sys.exit()', 0, {'exit_status': 0}),
    'sys.exit(0)': ('sys.exit(0)', 0, {'exit_status': 0}),
    'sys.exit(3)': ('sys.exit(3)', 3, {'exit_status': 3}),
    'sys.exit(True)': ('sys.exit(True)', 1, {'exit_status': 1}),
    'sys.exit(text)': ('sys.exit("what went wrong")', 1, {'exit_status': 1}),
    'raise SystemExit': ('raise SystemExit(4)', 4, {'exit_status': 4}),
    'a subclass': ('class Own(SystemExit): pass\nraise Own(6)', 6, {'exit_status': 6}),
    'exit() of site': ('exit(5)', 5, {'exit_status': 5}),
    'a caught exit': (
        'try: sys.exit(7)\nexcept SystemExit as error: assert error.code == 7',
        0,
        {'exit_status': 0},
    ),
    'an exit in a thread': (
        't = threading.Thread(target=sys.exit, args=(8,)); t.start(); t.join()',
        0,
        {'exit_status': 0},
    ),
    'exception': ('1 / 0', 1, {'exception': ERROR, 'exit_status': 1}),
    'a caught exception': (
        'try: 1 / 0\nexcept ZeroDivisionError: pass',
        0,
        {'exit_status': 0},
    ),
    'Ctrl-C': (
        'os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)',
        -signal.SIGINT,
        {'exception': {'type': 'KeyboardInterrupt', 'message': ''}, 'exit_status': 1},
    ),
    **{
        name: (
            f'os.kill(os.getpid(), signal.{name})\ntime.sleep(60)',
            -getattr(signal, name),
            {'exit_signal': name},
        )
        for name in ('SIGTERM', 'SIGHUP', 'SIGXCPU', 'SIGUSR1', 'SIGUSR2')
    },
}

ROWS = pytest.mark.parametrize(
    ('last', 'status', 'cause'), ENDINGS.values(), ids=ENDINGS.keys()
)

ONE = """
bench = MicroBench(path)
bench.record_on_exit('simulation')
"""

TWO = """
bench, other = MicroBench(path), MicroBenchBase(path)
bench.record_on_exit('first')
other.record_on_exit('second')
"""


@ROWS
def test_one_bench(program, last, status, cause):
    """One record, and the same status and output as without microbench."""
    ended = program(ONE + last)
    assert ended.cause == cause
    assert ended.call['name'] == 'simulation'
    assert len(ended.call['durations']) == 1
    assert ended.status == status
    without = program(ONE + last, env={'MICROBENCH': 'off'})
    assert without.records == []
    assert (ended.status, ended.out, ended.err) == without[1:]


@ROWS
def test_two_benches(program, last, status, cause):
    """Each bench gets its record, with the same cause."""
    ended = program(TWO + last)
    assert [r['call']['name'] for r in ended.records] == ['first', 'second']
    for record in ended.records:
        assert {name: record[name] for name in cause} == cause
        assert ('exit_signal' in record) == ('exit_signal' in cause)
    assert ended.status == status


@ROWS
def test_registered_by_a_worker(program, last, status, cause):
    """After a signal the record is native; every other end has the whole one."""
    begin = """
bench = MicroBench(path)
thread = threading.Thread(target=bench.record_on_exit)
thread.start()
thread.join()
"""
    ended = program(begin + last, flags=['-W', 'ignore'])
    assert ended.status == status
    native = {'exit_path': 'native'} if 'exit_signal' in cause else {}
    assert ended.cause == {**cause, **native}


@pytest.mark.parametrize(
    ('last', 'status'),
    [('os._exit(3)', 3), ('os.kill(os.getpid(), signal.SIGKILL)', -signal.SIGKILL)],
)
def test_ends_that_python_cannot_see(program, last, status):
    """os._exit and SIGKILL end the process at once, without a record from Python."""
    ended = program(ONE + last)
    assert ended.records == []
    assert (ended.status, ended.err) == (status, '')


def test_a_shell_sees_143(program):
    """What a scheduler calls a walltime kill: 128 + 15."""
    code = f"""
import subprocess
child = {ONE + ENDINGS['SIGTERM'][0]!r}
begin = open('/proc/self/cmdline').read().split(chr(0))[2].partition('path = ')[0]
script = path + '.py'
open(script, 'w').write(begin + 'path = sys.argv[1]' + child)
done = subprocess.run(['sh', '-c', '"$0" "$@"; echo $?', sys.executable, script, path],
                      capture_output=True, text=True)
print(done.stdout)
"""
    ended = program(code)
    assert ended.out.split() == ['143']
    assert ended.cause == {'exit_signal': 'SIGTERM'}


def test_an_exception_in_a_thread_ends_no_process(program):
    """The thread's traceback is printed; the process ends well, and the record says so."""
    last = 't = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()'
    ended = program(ONE + last)
    assert ended.cause == {'exit_status': 0}
    assert 'ZeroDivisionError' in ended.err


CHAINING = """
def own(*args, before=sys.excepthook):
    print('later', args[0].__name__)
    before(*args)
sys.excepthook = own
"""


@pytest.mark.parametrize(
    'hook',
    [
        'sys.excepthook = lambda *args: print("later", args[0].__name__)',
        CHAINING,
    ],
    ids=['replaces', 'chains'],
)
def test_an_excepthook_installed_later(program, hook):
    """It is called, once, and hides nothing from the record."""
    ended = program(f'{ONE}{hook}\n1 / 0')
    assert ended.cause == {'exception': ERROR, 'exit_status': 1}
    assert ended.out == 'later ZeroDivisionError\n'
    assert ended.err.count('Traceback') == hook.count('before(*')


def test_an_excepthook_installed_before(program):
    """It is called with what it would have been called with."""
    hook = 'sys.excepthook = lambda kind, error, tb: print(kind, error, tb.tb_lineno)\n'
    ended = program(f'{hook}{ONE}1 / 0')
    without = program(f'{hook}{ONE}1 / 0', env={'MICROBENCH': 'off'})
    assert ended.record['exception'] == ERROR
    assert (ended.status, ended.out, ended.err) == without[1:]


def test_an_exit_from_the_excepthook(program):
    """The status that the hook chose is the status of the record."""
    hook = 'def own(*args): sys.exit(9)\nsys.excepthook = own\n'
    ended = program(f'{hook}{ONE}1 / 0')
    assert ended.cause == {'exception': ERROR, 'exit_status': 9}
    assert ended.status == 9


def test_exits_made_by_hand_leave_no_trace(program):
    """SystemExit is what it always was, also while a record waits."""
    code = """
import copy, pickle
error = SystemExit(2)
assert (error.code, error.args, copy.copy(error).code) == (2, (2,), 2)
error.code = 'other'
assert pickle.loads(pickle.dumps(error)).code == 2
assert error.code == 'other'
class Own(SystemExit):
    def __init__(self):
        super().__init__(11)
assert Own().code == 11
"""
    assert program(ONE + code).cause == {'exit_status': 0}


def test_at_a_prompt(program):
    """What was typed wrong at a prompt did not end the process."""
    ended = program(
        ONE,
        flags=['-i', '-q'],
        stdin='1 / 0\nsys.exit(3)\n',
        env={'PYTHON_BASIC_REPL': '1'},
    )
    assert (ended.cause, ended.status) == ({'exit_status': 3}, 3)


def test_functions_of_atexit(program):
    """Those registered later run within the time of the record, and it is written once."""
    code = """
import atexit
atexit.register(lambda: print('earlier'))
bench = MicroBench(path)
bench.record_on_exit()
atexit.register(lambda: bench.time('later').__enter__().__exit__(None, None, None))
"""
    ended = program(code)
    assert [t['name'] for t in ended.call['timings']] == ['later']
    assert ended.out == 'earlier\n'

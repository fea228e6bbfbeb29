"""Exceptions, exit statuses and `atexit` beside a record of the process."""

import os
import subprocess
import sys

import pytest

from microbench import FileOutput
from tests.fakes import ROOT, environment

ERROR = {'type': 'ZeroDivisionError', 'message': 'division by zero'}
TERM = 'os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)'

ONE = """
bench = MicroBench(path)
bench.record_on_exit('simulation')
"""


def test_a_shell_sees_143(program):
    """Schedulers report a walltime kill as 128 + 15."""
    code = f"""
import subprocess
child = {ONE + TERM!r}
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
    """A thread's traceback is printed; the record shows a normal end."""
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
    """A later excepthook is called once, and hides nothing from the record."""
    ended = program(f'{ONE}{hook}\n1 / 0')
    assert ended.cause == {'exception': ERROR, 'exit_status': 1}
    assert ended.out == 'later ZeroDivisionError\n'
    assert ended.err.count('Traceback') == hook.count('before(*')


def test_an_excepthook_installed_before(program):
    """An earlier excepthook is called with its usual arguments."""
    hook = 'sys.excepthook = lambda kind, error, tb: print(kind, error, tb.tb_lineno)\n'
    ended = program(f'{hook}{ONE}1 / 0')
    without = program(f'{hook}{ONE}1 / 0', env={'MICROBENCH': 'off'})
    assert ended.record['exception'] == ERROR
    assert ended.seen == without.seen


def test_an_exit_from_the_excepthook(program):
    """The status that the hook chose is the status of the record."""
    hook = 'def own(*args): sys.exit(9)\nsys.excepthook = own\n'
    ended = program(f'{hook}{ONE}1 / 0')
    assert ended.cause == {'exception': ERROR, 'exit_status': 9}
    assert ended.status == 9


def test_exits_made_by_hand_leave_no_trace(program):
    """SystemExit objects behave as ever, also while a record waits."""
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
    """A mistake typed at a prompt does not count as the end of the process."""
    ended = program(
        ONE,
        flags=['-i', '-q'],
        stdin='1 / 0\nsys.exit(3)\n',
        env={'PYTHON_BASIC_REPL': '1'},
    )
    assert (ended.cause, ended.status) == ({'exit_status': 3}, 3)


def test_functions_of_atexit(program):
    """Later functions of atexit are within the record's time; it is written once."""
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


@pytest.mark.parametrize(
    ('last', 'status', 'cause'),
    [
        ('class Own(SystemExit): code = 9\nraise Own', 9, {}),
        ('sys.exit((3, 4))', 1, {'exit_status': 1}),
        ('del sys.excepthook\nsys.exit(3)', 3, {'exit_status': 3}),
    ],
    ids=['a code of its own', 'a tuple', 'no hook'],
)
def test_odd_exits(program, last, status, cause):
    """An unknown status is left out of the record."""
    ended = program(ONE + last)
    without = program(ONE + last, env={'MICROBENCH': 'off'})
    assert program(ONE + last).cause == cause
    assert ended.seen == without.seen
    assert ended.status == status


@pytest.mark.parametrize('last', ['', 'sys.exit(3)'])
def test_an_interpreter_inside_the_program(program, last):
    """An exception in a nested interpreter does not count as the end."""
    code = 'import code\ncode.InteractiveInterpreter().runsource("1 / 0")\n'
    ended = program(ONE + code + last)
    assert ended.cause == {'exit_status': 3 if last else 0}
    assert ended.err.count('ZeroDivisionError') == 1


def test_registered_again_by_a_function_of_atexit(program):
    """The second registration replaces the first and is recorded."""
    ended = program(f'import atexit\n{ONE}atexit.register(bench.record_on_exit, "again")\n')
    assert (ended.call['name'], ended.cause) == ('again', {'exit_status': 0})


def test_registered_for_the_first_time_by_a_function_of_atexit(program, tmp_path):
    """A registration at exit is too late: the record is recovered at the next read."""
    code = 'import atexit\nbench = MicroBench(path)\n'
    assert program(code + 'atexit.register(bench.record_on_exit)\n').records == []
    records = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert [record['exit_path'] for record in records] == ['recovered']


@pytest.mark.parametrize('last', ['', 'sys.exit(3)', 'raise ValueError'])
def test_the_reader_of_the_output_is_gone(tmp_path, last):
    """A failing flush at the end changes the exit status, so the record names none."""
    path = tmp_path / 'records.jsonl'
    reader, writer = os.pipe()
    os.close(reader)
    code = f"""
import sys
from microbench import MicroBench
bench = MicroBench({str(path)!r})
bench.record_on_exit()
print('unread')
{last}
"""
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**environment(), 'PYTHONPATH': str(ROOT), 'PYTHONUNBUFFERED': ''},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)
    [record] = FileOutput(str(path)).get_results()
    assert done.returncode == 120, done.stderr
    assert 'exit_status' not in record
    assert ('exception' in record) == ('raise' in last)


SWITCHED_OFF = f"""
from microbench.process import cause
cause.READ_EXIT_STATUS = False
before = vars(SystemExit)['code'], sys.exit
{ONE}
assert before == (vars(SystemExit)['code'], sys.exit)
"""


@pytest.mark.parametrize('last', ['', 'sys.exit(3)'])
def test_no_status_with_the_switch_off(program, last):
    """`SystemExit` and `sys.exit` stay as they are, so that the status is unknown."""
    ended = program(SWITCHED_OFF + last)
    assert (ended.cause, ended.status) == ({}, 3 if last else 0)


def test_an_exception_with_the_switch_off(program):
    """It is in the record as ever."""
    ended = program(SWITCHED_OFF + '1 / 0')
    assert ended.cause == {'exception': ERROR, 'exit_status': 1}

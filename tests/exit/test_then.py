"""Earlier handlers: the program stops by itself, or the signal is sent again."""

import functools
import signal
import sys
import types

import pytest

from microbench import FileOutput, MicroBenchBase
from microbench.process.graceful import GRACEFUL, described, stops_by_itself

TERM = 'os.kill(os.getpid(), signal.SIGTERM)\n'

# A server: its handler sets a flag, and what is in flight is finished.
SERVER = """
stopped = []
def stop(number, frame):
    print('asked', flush=True)
    stopped.append(number)
signal.signal(signal.SIGTERM, stop)
bench = MicroBench(path)
"""
LEAVE = SERVER + "bench.record_on_exit(then='leave')\n"
FINISH = """
while not stopped:
    time.sleep(0.001)
with bench.time('in flight'):
    print('answered', flush=True)
"""
BY_TERM = {'exit_signal': 'SIGTERM'}


@pytest.mark.parametrize(
    ('last', 'cause', 'status'),
    [
        ('', {'exit_status': 0}, 0),
        ('sys.exit(5)', {'exit_status': 5}, 5),
        ('signal.signal(signal.SIGTERM, signal.SIG_IGN)\n' + TERM, {'exit_status': 0}, 0),
    ],
    ids=['end of script', 'sys.exit', 'another handler'],
)
def test_a_program_that_stops_by_itself(program, last, cause, status):
    """The program ends its own way; the record has signal, status and full time."""
    ended = program(LEAVE + TERM + FINISH + last)
    assert (ended.status, ended.out, ended.err) == (status, 'asked\nanswered\n', '')
    assert ended.cause == BY_TERM | cause
    assert [timing['name'] for timing in ended.call['timings']] == ['in flight']


def test_an_exception_while_it_stops(program):
    """An exception while it stops is in the record, beside the signal."""
    ended = program(LEAVE + TERM + FINISH + '1 / 0')
    assert ended.cause['exception']['type'] == 'ZeroDivisionError'
    assert (ended.cause['exit_signal'], ended.cause['exit_status']) == ('SIGTERM', 1)
    assert ended.status == 1


def test_a_handler_that_raises(program):
    """The exception of a handler ends the program and is in the record."""
    code = LEAVE.replace("print('asked', flush=True)", 'sys.exit(7)')
    ended = program(code + TERM + 'time.sleep(600)')
    assert ended.cause == BY_TERM | {'exit_status': 7}
    assert (ended.status, ended.err) == (7, '')


def test_killed_before_it_has_stopped(program, tmp_path):
    """The recovered record has the signal that came before SIGKILL."""
    ended = program(LEAVE + TERM + 'os.kill(os.getpid(), signal.SIGKILL)')
    assert (ended.records, ended.status) == ([], -signal.SIGKILL)
    [record] = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert record['exit_path'] == 'recovered'
    assert record['exit_signal'] == 'SIGTERM'


def test_a_journal_that_is_younger_than_the_signal(program, tmp_path):
    """A journal made after the signal has it as well."""
    again = "bench.record_on_exit('second', then='leave')\n"
    program(LEAVE + TERM + again + 'os.kill(os.getpid(), signal.SIGKILL)')
    [record] = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert (record['call']['name'], record['exit_signal']) == ('second', 'SIGTERM')


def test_time_that_it_takes(in_c):
    """No watchdog runs: the program may take longer than the grace time."""
    code = LEAVE + TERM + 'threading.Event().wait(0.1)\n' + FINISH
    ended = in_c(code, grace='0')
    assert ended.cause == BY_TERM | {'exit_status': 0}
    assert ended.out == 'asked\nanswered\n'


def test_each_signal_calls_the_handler(program):
    """A second SIGTERM does what it does without us, also within the handler."""
    code = """
def stop(number, frame):
    stopped.append(number)
    print(len(stopped), flush=True)
    if len(stopped) == 2:
        os.kill(os.getpid(), signal.SIGTERM)
        print('still in the second', flush=True)
stopped = []
signal.signal(signal.SIGTERM, stop)
bench = MicroBench(path)
bench.record_on_exit(then='leave')
"""
    ended = program(code + TERM + TERM + TERM)
    assert ended.out == '1\n2\n3\nstill in the second\n4\n'
    assert ended.cause == BY_TERM | {'exit_status': 0}
    assert ended.status == 0


def test_another_signal_afterwards(program):
    """A later signal that ends the process is the cause; the first is recorded too."""
    ended = program(LEAVE + TERM + 'os.kill(os.getpid(), signal.SIGHUP)\ntime.sleep(600)')
    assert ended.cause == BY_TERM
    assert ended.status == -signal.SIGHUP


def test_another_signal_in_native_code(in_c):
    """A later signal while Python cannot react is recorded as well."""
    ended = in_c(LEAVE + TERM + 'never.signal_and_hang(signal.SIGHUP, 1)')
    assert ended.cause == BY_TERM | {'exit_path': 'native'}
    assert ended.status == -signal.SIGHUP


def test_a_crash_afterwards(in_c):
    """A later crash is the cause of the end."""
    ended = in_c(LEAVE + TERM + 'os.abort()')
    assert ended.cause == {'exit_signal': 'SIGABRT', 'exit_path': 'native'}


@pytest.mark.parametrize('hook', ['capture_slow', 'capturepost_slow'])
def test_a_signal_while_the_record_is_written(program, hook):
    """The handler runs, the process ends as it was about to, and the record says both."""
    code = f"""
class Bench(MicroBench):
    def {hook}(self, bm_data):
        {TERM}        bm_data['captured'] = True
"""
    begin = SERVER.replace('MicroBench', 'Bench') + "bench.record_on_exit(then='leave')\n"
    ended = program(code + begin + 'sys.exit(3)')
    assert ended.cause == BY_TERM | {'exit_status': 3}
    assert ended.record['captured'] is True
    assert (ended.status, ended.out) == (3, 'asked\n')


def test_redeliver(program):
    """The record is written first; the signal is sent again after the handler."""
    ended = program(SERVER + "bench.record_on_exit(then='redeliver')\n" + TERM + FINISH)
    assert (ended.status, ended.out, ended.err) == (-signal.SIGTERM, 'asked\n', '')
    assert ended.cause == BY_TERM


def test_a_handler_of_the_program_by_default(program):
    """An unknown handler gets its signal again, with one warning."""
    ended = program(SERVER + 'bench.record_on_exit()\nbench.record_on_exit()\n' + TERM)
    assert (ended.status, ended.out) == (-signal.SIGTERM, 'asked\n')
    assert ended.err.count('RuntimeWarning') == 1
    assert 'SIGTERM is handled by __main__.stop (<string>:' in ended.err
    assert "then='leave'" in ended.err


def test_a_warning_that_is_an_error(program):
    """The warning is a line on stderr if warnings are errors: the program goes on."""
    ended = program(SERVER + 'bench.record_on_exit()', flags=['-W', 'error'])
    assert ended.err.startswith('RuntimeWarning: record_on_exit(): SIGTERM is handled by')
    assert ended.cause == {'exit_status': 0}


@pytest.mark.parametrize('then', ['leave', 'auto', 'redeliver'])
def test_without_a_handler(program, then):
    """Whatever is asked for, a signal at its default action ends the process."""
    code = f'bench = MicroBench(path)\nbench.record_on_exit(then={then!r})\n'
    ended = program(code + TERM)
    assert (ended.cause, ended.status, ended.err) == (BY_TERM, -signal.SIGTERM, '')


@pytest.mark.parametrize(('first', 'second'), [('leave', 'auto'), ('redeliver', 'leave')])
def test_two_benches(program, first, second):
    """If one of two benches uses 'leave', the program is not killed."""
    code = f"""
other = MicroBench(path)
other.record_on_exit('other', then={first!r})
bench.record_on_exit('bench', then={second!r})
"""
    ended = program(SERVER + code + TERM + FINISH)
    assert (ended.status, ended.out, ended.err) == (0, 'asked\nanswered\n', '')
    for record in ended.records:
        assert (record['exit_signal'], record['exit_status']) == ('SIGTERM', 0)
    assert len(ended.records) == 2


def test_a_second_registration_decides_anew(program):
    """The last registration counts."""
    code = "bench.record_on_exit(then='redeliver')\nbench.record_on_exit(then='leave')\n"
    assert program(SERVER + code + TERM + FINISH).status == 0
    code = "bench.record_on_exit(then='leave')\nbench.record_on_exit(then='redeliver')\n"
    assert program(SERVER + code + TERM + FINISH).status == -signal.SIGTERM


def test_a_handler_on_top(program):
    """A later handler that calls the earlier one gets the signal first."""
    code = """
before = signal.getsignal(signal.SIGTERM)
signal.signal(signal.SIGTERM, lambda *args: (print('first'), before(*args)))
"""
    ended = program(LEAVE + code + TERM + FINISH)
    assert (ended.status, ended.out) == (0, 'first\nasked\nanswered\n')
    assert ended.cause == BY_TERM | {'exit_status': 0}


def test_a_signal_from_another_thread(program):
    """A signal to another thread reaches the handler in the main thread."""
    code = 'threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM)).start()\n'
    ended = program(LEAVE + code + FINISH)
    assert (ended.status, ended.cause) == (0, BY_TERM | {'exit_status': 0})


def test_a_forked_child(program):
    """A forked child stops by itself too, without a record of its parent."""
    code = f"""
pid = os.fork()
if pid == 0:
    {TERM}    os._exit(4 + len(stopped))
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    ended = program(LEAVE + code)
    assert (ended.out, ended.cause) == ('asked\n5\n', {'exit_status': 0})


def test_cancelled(program):
    """After cancelling, the earlier handler is back, and no signal is recorded."""
    code = f"""
{TERM}
bench.cancel_record_on_exit()
assert signal.getsignal(signal.SIGTERM) is stop
bench.record_on_exit(then='leave')
"""
    assert program(LEAVE + code).cause == {'exit_status': 0}


def test_ctrl_c_that_was_asked_for(program):
    """Python's own handler raises: the record is that of the whole program."""
    code = """
bench = MicroBench(path)
bench.record_on_exit(signals='INT')
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(600)
except KeyboardInterrupt:
    print('caught')
"""
    ended = program(code)
    assert (ended.out, ended.err) == ('caught\n', '')
    assert ended.cause == {'exit_signal': 'SIGINT', 'exit_status': 0}


def test_a_wrong_word():
    """A wrong word is rejected at once; the message lists the right ones."""
    with pytest.raises(ValueError, match="auto, redeliver, leave, not 'stay'"):
        MicroBenchBase().record_on_exit(then='stay')


# --- the table ------------------------------------------------------------------------


def module(name):
    """Return code as it is in a module of this name."""
    made = types.ModuleType(name)
    source = """
import functools
def stop(number, frame):
    pass
class Server:
    def stop(self, number, frame):
        pass
    @staticmethod
    def halt(number, frame):
        pass
    @classmethod
    def end(cls, number, frame):
        pass
class Callable:
    def __call__(self, number, frame):
        pass
flag = lambda number, frame: None
def passing(handler):
    return lambda *args: handler(*args)
def saying(handler):
    @functools.wraps(handler)
    def stop(number, frame):
        handler(number, frame)
    return stop
"""
    exec(source, vars(made))
    return made


OWN = module('__main__')


def handlers(of):
    """Return the ways in which the handler of a module is installed."""

    class Own(of.Server):
        def stop(self, number, frame):
            super().stop(number, frame)

    wrapped = functools.wraps(of.stop)(OWN.stop)
    return {
        'function': of.stop,
        'lambda': of.flag,
        'method': of.Server().stop,
        'static method': of.Server.halt,
        'class method': of.Server.end,
        'of a subclass': Own().stop,
        'object': of.Callable(),
        'partial': functools.partial(of.stop, 15),
        'partial of a partial': functools.partial(functools.partial(of.Server().stop)),
        'wraps': wrapped,
        'wraps in a closure': OWN.saying(of.stop),
        'closure': OWN.passing(of.Server().stop),
        'closures': OWN.passing(OWN.passing(of.stop)),
    }


@pytest.mark.parametrize('name', GRACEFUL)
@pytest.mark.parametrize('how', handlers(OWN))
def test_each_module_of_the_table(name, how):
    """Handlers of listed modules are recognized, however they are wrapped."""
    assert stops_by_itself(handlers(module(name))[how])
    assert stops_by_itself(handlers(module(f'{name}.part'))[how])
    assert not stops_by_itself(handlers(module(f'{name}ish'))[how])


@pytest.mark.parametrize('how', handlers(OWN))
def test_a_handler_of_the_program(how):
    """The program's own handler is not recognized as graceful."""
    assert not stops_by_itself(handlers(OWN)[how])


USES = """
import asyncio
import functools

def over(value):
    def stop(number, frame):
        return value
    return stop

def over_any(value):
    def stop(*args):
        return value
    return stop

class Service:
    def __init__(self):
        self.queue = asyncio.Queue
    def stop(self, number, frame):
        return __class__, self.queue

def stop(run, number, frame):
    pass

handlers = {
    'a class in a closure': over(asyncio.Queue),
    'a class in a closure of any arguments': over_any(asyncio.Queue),
    'an object in a closure of any arguments': over_any(asyncio.Queue()),
    'a function in a closure': over(asyncio.run),
    'a function of one argument in a closure': over_any(asyncio.run),
    'argument of a partial': functools.partial(stop, asyncio.run),
    'keyword of a partial': functools.partial(stop, run=asyncio.run),
    'method': Service().stop,
}
"""


def users():
    """Return handlers of the program that use listed software."""
    made = types.ModuleType('__main__')
    exec(USES, vars(made))
    return made.handlers


@pytest.mark.parametrize('how', users())
def test_a_handler_that_uses_such_software(how):
    """A handler that merely refers to listed software is the program's own."""
    assert not stops_by_itself(users()[how])


def test_an_argument_of_a_partial_is_no_handler():
    """Arguments of a partial do not count: a handler may do anything with them."""
    assert not stops_by_itself(functools.partial(OWN.stop, module('asyncio').stop))


@pytest.mark.parametrize('handler', [signal.SIG_DFL, signal.SIG_IGN, None])
def test_no_handler(handler):
    """SIG_DFL, SIG_IGN and None are not graceful handlers."""
    assert not stops_by_itself(handler)


def test_handlers_that_are_strange():
    """Any callable may be a handler."""

    def itself(*args):
        return itself

    class Nameless:
        __module__ = None

        def __call__(self, *args):
            pass

    def begun():
        return lambda *args: later  # a cell that is still empty

    handler = begun()
    assert not any(map(stops_by_itself, [itself, Nameless(), handler, print, int]))
    later = None
    assert later is None


def test_descriptions():
    """A description names the handler and its place in the source."""
    this = f'({__file__}:{test_descriptions.__code__.co_firstlineno})'
    assert described(test_descriptions) == f'{__name__}.test_descriptions {this}'
    assert described(functools.partial(print)) == 'builtins.print'
    assert described(OWN.Server().stop).startswith('__main__.Server.stop (<string>:')
    assert described(OWN.Callable()) == '__main__.Callable'


def test_python_s_own_handler():
    """Python's handler of Ctrl-C raises: nothing is sent again."""
    assert stops_by_itself(signal.default_int_handler)
    assert sys.platform != 'win32'

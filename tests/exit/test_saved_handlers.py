"""Programs that save a handler, install their own, and restore the saved one."""

import signal

import pytest

from microbench import FileOutput

from .conftest import REGISTERED, TERM

SAVE = """
before = signal.signal(signal.{0}, lambda *args: None)
signal.signal(signal.{0}, before)
"""
GETSIGNAL = """
before = signal.getsignal(signal.{0})
signal.signal(signal.{0}, lambda *args: None)
signal.signal(signal.{0}, before)
"""
ONE_LINE = 'signal.signal(signal.{0}, signal.signal(signal.{0}, signal.SIG_IGN))\n'
WAYS = pytest.mark.parametrize('save', [SAVE, GETSIGNAL, ONE_LINE, SAVE + GETSIGNAL])
BY_TERM = {'exit_signal': 'SIGTERM'}


@WAYS
def test_the_signal_still_ends_the_process(program, save):
    """The first signal after that ends the process, with a complete record."""
    ended = program(REGISTERED + save.format('SIGTERM') + TERM + 'print("lives")')
    assert (ended.cause, ended.status, ended.out) == (BY_TERM, -signal.SIGTERM, '')


@WAYS
def test_a_handler_from_before(program, save):
    """An earlier handler is called, and the signal ends the process as before."""
    own = 'signal.signal(signal.SIGTERM, lambda *args: print("own"))\n'
    one = REGISTERED.replace('()', "(then='redeliver')")
    ended = program(own + one + save.format('SIGTERM') + TERM + 'print("lives")')
    assert (ended.cause, ended.status) == (BY_TERM, -signal.SIGTERM)
    assert (ended.out, ended.err) == ('own\n', '')


@WAYS
def test_a_program_that_stops_by_itself(program, save):
    """A program that stops itself still does; its record has the signal."""
    own = 'signal.signal(signal.SIGTERM, lambda *args: print("own"))\n'
    one = REGISTERED.replace('()', "(then='leave')")
    ended = program(own + one + save.format('SIGTERM') + TERM + 'print("lives")')
    assert ended.cause == BY_TERM | {'exit_status': 0}
    assert (ended.status, ended.out) == (0, 'own\nlives\n')


@WAYS
def test_cancelled_afterwards(program, save):
    """After cancelling, everything is as it was before."""
    code = """
bench.cancel_record_on_exit()
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    ended = program(REGISTERED + save.format('SIGTERM') + code + TERM)
    assert (ended.records, ended.status, ended.err) == ([], -signal.SIGTERM, '')


@WAYS
def test_registered_again_afterwards(in_c, save):
    """A second registration puts the C handler in front: a hanging program is ended."""
    code = REGISTERED + save.format('SIGTERM') + 'bench.record_on_exit("second")\n'
    ended = in_c(code + 'never.signal_and_hang(signal.SIGTERM, 1)')
    assert ended.cause == BY_TERM | {'exit_path': 'native'}
    assert ended.status == -signal.SIGTERM


def test_saved_in_c(in_c):
    """A handler saved in C by sigaction(2) is in front again."""
    code = """
never.install_note(signal.SIGTERM)
never.remove_note(signal.SIGTERM)
never.signal_and_hang(signal.SIGTERM, 1)
"""
    ended = in_c(REGISTERED + code)
    assert ended.cause == BY_TERM | {'exit_path': 'native'}
    assert ended.status == -signal.SIGTERM


def test_saved_in_c_and_put_back_after_cancelling(in_c):
    """The restored handler acts as it would without microbench."""
    code = """
never.install_note(signal.SIGTERM)
bench.cancel_record_on_exit()
never.remove_note(signal.SIGTERM)
never.signal_and_hang(signal.SIGTERM, 1)
"""
    ended = in_c(REGISTERED + code)
    assert (ended.records, ended.status) == ([], -signal.SIGTERM)


def test_the_default_action_from_before(program, tmp_path):
    """A restored default action ends the process, and the record is recovered."""
    code = f"""
before = signal.signal(signal.SIGTERM, lambda *args: None)
bench = MicroBench(path)
bench.record_on_exit(then='leave')
{TERM}
signal.signal(signal.SIGTERM, before)
signal.raise_signal(signal.SIGTERM)  # as uvicorn does when it has shut down
"""
    ended = program(code)
    assert (ended.records, ended.status) == ([], -signal.SIGTERM)
    [record] = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert (record['exit_path'], record['exit_signal']) == ('recovered', 'SIGTERM')


def test_an_alternate_stack_that_was_saved(in_c):
    """A saved stack is valid memory when it is restored after cancelling."""
    code = """
bench = MicroBench(path)
bench.record_on_exit()
never.save_stack()
bench.cancel_record_on_exit()
never.put_back_stack()
never.install_note_on_the_alternate_stack(signal.SIGUSR2)
os.kill(os.getpid(), signal.SIGUSR2)
print(never.noted() == signal.SIGUSR2)
"""
    ended = in_c(code)
    assert (ended.status, ended.out) == (0, 'True\n')


GIVING_BACK = """
def own(number, frame):
    print('own', flush=True)
signal.signal(signal.SIGTERM, own)
bench = MicroBench(path)
bench.record_on_exit(then='redeliver')
install = signal.signal
def struck(number, handler):
    if struck.left:
        struck.left -= 1
        {0}
    return install(number, handler)
struck.left = 1
signal.signal = struck
bench.cancel_record_on_exit()
signal.signal = install
assert signal.getsignal(signal.SIGTERM) is own
"""


def test_a_signal_while_a_handler_is_given_back(program):
    """A signal meanwhile reaches the program's own handler."""
    ended = program(GIVING_BACK.format(TERM.strip()))
    assert (ended.records, ended.status, ended.err) == ([], 0, '')
    assert ended.out == 'own\n'


def test_the_default_action_while_it_is_given_back(program):
    """A signal meanwhile ends the process."""
    code = GIVING_BACK.replace('signal.signal(signal.SIGTERM, own)', '', 1)
    ended = program(code.format(TERM.strip()))
    assert (ended.records, ended.status, ended.out) == ([], -signal.SIGTERM, '')


def test_a_signal_while_a_handler_is_installed(program):
    """If the earlier handler raises meanwhile, no handler of microbench stays behind."""
    code = """
def own(number, frame):
    raise KeyError
signal.signal(signal.SIGTERM, own)
bench = MicroBench(path)
install = signal.signal
def struck(number, handler):
    signal.signal = install
    os.kill(os.getpid(), signal.SIGTERM)
    return install(number, handler)
signal.signal = struck
try:
    bench.record_on_exit(then='redeliver')
except KeyError:
    print('raised')
bench.cancel_record_on_exit()
assert signal.getsignal(signal.SIGTERM) is own
bench.record_on_exit(then='redeliver')
"""
    ended = program(code)
    assert (ended.out, ended.err) == ('raised\n', '')
    assert ended.cause == {'exit_status': 0}

"""Users' tests that call and replace handlers, in a process that goes on."""

# Each program is such a test, or two that follow one another.
STUBS = """
from unittest import mock

def registered(bench, **how):
    with mock.patch('atexit.register') as register:
        bench.record_on_exit(**how)
    return register.call_args.args[0]

def fields(bench):
    return [r.get('exit_signal') for r in bench.get_results()]
"""


def test_a_handler_that_is_called_with_stubs(program):
    """The stubbed handler restores and resends; the next test starts afresh."""
    ended = program(
        STUBS
        + """
for _ in range(2):
    bench = MicroBench()
    registered(bench)
    handler = signal.getsignal(signal.SIGTERM)
    with mock.patch('signal.signal') as install, mock.patch('os.kill') as kill:
        handler(signal.SIGTERM, None)
    install.assert_called_with(signal.SIGTERM, signal.SIG_DFL)
    kill.assert_called_once_with(os.getpid(), signal.SIGTERM)
    print(fields(bench))
"""
    )
    assert ended.out.splitlines() == ["['SIGTERM']"] * 2
    assert ended.err == ''


def test_the_last_handler_installed_is_that_of_sigterm(program):
    """The last call of a stub of signal.signal is the one for SIGTERM."""
    ended = program(
        STUBS
        + """
with mock.patch('signal.signal') as install:
    end = registered(MicroBench())
number, handler = install.call_args.args
print(signal.Signals(number).name, callable(handler))
end()
"""
    )
    assert ended.out.split() == ['SIGTERM', 'True']


def test_a_handler_that_replaced_the_installed_one_stays(program):
    """The registration of another bench, which wants no handler, changes nothing."""
    ended = program(
        STUBS
        + """
one, other = MicroBench(), MicroBench()
registered(one)
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the test puts back what was there
end = registered(other, handle_sigterm=False)
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
end()
print(fields(one), fields(other))
"""
    )
    assert ended.out.splitlines() == ['True', '[None] [None]']
    assert ended.status == 0

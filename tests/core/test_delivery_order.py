"""Which sink gets a record when, and how much time it has."""

import pytest

from microbench import FileOutput, HttpOutput, MicroBenchBase, Output, RedisOutput
from microbench.outputs import delivery as deliver
from microbench.outputs.delivery import Delivery
from tests.fakes import Failing, Kept


class Noted(Output):
    """A sink that notes its name and its time; it may fail, or take some time."""

    def __init__(self, name, log, local=True, takes=0.0):
        self.name, self.log, self.local, self.takes = name, log, local, takes
        self.error = None

    def write_record(self, record, timeout=None):
        self.log.append((self.name, timeout))
        Clock.now += self.takes
        if self.error:
            raise self.error


class Clock:
    """Stands still, unless a sink takes time."""

    now = 100.0


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Give the delivery a clock that the test controls."""
    monkeypatch.setattr(Clock, 'now', 100.0)
    monkeypatch.setattr(deliver, 'monotonic', lambda: Clock.now)


@pytest.fixture
def log():
    """Return what the sinks noted."""
    return []


def test_sinks_behind_a_network_come_last(log):
    """Sinks of this machine go first; otherwise the given order counts."""
    sinks = [Noted(n, log, local=n in 'bd') for n in 'abcd']
    bench = MicroBenchBase(outputs=sinks)
    bench(len)('')
    assert log == [('b', None), ('d', None), ('a', None), ('c', None)]


def test_what_is_local():
    """Files are local, servers are not; a sink that does not say is local."""
    assert FileOutput.local
    assert Output.local
    assert not HttpOutput.local
    assert not RedisOutput.local


def test_results_are_asked_for_in_the_order_given(log):
    """The order of writing does not change which sink answers."""

    class Reads(Noted):
        def get_results(self, format='dict', flat=False):
            return self.name

    sinks = [Reads('far', log, local=False), Reads('near', log)]
    assert MicroBenchBase(outputs=sinks).get_results() == 'far'


def test_each_gets_what_is_left_of_the_time(log):
    """The time that one sink takes is missing for the next ones."""
    sinks = [
        *(Noted('b', log, local=False, takes=2.0), Noted('c', log, local=False)),
        *(Noted('a', log, takes=1.0), Kept()),
    ]
    Delivery(sinks, 'warn').deliver(b'{}', timeout=5.0)
    assert log == [('a', 5.0), ('b', 4.0), ('c', 2.0)]
    assert sinks[-1].lines == [b'{}']


def test_when_the_time_is_over(log):
    """Without time left, sinks behind a network are skipped; local ones are tried."""
    sinks = [
        *(Noted('slow', log, takes=6.0), Noted('near', log)),
        Noted('far', log, local=False),
    ]
    with pytest.warns(RuntimeWarning, match='TimeoutError: no time was left'):
        Delivery(sinks, 'warn').deliver(b'{}', timeout=5.0)
    assert log == [('slow', 5.0), ('near', 0.0)]


def test_sinks_that_know_no_time(log):
    """A sink that has only write(str) is called without a time."""

    class Old:
        def write(self, bm_json_str):
            log.append(bm_json_str)

    Delivery([Old()], 'warn').deliver(b'{}', timeout=5.0)
    assert log == ['{}']


def test_a_server_that_failed_gets_little_time(log):
    """A failed server gets little time until it takes a record again."""
    far = Noted('far', log, local=False)
    delivery = Delivery([far, Kept()], 'warn')
    far.error = OSError('away')
    with pytest.warns(RuntimeWarning, match='away'):
        delivery.deliver(b'{}')
    delivery.deliver(b'{}')
    delivery.deliver(b'{}', timeout=2.0)
    far.error = None
    delivery.deliver(b'{}')
    delivery.deliver(b'{}')
    assert [timeout for _, timeout in log] == [None, 5.0, 2.0, 5.0, None]


def test_a_file_that_failed_is_no_exception(log):
    """Local sinks are not hurried."""
    near = Noted('near', log)
    near.error = OSError('full')
    delivery = Delivery([near, Kept()], 'warn')
    with pytest.warns(RuntimeWarning, match='full'):
        delivery.deliver(b'{}')
    delivery.deliver(b'{}')
    assert log == [('near', None)] * 2


def test_what_no_sink_took_in_time_goes_to_standard_error(log, capsys):
    """A record that no sink took in time is not lost."""
    sinks = [Failing(), Noted('far', log, local=False)]
    with pytest.warns(RuntimeWarning, match='did not take'):
        Delivery(sinks, 'warn').deliver(b'{"n":1}', timeout=0.0)
    assert capsys.readouterr().err == '{"n":1}\n'
    assert log == []

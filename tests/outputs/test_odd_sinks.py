"""Unusual sinks, and sinks that fail to read."""

import json

import pytest

from microbench import FileOutput, MicroBenchBase
from tests.fakes import Kept, only


def recorded(*sinks):
    """Give one record to sinks."""
    with MicroBenchBase(outputs=sinks).record('name'):
        pass


def test_an_object_with_slots():
    """A sink needs no `__dict__`."""

    class Sink:
        __slots__ = ('text',)

        def write(self, text):
            self.text = text

    sink = Sink()
    recorded(sink)
    assert json.loads(sink.text)['call']['name'] == 'name'


def test_class_and_static_methods():
    """The method of a sink may be a class or static method."""
    seen = []

    class ByClass:
        @classmethod
        def write(cls, text):
            seen.append(text)

    class Static:
        write = staticmethod(seen.append)

    recorded(ByClass(), Static())
    assert [json.loads(text)['call']['name'] for text in seen] == ['name'] * 2


def test_an_attribute_error_while_reading():
    """An AttributeError of a sink is raised: it does not mean that it cannot read."""

    class Broken(Kept):
        def get_results(self, format='dict', flat=False):
            return self.missing_attribute

    with pytest.raises(AttributeError, match='missing_attribute'):
        MicroBenchBase(outputs=[Broken(), FileOutput()]).get_results()


def test_another_error_while_reading():
    """A sink that fails to read is not passed over in silence."""

    class Gone(Kept):
        def get_results(self, format='dict', flat=False):
            raise ConnectionError('gone')

    with pytest.raises(ConnectionError, match='gone'):
        MicroBenchBase(outputs=[Gone(), FileOutput()]).get_results()


def test_a_method_replaced_while_a_record_is_open():
    """Records go to the method of the moment they are written."""
    kept, seen = Kept(), []
    with MicroBenchBase(outputs=[kept]).record():
        kept.write_record = seen.append
    assert (len(kept.lines), len(seen)) == (0, 1)


def test_a_sink_that_is_timed_itself():
    """A sink may be timed by another bench, with phases of its own."""
    inner = Kept()
    timing = MicroBenchBase(outputs=[inner])

    class Timed(Kept):
        @timing
        def write_record(self, record, timeout=None):
            with timing.time('write'):
                super().write_record(record)

    timed = Timed()
    recorded(timed)
    assert only(timed.records)['call']['name'] == 'name'
    [entry] = only(inner.records)['call']['timings']
    assert entry['name'] == 'write'


class Base:
    """Takes bytes."""

    def write_record(self, record, timeout=None):
        self.took = record

    def write(self, text):
        raise AssertionError


class Below(Base):
    """A subclass that changes nothing yet."""


def test_a_class_that_gets_a_method_of_its_own(monkeypatch):
    """Between two records: the nearest method counts."""
    sink = Below()
    bench = MicroBenchBase(outputs=[sink])
    bench(len)('')
    assert type(sink.took) is bytes
    monkeypatch.setattr(
        Below, 'write', lambda self, text: setattr(self, 'took', text), False
    )
    bench(len)('')
    assert type(sink.took) is str
    monkeypatch.undo()
    bench(len)('')
    assert type(sink.took) is bytes


def test_a_sink_that_gets_another_class():
    """Its methods are those of the class that it has by now."""

    class Text(Base):
        def write(self, text):
            self.took = text

    sink = Below()
    bench = MicroBenchBase(outputs=[sink])
    bench(len)('')
    sink.__class__ = Text
    bench(len)('')
    assert type(sink.took) is str

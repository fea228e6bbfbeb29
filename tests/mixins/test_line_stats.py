"""Line statistics as text: what is decoded, and what is rejected."""

import base64
import os
import pickle
import sys

import pytest

from microbench import MBLineProfiler


def text_of(value):
    """Return a value as a record would hold it."""
    return base64.b64encode(pickle.dumps(value)).decode()


def stats_text(module, timings=None, unit=1e-6):
    """Return statistics as pickled by a line_profiler with its class in this module."""
    state = {'timings': timings or {('f.py', 1, 'f'): [(2, 3, 4)]}, 'unit': unit}
    blank = pickle.dumps(state, protocol=2)[2:-1]  # without its header and its STOP
    name = f'c{module}\nLineStats\n'.encode()
    return base64.b64encode(b'\x80\x02' + name + b')\x81' + blank + b'b.').decode()


@pytest.mark.parametrize(
    'module',
    ['_line_profiler', 'line_profiler._line_profiler', 'line_profiler.line_profiler'],
)
def test_records_of_every_version_are_decoded(module, monkeypatch):
    """Decoding needs no line_profiler, nor the same version."""
    monkeypatch.setitem(sys.modules, 'line_profiler', None)
    stats = MBLineProfiler.decode_line_profile(stats_text(module))
    assert stats.timings == {('f.py', 1, 'f'): [(2, 3, 4)]}
    assert stats.unit == 1e-6


class Hostile:
    """An object whose pickle calls a function with these arguments."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    'attack',
    [
        lambda path: text_of(Hostile(os.mkdir, path)),
        lambda path: text_of(Hostile(eval, f'__import__("os").mkdir({path!r})')),
        lambda path: text_of({('f', 1, 'g'): Hostile(os.mkdir, path)}),
        lambda path: text_of(Hostile(getattr, MBLineProfiler, 'decode_line_profile')),
        lambda path: stats_text(
            'line_profiler.line_profiler', {('f', 1, 'g'): Hostile(os.mkdir, path)}
        ),
        lambda path: stats_text(
            'line_profiler.line_profiler',
            {('f', 1, 'g'): [(1, 2, Hostile(os.mkdir, path))]},
        ),
        lambda path: stats_text('microbench.mixins.line_stats'),
        lambda path: stats_text('os'),
    ],
)
def test_a_hostile_pickle_runs_nothing(attack, tmp_path):
    """Any name besides line statistics is rejected before it is called."""
    made = tmp_path / 'made'
    with pytest.raises(ValueError, match=r'not a line profile.*is refused'):
        MBLineProfiler.decode_line_profile(attack(str(made)))
    assert not made.exists()


@pytest.mark.parametrize(
    'text',
    ['', 'abc', text_of(1), text_of({}), stats_text(MODULE := '_line_profiler')[:-8]],
)
def test_other_text_is_refused(text):
    """Text that is broken, or holds another value, raises ValueError."""
    with pytest.raises(ValueError, match='not a line profile of MBLineProfiler'):
        MBLineProfiler.decode_line_profile(text)


@pytest.mark.parametrize(
    'timings', [{'f': []}, {('f', 1): []}, {('f', 1, 'g'): [1]}, {('f', 'x', 'g'): []}]
)
def test_statistics_of_another_shape_are_refused(timings):
    """Only numbers and names in the usual shape come out."""
    with pytest.raises(ValueError, match='not a line profile of MBLineProfiler'):
        MBLineProfiler.decode_line_profile(stats_text(MODULE, timings))

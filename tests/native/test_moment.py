"""Times of the wall clock as datetimes."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from microbench import _core

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
OFFSETS = st.integers(-86399, 86399).map(lambda s: dt.timedelta(seconds=s))
ZONES = st.one_of(st.just(dt.timezone.utc), OFFSETS.map(dt.timezone))
TIMES = st.integers(-(2**61), 2**63 - 1)


@given(TIMES, ZONES)
def test_it_is_what_datetime_finds(wall_ns, tz):
    """Microseconds are rounded down, before 1970 too; the time zone is the one given."""
    found = _core.moment(wall_ns, tz)
    assert found == EPOCH + dt.timedelta(microseconds=wall_ns // 1000)
    assert found.tzinfo is tz


@given(TIMES)
def test_local_time_is_naive(wall_ns):
    """Without a time zone it is that of the machine."""
    found = _core.moment(wall_ns, None)
    moment = EPOCH + dt.timedelta(microseconds=wall_ns // 1000)
    assert found == moment.astimezone().replace(tzinfo=None)

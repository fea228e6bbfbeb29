"""Format times and sizes with three digits and a unit.

>>> duration(0.0123456), duration(95.3), duration(4.2e-9), size(63963136)
('12.3 ms', '1.59 min', '4.20 ns', '61.0 MiB')
"""

from __future__ import annotations

TIMES = (
    *((3600.0, 'h'), (60.0, 'min'), (1.0, 's')),
    *((1e-3, 'ms'), (1e-6, 'µs'), (1e-9, 'ns')),
)
SIZES = ((2.0**40, 'TiB'), (2.0**30, 'GiB'), (2.0**20, 'MiB'), (2.0**10, 'KiB'), (1, 'B'))


# Clocks that count seconds. A clock whose name ends with _ns counts nanoseconds.
CLOCKS = ('perf_counter', 'monotonic', 'process_time', 'thread_time', 'time')


def scale_of(counter: str) -> float | None:
    """Return the seconds in one unit of a duration counter; None if unknown.

    >>> scale_of('perf_counter'), scale_of('time_ns'), scale_of('<lambda>')
    (1.0, 1e-09, None)
    """
    if counter.endswith('_ns'):
        return 1e-9
    return 1.0 if counter in CLOCKS else None


def duration(seconds: float) -> str:
    """Return a time in the largest unit in which it is at least 1."""
    return _in_units(seconds, TIMES) if seconds else '0 s'


def size(count: float) -> str:
    """Return a number of bytes in units of powers of 1024."""
    if abs(count) < 1024:
        return f'{count:.0f} B'
    return _in_units(count, SIZES)


def number(value: float) -> str:
    """Return a number without a unit: integers exactly, others with three digits.

    >>> number(1234567), number(0.00012345), number(1e21), number(0.0)
    ('1234567', '0.000123', '1.00e+21', '0')
    """
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    return f'{value:#.3g}'.rstrip('.')


def share(part: float) -> str:
    """Return a fraction in percent.

    >>> share(0.256), share(0.004), share(0.0001), share(12.0)
    ('26 %', '0.4 %', '<0.1 %', '1200 %')
    """
    percent = 100 * part
    if 0 < percent < 0.05:
        return '<0.1 %'
    return f'{percent:.1f} %' if 0 < percent < 0.95 else f'{percent:.0f} %'


def unit_of(
    value: float, units: tuple[tuple[float, str], ...] = TIMES
) -> tuple[float, str]:
    """Return scale and name of the largest unit in which a value is at least 1.

    >>> unit_of(0.0123), unit_of(0.9999)
    ((0.001, 'ms'), (1.0, 's'))
    """
    # Round before choosing the unit: 999.9 ms is 1.00 s.
    fitting = (pair for pair in units if float(f'{abs(value) / pair[0]:.3g}') >= 1)
    return next(fitting, units[-1])


def _in_units(value: float, units: tuple[tuple[float, str], ...]) -> str:
    scale, unit = unit_of(value, units)
    return f'{_three_digits(value / scale)} {unit}'


def _three_digits(value: float) -> str:
    if abs(value) >= 1000:
        return f'{value:.0f}'
    return f'{value:#.3g}'.rstrip('.')

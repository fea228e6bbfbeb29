"""Lines for the decoder in C: it reads what the module json reads, or reads nothing.

An input is lines of a result file. A line that begins with `@` stands for an earlier one
in which one value is replaced: number of the line in one byte, number of the value in one
byte, number of the new value (ODD) in one byte. The sample SOUND is before all lines, so
that the decoder knows some shapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from microbench import _core
from microbench.results import reading, shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

SOUND = (
    b'{"mb":{"run_id":"01f2","n":7},"call":{"t":[1.5e-06,[2]],"ok":true},"a.b":{}}',
    b'{"mb":{"run_id":"01f3","n":8},"call":{"t":[],"ok":null},"x":"text"}',
)
CHANGE = b'@'
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][-+.eE0-9]*|true|false|null|[][{}:,]')
ODD = (
    *(b'0', b'-0', b'-0.0', b'01', b'1.', b'.5', b'-', b'1e5', b'1E+5', b'1e', b'0x1'),
    *(b'9223372036854775807', b'-9223372036854775808', b'18446744073709551616'),
    *(b'999999999999999999', b'1000000000000000000', b'9007199254740993.0', b'1' * 650),
    *(b'1e400', b'-1e400', b'1e-400', b'5e-324', b'2.2250738585072011e-308', b'1e22'),
    *(b'0.' + b'0' * 10000 + b'1e10001', b'0.1e99999999999999999999', b'1e23'),
    *(b'0.1000000000000000055511151231257827', b'3.1415926535897932', b'NaN'),
    *(b'""', b'"a"', b'"\\u0000"', b'"\\ud83d\\ude00"', b'"\\ud83d"', b'"\\ude00\\ud83d"'),
    *(b'"\\ud83d\\u0041"', b'"\\u12"', b'"\\x"', b'"\\', b'"\\"', b'"\xc3\xa9"', b'"\x7f"'),
    *(b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82', b'"\xff"'),
    *(b'"\t"', b'"\0"', b'"' + b'k' * 1021 + b'"', b'"' + b'k' * 1023 + b'"'),
    *(b'"text\\n\xe2\x82\xac"', b'"01f2"', b'"a.b"', b'"mb"', b'"\\u006db"'),
    *(b'{}', b'[]', b'{"a":1}', b'{"a":1,"a":2}', b'[[],[[]],{"a":[]}]', b'[1,]', b'{,}'),
    *(b'[' * 97 + b']' * 97, b'[' * 120 + b']' * 120, b'{"a":' * 98 + b'1' + b'}' * 98),
    *(b' ', b'\r', b'', b'\0', b'nul', b'true', b'null', b'}', b']', b',', b':'),
)


def check(data: bytes) -> None:
    """Decode lines one by one, and all of them at once, each of them twice."""
    lines = _lines_of(data) * 2
    for flat in (False, True):
        expected = [_loaded(line, flat) for line in lines]
        decoder = _core.Decoder(flat)
        found = [decoder.decode(line) for line in lines]
        for line, some, loaded in zip(lines, found, expected, strict=True):
            assert some is None or repr(some) == repr(loaded), (line, some, loaded)
        ids = [id(value) for value in _containers(found)]
        assert len(set(ids)) == len(ids), found
        together = _core.Decoder(flat).decode(b'\n'.join(lines))
        if together is not None:
            assert None not in expected, lines
            records = [record for some in expected if some for record in some]
            assert repr(together) == repr(records), lines


def _loaded(line: bytes, flat: bool) -> list[dict[str, Any]] | None:
    """Return the record on a line, decoded in Python; None if the line is not one."""
    if not line.strip():
        return []
    record = reading.decode_line(line)
    if record is None:
        return None
    return [shapes.flattened(record) if flat else record]


def _containers(value: Any) -> Iterator[Any]:
    """Yield the dicts and lists in a value."""
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def _lines_of(data: bytes) -> list[bytes]:
    """Return the lines that an input stands for."""
    lines = list(SOUND)
    for line in data.split(b'\n'):
        changed = line.startswith(CHANGE) and len(line) >= 4
        lines.append(_changed(lines, *line[1:4]) if changed else line)
    return lines


def _changed(lines: list[bytes], number: int, place: int, odd: int) -> bytes:
    """Return a line with another value, or with another sign."""
    line = lines[number % len(lines)]
    tokens = list(TOKEN.finditer(line))
    if not tokens:
        return line
    begin, end = tokens[place % len(tokens)].span()
    return line[:begin] + ODD[odd % len(ODD)] + line[end:]

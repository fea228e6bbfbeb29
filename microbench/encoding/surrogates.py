"""Lone surrogates, replaced by the same readable text that native code writes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re


def with_readable_surrogates(json: bytes) -> bytes:
    r"""Return JSON in which text replaces escaped lone surrogates.

    They come from names and arguments that are not UTF-8 (PEP 383), and strict readers
    reject them (RFC 8259, 8.2).

    >>> with_readable_surrogates(rb'["caf\udce9.csv", "\ud83d\ude00", "\\udce9"]')
    b'["caf\\\\xe9.csv", "\\ud83d\\ude00", "\\\\udce9"]'
    """
    if b'\\ud' not in json and b'\\uD' not in json:
        return json
    import re  # start-up time

    high, low = rb'\\u[dD][89abAB][0-9a-fA-F]{2}', rb'\\u[dD][c-fC-F][0-9a-fA-F]{2}'
    pattern = rb'\\[^u]|%b%b|(%b|%b)' % (high, low, high, low)
    return re.sub(pattern, _readable, json)


def _readable(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    if escape is None:
        return found[0]
    point = int(escape.removeprefix(b'\\u'), base=16)
    return b'\\\\x%02x' % (point & 0xFF) if 0xDC80 <= point <= 0xDCFF else b'\\' + escape

"""The record of a call whose worker has died, or whose answer cannot be read.

It has the point, and the reason as its exception. What only the worker knew is missing:
host, process, phases and durations.
"""

from __future__ import annotations

from io import StringIO

from ..bench import MicroBenchBase
from ..encoding.json_text import encode
from ..json_library import loads
from ..outputs.file import FileOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def lost_record(name: str, fields: dict[str, Any], error: BaseException) -> str:
    """Return the record of a call that nothing is known of; empty if none is made.

    Args:
        name: `call.name`.
        fields: `sweep` of the record.
        error: why there is no other record.
    """
    memory = StringIO()
    bench = MicroBenchBase(outputs=[FileOutput(memory)])
    try:
        with bench.record(name, sweep={**fields, 'lost': True}):
            raise error
    except BaseException as raised:
        if raised is not error:
            raise
    text = memory.getvalue()
    if not text:
        return ''
    record = loads(text.encode('ascii'))
    record['call']['durations'] = []  # those of this block
    return encode(record).decode('ascii')

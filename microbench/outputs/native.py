"""What native code can write to, as a sink would: when a process dies."""

from __future__ import annotations

import io
import os

from .base import writer_of
from .file import FileOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def native_target(sink: Any) -> str | int | None:
    """Return what native code can write to as this sink would: a path or a descriptor.

    None for other sinks, subclasses with an output of their own, and files that are not
    what they seem to be (compressed ones).
    """
    if not issubclass(type(sink), FileOutput):
        return None
    if getattr(writer_of(sink), '__func__', None) is not FileOutput.write_record:
        return None
    if not sink._is_path:
        return _descriptor_of(sink.outfile)
    try:
        return os.path.abspath(os.fsdecode(sink._place()))
    except FileNotFoundError:
        return None  # it is relative to a directory that is gone


def _descriptor_of(file: Any) -> int | None:
    if type(file) is io.TextIOWrapper:
        if '{'.encode(file.encoding) != b'{':
            return None
        file = file.buffer
    if type(file) in (io.BufferedWriter, io.BufferedRandom):
        file = file.raw
    if type(file) is not io.FileIO or file.closed:
        return None
    return file.fileno()

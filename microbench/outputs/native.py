"""Find the path or descriptor to which native code can write when a process dies."""

from __future__ import annotations

import io
import os

from .base import writer_of
from .file import FileOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def native_targets(sinks: list[Any]) -> list[str | int]:
    """Return the path or descriptor of each sink that has one."""
    return [target for target in map(native_target, sinks) if target is not None]


def native_target(sink: Any) -> str | int | None:
    """Return the path or descriptor to which native code can write instead of this sink.

    None for other sinks, for subclasses that override writing, and for file objects that
    transform their data (compressed files).
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
        return None  # a relative path in a directory that was deleted


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

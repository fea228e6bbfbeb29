"""Make a bench with a sink for each destination, in the order file, HTTP, Redis.

Check the destinations before the run without sending anything: a file must be writable,
the name of a server must resolve. A problem is printed to standard error and does not
prevent the run.
"""

from __future__ import annotations

import os
import sys
import warnings

from ...bench import MicroBenchBase
from ...messages import print_stderr
from ...outputs.base import NullOutput, Output
from ...outputs.file import FileOutput
from ..args import selected_mixins
from ..streams import descriptor, is_terminal, write_all
from ..words import UsageError, key_and_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..args.parser import Settings
    from ..args.selected_mixins import Named

# These are open already. A second open would fail for a socket or for the terminal of
# another user, and it would have its own position in a file.
STREAMS = {'-': 'stdout', '/dev/stdout': 'stdout', '/dev/stderr': 'stderr'}
RESOLVE_TIMEOUT = 1.0  # seconds


def bench_for(settings: Settings, named: Named, *more: Output) -> MicroBenchBase:
    """Return a bench with these mixins, and with the sinks and fields of the settings.

    Args:
        settings: what is asked for.
        named: the mixins.
        *more: further sinks.

    Raises:
        UsageError: a sink cannot be made, or the mixins cannot be combined.
    """
    with warnings.catch_warnings():  # of a directory that is missing
        warnings.simplefilter('always')
        warnings.showwarning = print_warning
        cls, found = _class_with(named, settings), [*sinks(settings), *more]
        bench = cls(outputs=found, spool=settings.spool)
    own: dict[str, Any] = {'process': {'pid': os.getpid()}} if settings.has_defaults else {}
    bench.add_fields(**{**own, **settings.fields})
    return bench


def _class_with(named: Named, settings: Settings) -> type[MicroBenchBase]:
    # Fields are whole: the system limits what can be typed.
    names: dict[str, Any] = {'capture_optional': True, 'max_value': None}
    if settings.redact or settings.no_redact:
        names['redact'] = settings.redact  # None masks nothing
    names |= selected_mixins.attributes(named, settings.mixin_options, settings.command)
    try:
        return type('CommandBench', (*selected_mixins.bases(named), MicroBenchBase), names)
    except TypeError as error:
        raise UsageError(f'these mixins do not go together: {error}') from None


def sinks(settings: Settings) -> list[Output]:
    """Return the sinks for these settings; by default one for standard output.

    On a terminal an answer takes its place.

    Raises:
        UsageError: a sink cannot be made; the message says why.
    """
    try:
        found = list(_sinks(settings))
    except ValueError as error:
        raise UsageError(str(error)) from None
    if found:
        return found
    is_answered = settings.is_compared or answers_on(settings) is not None
    return [NullOutput() if is_answered else Stream('stdout')]


def answers_on(settings: Settings) -> str | None:
    """Return the name of the stream in `sys` that gets an answer; None without a terminal.

    It takes the place of the record on standard output. Beside a destination it goes to
    standard error, never into the output of the command.
    """
    if settings.quiet or settings.is_compared or settings.outfile in STREAMS:
        return None
    given = settings.outfile, settings.http_output, settings.redis_output
    name = 'stdout' if given == (None, None, None) else 'stderr'
    return name if is_terminal(getattr(sys, name)) else None


def _sinks(settings: Settings) -> Iterator[Output]:
    if settings.outfile is not None:
        stream = STREAMS.get(settings.outfile)
        yield FileOutput(settings.outfile) if stream is None else Stream(stream)
    if settings.http_output is not None:
        yield _http(settings)
    if settings.redis_output is not None:
        yield _redis(settings)


class Stream(Output):
    """Sink for standard output or standard error, looked up when the record is written."""

    def __init__(self, name: str) -> None:
        self.name = name  # in `sys`

    def __repr__(self) -> str:
        return {'stdout': 'standard output', 'stderr': 'standard error'}[self.name]

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Write the record as one line."""
        stream = getattr(sys, self.name)
        if stream is None:
            raise OSError('it is closed')
        is_original = stream is getattr(sys, f'__{self.name}__')
        number = descriptor(stream) if is_original else None
        if number is not None:
            stream.flush()
            write_all(number, record + b'\n')
        else:  # the program has replaced it
            stream.write(record.decode('ascii') + '\n')
            stream.flush()


def _http(settings: Settings) -> Output:
    from ...outputs.http import HttpOutput  # start-up time

    words = settings.http_output_header or ()
    given = [key_and_value('--http-output-header', word, 'KEY:VALUE') for word in words]
    headers = {key.strip(): value.strip() for key, value in given}
    url = settings.http_output or ''
    return HttpOutput(url, headers=headers, method=settings.http_output_method)


def _redis(settings: Settings) -> Output:
    from ...outputs.redis import RedisOutput  # start-up time

    connection: dict[str, Any] = {
        'host': settings.redis_host,
        'port': settings.redis_port,
        'db': settings.redis_db,
    }
    if settings.redis_password is not None:
        connection['password'] = settings.redis_password
    return RedisOutput(settings.redis_output or '', **connection)


# --- before the run -------------------------------------------------------------------


def look_ahead(settings: Settings) -> None:
    """Warn about unknown hosts before the command runs.

    The sinks of files check their files themselves.
    """
    for host in _hosts(settings):
        why = _resolve_error(host)
        if why is not None:
            print_stderr(
                f'microbench: the host {host!r} is not known now ({why}): if it is not by '
                'then, the record goes to standard error'
            )


def _hosts(settings: Settings) -> Iterator[str]:
    if settings.http_output is not None and not _uses_proxy():
        from urllib.parse import urlsplit

        yield urlsplit(settings.http_output).hostname or ''
    if settings.redis_output is not None:
        yield settings.redis_host


def _uses_proxy() -> bool:
    return any(name.lower().endswith('_proxy') for name in os.environ)


def _resolve_error(host: str) -> str | None:
    """Return why a host is unknown; None if it is known, or without a timely answer."""
    from ...threads import NativeThread  # start-up time

    found: list[str] = []
    # A name server may take a minute.
    thread = NativeThread(lambda: _resolve(host, found))
    try:
        thread.start()
    except RuntimeError:  # no thread available: the sink will report an unknown host
        return None
    thread.join(RESOLVE_TIMEOUT)
    return found[0] if found else None


def _resolve(host: str, errors: list[str]) -> None:
    import socket

    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        errors.append(error.strerror or str(error))
    except UnicodeError:
        errors.append('that is not the name of a host')


def print_warning(message: Warning | str, *_where: Any, **_more: Any) -> None:
    """Print a warning as a message of the command, without file and line."""
    print_stderr(f'microbench: {message}')

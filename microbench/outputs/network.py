"""What sinks behind a network share: sending later, and keeping what was not sent."""

from __future__ import annotations

import os

from ..messages import warn
from .base import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .background import Sender
    from .spool import Spool


class NetworkOutput(Output):
    """Base class of sinks behind a network: they define `_send` and `_describe`.

    Attributes:
        background: True if a thread sends the records.
        spool: absolute path of the directory for records that could not be sent, or None.
    """

    local = False
    background = False
    spool: str | None = None
    _most_in_batch = 1
    _sender: Sender | None = None
    _spool: Spool | None = None
    _on_background: Any = None  # set by a bench: called with the first record

    def _configure(self, background: Any, spool: Any) -> None:
        """Store checked options; begin without a thread."""
        if not isinstance(background, bool):
            raise TypeError(f'background has to be True or False, not {background!r}')
        self.background = background
        self.spool = spool_path(spool)
        self._connect_parts()

    def _connect_parts(self) -> None:
        self._sender = self._spool = None
        self._keep_in(self.spool)
        if self.background:
            from .background import Sender  # start-up time

            self._load()
            self._sender = Sender(self)

    def _keep_in(self, directory: str | None) -> None:
        """Keep what is not sent in this directory, unless another one was given."""
        if directory is not None and self._spool is None:
            from .spool import Spool  # start-up time

            self._spool = Spool(directory, self._describe)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out thread and queue: a copy, maybe in another process, has its own."""
        private = ('_sender', '_spool', '_on_background')
        return {k: v for k, v in self.__dict__.items() if k not in private}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._connect_parts()

    def _put(self, record: bytes, timeout: float | None) -> None:
        """Send a record now, or hand it to the thread."""
        if self._sender is None:
            self._send([record], timeout)
            return
        if self._on_background is not None:
            self._on_background, begin = None, self._on_background
            begin()
        self._sender.put(record, timeout)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until the records that wait for the thread are sent.

        Args:
            timeout: seconds to wait at most; None for five.

        Raises:
            TimeoutError: some still wait.
        """
        if self._sender is not None:
            self._sender.flush(timeout)

    def close(self) -> None:
        """Send what waits, for five seconds at most, and end the thread for now."""
        if self._sender is not None:
            self._sender.close()

    # --- for subclasses ---------------------------------------------------------------

    def _tell(self, text: str) -> None:
        """Warn: now, or with the next record if a thread sends them."""
        if self._sender is None:
            warn(text, RuntimeWarning)
        else:
            self._sender.news = text

    def _load(self) -> None:
        """Import what the thread needs: a fork during an import breaks the child.

        So does one during the first look-up of a codec, which getaddrinfo() needs: the
        thread holds a lock of the import system, which nothing releases in the child.
        """
        import codecs
        import hashlib  # noqa: F401 - for later

        from ..results.reading import decode_line  # start-up time

        codecs.lookup('idna')
        decode_line(b'{}')

    def _send(self, records: list[bytes], timeout: float | None) -> None:
        """Send records, and wait for the answer."""
        raise NotImplementedError

    def _retry_after(self, error: Exception) -> float | None:
        """Return the seconds to wait at least; None if it would fail again in any case."""
        return 0.0 if isinstance(error, OSError) else None

    def _describe(self) -> dict[str, Any]:
        """Return where records go, without secrets: see resend.py."""
        from .spool import description_of  # start-up time

        return description_of(self)()


def spool_path(spool: Any) -> str | None:
    """Return the absolute path of a spool; None if there is none.

    Raises:
        TypeError: it is not a path.
        ValueError: it is not a directory, or its parent does not exist.
    """
    if spool is None:
        return None
    try:
        path = os.path.abspath(os.fsdecode(spool))
    except TypeError:
        raise TypeError(f'spool has to be the path of a directory, not {spool!r}') from None
    if os.path.isdir(path):
        return path
    if os.path.exists(path) or not os.path.isdir(os.path.dirname(path)):
        raise ValueError(f'spool has to be a directory, or a new one in one, not {spool!r}')
    return path

"""Which futures are done: those of concurrent.futures say so, others are asked."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHORTEST, LONGEST = 0.005, 1.0  # seconds between two rounds of questions


class Waiting:
    """Futures, each with a key.

    Args:
        sleep: waits for some seconds, between two rounds of questions.
    """

    def __init__(self, sleep: Any = sleep) -> None:
        self._called: SimpleQueue[int] = SimpleQueue()
        self._asked: dict[int, Any] = {}
        self._sleep = sleep
        self._pause = SHORTEST

    def add(self, key: int, future: Any) -> None:
        """Wait for a future, too."""
        call_when_done = getattr(future, 'add_done_callback', None)
        if call_when_done is None:
            self._asked[key] = future
        else:
            call_when_done(lambda _future: self._called.put(key))

    def next(self, patience: float | None = None) -> int | None:
        """Return the key of a future that is done; wait for one.

        Args:
            patience: seconds after which None is returned.
        """
        if not self._asked:
            return self._told(patience)
        end = None if patience is None else monotonic() + patience
        while (key := self._found()) is None:
            if end is not None and monotonic() >= end:
                return None
            self._sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST)
        self._pause = SHORTEST
        return key

    def _found(self) -> int | None:
        for key, future in self._asked.items():
            if future.done():
                del self._asked[key]
                return key
        return self._told(0)

    def _told(self, patience: float | None) -> int | None:
        try:
            return self._called.get(timeout=patience)
        except Empty:
            return None

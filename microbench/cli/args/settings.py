"""The settings that the command line gives."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .options import Option


class Settings:
    """Settings from the command line, with the defaults as class attributes."""

    outfile: str | None = None  # `-`: standard output
    http_output: str | None = None
    http_output_header: list[str] | None = None  # as typed
    http_output_method: str = 'POST'
    redis_output: str | None = None
    redis_host: str = 'localhost'
    redis_port: int = 6379
    redis_db: int = 0
    redis_password: str | None = None

    mixin: list[str] | None = None  # as typed
    all: bool = False
    no_mixin: bool = False
    show_mixins: bool = False
    field: list[str] | None = None  # as typed
    redact: list[str] | None = None

    iterations: int = 1
    warmup: int = 0
    stdout: str | None = None  # or 'capture', 'suppress'
    stderr: str | None = None
    capture_limit: int | None = None  # bytes of each stream of an iteration
    timeout: float | None = None  # seconds
    timeout_grace_period: float = 5
    monitor_interval: float | None = None  # seconds
    monitor_scope: str = 'process'  # or 'tree'

    dry_run: bool = False
    quiet: bool = False

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = list(words)  # of the command line
        self.options: list[str] = []  # those before the command
        self.command: list[str] = []
        self.mixin_options: dict[Option, Any] = {}  # with the values given

    @property
    def fields(self) -> dict[str, Any]:
        """The fields given with `-f`, by name."""
        if not self.field:
            return {}
        from .fields import field  # start-up time

        return dict(map(field, self.field))

"""Protocols of the user's bench and of a run. For type checkers only."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Protocol

    from .config import Config
    from .times import tzinfo

    class Owner(Protocol):
        """A bench, as core and process see it: its hooks, and its Config.

        `Run` reads the Config, once for each record.
        """

        _bench_config: Config

        iterations: int | str
        warmup: int | str
        tz: tzinfo | None

        def pre_start_triggers(self, bm_data: dict[str, Any]) -> None:
            """Run all `capture_*` hooks."""

        def post_finish_triggers(self, bm_data: dict[str, Any]) -> None:
            """Run all `capturepost_*` hooks."""

        def pre_run_triggers(self, bm_data: dict[str, Any]) -> None:
            """Run before each timed iteration."""

        def post_run_triggers(self, bm_data: dict[str, Any]) -> None:
            """Run after each timed iteration."""

        def output_result(self, bm_data: dict[str, Any]) -> None:
            """Give a finished record to every sink."""

        def to_json(self, obj: Any) -> str:
            """Return `obj` as JSON."""

    class Monitored(Protocol):
        """A run, as its monitor sees it."""

        owner: Owner
        data: dict[str, Any] | None
        undo: list[Generator[None, None, None]]

        @property
        def patience(self) -> float | None:
            """Seconds that the end of the run may wait for its monitor; None for any."""

        def note(self, hook: str, error: str) -> None:
            """Add an error to `call.capture_errors`."""

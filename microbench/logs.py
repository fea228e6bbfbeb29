"""Loggers that print on standard error without configuration, and never twice."""

from __future__ import annotations

import logging
import sys
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Base = logging.StreamHandler[Any]
else:
    Base = logging.StreamHandler

FORM = '%(asctime)s - %(name)s - %(levelname)s - %(message)s'

_lock = allocate_lock()


def printing_logger(name: str) -> logging.Logger:
    """Return a logger that prints messages from INFO on; repeated calls add no handler.

    Messages propagate to the loggers above. If one of them prints on standard error, this
    logger does not print.
    """
    logger = logging.getLogger(name)
    with _lock:
        if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
            logger.addHandler(_StandardError())
            if logger.level == logging.NOTSET:
                logger.setLevel(logging.INFO)
    return logger


class _StandardError(Base):
    """Handler that looks up `sys.stderr` for each message."""

    def __init__(self) -> None:
        logging.Handler.__init__(self, logging.INFO)
        self.setFormatter(logging.Formatter(FORM))

    @property
    def stream(self) -> Any:
        return sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None and not _is_printed_above(record):
            super().emit(record)


def _is_printed_above(record: logging.LogRecord) -> bool:
    """Return True if a logger above prints the record on standard error."""
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None and logger.propagate:
        logger = logger.parent
        for handler in () if logger is None else logger.handlers:
            prints = getattr(handler, 'stream', None) is sys.stderr
            if prints and record.levelno >= handler.level:
                return True
    return False

"""Loggers that print to standard error by themselves, and never twice."""

from __future__ import annotations

import logging
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Base = logging.StreamHandler[Any]
else:
    Base = logging.StreamHandler

FORM = '%(asctime)s - %(name)s - %(levelname)s - %(message)s'

_lock = threading.Lock()


def printing_logger(name: str) -> logging.Logger:
    """Return a logger that prints from INFO on, however often it is asked for.

    Its records go to the loggers above as well; where one of them prints to standard
    error too, ours leaves that to it.
    """
    logger = logging.getLogger(name)
    with _lock:
        if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
            logger.addHandler(_StandardError())
            if logger.level == logging.NOTSET:
                logger.setLevel(logging.INFO)
    return logger


class _StandardError(Base):
    """Standard error as it is when something is logged."""

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
    """Whether a logger above the record's prints it to standard error."""
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None and logger.propagate:
        logger = logger.parent
        for handler in () if logger is None else logger.handlers:
            prints = getattr(handler, 'stream', None) is sys.stderr
            if prints and record.levelno >= handler.level:
                return True
    return False

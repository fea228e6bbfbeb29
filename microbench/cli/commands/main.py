"""`microbench compare -- A --- B`: say which of some commands is faster."""

from __future__ import annotations

from ..view.subcommand import answering
from ..words import UsageError

MISSING = 'comparing needs NumPy and SciPy: pip install numpy scipy'


def main(words: list[str]) -> int:
    """Compare commands; wrong use prints one sentence and returns 2."""
    return answering('compare', _compare)(words)


def _compare(words: list[str]) -> int:
    try:
        from .compared import compare  # start-up time
    except ImportError as error:
        if error.name and error.name.partition('.')[0] in ('numpy', 'scipy'):
            raise UsageError(MISSING) from None
        raise
    return compare(words)

"""The words of verdicts, which need no NumPy."""

from __future__ import annotations

FASTER, SLOWER, NO_DIFFERENCE = 'faster', 'slower', 'no difference'
INCONCLUSIVE = 'inconclusive'
MARGIN = 0.01  # a smaller difference does not matter

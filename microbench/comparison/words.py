"""Sentences of comparisons, which need no NumPy."""

from __future__ import annotations

STRETCHES = (
    'the speed changed for stretches about as long as the runs of a side together: '
    'let both sides take turns, or measure for longer'
)

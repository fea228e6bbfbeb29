"""Measure texts in columns of a terminal, and cut them to a width."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EMOJI_STYLE = '\ufe0f'  # variation selector 16 (UTS 51)
ELLIPSIS = '…'


def columns(text: str) -> int:
    r"""Return how many columns of a terminal a text takes.

    Wide characters (UAX 11) take two, and so does one that U+FE0F turns into an emoji.
    Marks that combine with the one before take none, nor do parts of a Hangul syllable.

    >>> columns('node'), columns('測定'), columns('e\u0301'), columns('\u2764\ufe0f')
    (4, 4, 1, 2)
    """
    if text.isascii():
        return len(text)
    return sum(taken for _, taken in _measured(text))


def _measured(text: str) -> Iterator[tuple[str, int]]:
    """Yield each character and the number of columns that it adds."""
    base = 0  # columns of the character that the next mark combines with
    for character in text:
        added = _columns_of(character)
        if character == EMOJI_STYLE and base == 1:
            added, base = 1, 2
        elif added:
            base = 0 if character == ' ' else added
        yield character, added


def _columns_of(character: str) -> int:
    import unicodedata

    if unicodedata.category(character) in ('Mn', 'Me') or _ends_syllable(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in 'WF' else 1


def _ends_syllable(character: str) -> bool:
    """Return whether a character is a vowel or a final consonant of a Hangul syllable."""
    return '\u1160' <= character <= '\u11ff' or '\ud7b0' <= character <= '\ud7fb'


def clipped(text: str, width: int) -> str:
    """Cut a text to a width; end it with an ellipsis if something was cut off.

    >>> clipped('node07.cluster', 8), clipped('測定測定', 6), clipped('short', 8)
    ('node07.…', '測定…', 'short')
    """
    if columns(text) <= width:
        return text
    kept, taken = '', 1
    for character, added in _measured(text):
        taken += added
        if taken > width:
            break
        kept += character
    return f'{kept}…'


def cut_middle(text: str, width: int) -> str:
    """Cut a text to a width; an ellipsis replaces its middle.

    >>> cut_middle('SimulationEngine.run', 9), cut_middle('測定測定測定', 7)
    ('Simu….run', '測…測定')
    """
    if columns(text) <= width:
        return text
    if width < 3:
        return clipped(text, width)
    left = clipped(text, width // 2 + 1).removesuffix(ELLIPSIS)
    right = _end_of(text, width - 1 - columns(left))
    return f'{left}{ELLIPSIS}{right}'


def _end_of(text: str, width: int) -> str:
    """Return as much of the end of a text as fits into a width."""
    taken, kept = 0, ''
    for character, added in reversed(list(_measured(text[-4 * width :]))):
        taken += added
        if taken > width:
            break
        kept = character + kept
    return kept


def shortened(texts: Sequence[str], width: int) -> list[str]:
    """Cut texts to a width, so that different ones stay different where that is possible.

    They are cut in the middle; if that makes some of them equal, what all of them begin
    and end with is left out first.

    >>> shortened(['node-0123.cluster.example.org', 'node-0124.cluster.example.org'], 9)
    ['…3…', '…4…']
    >>> shortened(['short', 'SimulationEngine.run'], 9)
    ['short', 'Simu….run']
    """
    distinct = list(dict.fromkeys(texts))
    if all(columns(text) <= width for text in distinct):
        return list(texts)
    plain = {text: cut_middle(text, width) for text in distinct}
    if len(set(plain.values())) < len(distinct):
        inner = _inner({text for text in distinct if columns(text) > width})
        other = {t: cut_middle(inner.get(t, t), width) for t in distinct}
        if len(set(other.values())) > len(set(plain.values())):
            plain = other
    return [plain[text] for text in texts]


def _inner(texts: set[str]) -> dict[str, str]:
    """Return what distinguishes each text, with ellipses for the common ends."""
    begin = _common(texts)
    rests = {text: text[begin:] for text in texts}
    end = _common({rest[::-1] for rest in rests.values()})
    return {
        text: ELLIPSIS * (begin > 0) + rest[: len(rest) - end] + ELLIPSIS * (end > 0)
        for text, rest in rests.items()
    }


def _common(texts: set[str]) -> int:
    """Return how many characters all texts begin with."""
    first, last = min(texts, default=''), max(texts, default='')
    pairs = zip(first, last, strict=False)
    shortest = min(len(first), len(last))
    return next((n for n, (a, b) in enumerate(pairs) if a != b), shortest)

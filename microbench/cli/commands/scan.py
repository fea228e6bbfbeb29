"""Make a command of each value of a scan: `-L name v1,v2` and `-P name FROM TO`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from itertools import product
from re import compile as pattern

from ..words import UsageError, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Values = dict[str, str]

MOST = 1000  # commands
FIELD = pattern(r'\{([A-Za-z_]\w*)\}')


class Scan:
    """A name and its values.

    Args:
        name: stands in braces in the commands.
        values: what takes its place, in order.
        is_number: the values are numbers in equal steps.
    """

    def __init__(self, name: str, values: Sequence[str], *, is_number: bool) -> None:
        if not FIELD.fullmatch(f'{{{name}}}'):
            raise UsageError(f'{quote(name)} is no name of letters, digits and _')
        if not values or not all(values):
            raise UsageError(f'the scan of {quote(name)} has an empty value')
        if len(set(values)) < len(values):
            raise UsageError(f'the scan of {quote(name)} has a value twice')
        self.name, self.values, self.is_number = name, list(values), is_number


def of_list(name: str, text: str) -> Scan:
    """Return the scan of a list, with commas between the values.

    >>> of_list('n', '1,2').values
    ['1', '2']
    """
    return Scan(name, text.split(','), is_number=False)


def of_range(name: str, first: str, last: str, step: str = '1') -> Scan:
    """Return the scan of numbers, both ends included.

    >>> of_range('n', '1', '2', '0.5').values
    ['1', '1.5', '2']

    Raises:
        UsageError: these are no numbers, or the range is empty or too long.
    """
    low, high, by = (_number(name, word) for word in (first, last, step))
    if by <= 0:
        raise UsageError(f'the step of {quote(name)} has to be above 0, not {step}')
    if high < low:
        raise UsageError(f'the scan of {quote(name)} is empty: {last} is below {first}')
    count = int((high - low) / by) + 1
    if count > MOST:
        raise UsageError(f'the scan of {quote(name)} has {count} values: at most {MOST}')
    values = [f'{low + by * place:f}' for place in range(count)]
    return Scan(name, [_short(value) for value in values], is_number=True)


def _number(name: str, word: str) -> Decimal:
    try:
        number = Decimal(word)
    except InvalidOperation:
        number = Decimal('nan')
    if not number.is_finite():
        raise UsageError(f'the scan of {quote(name)}: {quote(word)} is no number')
    return number


def _short(text: str) -> str:
    return text.rstrip('0').rstrip('.') if '.' in text else text


def combined(scans: Sequence[Scan]) -> Iterator[Values]:
    """Yield each combination of values, by name; without scans, one that is empty.

    Raises:
        UsageError: a name is there twice, or there are too many combinations.
    """
    names = [scan.name for scan in scans]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f'there are two scans of {quote(name)}')
    count = 1
    for scan in scans:
        count *= len(scan.values)
    if count > MOST:
        raise UsageError(f'the scans have {count} combinations: at most {MOST}')
    for values in product(*(scan.values for scan in scans)):
        yield dict(zip(names, values, strict=True))


def filled(word: str, values: Values) -> str:
    """Return a word with values in place of their names in braces.

    >>> filled('-j{n} {m} {}', {'n': '4'})
    '-j4 {m} {}'
    """
    return FIELD.sub(lambda found: values.get(found[1], found[0]), word)


def check_names(words: Sequence[str], scans: Sequence[Scan]) -> None:
    """Reject a name in braces without a scan, and a scan that no word has.

    Without scans, braces are a matter of the commands.

    Raises:
        UsageError: a name is wrong.
    """
    if not scans:
        return
    used = {name for word in words for name in FIELD.findall(word)}
    known = [scan.name for scan in scans]
    for name in sorted(used - set(known)):
        raise UsageError(f'{{{name}}} has no scan: there is {", ".join(known)}')
    for name in known:
        if name not in used:
            raise UsageError(f'no command has {{{name}}}, so its scan changes nothing')

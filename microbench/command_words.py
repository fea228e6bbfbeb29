"""Mask credentials in the words of a command: values of options such as --password.

docs/configuration.md, section Masking, has the rules. The words themselves are masked like
any text; see `credentials`.
"""

from __future__ import annotations

import re

from ._core import MASK
from .credentials import ENDINGS, NO_VALUES, VOCABULARY, masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

OWN_OPTIONS = ('--redis-password', '--http-output-header')
OPTION = re.compile(rf'(?:--(?!no-)[\w.-]{{0,40}}?|-)(?:{ENDINGS}|token)', re.IGNORECASE)
# Names that mean other things as well (`--low-pass 40`, `pass=2`, `token=words`), so that
# the value decides: a short number, and how openssl names a file, is no password.
PASS_OPTION = re.compile(r'--?(?:[\w-]{0,40}[-_])?pass(?:in|out)?', re.IGNORECASE)
PASS_NAME = re.compile(r'(?:--?)?(?:[\w.-]{0,40}[_.-])?pass', re.IGNORECASE)
PASSES = re.compile(
    r'.*(?:low|high|band|all|one|two|multi|single|first|second|last)[_.-]pass',
    re.IGNORECASE,
)
NO_PASSWORD = re.compile(r'[0-9]{1,4}(?:[.][0-9]+)?[A-Za-z]{0,3}|(?:file|env|fd):.*|stdin')
TOKEN_NAME = re.compile(r'(?:[\w.-]{0,40}[_.-])?token', re.IGNORECASE)
LIKE_TOKEN = re.compile(r'(?=\D*[0-9])\S{8,}|\S{20,}')
# A word of a command line: quotes may hold white space.
WORD = re.compile(r'(?:"[^"]*"|\'[^\']*\'|[^\s"\'])+|["\']')
PLAIN_WORD = re.compile(r'\S+')
# Options with a credential, after which its value follows in the same word or, where that
# may be, in the next; and what stands between a user and the credential. Before the letter
# of a short one, others without a value may stand.
LOGIN = (re.compile(r'-p'), '', True)
SHORT = {
    'curl': (
        re.compile(r'-[0-9aBfgGiIjJklLMnNOpqRsSvVZ#]*[uU]|--(?:proxy-)?user(?:=(?=.)|\Z)'),
        *(':', True),
    ),
    'sshpass': (re.compile(r'-v*p'), '', True),
    'redis-cli': (re.compile(r'-a'), '', True),
    # There the next word is a database.
    **dict.fromkeys(
        ('mysql', 'mysqldump', 'mysqladmin', 'mariadb'),
        (re.compile(r'-[ABCEGHILNUVXbfnqrstvw]*p'), '', False),
    ),
}
# Programs whose -p is a password after `login`, and a port elsewhere.
REGISTRIES = frozenset({'docker', 'podman', 'nerdctl', 'buildah', 'skopeo', 'helm', 'oras'})


def masked_words(words: list[Any]) -> Iterator[tuple[int, str]]:
    """Yield place and replacement of the words of a command that hold credentials.

    >>> dict(masked_words(['psql', '--password', 'x', '--host=h', '--token=y']))
    {2: '***', 4: '--token=***'}
    """
    return _masked_words(words, WORD)


def _masked_words(words: list[Any], inside: re.Pattern[str] | None) -> Iterator[Any]:
    """Yield place and replacement; `inside` is what words of a word look like, if any."""
    before, rules = None, _rules_for(words)
    for place, word in enumerate(words):
        if isinstance(word, str):
            found = _masked_option(word, before, rules)
            if found == word:
                is_line = inside is not None and ' ' in word
                found = _masked_line(word, inside) if is_line else masked(word)
            if found != word:
                yield place, found
        before = word


def _rules_for(words: list[Any]) -> list[Any]:
    """Return the rules for short options of the programs that the words name."""
    texts = [word for word in words if isinstance(word, str)]
    names = {text.strip('"\'').rpartition('/')[2] for text in texts}
    rules = [rule for name, rule in SHORT.items() if name in names]
    if 'login' in names and 'run' not in names and names & REGISTRIES:
        rules.append(LOGIN)
    return rules


def _masked_line(line: str, words: re.Pattern[str] | None) -> str:
    """Return a command line, as `sh -c` takes it, with its credentials masked."""
    line = masked(line)
    assert words is not None
    found = list(words.finditer(line))
    inside = PLAIN_WORD if words is WORD else None
    texts = [word.group() for word in found]
    parts, end = [], 0
    for place, replacement in _masked_words(texts, inside):
        parts += [line[end : found[place].start()], replacement]
        end = found[place].end()
    return ''.join([*parts, line[end:]])


def _masked_option(word: str, before: Any, rules: list[Any]) -> str:
    """Return a word with its value masked if it is an option, or follows one."""
    if word == MASK:
        return word
    if before in OWN_OPTIONS or (_is_secret(before) and not word.startswith('-')):
        return MASK
    if _is_password(before, word):
        return MASK
    name, _, value = word.partition('=')
    if value and (name in OWN_OPTIONS or _is_secret(name) or _is_assigned(name, value)):
        return f'{name}={MASK}'
    for option, sign, apart in rules:
        is_next = apart and isinstance(before, str) and option.fullmatch(before)
        begin = 0 if is_next else _begin_of_value(word, option)
        begin = word.find(sign, begin) + len(sign) if begin >= 0 else -1
        if begin >= len(sign) and word[begin:]:
            return word[:begin] + MASK
    return word


def _is_secret(option: Any) -> bool:
    """Return True if an option is named like a secret."""
    if not isinstance(option, str) or not option.startswith('-'):
        return False
    return OPTION.fullmatch(option) is not None and not VOCABULARY.match(option)


def _is_password(before: Any, word: str) -> bool:
    """Return True for the word after `--pass`, unless it is something else."""
    if not isinstance(before, str) or word.startswith('-') or PASSES.match(before):
        return False
    return PASS_OPTION.fullmatch(before) is not None and not NO_PASSWORD.fullmatch(word)


def _is_assigned(name: str, value: str) -> bool:
    """Return True for `DB_PASS=...` and `token=...`, unless the value is something else."""
    if value in NO_VALUES:
        return False
    if PASS_NAME.fullmatch(name) and not PASSES.match(name):
        return not NO_PASSWORD.fullmatch(value)
    if TOKEN_NAME.fullmatch(name) and not VOCABULARY.match(name):
        return LIKE_TOKEN.match(value) is not None
    return False


def _begin_of_value(word: str, option: re.Pattern[str]) -> int:
    """Return where the value of `-uVALUE` or `--user=VALUE` begins; -1 if it is neither."""
    found = option.match(word)
    return found.end() if found and found.end() < len(word) else -1

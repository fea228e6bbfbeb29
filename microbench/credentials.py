"""Mask credentials in text: in URLs, connection strings and headers.

docs/configuration.md, section Masking, has the rules. All of them take linear time, since
a record may hold megabytes of output of a program.
"""

from __future__ import annotations

import re
import sys

from ._core import MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A text in which an expression below finds something contains one of these, in lower case.
NAMES = ('pass', 'pwd', 'pw=', 'secret', 'key', 'token', 'jwt', 'sig', 'shared')
HEADERS = ('authorization', 'cookie', 'api-key', '-token')


def masked(text: str) -> str:
    """Return a text with the credentials in it masked.

    >>> masked('postgresql://me:p@ss/word@db.example.org/x')
    'postgresql://me:***@db.example.org/x'
    >>> masked('git@github.com:me/it.git and https://example.org/@me')
    'git@github.com:me/it.git and https://example.org/@me'
    """
    if '://' in text and '@' in text:
        text = _replaced(text, _in_urls(text))
    return _without_names(text) if '=' in text or ':' in text else text


def _without_names(text: str) -> str:
    """Mask the values of assignments and headers with such names."""
    lowered = text.lower()
    if '=' in text and any([name in lowered for name in NAMES]):  # noqa: C419 - faster
        text = QUERY.sub(rf'\1{MASK}', text)
        text = _replaced(text, _in_assignments(text))
    if any([name in lowered for name in HEADERS]):  # noqa: C419 - faster than lazily
        text = _replaced(text, _in_headers(text))
    return text


def _replaced(text: str, places: Iterator[tuple[int, int]]) -> str:
    """Return a text with the mask at these places, which are in order."""
    parts, end = [], 0
    for begin, stop in places:
        parts += [text[end:begin], MASK]
        end = stop
    return ''.join([*parts, text[end:]]) if parts else text


# --- URLs ------------------------------------------------------------------------------

SCHEME = re.compile(r'[A-Za-z][A-Za-z0-9+.-]{0,30}\Z')
WORD_END = re.compile(r'\s')
NOT_QUOTED = (sys.maxsize, -1)
CLOSING = {'"': '"', "'": "'", '`': '`', '<': '>'}
USER = re.compile(r'[^\s/?#:@"\'<>`\[\]]*')
HOST = re.compile(r'[^\s/?#:]*')
AUTHORITY_END = re.compile(r'[/?#]')
NUMBER = re.compile(r'[0-9]{0,5}(?![^/?#])')
PORT = re.compile(r'[0-9]{1,5}(?=[/?#])')
# Where a user without a password is a token: NATS has it so, GitHub and GitLab too.
WEB = re.compile(r'(?:.*\+)?(?:https?|wss?|nats)\Z', re.IGNORECASE)
REPOSITORY = re.compile(r'(?:git|hg|svn|bzr)\+', re.IGNORECASE)
# In the URL of a package, @ and a revision may follow the path.
UP_TO_REVISION = re.compile(r'@(?:[\w-]+\.)+[\w-]+(?::[0-9]+)?/[\w.~/+%-]*\Z')
DIGESTS = ('sha256:', 'sha512:')
CONVENTIONAL = frozenset({'git', 'hg', 'svn', 'bzr', MASK, ''})
PLACEHOLDER = 'x-oauth-basic'  # at GitHub, after a token
TOKEN = re.compile(r'gh[opsur]_|github_pat_|gl[a-z]+-|sk_|rk_')


def _in_urls(text: str) -> Iterator[tuple[int, int]]:
    """Yield where passwords and tokens stand: up to the last @ of the word."""
    word = _Word(text)
    place = text.find('://')
    while place >= 0:
        last = word.last_at(place)
        found = None if last < 0 else _secret_in_url(text, place, word.less_digest(last))
        if found is not None:
            yield found
            place = found[1]
        else:
            place = word.end if last < 0 else place + 3
        place = text.find('://', place)


class _Word:
    """The word around a place of a text; each is looked through once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = 0  # of the word, or of what is quoted in it
        self._plain = (0, -1)  # end, and the last @ before it
        self._closing: dict[str, tuple[int, int]] = {}  # likewise, found so far
        self._less_digest: dict[int, int] = {}  # from @ to the @ before

    def last_at(self, place: int) -> int:
        """Return the last @ of the word around `://`; -1 if none comes after it."""
        if place >= self._plain[0]:
            self._plain = self._before(place, _until(WORD_END, self.text, place))
        self.end, last = self._plain
        quoted = self._in_quotes(place)
        if quoted[0] <= self.end and not self._goes_on(place, *quoted):
            self.end, last = quoted
        return last if last > place else -1

    def less_digest(self, last: int) -> int:
        """Return the @ before that of a digest, as in scheme://name:tag@sha256:..."""
        if not self.text.startswith(DIGESTS, last + 1):
            return last
        if last not in self._less_digest:
            self._less_digest[last] = self.text.rfind('@', 0, last)
        return self._less_digest[last]

    def _in_quotes(self, place: int) -> tuple[int, int]:
        """Return the end of a URL in quotes, and its last @."""
        begin = place - len(_scheme(self.text, place)) - 1
        sign = CLOSING.get(self.text[begin]) if begin >= 0 else None
        if sign is None:
            return NOT_QUOTED
        if self._closing.get(sign, (0, -1))[0] <= place:
            found = self.text.find(sign, place)
            is_escaped = self.text[begin - 1 : begin] == '\\'  # as in JSON within JSON
            while found > 0 and self.text[found - 1] == '\\' and not is_escaped:
                found = self.text.find(sign, found + 1)
            self._closing[sign] = NOT_QUOTED if found < 0 else self._before(place, found)
        return self._closing[sign]

    def _goes_on(self, place: int, closing: int, last: int) -> bool:
        """Return True if a password holds the sign that seems to close the quotes."""
        if last > place:
            return False
        colon = USER.match(self.text, place + 3, closing).end()  # type: ignore[union-attr]
        return self.text[colon] == ':' and not NUMBER.match(self.text, colon + 1, closing)

    def _before(self, place: int, end: int) -> tuple[int, int]:
        return end, self.text.rfind('@', place, end)


def _scheme(text: str, place: int) -> str:
    found = SCHEME.search(text, max(place - 31, 0), place)
    return found.group() if found else ''


def _secret_in_url(text: str, place: int, last: int) -> tuple[int, int] | None:
    """Return where the secret of a URL stands, if it has one before its last @."""
    begin, scheme = place + 3, _scheme(text, place)
    if last < begin:
        return None
    colon = USER.match(text, begin, last).end()  # type: ignore[union-attr]
    is_web = WEB.match(scheme) is not None
    if REPOSITORY.match(scheme):
        last = _before_revision(text, begin, last)
    if text[colon] != '@':
        return _password(text, (begin, colon, last), is_web, may_be_port=is_web)
    if text[begin:colon] in CONVENTIONAL:
        return None
    if is_web:
        return begin, last
    colon = HOST.match(text, colon, last).end()  # type: ignore[union-attr]
    return _password(text, (begin, colon, last), is_web, may_be_port=True)


def _password(
    text: str, places: tuple[int, int, int], is_web: bool, may_be_port: bool
) -> tuple[int, int] | None:
    """Return where the password, or a token in its place, stands in `user:password@`."""
    begin, colon, last = places
    if text[colon] != ':' or (may_be_port and PORT.match(text, colon + 1, last)):
        return None
    if last == colon + 4 and text.startswith(MASK, colon + 1):
        return None
    has_user = colon > begin
    if is_web and has_user and (last == colon + 1 or _is_token(text, begin, colon, last)):
        return begin, last
    return (colon + 1, last) if last > colon + 1 else None


def _is_token(text: str, begin: int, colon: int, last: int) -> bool:
    """Return True if the token stands before the colon, and no password after it."""
    if TOKEN.match(text, begin, colon):
        return True
    return last - colon < 20 and text[colon + 1 : last] == PLACEHOLDER


def _before_revision(text: str, begin: int, last: int) -> int:
    """Return the @ before the host of a repository; the last one where that is not sure."""
    end = AUTHORITY_END.search(text, begin, last)
    first = text.rfind('@', begin, end.start()) if end else -1
    if first >= 0 and UP_TO_REVISION.match(text, first, last):
        return first
    return last


# --- names and values ------------------------------------------------------------------

# What a name ends with, in any case.
ENDINGS = (
    r'pass(?:word|wd|phrase)|secret(?:[-_]?key)?'
    r'|(?:api|access|account|subscription|shared[-_]?access)[-_]?key'
    r'|shared[-_]?access[-_]?signature'
    r'|(?:access|api|auth|bearer|id|oauth|personal|private|refresh|security|session)'
    r'[-_]?token'
)
QUERY = re.compile(
    rf'([?&#][\w.%-]{{0,40}}?(?:{ENDINGS}|(?<=[?&#])(?:token|jwt|pass|pwd|pw|sig)|signature|key(?==AIza))'
    r'=)[^&#\s"\'<>]+',
    re.IGNORECASE,
)
ASSIGNMENT = re.compile(
    r'(?P<item>\A|;)\s{0,9}(?:password|pwd)\s{0,9}=\s{0,9}'  # of a list with semicolons
    rf'|(?:{ENDINGS}|(?<![\w-])(?-i:[A-Z0-9_]*(?:TOKEN|JWT)|PGPASSWORD))=',
    re.IGNORECASE,
)
# Of a vocabulary, as programs of machine learning name them.
VOCABULARY = re.compile(
    r'.*(?:pad|eos|bos|unk|mask|sep|cls|stop|end|start|special|image|placeholder|new)'
    r'[-_]token\Z',
    re.IGNORECASE,
)
LINE_END = re.compile(r'[\r\n]')
VALUE_END = re.compile(r'[\s;]')
ITEM_END = re.compile(r'[;\r\n]')
NO_VALUES = frozenset(['', 'None', 'True', 'False', 'null', 'true', 'false'])


def _in_assignments(text: str) -> Iterator[tuple[int, int]]:
    """Yield where values of names such as `password` stand, as in `password=x`."""
    is_list = ';' in text
    end = 0
    for found in ASSIGNMENT.finditer(text):
        begin = found.end()
        in_list = is_list and found['item'] is not None
        if begin < end or not _is_name(found.group(), in_list):
            continue
        end = _end_of_value(text, begin, ITEM_END if in_list else VALUE_END)
        if end > begin and not _is_no_value(text, begin, end):
            yield begin, end


def _is_name(name: str, in_list: bool) -> bool:
    """Return True if a name is that of a secret; PWD is one only in lists with `;`."""
    return in_list or not ('pwd' in name.lower() or VOCABULARY.match(name[:-1]))


def _is_no_value(text: str, begin: int, end: int) -> bool:
    """Return True if there is nothing to be masked, or nothing any more."""
    if text.startswith(MASK, begin) and text[begin + 3 : begin + 4] in '&#,)"\' \n;':
        return True
    return end - begin < 10 and text[begin:end].strip('"\'),') in NO_VALUES


def _end_of_value(text: str, begin: int, sign: re.Pattern[str]) -> int:
    """Return where a value ends: at its quote, or at this sign."""
    quote = text[begin : begin + 1]
    if quote and quote in '"\'':
        end = begin
        while (end := text.find(quote, end + 1)) >= 0:
            if not _is_escaped(text, begin, end):
                return end + 1
        sign = LINE_END
    return _until(sign, text, begin)


def _until(sign: re.Pattern[str], text: str, begin: int) -> int:
    found = sign.search(text, begin)
    return found.start() if found else len(text)


def _is_escaped(text: str, begin: int, place: int) -> bool:
    count = 0
    while place - count - 1 > begin and text[place - count - 1] == '\\':
        count += 1
    return count % 2 == 1


# --- headers ---------------------------------------------------------------------------

HEADER = re.compile(
    r'(?P<quote>["\']?)(?:\b|(?<=-H))(?:(?:proxy-)?authorization|(?:set-)?cookie|[\w-]{0,30}api-key'
    r'|(?:private|job|deploy|x-[\w-]{1,30})-token)["\']?(?P<sign>\s?[:=]\s?)["\']?',
    re.IGNORECASE,
)
KIND = re.compile(r'(?:basic|bearer|token|digest|negotiate|api-?key)[ \t]+', re.IGNORECASE)
QUOTED_END = {sign: re.compile(rf'[\r\n{sign}]') for sign in '"\''}
LONG = re.compile(r'\S{16,}')


def _in_headers(text: str) -> Iterator[tuple[int, int]]:
    """Yield where values of headers such as `Authorization` stand."""
    end = 0
    for found in HEADER.finditer(text):
        begin = found.end()
        if begin < end:
            continue
        kind = KIND.match(text, begin)
        if kind:
            begin = kind.end()
        end = _end_of_header(text, begin, found, known=bool(kind))
        if end > begin and text[begin:end].strip('"\'') != MASK:
            yield begin, end


def _end_of_header(text: str, begin: int, header: re.Match[str], known: bool) -> int:
    """Return where the value ends; at its beginning where it is none, but a sentence."""
    last = text[header.end() - 1]
    quote = last if last in QUOTED_END else header['quote']
    if quote:
        return _until(QUOTED_END[quote], text, begin)
    if header.start() == 0 and ':' in header['sign']:
        return _until(LINE_END, text, begin)
    is_secret = known or LONG.match(text, begin)
    return _until(WORD_END, text, begin) if is_secret else begin

"""Reject words that make a comment, a docstring, a page or a message hard to follow.

    python tools/prose.py            # the whole tree
    python tools/prose.py PATH ...   # some files or folders

Only prose is read: comments, docstrings, strings that contain a blank, and the text of
Markdown outside code. Identifiers may contain any word.

Prints `FILE:LINE: WORD: why, and what to write instead` and exits with status 1.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]

# Pattern, and why it is here with what to write instead.
WORDS = {
    r'told': 'hides who does what: write print, warn, raise, return or store',
    r'tells? of|telling of': 'is not idiomatic: write name, report, show or warn about',
    r'nobody': 'makes an abstract subject: name the reader or process, or write "no one"',
    r'whoever': 'makes an abstract subject: name the caller, reader or process',
    r'somebody': 'makes an abstract subject: name the caller, user or process',
    r'mended': 'is not the word of the field: write fixed or repaired',
    r'ours': 'needs a second reading: name the owner, such as "owned by microbench"',
    r'belongs? into': 'is not English: write belongs in, or say what must not happen',
    r'what is no \w+': 'is not idiomatic: write "anything that is not a ..."',
}
PATTERN = re.compile(
    '|'.join(rf'(\b(?:{word})\b)' for word in WORDS).replace(' ', r'\s+'), re.IGNORECASE
)

ITSELF = {'prose.py', 'test_prose.py'}
SKIPPED = {'build', 'dist', 'env', 'corpus', '__pycache__'}

HASH_COMMENT = re.compile(r'(?:^|(?<=\s))#.*')
C_LITERAL = r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
C_TOKEN = re.compile(C_LITERAL, re.DOTALL)
MARKDOWN_CODE = re.compile(
    r'^ *(?P<fence>```+|~~~+).*?^ *(?P=fence)|(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)',
    re.DOTALL | re.MULTILINE,
)
COMMENT_SIGNS = re.compile(r'^[ \t]*(?:#+|//+|/?\*+/?)', re.MULTILINE)


def sources(paths: list[Path]) -> Iterator[Path]:
    """Yield the files below some paths that people read."""
    for path in paths:
        if path.is_file():
            yield path
            continue
        for found in sorted(path.rglob('*')):
            parts = found.relative_to(path).parts
            hidden = any(p in SKIPPED or p.startswith('.v') for p in parts)
            if found.suffix in READERS and not hidden and found.is_file():
                yield found


def of_python(text: str) -> str:
    """Return comments, docstrings and messages of Python or Cython, on their lines.

    >>> of_python('told("told", "I told")  # it is told')
    '"I told"# it is told'
    """
    lines = [''] * (text.count('\n') + 1)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or ' ' in token.string:
            for number, line in enumerate(token.string.split('\n'), token.start[0] - 1):
                lines[number] += line
    return '\n'.join(lines)


def of_c(text: str) -> str:
    """Return comments and messages of C, on their lines.

    >>> of_c('told("told", "I told"); /* is told */')
    '"I told"/* is told */'
    """
    prose, end = '', 0
    for found in C_TOKEN.finditer(text):
        token = found[0] if ' ' in found[0] else '\n' * found[0].count('\n')
        prose += '\n' * text.count('\n', end, found.start()) + token
        end = found.end()
    return prose + '\n' * text.count('\n', end)


def of_markdown(text: str) -> str:
    """Return Markdown without its code.

    >>> of_markdown('Call `told()` twice.')
    'Call  twice.'
    """
    return MARKDOWN_CODE.sub(lambda found: '\n' * found[0].count('\n'), text)


def of_settings(text: str) -> str:
    """Return the comments of a shell script, of YAML or TOML, each on its own line."""
    comments = map(HASH_COMMENT.search, text.split('\n'))
    return '\n'.join(found[0] if found else '' for found in comments)


READERS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(('.py', '.pyi', '.pyx', '.pxd', '.pxi'), of_python),
    **dict.fromkeys(('.c', '.h'), of_c),
    **dict.fromkeys(('.sh', '.toml', '.yml'), of_settings),
    '.md': of_markdown,
}


def complaints(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line, word and reason of each listed word in the prose of a file."""
    reasons = list(WORDS.values())
    prose = READERS.get(path.suffix, str)(path.read_text('utf-8'))
    prose = COMMENT_SIGNS.sub('', prose)
    for found in PATTERN.finditer(prose):
        line = prose.count('\n', 0, found.start()) + 1
        yield line, ' '.join(found[0].split()), reasons[(found.lastindex or 1) - 1]


def main(words: list[str]) -> int:
    """Check the paths, or the whole tree without any; return the exit status."""
    paths = [Path(word).resolve() for word in words] or tracked()
    found = [
        f'{path.relative_to(ROOT)}:{line}: {word!r} {why}'
        for path in sources(paths)
        if path.name not in ITSELF
        for line, word, why in complaints(path)
    ]
    print(*found, sep='\n', end='\n' * bool(found))
    return bool(found)


def tracked() -> list[Path]:
    """Return what lies in the tree, without environments, caches and what was built."""
    return [
        path
        for path in sorted(ROOT.iterdir())
        if not path.name.startswith('.') and path.name not in SKIPPED
    ]


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

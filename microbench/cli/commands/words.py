"""Divide the words of `microbench compare -- A --- B` into options and commands."""

from __future__ import annotations

from ..words import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence

BETWEEN = '---'
# Options that `compare` of files lacks. `-L` and `-P` may have their value joined.
SCANS = ('-L', '-P')
OWN = ('--prepare', '--setup', '--cleanup', '--name', '--step')


def names_commands(words: Sequence[str]) -> bool:
    """Return whether the words after `compare` are about commands, not about files.

    >>> names_commands(['--', 'a', '---', 'b']), names_commands(['--', 'a.jsonl', 'b'])
    (True, False)
    >>> names_commands(['-Ln', '1,2', '--', 'a', '{n}']), names_commands(['a', '-b', 'c'])
    (True, False)
    >>> names_commands(['--', '--help'])
    True
    """
    end = words.index('--') if '--' in words else len(words)
    if BETWEEN in words or _asks_for_help(words[end:]):
        return True
    heads = [word.partition('=')[0] for word in words[:end]]
    return any(head.startswith(SCANS) or head in OWN for head in heads)


def divided(words: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return the options, and the words of each command.

    >>> divided(['-w', '1', '--', 'a', 'b', '---', 'c'])
    (['-w', '1'], [['a', 'b'], ['c']])

    Raises:
        UsageError: there is no `--`, or no command on one side of `---`.
    """
    if '--' not in words:
        raise UsageError('no commands: type them after --, with --- between them')
    place = words.index('--')
    if _asks_for_help(words[place:]):
        return ['--help'], []
    if BETWEEN in words[:place]:
        raise UsageError('--- stands between two commands, after --')
    commands: list[list[str]] = [[]]
    for word in words[place + 1 :]:
        if word == BETWEEN:
            commands.append([])
        else:
            commands[-1].append(word)
    for number, command in enumerate(commands, 1):
        if not any(command[:1]):
            raise UsageError(_missing(number, len(commands)))
    return list(words[:place]), commands


def _asks_for_help(words: Sequence[str]) -> bool:
    return list(words) in (['--', '--help'], ['--', '-h'])


def misplaced(commands: Sequence[Sequence[str]], known: Container[str]) -> list[str]:
    """Return options of `compare` that may stand behind the commands by mistake.

    That is what only the last command has: options of programs are usually those of all.

    Args:
        commands: the words of each command.
        known: options of `compare`.

    >>> misplaced([['a', '--json'], ['b', '--json', '--margin=2']], ['--json', '--margin'])
    ['--margin']
    """
    *others, last = [[word.partition('=')[0] for word in words[1:]] for words in commands]
    found = [word for word in last if word.startswith('-') and word in known]
    return [word for word in found if not any(word in words for words in others)]


def _missing(number: int, count: int) -> str:
    if count == 1:
        return 'no command after --'
    return f'no command {"before" if number == 1 else "after"} ---: it stands between two'

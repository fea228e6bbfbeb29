"""Find the subcommand or the option that a mistyped word may mean."""

from __future__ import annotations

from ..spelling import any_of, near

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# What similar tools call it.
SUBCOMMANDS = {
    'follow': 'tail',
    'help': '--help',
    'list': 'show',
    'report': 'show',
    'view': 'show',
}
OPTIONS = {
    '--max-runs': '--iterations',
    '--output': '--outfile',
    '--repeat': '--iterations',
    '--runs': '--iterations',
    '--silent': '--quiet',
    '--tag': '--field',
}
UNRECOGNIZED = 'unrecognized arguments: '  # as argparse says it


def subcommand_meant(word: str, subcommands: Iterable[str]) -> str | None:
    """Return the subcommand that a first word may mean; None if the word is a program."""
    found = near(word, subcommands)
    meant = found[0] if found else SUBCOMMANDS.get(word)
    if meant is None:
        return None
    from shutil import which  # start-up time

    return None if which(word) else meant


def option_meant(flag: str, known: Collection[str]) -> str:
    """Return the options that a long flag may mean, as text; nothing if none is near."""
    if not flag.startswith('--'):
        return ''
    other = OPTIONS.get(flag)
    found = near(flag, known)
    if not found and other is not None and other in known:
        found = [other]
    return any_of(found) if found else ''


def hint_for_options(message: str, known: Collection[str]) -> str:
    """Return a hint for the unknown options that a message of argparse names."""
    if not message.startswith(UNRECOGNIZED):
        return ''
    words = message.removeprefix(UNRECOGNIZED).split()
    meant = [option_meant(word.partition('=')[0], known) for word in words]
    found = ' and '.join(filter(None, meant))
    return f'; did you mean {found}?' if found else ''

"""List what can be typed: the options and words of the command and of each subcommand.

The options of the command are data already (args/options.py, and `cli_args` of mixins);
those of a subcommand are in its parser.
"""

from __future__ import annotations

import argparse
from importlib import import_module

from ..args import selected_mixins
from ..args.checks import SCOPES
from ..args.options import GROUPS, MANY
from ..commands import options
from .words import parser as completion_parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..args.options import Option
    from ..args.selected_mixins import Named

PROGRAM = 'microbench'
FILES = ('FILE', 'PATH')  # names of values that are files
FOLDERS = ('DIR',)
COUNTS: dict[str | int | None, tuple[int, int]] = {
    None: (1, 1),
    '?': (0, 1),
    '*': (0, MANY),
    '+': (1, MANY),
}


class Value:
    """What follows an option, or stands by itself.

    Attributes:
        names: of the values, as the help prints them; empty for an option without value.
        least: number of values that must be there.
        most: number that may be there; `MANY` for any number.
        words: the values, where only some are right, or are likely.
        is_attached: a value is joined to its option by `=`.
    """

    def __init__(
        self,
        names: Iterable[str],
        least: int,
        most: int,
        words: Iterable[str] = (),
        is_attached: bool = False,
    ) -> None:
        self.names = tuple(names)
        self.least = least
        self.most = most
        self.words = tuple(words)
        self.is_attached = is_attached

    @property
    def kind(self) -> str:
        """What completes it: `words`, `files`, `folders`, or nothing."""
        if self.words:
            return 'words'
        named = self.names[:1]
        if named and named[0].strip('[]') in FILES:
            return 'files'
        return 'folders' if named and named[0] in FOLDERS else ''


class Flag:
    """An option: its forms, a line of help, and what follows it."""

    def __init__(
        self,
        forms: Sequence[str],
        text: str,
        value: Value,
        *,
        repeats: bool = False,
        mixin: str = '',
    ) -> None:
        self.forms = tuple(forms)
        self.text = text
        self.value = value
        self.repeats = repeats
        self.mixin = mixin


class Surface:
    """What can be typed after `microbench`, or after the name of a subcommand.

    Attributes:
        name: of the subcommand; empty for the command itself.
        text: a line of help.
        usage: the first lines of its help.
        about: paragraphs before the options.
        notes: paragraphs after them.
        groups: options, by the title of their group.
        values: words that are no options, with a line of help each.
    """

    def __init__(
        self,
        name: str,
        groups: Mapping[str, list[Flag]],
        values: Iterable[tuple[Value, str]] = (),
        texts: tuple[str, str, str] = ('', '', ''),
    ) -> None:
        self.name = name
        self.text = ''
        self.groups = dict(groups)
        self.values = list(values)
        self.usage, self.about, self.notes = texts

    @property
    def flags(self) -> list[Flag]:
        """The options of all groups."""
        return [flag for group in self.groups.values() for flag in group]


def surfaces(subcommands: Mapping[str, str], mixins: Named | None = None) -> list[Surface]:
    """Return the command itself, and then its subcommands.

    Args:
        subcommands: name and line of help of each.
        mixins: those whose options and names are listed; by default all that are installed.
    """
    named = selected_mixins.all_known() if mixins is None else mixins
    found = [of_command(named), *map(of_subcommand, subcommands)]
    for surface in found[1:]:
        surface.text = subcommands[surface.name]
    return found


def of_command(mixins: Named) -> Surface:
    """Return what can be typed after `microbench`, with the options of these mixins."""
    words = {
        'mixin': (selected_mixins.DEFAULTS, *mixins),
        'monitor_scope': SCOPES,
        'iterations': ('auto',),
    }
    groups = {**GROUPS, 'mixin options': selected_mixins.options_of(mixins)}
    return Surface(
        '',
        {
            title: [_flag(option, words.get(option.dest, ())) for option in group]
            for title, group in groups.items()
        },
    )


def _flag(option: Option, words: Iterable[str]) -> Flag:
    names = [option.metavar] if option.metavar else []
    if option.const:  # --stdout[=suppress]
        value = Value(names, 0, 1, names, is_attached=True)
    else:
        value = Value(names, option.least, option.most, words)
    return Flag(
        option.flags,
        option.help,
        value,
        repeats=option.repeats,
        mixin=option.mixin or '',
    )


def of_subcommand(name: str) -> Surface:
    """Return what can be typed after a subcommand; `compare` has two forms."""
    surface = _of_parser(name, parser_of(name))
    if name == 'compare':
        other = commands_compared()
        known = {form for flag in surface.flags for form in flag.forms}
        more = [flag for flag in other.flags if known.isdisjoint(flag.forms)]
        surface.groups['between commands'] = more
    return surface


def commands_compared() -> Surface:
    """Return what can be typed in `compare -- A --- B`, besides options of the command."""
    return _of_parser('compare', options._parser())


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser of a subcommand."""
    if name == 'completion':
        return completion_parser()
    module = import_module(f'...cli.view.{name}', __package__)
    found: argparse.ArgumentParser = module._parser()
    return found


def _of_parser(name: str, parser: argparse.ArgumentParser) -> Surface:
    parser.prog = f'{PROGRAM} {name}'
    flags, values = [], []
    for action in parser._actions:
        text = _text(parser, action)
        if action.option_strings:
            repeats = isinstance(action, argparse._AppendAction)
            flags.append(Flag(action.option_strings, text, _value(action), repeats=repeats))
        else:
            values.append((_value(action), text))
    texts = _usage(parser), parser.description or '', (parser.epilog or '')
    usage, about, notes = (text.replace('%(prog)s', parser.prog) for text in texts)
    return Surface(name, {'options': flags}, values, (usage, about, notes))


def _usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage in one line a form, however wide the terminal is."""
    if parser.usage:
        return parser.usage
    required = [action for action in parser._actions if action.required]
    words = ['[options]'] if len(parser._actions) > len(required) else []
    for action in required:
        value = _value(action)
        option = action.option_strings[:1]
        many = [f'[{value.names[0]} ...]'] if value.most == MANY else []
        words += [*option, *value.names, *many]
    return ' '.join([parser.prog, *words])


def _text(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the help of an option, with its `%%` and `%(prog)s` replaced."""
    values = {**vars(action), 'prog': parser.prog}
    return ' '.join(((action.help or '') % values).split())


def _value(action: argparse.Action) -> Value:
    nargs = action.nargs
    least, most = (nargs, nargs) if isinstance(nargs, int) else COUNTS[nargs]
    if most == 0:
        return Value((), 0, 0)
    words = tuple(map(str, action.choices or ()))
    metavar = action.metavar or (action.dest.upper() if not words else '|'.join(words))
    names = (metavar,) if isinstance(metavar, str) else metavar
    return Value(names, least, most, words)

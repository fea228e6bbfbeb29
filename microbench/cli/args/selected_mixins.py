"""The mixins that the command knows, and those that it uses.

Nothing here names a mixin. What it is called and whether it belongs to the default set
is in its class:

    cli_name      its name; a class of ours without one is for Python only
    cli_default   whether it is in the default set; cli_place: where
    cli_fields    names that it sets at the top of the record, which no --field can have
    cli_args      its options, a `CLIArg` each

Mixins of others come as `module:Class`, or from distributions that are installed and
declare them as entry points of the group `microbench.mixins`. Looking for these takes
longer than Python's start: so it is done only for a name that is not ours, for `--all`,
and where all are listed; the default set is of ours alone.
"""

from __future__ import annotations

import os
import sys

import microbench

from ... import mixins
from ...core.capture import CLIArg
from ...messages import one_line, print_stderr
from ..words import UsageError, hint, quote
from .options import option_of_mixin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint
    from typing import Any

    from .options import Option
    from .settings import Settings

    Named = dict[str, type]

GROUP = 'microbench.mixins'  # of entry points
DEFAULTS = 'defaults'  # stands for the default set


def selected(settings: Settings) -> Named:
    """Return the mixins that the settings ask for, by name, in their order.

    Raises:
        UsageError: a name stands for none.
    """
    if settings.no_mixin:
        return {}
    if settings.all:
        return all_known()
    if settings.mixin is None:
        return default()
    found: Named = {}
    for name in settings.mixin:
        found.update(default() if name == DEFAULTS else _named(name, settings))
    return found


def default() -> Named:
    """Return the default set, in its order."""
    classes = [getattr(microbench, name) for name in mixins.DEFAULTS]
    return {mixin.cli_name: mixin for mixin in classes}


def own() -> Named:
    """Return the mixins of this package that are for the command."""
    public = [getattr(microbench, n) for n in microbench.__all__ if n.startswith('MB')]
    known = {mixin.cli_name: mixin for mixin in public if hasattr(mixin, 'cli_name')}
    return dict(sorted(known.items()))


def installed() -> Named:
    """Return those of other distributions; warn of one that cannot be imported."""
    found: Named = {}
    for entry in _entry_points():
        try:
            found[entry.name] = _loaded(entry)
        except UsageError as error:
            print_stderr(f'microbench: {error}')
    return found


def all_known() -> Named:
    """Return our own and those of others, alphabetically."""
    return dict(sorted({**installed(), **own()}.items()))


def named(settings: Settings) -> Named:
    """Return those that have been named so far, other than by a word for several."""
    found: Named = {}
    for name in settings.mixin or ():
        if name != DEFAULTS:
            found.update(_named(name, settings))
    return found


def _named(name: str, settings: Settings) -> Named:
    """Return the mixin of a name, which may be that of its class."""
    for known, mixin in own().items():
        if name in (known, mixin.__name__):
            return {known: mixin}
    if ':' in name:
        return {name: _class_of(name)}
    for entry in _entry_points():
        if name in (entry.name, entry.attr):
            return {entry.name: _loaded(entry)}
    names = ', '.join([DEFAULTS, *own(), *(entry.name for entry in _entry_points())])
    more = hint(settings.words, name, needs_value=True)
    raise UsageError(
        f'argument -m/--mixin: unknown mixin {quote(name)}: type one of {names}, or '
        f'module:Class{more}'
    )


# --- mixins of others -----------------------------------------------------------------


def _entry_points() -> list[EntryPoint]:
    """Return what is declared, alphabetically; of one name ours counts."""
    from importlib.metadata import entry_points

    others = [entry for entry in entry_points(group=GROUP) if entry.name not in own()]
    return sorted(others, key=lambda entry: entry.name)


def _loaded(entry: EntryPoint) -> type:
    return _class_of(entry.value, f'{entry.name!r} of {entry.value!r}')


def _class_of(path: str, called: str = '') -> type:
    """Return the class that `module:Class` names; UsageError if there is none."""
    from importlib import import_module

    module, _, name = path.partition(':')
    called = called or quote(path)
    _look_in_current_directory()
    try:
        found: Any = import_module(module)
        for part in name.split('.'):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f'the mixin {called} cannot be imported: {one_line(error)}'
        ) from None
    if not isinstance(found, type):
        raise UsageError(f'the mixin {called} is not a class')
    return found


def _look_in_current_directory() -> None:
    """Have modules found where we are, as `python -m` does; -P forbids it."""
    if not getattr(sys.flags, 'safe_path', False) and '' not in sys.path:
        try:
            place = os.getcwd()
        except FileNotFoundError:
            return
        if place not in sys.path:
            sys.path.insert(0, place)


# --- their options --------------------------------------------------------------------


def options_of(named: Named) -> list[Option]:
    """Return the options of some mixins."""
    return [option_of_mixin(arg, name) for name, m in named.items() for arg in _args(m)]


def attributes(named: Named, settings: Settings) -> dict[str, Any]:
    """Return what the options say, as attributes of a class with these mixins."""
    given = {(o.mixin, o.dest): value for o, value in settings.mixin_options.items()}
    found = {}
    for name, mixin in named.items():
        for arg in _args(mixin):
            value = given.get((name, arg.dest), CLIArg.UNSET)
            if value is CLIArg.UNSET:
                value = _default_of(arg, settings.command)
            if value is not CLIArg.UNSET:
                found[arg.dest] = value
    return found


def _args(mixin: type) -> Iterable[CLIArg]:
    return getattr(mixin, 'cli_args', ())


def _default_of(arg: CLIArg, command: list[str]) -> Any:
    if not callable(arg.cli_default):
        return arg.cli_default
    try:
        return arg.cli_default(list(command))
    except Exception as error:  # as one of a capture: it costs no run
        print_stderr(f'microbench: {arg.flags[0]} has no default: {one_line(error)}')
        return CLIArg.UNSET


def bases(named: Named) -> list[type]:
    """Return the classes to inherit from: not those that others are made from."""
    classes = list(dict.fromkeys(named.values()))
    return [
        mixin
        for mixin in classes
        if not any(issubclass(m, mixin) and m is not mixin for m in classes)
    ]

"""Find the mixins that the command knows, and select those that it uses.

This module names no mixin. Attributes of each class describe it:

    cli_name      its name; a public class without it is for Python only
    cli_default   whether it is in the default set; cli_place: its position there
    cli_fields    names that it sets at the top of the record, which --field cannot use
    cli_args      its options, a `CLIArg` each

Other mixins are given as `module:Class`, or installed distributions declare them as entry
points of the group `microbench.mixins`. Searching for entry points takes longer than
starting Python. So only an unknown name, `--all`, and lists of all mixins cause a search.
The default set contains only mixins of this package.
"""

from __future__ import annotations

import os
import sys

import microbench

from ... import mixins
from ...core.capture import CLIArg
from ...messages import one_line, print_stderr
from ..words import UsageError, quote
from .options import option_of_mixin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint
    from typing import Any

    from .options import Option

    Named = dict[str, type]

GROUP = 'microbench.mixins'  # of entry points
DEFAULTS = 'defaults'  # stands for the default set


def default() -> Named:
    """Return the default set, in its order."""
    classes = [getattr(microbench, name) for name in mixins.DEFAULTS]
    return {mixin.cli_name: mixin for mixin in classes}


def own() -> Named:
    """Return the mixins of this package that have a name for the command."""
    public = [getattr(microbench, n) for n in microbench.__all__ if n.startswith('MB')]
    known = {mixin.cli_name: mixin for mixin in public if hasattr(mixin, 'cli_name')}
    return dict(sorted(known.items()))


def installed() -> Named:
    """Return the mixins of other distributions; print a message for a broken one."""
    found: Named = {}
    for entry in _entry_points():
        try:
            found[entry.name] = _loaded(entry)
        except UsageError as error:
            print_stderr(f'microbench: {error}')
    return found


def all_known() -> Named:
    """Return the mixins of this package and of others, sorted by name."""
    return dict(sorted({**installed(), **own()}.items()))


def named(names: Iterable[str]) -> Named:
    """Return the mixins with these names, in their order.

    Raises:
        UsageError: a name is unknown.
    """
    found: Named = {}
    for name in names:
        found.update(default() if name == DEFAULTS else _named(name))
    return found


def _named(name: str) -> Named:
    """Return the mixin with this name, or with this class name."""
    for known, mixin in own().items():
        if name in (known, mixin.__name__):
            return {known: mixin}
    if ':' in name:
        return {name: _class_of(name)}
    for entry in _entry_points():
        if name in (entry.name, entry.attr):
            return {entry.name: _loaded(entry)}
    names = [DEFAULTS, *own(), *(entry.name for entry in _entry_points())]
    raise UsageError(_unknown(name, names), value=name, is_required=True)


def _unknown(name: str, names: list[str]) -> str:
    from ...spelling import any_of, near  # start-up time

    classes = {mixin.__name__: known for known, mixin in own().items()}
    found = [classes.get(each, each) for each in near(name, [*names, *classes])]
    first = f'did you mean {any_of(dict.fromkeys(found))}? ' if found else ''
    several = f'{first}type one of {", ".join(names)}, or module:Class'
    return f'argument -m/--mixin: unknown mixin {quote(name)}: {several}'


# --- mixins of others -----------------------------------------------------------------


def _entry_points() -> list[EntryPoint]:
    """Return the declared entry points, sorted; names of our mixins are taken."""
    from importlib.metadata import entry_points

    others = [entry for entry in entry_points(group=GROUP) if entry.name not in own()]
    return sorted(others, key=lambda entry: entry.name)


def _loaded(entry: EntryPoint) -> type:
    return _class_of(entry.value, f'{entry.name!r} of {entry.value!r}')


def _class_of(path: str, called: str = '') -> type:
    """Import the class that `module:Class` names.

    Raises:
        UsageError: it cannot be imported, or is not a class.
    """
    called = called or quote(path)
    try:
        found = _imported(path)
    except (Exception, SystemExit) as error:
        message = f'the mixin {called} cannot be imported: {one_line(error)}'
        raise UsageError(message) from None
    if not isinstance(found, type):
        raise UsageError(f'the mixin {called} is not a class')
    return found


def _imported(path: str) -> Any:
    """Import the object that `module:name` or `module:name.name` names."""
    from importlib import import_module

    _look_in_current_directory()
    module, _, name = path.partition(':')
    found = import_module(module)
    for part in name.split('.'):
        found = getattr(found, part)
    return found


def _look_in_current_directory() -> None:
    """Add the current directory to `sys.path`, as `python -m` does, unless -P is set."""
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
    return [
        option_of_mixin(arg, name)
        for name, mixin in named.items()
        for arg in getattr(mixin, 'cli_args', ())
    ]


def attributes(
    named: Named, options: Mapping[Option, Any], command: list[str]
) -> dict[str, Any]:
    """Return the values of the options as attributes of a class with these mixins.

    Args:
        named: the mixins.
        options: options on the command line, with their values.
        command: program and arguments, for defaults that depend on it.
    """
    given = {(option.mixin, option.dest): value for option, value in options.items()}
    found = {}
    for name, mixin in named.items():
        for arg in getattr(mixin, 'cli_args', ()):
            key = name, arg.dest
            value = given[key] if key in given else _default_of(arg, command)
            if value is not CLIArg.UNSET:
                found[arg.dest] = value
    return found


def _default_of(arg: CLIArg, command: list[str]) -> Any:
    if not callable(arg.cli_default):
        return arg.cli_default
    try:
        return arg.cli_default(list(command))
    except Exception as error:  # like an error of a capture, it must not prevent the run
        print_stderr(f'microbench: {arg.flags[0]} has no default: {one_line(error)}')
        return CLIArg.UNSET


def bases(named: Named) -> list[type]:
    """Return the classes to inherit from, without those that another one inherits from."""
    classes = list(dict.fromkeys(named.values()))
    inherited = {base for mixin in classes for base in mixin.__mro__[1:]}
    return [mixin for mixin in classes if mixin not in inherited]

"""Helpers for captures: marks, namespaces, CLI options."""

from __future__ import annotations

from .. import _core
from ..encoding.json_text import as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, TypeVar

    Hook = TypeVar('Hook', bound=Callable[..., Any])


def per_process(hook: Hook) -> Hook:
    """Mark a `capture_*` method whose result is constant for this process.

    It runs once for each bench object, on an empty record; what it puts there is kept
    and added to every record. It must not depend on the call.

    >>> class MBFlavour:
    ...     @per_process
    ...     def capture_flavour(self, bm_data):
    ...         namespace(bm_data, 'host')['flavour'] = 'vanilla'
    """
    hook.per_process = True  # type: ignore[attr-defined]
    return hook


def early(hook: Hook) -> Hook:
    """Mark a `capture_*` method that may run once more, when nothing is lost by it.

    `record_on_exit` runs it at registration too, for the record that native code writes
    when Python cannot. It should be cheap, and give about the same value as at the end.

    >>> class MBQueue:
    ...     @early
    ...     def capture_queue(self, bm_data):
    ...         bm_data['queue'] = os.environ.get('QUEUE')
    """
    hook.early = True  # type: ignore[attr-defined]
    return hook


def spanning(
    steps: Callable[[Any, dict[str, Any]], Generator[None]],
) -> Callable[[Any, dict[str, Any]], None]:
    """Make a `capture_*` method of a generator: set up, `yield`, store the result.

    The call does the set-up; the rest follows when the code has run. So an override can
    call the method through `super()`, as it does with any other. `record_on_exit` calls
    it at registration. The generator may end before its `yield`.

    >>> class MBFiles:
    ...     @spanning
    ...     def capture_files(self, bm_data):
    ...         before = len(os.listdir())
    ...         yield
    ...         bm_data['new_files'] = len(os.listdir()) - before
    """

    def begin(self: Any, bm_data: dict[str, Any]) -> None:
        set_up(bm_data, steps(self, bm_data))

    for name in ('__module__', '__name__', '__qualname__', '__doc__'):
        setattr(begin, name, getattr(steps, name))
    begin.spanning = True  # type: ignore[attr-defined]
    return begin


def innermost(hook: Hook) -> Hook:
    """Mark a `capture_*` method that runs after all others, though its name comes earlier.

    If it is `spanning`, it goes on before all others do: what it measures is then the code,
    and not the work of other captures.

    >>> class MBUserTime:
    ...     @innermost
    ...     @spanning
    ...     def capture_user_time(self, bm_data):
    ...         before = os.times().user
    ...         yield
    ...         bm_data['user_time'] = os.times().user - before
    """
    hook.innermost = True  # type: ignore[attr-defined]
    return hook


class Native:
    """What C needs to know to run a hook of microbench's own: see native_captures.py.

    Attributes:
        kind: one of ARGUMENTS, ENVIRON, USAGE, WORKING_DIR.
        sources: modules and names in them that the hook reads.
        usable: returns True if C would read the same now.
    """

    def __init__(
        self, kind: str, sources: tuple[tuple[Any, str], ...], usable: Callable[[], bool]
    ) -> None:
        self.kind = kind
        self.sources = sources
        self.usable = usable


ARGUMENTS, ENVIRON, USAGE, WORKING_DIR = 'arguments', 'environ', 'usage', 'working_dir'

# By function: a function that replaces one of these, or wraps it, is not among them.
NATIVE: dict[Any, Native] = {}


def native(
    kind: str, *sources: tuple[Any, str], usable: Callable[[], bool] = lambda: True
) -> Callable[[Hook], Hook]:
    """Mark a method of a mixin of microbench that C can run."""

    def mark(hook: Hook) -> Hook:
        NATIVE[hook] = Native(kind, sources, usable)
        return hook

    return mark


def set_up(bm_data: dict[str, Any], steps: Generator[None]) -> None:
    """Run a capture up to its `yield`; the run resumes it later."""
    if next(steps, bm_data) is not bm_data:
        bm_data.setdefault('_undo', []).append(steps)


def resume(bm_data: dict[str, Any]) -> None:
    """Resume captures that no run resumes: hooks were called by hand, as in a test."""
    while bm_data.get('_undo'):
        next(bm_data['_undo'].pop(), None)


def namespace(bm_data: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the object called `name` in the record, made if it is not there.

    A static field of that name that is no mapping is replaced: the mixin wins.
    """
    found = bm_data.get(name)
    if isinstance(found, dict):
        return found
    made = (None if found is None else as_dict(found)) or {}
    bm_data[name] = made
    return made


def put(data: dict[str, Any], fields: dict[str, Any]) -> None:
    """Add copies of fields; those in `mb` and `call` to what is there."""
    for field, value in fields.items():
        if field in ('mb', 'call') and isinstance(data.get(field), dict):
            data[field].update(_core.copied(value))
        else:
            data[field] = _core.copied(value)


def refuse(bench: object, way: str) -> None:
    """Raise NotImplementedError if a class of the bench `refuses` this way in.

    `refuses` is a tuple in the class of a mixin: of `'coroutine functions'`,
    `'async generator functions'`, `'record()'` and `'record_on_exit()'`.
    """
    for cls in type(bench).__mro__:
        if way in vars(cls).get('refuses', ()):
            raise NotImplementedError(f'{cls.__name__} cannot be used with {way}')


class _Unset:
    def __repr__(self) -> str:
        return '<unset>'


UNSET = _Unset()  # stands for an argument that was left out, where None is a value


class CLIArg:
    """An option that a mixin adds to the command: listed in its `cli_args`.

    Args:
        flags: option strings, such as `['--git-repo']`.
        dest: class attribute that gets the value.
        help: one line for `microbench --help`.
        metavar: name of the value in the help.
        type: callable that converts the word; raises ValueError if it is wrong.
        nargs: as in argparse.
        cli_default: value if the option is not given; a callable is called with the
            command's words. Left out: the default of the mixin itself.

    >>> CLIArg(['--git-repo'], 'git_repo', 'directory of the repository', metavar='DIR')
    CLIArg(['--git-repo'], 'git_repo')
    """

    UNSET = UNSET

    def __init__(
        self,
        flags: list[str],
        dest: str,
        help: str,  # noqa: A002 - the name is part of the API of 2.1.0
        *,
        metavar: str | None = None,
        type: Callable[[str], Any] = str,  # noqa: A002
        nargs: str | int | None = None,
        cli_default: Any = UNSET,
    ) -> None:
        self.flags = flags
        self.dest = dest
        self.help = help
        self.metavar = metavar
        self.type = type
        self.nargs = nargs
        self.cli_default = cli_default

    def __repr__(self) -> str:
        return f'CLIArg({self.flags!r}, {self.dest!r})'

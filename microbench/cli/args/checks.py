"""Reject settings that contradict each other, before anything runs; select the mixins.

The order is part of the behaviour: of several mistakes only the first is reported.
"""

from __future__ import annotations

from ..words import UsageError, key_and_value, quote, typed
from . import selected_mixins
from .options import GROUPS
from .parser import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .options import Option
    from .selected_mixins import Named

# Top-level names of a record that no mixin sets.
RESERVED = (
    *('mb', 'call', 'exception', 'recovered'),
    *('exit_signal', 'exit_status', 'exit_path'),
)
STREAMS = ('capture', 'suppress')
SCOPES = ('process', 'tree')


def checked(settings: Settings, *, is_kept: bool = True) -> Named:
    """Check all settings, and return the mixins that they select.

    Args:
        settings: the settings.
        is_kept: False if the record goes nowhere, because an answer takes its place; the
            default mixins are left out then.

    Raises:
        UsageError: a setting is wrong.
    """
    _command(settings)
    _streams(settings)
    named = {} if _needs_none(settings, is_kept) else selected(settings)
    _options_of_mixins(settings, named)
    _fields(settings, named)
    for check in (_execution, _http, _redis, _spool, _psutil):
        check(settings)
    return named


def _needs_none(settings: Settings, is_kept: bool) -> bool:
    """Return True if no setting is about what the default mixins capture."""
    chosen = (settings.all, settings.mixin, settings.mixin_options, settings.dry_run)
    return not (is_kept or any(chosen) or settings.field or settings.redact)


def selected(settings: Settings) -> Named:
    """Return the mixins that the settings select, by name, in their order.

    Raises:
        UsageError: a name is unknown.
    """
    if settings.no_mixin:
        return {}
    if settings.all:
        return selected_mixins.all_known()
    if settings.mixin is None:
        return selected_mixins.default()
    return selected_mixins.named(settings.mixin)


def _command(settings: Settings) -> None:
    if any(settings.command[:1]):  # an empty word comes from an unset variable
        return
    if not settings.command and '--' not in settings.words:
        _streams(settings)  # perhaps an option took the command as its value
        selected(settings)
    raise UsageError(f'no command: type {typed(settings.options)} -- COMMAND [ARG ...]')


def _streams(settings: Settings) -> None:
    for name in ('stdout', 'stderr'):
        value = getattr(settings, name)
        if value not in (None, *STREAMS):
            raise UsageError(
                f'argument --{name}: invalid value {quote(value)}: type --{name} or '
                f'--{name}=suppress',
                value,
            )
    if settings.capture_limit is not None and not (settings.stdout or settings.stderr):
        raise UsageError('--capture-limit requires --stdout or --stderr: add one of them')


def _options_of_mixins(settings: Settings, named: Named) -> None:
    _no_flag_twice(selected_mixins.options_of(named))
    for option in settings.mixin_options:
        if option.mixin not in named:
            flag, name = option.flags[0], option.mixin
            before = ' '.join(settings.mixin or [selected_mixins.DEFAULTS])
            raise UsageError(
                f'{flag} requires the mixin {name!r}: add --mixin {before} {name}'
            )


def _no_flag_twice(options: list[Option]) -> None:
    if not options:
        return
    known = [option for group in GROUPS.values() for option in group]
    whose = {flag: 'microbench' for option in known for flag in option.flags}
    for option in options:
        for flag in option.flags:
            if flag in whose:
                raise UsageError(
                    f'the mixin {option.mixin!r} has an option {flag}, but so has '
                    f'{whose[flag]}: leave out that mixin'
                )
            whose[flag] = f'the mixin {option.mixin!r}'


def _fields(settings: Settings, named: Named) -> None:
    if not settings.field:
        return
    from .fields import field  # start-up time

    taken = _taken_names(named)
    for word in settings.field:
        key, _ = field(word)
        why = "not stored, for its '_'" if key.startswith('_') else taken.get(key)
        if why:
            raise UsageError(
                f'argument -f/--field: {quote(key)} is {why}: choose another name'
            )


def _taken_names(named: Named) -> dict[str, str]:
    """Return the names at the top of the record that are taken, and by what."""
    return dict.fromkeys(RESERVED, 'part of every record') | {
        top: f'set by the mixin {name!r}'
        for name, mixin in named.items()
        for top in getattr(mixin, 'cli_fields', ())
    }


def _execution(settings: Settings) -> None:
    for name in ('precision', 'max_time'):
        if name in vars(settings) and not (settings.is_auto or settings.is_compared):
            flag = '--' + name.replace('_', '-')
            raise UsageError(f'{flag} requires a number of runs that depends: add -n auto')
    if settings.timeout is None and 'timeout_grace_period' in vars(settings):
        raise UsageError('--timeout-grace-period requires --timeout: add --timeout SECONDS')
    if settings.monitor_scope not in SCOPES:
        raise UsageError(
            f'argument --monitor-scope: invalid value {quote(settings.monitor_scope)}: '
            f'type {" or ".join(SCOPES)}'
        )
    if settings.monitor_interval is None and 'monitor_scope' in vars(settings):
        raise UsageError(
            '--monitor-scope requires --monitor-interval: add it, with SECONDS'
        )


def _http(settings: Settings) -> None:
    if settings.http_output is None:
        for name in ('http_output_header', 'http_output_method'):
            _without('--http-output URL', name, settings)
    for word in settings.http_output_header or ():
        _header(word)
    method = settings.http_output_method
    if not (method.isascii() and method.isalpha()):
        raise UsageError(
            f'argument --http-output-method: {quote(method)} is not a method: '
            'type POST or PUT'
        )


def _header(word: str) -> None:
    flag = '--http-output-header'
    name, value = key_and_value(flag, word, 'KEY:VALUE')
    allowed = name.strip().replace('-', '').replace('_', '')  # RFC 9110, 5.1, mostly
    if not (allowed.isascii() and allowed.isalnum()):
        raise UsageError(f'header {quote(name)}: type letters, digits and dashes')
    if not value.isprintable() or max(value, default='') > '\xff':  # what http.client takes
        raise UsageError(f'header {name.strip()}: its value has to be printable Latin-1')


def _redis(settings: Settings) -> None:
    if settings.redis_output is None:
        for name in ('redis_port', 'redis_db', 'redis_password'):
            _without('--redis-output KEY', name, settings)
        return
    try:
        import redis  # noqa: F401 - whether it is there
    except ImportError:
        raise UsageError(
            '--redis-output requires the redis package: pip install redis'
        ) from None


def _spool(settings: Settings) -> None:
    if settings.spool is None:
        return
    given = settings.outfile, settings.http_output, settings.redis_output
    if given == (None, None, None):
        raise UsageError('--spool requires a destination: add -o, or --http-output')
    from ...outputs.network import spool_path  # start-up time

    try:
        spool_path(settings.spool)
    except ValueError:
        raise UsageError(
            f'argument --spool: {quote(settings.spool)} is not a directory, nor in one'
        ) from None


def _without(needed: str, name: str, settings: Settings) -> None:
    """Reject a setting without effect, unless it equals the default."""
    if getattr(settings, name) != getattr(Settings, name):
        flag = '--' + name.replace('_', '-')
        raise UsageError(f'{flag} requires {needed.split(maxsplit=1)[0]}: add {needed}')


def _psutil(settings: Settings) -> None:
    if settings.monitor_interval is None:
        return
    try:
        import psutil  # noqa: F401 - whether it is there
    except ImportError:
        raise UsageError(
            '--monitor-interval requires the psutil package: pip install psutil'
        ) from None

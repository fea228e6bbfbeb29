"""What a bench captures: hooks and attributes of its class, and of the bench itself.

They are read from the class dictionaries along the MRO, so that no property is ever
evaluated, and from the attributes of the bench object.
"""

from __future__ import annotations

from .._core import merge
from .capture import NATIVE, USAGE
from .config import ENVIRONMENT, SEERS, TRIGGERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, ClassVar

    from .capture import Native
    from .config import Config
    from .owner import Owner

# Attributes that name further fields: core/environment.py fills them. (Compare by identity:
# `==` could run the user's `__eq__`, and CPython has one empty tuple only.)
NOTHING = ()

HOOKS = ('capture_', 'capturepost_')  # begin the names of hooks
USAGE_HOOK = 'capture_resource_usage'  # of MBResourceUsage

FunctionType = type(lambda: None)  # start-up time: types costs a tenth of a millisecond


class Hooks:
    """What happens around the code of each record of one bench.

    Attributes:
        base: what the base class defined when it was made; a test may patch the class.
        captures: names of `capture_*` methods, in alphabetical order; those marked
            `innermost` come last.
        post_captures: names of `capturepost_*` methods, likewise.
        constant: definitions of captures marked per_process, by name.
        steps: the captures, with consecutive constant ones as one step.
        environment: names of attributes that name further fields.
        optional: errors of captures are noted in the record.
        overridden: names of methods in SEERS that the bench, or a class, overrides.
        triggers: the methods in TRIGGERS are called.
        monitored: a monitor samples while the code runs.
        returns: the return value is kept.
        native: how C runs captures that it can run, by name; see native_captures.py.
        refuses: some ways in are refused; see capture.refuse().
        reasons: in words, each thing that needs the record as a dict.
        others: those that are left if C runs what it can run.
    """

    base: ClassVar[Mapping[str, Any]] = {}  # set by bench.py

    def __init__(self, config: Config, owner: Owner) -> None:
        found = _definitions(config, owner)
        named = sorted(name for name in found if name.startswith(HOOKS))
        hooks = [name for name in named if _is_method(found[name])]
        captures = [n for n in hooks if n.startswith('capture_')]
        self.captures = sorted(captures, key=lambda name: _is_innermost(found[name]))
        self.post_captures = [n for n in hooks if n.startswith('capturepost_')]
        self.constant = {n: found[n] for n in self.captures if _is_constant(found[n])}
        self.steps = list(_steps(self.captures, self.constant))
        self.environment = [
            name for name in ENVIRONMENT if found.get(name, NOTHING) is not NOTHING
        ]
        self.optional = bool(getattr(owner, 'capture_optional', False))
        self.overridden = [n for n in SEERS if found[n] is not self.base[n]]
        overriding = [*_overriding(config, owner)]
        self.triggers = bool(overriding)
        self.monitored = found.get('monitor') is not None
        self.returns = bool(getattr(owner, 'keeps_return_value', False))
        self.refuses = 'refuses' in found
        self._own = [
            name
            for name in [*self.captures, *self.post_captures]
            if name not in self.constant and found[name] is not self.base.get(name)
        ]
        self.native = self._found_native(found, overriding)
        self.reasons = list(self._reasons(natively=False))
        self.others = list(self._reasons(natively=True))

    def _found_native(
        self, found: dict[str, Any], overriding: list[Any]
    ) -> dict[str, Native]:
        """Return what C can run among the hooks, by name.

        The hooks of the usage belong together, with those around each iteration.
        """
        natives = {name: _native(found[name]) for name in self._own}
        known = {name: native for name, native in natives.items() if native is not None}
        usage = [name for name in known if known[name].kind == USAGE]
        if len(usage) == 2 and overriding and None not in map(_native, overriding):
            return known
        return {name: native for name, native in known.items() if name not in usage}

    def _reasons(self, natively: bool) -> Iterator[str]:
        """Yield, in words, each thing that needs the record as a dict.

        Args:
            natively: C runs the captures that it can run.
        """
        for name in self.environment:
            yield f'{name} is read for each record: use a static field'
        for name in self._own:
            if not (natively and name in self.native):
                yield f'{name} runs for each record: mark it per_process if it is constant'
        for name in self.overridden:
            yield f'{name} is overridden: leave it to the base class'
        if self.triggers and not (natively and self.measures_usage):
            yield f'{" or ".join(TRIGGERS)} is overridden: time a phase instead'
        if self.monitored:
            yield 'monitor samples while the code runs: set it to None'
        if self.returns and not natively:
            yield 'the return value is kept: leave out its mixin'

    @property
    def gives_usage(self) -> bool:
        """A mixin, or an override of its hook, captures the resource usage."""
        return USAGE_HOOK in self.captures

    @property
    def measures_usage(self) -> bool:
        """C can read the usage of each iteration."""
        return any(native.kind == USAGE for native in self.native.values())


class Constants:
    """Captures marked per_process that follow one another: one step for each record.

    Attributes:
        names: the captures.
        fields: what is merged into each record; None until each capture has run.
    """

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.names = list(definitions)
        self.fields: list[dict[str, Any]] | None = None
        self._definitions = definitions

    def prepare(self, results: dict[str, tuple[Any, dict[str, Any]]]) -> None:
        """Join the results of the captures, unless one of them is missing.

        Args:
            results: definition and result by name, as Config.constants has them.
        """
        joined: list[dict[str, Any]] = []
        for name, definition in self._definitions.items():
            known, fields = results.get(name, (None, {}))
            if known is not definition:
                return
            if not joined or _replaces(joined[-1], fields):
                joined.append({})
            merge(joined[-1], fields)
        self.fields = joined


def _is_innermost(definition: Any) -> bool:
    return getattr(definition, 'innermost', False) is True


def _steps(captures: list[str], constant: dict[str, Any]) -> Iterator[str | Constants]:
    """Yield names of captures, and consecutive constant ones as one step."""
    group: dict[str, Any] = {}
    for name in captures:
        if name in constant:
            group[name] = constant[name]
            continue
        if group:
            yield Constants(group)
            group = {}
        yield name
    if group:
        yield Constants(group)


def _replaces(joined: dict[str, Any], fields: dict[str, Any]) -> bool:
    """Return True if a dict among the fields replaces another value.

    Then the two are not one: merged in one go, the dict would be merged with what stands
    in the record before both.
    """
    for name, value in fields.items():
        if isinstance(value, dict) and name in joined:
            there = joined[name]
            if not isinstance(there, dict) or _replaces(there, value):
                return True
    return False


def _definitions(config: Config, owner: Owner) -> dict[str, Any]:
    """Map each name to its raw definition, as attribute look-up would choose it."""
    found: dict[str, Any] = {}
    for cls in reversed(type(owner).__mro__):
        found.update(vars(cls))
    found.update(dict(config.own))
    return found


def _is_method(raw: object) -> bool:
    return (
        callable(raw)
        or hasattr(raw, '__func__')  # staticmethod, classmethod
        or type(raw).__name__ == 'partialmethod'
    )


def _is_constant(raw: object) -> bool:
    return getattr(raw, 'per_process', None) is True


def _native(raw: object) -> Native | None:
    return NATIVE.get(raw) if type(raw) is FunctionType else None


def _overriding(config: Config, owner: Owner) -> Iterator[Any]:
    """Yield what the bench, and any class, has in place of the triggers of the base."""
    for place in [*map(vars, type(owner).__mro__), config.own]:
        for name in TRIGGERS:
            found = place.get(name, Hooks.base[name])
            if found is not Hooks.base[name]:
                yield found

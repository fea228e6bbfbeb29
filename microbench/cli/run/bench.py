"""Make the bench of a command from its settings."""

from __future__ import annotations

import os

from ...bench import MicroBenchBase
from ...messages import print_stderr
from ..args import selected_mixins
from ..words import UsageError
from .destinations import sinks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..args.parser import Settings
    from ..args.selected_mixins import Named


def bench_for(settings: Settings, named: Named) -> MicroBenchBase:
    """Return a bench with these mixins, and with the sinks and fields of the settings.

    Raises:
        UsageError: a sink cannot be made, or the mixins cannot be combined.
    """
    bench = _class_with(named, settings)(outputs=sinks(settings))
    own: dict[str, Any] = {'process': {'pid': os.getpid()}} if settings.has_defaults else {}
    bench.add_fields(**{**own, **settings.fields})
    return bench


def _class_with(named: Named, settings: Settings) -> type[MicroBenchBase]:
    # Fields are whole: the system limits what can be typed.
    names: dict[str, Any] = {'capture_optional': True, 'max_value': None}
    if settings.redact or settings.no_redact:
        names['redact'] = settings.redact  # None masks nothing
    names |= selected_mixins.attributes(named, settings.mixin_options, settings.command)
    try:
        return type('CommandBench', (*selected_mixins.bases(named), MicroBenchBase), names)
    except TypeError as error:
        raise UsageError(f'these mixins do not go together: {error}') from None


def print_warning(message: Warning | str, *_where: Any, **_more: Any) -> None:
    """Print a warning as a message of the command, without file and line."""
    print_stderr(f'microbench: {message}')

"""Environment modules, as Lmod and Environment Modules load them."""

from __future__ import annotations

import os

from ..core.capture import early

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class MBLoadedModules:
    """Loaded environment modules (Lmod, Environment Modules) and their versions.

    Empty where no module is loaded. Cannot fail.

    >>> from microbench import MBLoadedModules, MicroBench
    >>> class Bench(MicroBench, MBLoadedModules):
    ...     pass
    >>> before = os.environ.get('LOADEDMODULES')
    >>> os.environ['LOADEDMODULES'] = 'gcc/12.2.0:openmpi'
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['loaded_modules']
    {'gcc': '12.2.0', 'openmpi': ''}
    >>> os.environ['LOADEDMODULES'] = before or ''
    """

    cli_name = 'loaded-modules'
    cli_fields = ('loaded_modules',)
    cli_default = True
    cli_place = 4

    @early
    def capture_loaded_modules(self, bm_data: dict[str, Any]) -> None:
        """Set `loaded_modules`, such as `{"gcc": "12.2.0"}`.

        `bio/samtools/1.19` is version `samtools/1.19` of `bio`, as long as there is one
        `bio` only. Several go by their full names: `bio/samtools`, version `1.19`.
        """
        entries = os.environ.get('LOADEDMODULES', '').split(':')
        bm_data['loaded_modules'] = named(entry for entry in entries if entry)


def named(modules: Iterable[str]) -> dict[str, str]:
    """Map names to versions; each module gets the shortest name that no other could."""
    names = {module: _names(module) for module in modules}
    count: dict[str, int] = {}
    for own in names.values():
        for name in own:
            count[name] = count.get(name, 0) + 1
    alone = [
        next(((n, v) for n, v in own.items() if count[n] == 1), (module, ''))
        for module, own in names.items()
    ]
    return dict(alone)


def _names(module: str) -> dict[str, str]:
    """Return the names that a module could go by, shortest first, with the versions."""
    first, slash, rest = module.partition('/')
    names = {first: rest}
    if slash:
        last, _, version = module.rpartition('/')
        names.setdefault(last, version)
    names.setdefault(module, '')
    return names

"""Capture the modules that Lmod or Environment Modules has loaded."""

from __future__ import annotations

import os

from ..core.capture import early

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

VARIANTS = '__MODULES_LMVARIANT'  # of Environment Modules 5.1 and later


class MBLoadedModules:
    """Loaded environment modules (Lmod, Environment Modules) and their versions.

    Empty if no module is loaded. Never raises.

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
    cli_fields = ('loaded_modules', 'loaded_module_variants')
    cli_default = True
    cli_place = 4

    @early
    def capture_loaded_modules(self, bm_data: dict[str, Any]) -> None:
        """Set `loaded_modules`, such as `{"gcc": "12.2.0"}`.

        `bio/samtools/1.19` is version `samtools/1.19` of `bio`, if only one `bio` is
        loaded. If several are, the full name is used: `bio/samtools`, version `1.19`. So it
        is for modules that were loaded by the path of their file.

        `loaded_module_variants`, such as `{"gcc": {"threads": "posix", "debug": true}}`,
        is set if modules were loaded with variants (module(1), "Advanced module version
        specifiers").
        """
        modules = named(_entries())
        bm_data['loaded_modules'] = dict(modules.values())
        variants = _variants(modules) if modules else {}
        if variants:
            bm_data['loaded_module_variants'] = variants


def named(modules: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Map modules to name and version: the shortest name that no other could have."""
    names = {module: _names(module) for module in modules}
    count: dict[str, int] = {}
    for own in names.values():
        for name in own:
            count[name] = count.get(name, 0) + 1
    return {
        module: next(((n, v) for n, v in own.items() if count[n] == 1), (module, ''))
        for module, own in names.items()
    }


def _names(module: str) -> dict[str, str]:
    """Return the names that a module could go by, shortest first, with the versions."""
    first, slash, rest = module.partition('/')
    last, _, version = module.rpartition('/')
    if not first:  # the path of a file: its folders are not categories
        named = {last: version} if last and _is_version(version) else {}
        return {**named, module: ''}
    names = {first: rest}
    if slash:
        names.setdefault(last, version)
    names.setdefault(module, '')
    return names


def _is_version(name: str) -> bool:
    """Return True if a file is named by a version, and its folder by the module."""
    return name.lstrip('.v')[:1].isdigit()


def _entries() -> list[str]:
    """Return the loaded modules; a path that has colons in it was split at them."""
    loaded = os.environ.get('LOADEDMODULES', '')
    files = os.environ.get('_LMFILES_', '').split(':') if loaded else ()
    ends_of_paths = {file for file in files if not file.startswith('/')}
    modules: list[str] = []
    for entry in filter(None, loaded.split(':')):
        if modules and modules[-1].startswith('/') and entry in ends_of_paths:
            modules[-1] += f':{entry}'
        else:
            modules.append(entry)
    return modules


def _variants(modules: dict[str, tuple[str, str]]) -> dict[str, dict[str, str | bool]]:
    """Return the variants of the modules that have some, by the names of the modules.

    The variable lists `foo/1.0&toolchain|gnu|0|1&debug|1|1|0`: after the name of a variant
    its value, whether it is a boolean, and whether it is the default.
    """
    found = {}
    for entry in os.environ.get(VARIANTS, '').split(':'):
        module, *variants = entry.split('&')
        named = dict(_variant(text) for text in variants if text.strip('|'))
        if module in modules and named:
            found[modules[module][0]] = named
    return found


def _variant(text: str) -> tuple[str, str | bool]:
    name, value, is_boolean, *_ = [*text.split('|'), '', '']
    return name, value == '1' if is_boolean == '1' else value

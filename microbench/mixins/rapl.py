"""Meters of the processor for energy: RAPL, as files of Linux (powercap)."""

from __future__ import annotations

import os
import time

from ..messages import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = '/sys/class/powercap'
# More watts than one domain of a processor takes: at this rate a meter could go round.
MOST_WATTS = 1000

MISSING = 'this machine shows no RAPL: a virtual machine, or a processor without it'
FORBIDDEN = 'only root may read it: chmod a+r {path} permits it until the next start'


class Meters:
    """The energy of each domain since now.

    Args:
        folder: of the kernel, or one that a test has made.
    """

    def __init__(self, folder: str = FOLDER) -> None:
        self.why: dict[str, str] = {}
        self.paths = self._find(folder)
        self.began = time.monotonic()
        self.before = self._read()

    def _find(self, folder: str) -> dict[str, str]:
        """Return the folders of the domains by name: `package_0`, `package_0_dram`."""
        try:
            entries = os.listdir(folder)
        except OSError:
            entries = []
        zones = sorted(entry for entry in entries if entry.startswith('intel-rapl:'))
        found: dict[str, str] = {}
        for zone in zones:
            path = f'{folder}/{zone}'
            try:
                name = _text(f'{path}/name').replace('-', '_')
            except OSError:
                name = zone.replace(':', '_').replace('-', '_')
            parent = next((n for n, p in found.items() if path.startswith(f'{p}:')), None)
            found[f'{parent}_{name}' if parent else name] = path
        if not found:
            self.why['rapl'] = MISSING
        return found

    def _read(self) -> dict[str, int]:
        """Return microjoules by domain."""
        found = {}
        for name, folder in self.paths.items():
            path = f'{folder}/energy_uj'
            try:
                found[name] = int(_text(path))
            except PermissionError:
                self.why[name] = FORBIDDEN.format(path=path)
            except (OSError, ValueError) as error:
                self.why[name] = one_line(error)
        return found

    def used(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return joules by domain, and why others are missing."""
        after, elapsed = self._read(), time.monotonic() - self.began
        found: dict[str, Any] = {}
        unsure = []
        for name in self.before.keys() & after.keys():
            try:
                around = int(_text(f'{self.paths[name]}/max_energy_range_uj'))
            except (OSError, ValueError) as error:
                self.why[name] = one_line(error)
                continue
            used = after[name] - self.before[name]
            used += around if used < 0 else 0  # it wraps to 0
            found[name] = round(used / 1e6, 6)
            if (used + around) / 1e6 <= MOST_WATTS * elapsed:
                unsure.append(name)
        found = dict(sorted(found.items()))
        if unsure:
            found['lower_bounds'] = sorted(unsure)
        return found, self.why


def _text(path: str) -> str:
    with open(path, encoding='utf-8') as file:
        return file.read().strip()

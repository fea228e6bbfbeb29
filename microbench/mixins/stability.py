"""Capture what can disturb a measurement, and whether it did."""

from __future__ import annotations

from ..core.capture import CLIArg, resume, spanning
from ..spelling import any_of, near
from . import advice, kernel_settings
from .interference import Interference
from .kernel import Kernel, collect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any


def known_warning(word: str) -> str:
    """Return the name of a warning; raise ValueError for another word."""
    if word in advice.NAMES:
        return word
    found = near(word, advice.NAMES)
    first = f'did you mean {any_of(found)}? ' if found else ''
    several = f'{first}type one of {", ".join(advice.NAMES)}'
    raise ValueError(f'{word!r} is not the name of a warning: {several}')


class MBStability:
    """What can disturb a measurement, and whether it did: in numbers and in words.

    It reads the files of the kernel (Linux) before and after the code, and changes
    nothing. `stability.warnings` has a sentence for each disturbance, with its cause and
    its remedy. `stability.unavailable` has the reason for each value that cannot be read.

    Waiting for a CPU and for a disk is that of this thread; preemptions and page faults
    are those of the process; all else is that of the cgroup, the usable CPUs or the
    machine. In the command, what is counted of a process is that of the program.

    Attributes:
        stability_silence: names of warnings to leave out, such as `('aslr', 'smt')`. Their
            values are recorded all the same.

    >>> from microbench import MBStability, MicroBench
    >>> class Bench(MicroBench, MBStability):
    ...     stability_silence = ('aslr', 'smt', 'turbo')
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['stability']['major_faults']
    0
    """

    cli_name = 'stability'
    cli_fields = ('stability',)
    cli_args = (
        CLIArg(
            ['--stability-silence'],
            'stability_silence',
            'warnings to leave out, such as aslr smt turbo (default: none)',
            metavar='NAME',
            type=known_warning,
            nargs='+',
        ),
    )
    stability_silence: Iterable[str] = ()

    @spanning
    def capture_stability(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Set `stability`.

        Raises:
            ValueError: `stability_silence` has a name that no warning has.
        """
        names = self.stability_silence
        names = [names] if isinstance(names, str) else names
        silenced = list(map(known_warning, names))
        is_command = bm_data.get('call', {}).get('invocation') == 'CLI'
        kernel = Kernel()
        settings, why = settings_of(kernel)
        interference = Interference(kernel, of_thread=not is_command)
        yield
        if is_command:
            found = interference.end(bm_data['_children_usage'], bm_data['_children_delay'])
        else:
            found = interference.end()
        bm_data['stability'] = {
            **found,
            **settings,
            **_conclusions({**found, **settings}, silenced, {**why, **interference.why}),
        }

    def capturepost_stability(self, bm_data: dict[str, Any]) -> None:
        """Set `stability` if the hooks are called by hand."""
        resume(bm_data)


def _conclusions(
    fields: dict[str, Any], silenced: list[str], why: dict[str, str]
) -> dict[str, Any]:
    """Return the fields that follow from others."""
    sentences = dict(advice.warnings(fields, silenced))
    found: dict[str, Any] = {'disturbed_by': [n for n in sentences if n in advice.EVENTS]}
    if sentences:
        found['warnings'] = list(sentences.values())
    if why:
        found['unavailable'] = why
    return found


# --- settings ----------------------------------------------------------------------------

# Of this process and its parents, by the place of the files and the usable CPUs.
_known: dict[tuple[str, tuple[int, ...]], tuple[dict[str, Any], dict[str, str]]] = {}


def settings_of(kernel: Kernel) -> tuple[dict[str, Any], dict[str, str]]:
    """Return how the machine is set, and why values are missing; read once in a process."""
    key = kernel.root, tuple(kernel.cpus)
    if key not in _known:
        why: dict[str, str] = {}
        _known.clear()
        _known[key] = collect(kernel_settings.SETTINGS, kernel, why), why
    return _known[key]

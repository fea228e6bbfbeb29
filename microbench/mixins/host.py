"""Capture the machine, the container that the process runs in, and the working directory.

What is read of the processor: see processor.py.

A container is detected by marks that runtimes leave in it. A mark alone proves nothing: a
job that was submitted from inside a container inherits its variables, and an image that was
unpacked on a disk keeps its files. So most marks need a second sign.
"""

from __future__ import annotations

import os
import sys

from ..core.capture import WORKING_DIR, early, namespace, native, per_process
from . import processor
from .machine import add_affinity, informant, logical_cores, reason, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Found = tuple[str, str]  # the runtime, and the image if it is known


class MBHostInfo:
    """Host name, operating system, processor, memory, virtual machine, container.

    Memory is in bytes. On systems other than Linux, cores and memory require psutil;
    without it they are left out. `host.unavailable` has the reason for each value that
    cannot be read.

    >>> from microbench import MBHostInfo, MicroBench
    >>> class Bench(MicroBench, MBHostInfo):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['host']['os'] == sys.platform
    True
    """

    cli_name = 'host-info'
    cli_fields = ('host',)
    cli_default = True
    cli_place = 2

    @per_process
    def capture_hostname(self, bm_data: dict[str, Any]) -> None:
        """Set `host.hostname`."""
        # Importing socket takes a tenth of Python's start; its result is the same.
        socket = sys.modules.get('socket')
        name = os.uname().nodename if socket is None else socket.gethostname()
        namespace(bm_data, 'host')['hostname'] = name

    @per_process
    def capture_os(self, bm_data: dict[str, Any]) -> None:
        """Set `host.os`, such as `linux` or `darwin`."""
        namespace(bm_data, 'host')['os'] = sys.platform

    @per_process
    def capture_affinity(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_affinity` and `host.cpu_cores_usable`, if some CPUs are excluded.

        Their form is `0-3,8` and 5. taskset(1) or the launcher of a job sets them. They are
        those of the main thread, even if another thread has the first record.
        """
        add_affinity(bm_data, os.getpid())

    @per_process
    def capture_container(self, bm_data: dict[str, Any]) -> None:
        """Set `host.container`, such as `docker`, and `host.container_image` if known."""
        if sys.platform == 'linux':
            namespace(bm_data, 'host').update(container())

    @per_process
    def capture_cpu_cores(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_cores_logical` and `host.cpu_cores_physical`."""
        psutil = informant()
        if psutil is not None:
            _add(bm_data, 'cpu_cores_logical', lambda: logical_cores(psutil))
            _add(bm_data, 'cpu_cores_physical', lambda: psutil.cpu_count(logical=False))

    @per_process
    def capture_cpu_model(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_model`, such as `AMD EPYC 9654`."""
        _update(bm_data, 'cpu_model', processor.model)

    @per_process
    def capture_cpu_scaling(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_max_mhz`, such as 3700.0, and `host.cpu_governor`."""
        _update(bm_data, 'cpu_governor', processor.frequency)

    @per_process
    def capture_clock_source(self, bm_data: dict[str, Any]) -> None:
        """Set `host.clock_source`, such as `tsc`."""
        _update(bm_data, 'clock_source', processor.clock_source)

    @per_process
    def capture_virtual_machine(self, bm_data: dict[str, Any]) -> None:
        """Set `host.virtual_machine`, such as `kvm`, in a virtual machine."""
        _update(bm_data, 'virtual_machine', processor.virtual_machine)

    @per_process
    def capture_ram_total(self, bm_data: dict[str, Any]) -> None:
        """Set `host.ram_total`, in bytes."""
        psutil = informant()
        if psutil is not None:
            _add(bm_data, 'ram_total', lambda: psutil.virtual_memory().total)


# As they are defined here: a test may patch the class.
CAPTURES: list[Any] = [
    hook for name, hook in vars(MBHostInfo).items() if name.startswith('capture_')
]


def _add(bm_data: dict[str, Any], field: str, ask: Callable[[], Any]) -> None:
    """Set a field of the host; if it cannot be read, store the reason."""
    host = namespace(bm_data, 'host')
    try:
        host[field] = ask()
    except Exception as error:
        namespace(host, 'unavailable')[field] = reason(error)


def _update(
    bm_data: dict[str, Any], field: str, ask: Callable[[], Mapping[str, Any]]
) -> None:
    """Set fields of the host; if they cannot be read, store the reason under `field`."""
    host = namespace(bm_data, 'host')
    try:
        if sys.platform != 'linux':
            raise LookupError(f'it is not read on {sys.platform}')
        host.update(ask())
    except Exception as error:
        namespace(host, 'unavailable')[field] = reason(error)


class MBWorkingDir:
    """Working directory of the call, stored as `call.working_dir`.

    >>> from microbench import MBWorkingDir, MicroBench
    >>> class Bench(MicroBench, MBWorkingDir):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['call']['working_dir'] == os.getcwd()
    True
    """

    cli_name = 'working-dir'
    cli_default = True
    cli_place = 5

    @native(WORKING_DIR, (os, 'getcwd'))
    @early
    def capture_working_dir(self, bm_data: dict[str, Any]) -> None:
        """Set `call.working_dir`.

        Raises:
            FileNotFoundError: the directory was deleted.
        """
        namespace(bm_data, 'call')['working_dir'] = os.getcwd()


# --- the container --------------------------------------------------------------------

# The namespaces of the machine itself have fixed numbers (linux/nsfs.h).
OF_THE_MACHINE = {
    'pid': 'pid:[4026531836]',
    'user': 'user:[4026531837]',
    'uts': 'uts:[4026531838]',
    'ipc': 'ipc:[4026531839]',
}
DOCKER, PODMAN = '/.dockerenv', '/run/.containerenv'
NAMES = ('/run/host/container-manager', '/run/systemd/container')  # container_interface
FLATPAK, APPTAINER = '/.flatpak-info', '/.singularity.d'
SECRETS = '/var/run/secrets/kubernetes.io/serviceaccount'
RELEASE, FIRST = '/proc/sys/kernel/osrelease', '/proc/1/comm'
MOUNTS = '/proc/self/mountinfo'
NAMED = 'container'  # variable of systemd, LXC and others
OF_IMAGES = ('', 'oci', 'docker')  # values that images have, whatever runs them
# Where runtimes have the layers of an overlay.
OVERLAYS = {
    '/io.containerd.': 'containerd',
    '/docker/overlay2/': 'docker',
    '/containers/storage/overlay/': 'podman',  # and Buildah, and CRI-O in Kubernetes
}
LONGEST_NAME = 80  # characters


def container() -> dict[str, str]:
    """Return `container`, and `container_image` if known; empty outside a container."""
    runtime, image = next(_containers(), ('', ''))
    named = {'container': runtime, 'container_image': image}
    return {field: value for field, value in named.items() if value}


def _containers() -> Iterator[Found]:
    """Yield runtime and image for each mark, the innermost first."""
    yield from _by_variables()
    separate = _is_separate('pid', 'uts', 'ipc')
    if separate and os.path.isfile(FLATPAK):  # which uses bubblewrap
        yield 'flatpak', ''
    mount = _root_mount()
    yield from _bubblewrap(mount)
    owners = [runtime for folder, runtime in OVERLAYS.items() if folder in mount]
    if separate or owners:
        yield from _by_files()
    yield from ((runtime, '') for runtime in owners)
    if 'microsoft' in _text(RELEASE).lower():
        yield 'wsl', ''


def _by_variables() -> Iterator[Found]:
    for prefix in ('APPTAINER', 'SINGULARITY'):
        image = os.environ.get(f'{prefix}_CONTAINER')
        if image is not None and os.path.isdir(APPTAINER):
            yield prefix.lower(), image
    if 'CH_RUNNING' in os.environ and _is_separate('user'):  # ch-run(1)
        yield 'charliecloud', ''


def _by_files() -> Iterator[Found]:
    if os.path.isdir(SECRETS):
        yield 'kubernetes', ''  # whatever runs its containers
    name = _name(os.environ.get(NAMED, ''))
    if name not in OF_IMAGES:
        yield name, _podman().get('image', '') if name == 'podman' else ''
    if os.path.isfile(PODMAN):
        values = _podman()
        engine = _name(values.get('engine', '').partition('-')[0])
        yield engine or 'podman', values.get('image', '')
    if os.path.isfile(DOCKER):
        yield 'docker', ''
    for found in filter(None, [*map(_name, map(_text, NAMES)), name]):
        yield found, ''


def _podman() -> dict[str, str]:
    """Return the fields that podman writes into a privileged container; else nothing."""
    lines = (line.partition('=') for line in _text(PODMAN).splitlines())
    return {name: value.strip('"') for name, _, value in lines}


def _root_mount() -> str:
    """Return the line of the mount at `/`."""
    lines = _text(MOUNTS).splitlines()
    return next((line for line in lines if line.split(' ')[4:5] == ['/']), '')


def _bubblewrap(mount: str) -> Iterator[Found]:
    """Yield bubblewrap, which leaves neither variables nor files."""
    first = _is_separate('pid') and _text(FIRST).strip() == 'bwrap'
    if first or ' /newroot / ' in mount:  # from where it pivots
        yield 'bubblewrap', ''


def _is_separate(*kinds: str) -> bool:
    """Return True if the process is not in the initial namespaces of the machine."""
    for kind in kinds:
        try:
            if os.readlink(f'/proc/self/ns/{kind}') != OF_THE_MACHINE[kind]:
                return True
        except OSError:
            continue  # no /proc, or a kernel without such namespaces
    return False


def _name(text: str) -> str:
    """Return a name that can be that of a runtime; else ''."""
    name = text.strip()
    plain = name.replace('-', '').replace('_', '').replace('.', '')
    return name if plain.isascii() and plain.isalnum() and len(name) <= LONGEST_NAME else ''


def _text(path: str) -> str:
    try:
        return text_of(path)
    except OSError:
        return ''

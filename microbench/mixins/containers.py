"""Find the container that this process runs in.

A container is detected by marks that runtimes leave in it. A mark alone proves nothing: a
job that was submitted from inside a container inherits its variables, and an image that was
unpacked on a disk keeps its files. So most marks need a second sign.
"""

from __future__ import annotations

import os

from .machine import text_if_readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Found = tuple[str, str]  # the runtime, and the image if it is known

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
    if 'microsoft' in text_if_readable(RELEASE).lower():
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
    for found in filter(None, [*map(_name, map(text_if_readable, NAMES)), name]):
        yield found, ''


def _podman() -> dict[str, str]:
    """Return the fields that podman writes into a privileged container; else nothing."""
    lines = (line.partition('=') for line in text_if_readable(PODMAN).splitlines())
    return {name: value.strip('"') for name, _, value in lines}


def _root_mount() -> str:
    """Return the line of the mount at `/`."""
    lines = text_if_readable(MOUNTS).splitlines()
    return next((line for line in lines if line.split(' ')[4:5] == ['/']), '')


def _bubblewrap(mount: str) -> Iterator[Found]:
    """Yield bubblewrap, which leaves neither variables nor files."""
    first = _is_separate('pid') and text_if_readable(FIRST).strip() == 'bwrap'
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

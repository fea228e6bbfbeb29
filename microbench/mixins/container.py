"""The container that the process runs in, by the marks that runtimes leave in it.

A mark alone proves nothing: variables go with a job that was submitted from inside, and an
image that was unpacked on a disk keeps its files. So each needs a second sign.
"""

from __future__ import annotations

import os

from .kernel import text_of

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
LONGEST = 80  # characters of a name


def container() -> dict[str, str]:
    """Return `container`, and `container_image` if it is known; nothing outside of one."""
    runtime, image = next(_found(), ('', ''))
    named = {'container': runtime, 'container_image': image}
    return {field: value for field, value in named.items() if value}


def _found() -> Iterator[Found]:
    """Yield what the marks say, the innermost first."""
    yield from _by_variables()
    separate = _is_separate('pid', 'uts', 'ipc')
    if separate and os.path.isfile(FLATPAK):  # which uses bubblewrap
        yield 'flatpak', ''
    yield from _by_mounts()
    if separate:
        yield from _by_files()
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
    if os.path.isfile(PODMAN):  # podman-run(1): it is empty unless privileged
        lines = (line.partition('=') for line in _text(PODMAN).splitlines())
        values = {name: value.strip('"') for name, _, value in lines}
        yield (
            values.get('engine', '').partition('-')[0] or 'podman',
            values.get('image', ''),
        )
    if os.path.isfile(DOCKER):
        yield 'docker', ''
    for name in filter(None, map(_name, map(_text, NAMES))):
        yield name, ''
    if os.path.isdir(SECRETS):
        yield 'kubernetes', ''
    name = _name(os.environ.get(NAMED, ''))
    if name:
        yield name, ''


def _by_mounts() -> Iterator[Found]:
    """Yield sandboxes that leave neither variables nor files."""
    if _is_separate('pid') and _text(FIRST).strip() == 'bwrap':
        yield 'bubblewrap', ''
    for line in _text(MOUNTS).splitlines():
        _, _, _, root, place, *_ = [*line.split(' '), '', '', '', '', '']
        if place == '/' and root == '/newroot':  # from where it pivots
            yield 'bubblewrap', ''
        if place == '/' and '/io.containerd.' in line:  # the snapshots below its overlay
            yield 'containerd', ''


def _is_separate(*kinds: str) -> bool:
    """Whether the process is in other namespaces than those that the machine began with."""
    for kind in kinds:
        try:
            if os.readlink(f'/proc/self/ns/{kind}') != OF_THE_MACHINE[kind]:
                return True
        except OSError:
            continue  # no /proc, or a kernel without such namespaces
    return False


def _name(text: str) -> str:
    """Return a name as runtimes have them; nothing for anything else."""
    name = text.strip()
    plain = name.replace('-', '').replace('_', '').replace('.', '')
    return name if plain.isascii() and plain.isalnum() and len(name) <= LONGEST else ''


def _text(path: str) -> str:
    try:
        return text_of(path)
    except OSError:
        return ''

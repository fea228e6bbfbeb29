"""Find the folders of our control groups, of version 1, 2 or both.

/proc/self/cgroup has the paths of our groups (cgroups(7)); /proc/self/mountinfo has where
each hierarchy is mounted, and which group is at the root of the mount
(proc_pid_mountinfo(5)). Both kinds of path begin at the root of our cgroup namespace.
"""

from __future__ import annotations

import _thread
import errno
import os

from .machine import is_stubbed, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Groups = dict[str, tuple[str, str]]  # controller to path, and to all that share it
    # Controllers among other options, the group at the root of the mount, and its place.
    Mount = tuple[frozenset[str], str, str]

UNIFIED = ''  # what stands for a controller in the line of version 2
OF_PROCESS = ('memory',)  # of version 1, whatever the group of a thread is
GROUPS, MOUNTS = '/proc/self/cgroup', '/proc/self/mountinfo'
OF_THREAD = '/proc/thread-self/cgroup'  # since Linux 3.17
NAMESPACES = ('/proc/self/ns/mnt', '/proc/self/ns/cgroup')
ESCAPES = (('\\040', ' '), ('\\011', '\t'), ('\\012', '\n'), ('\\134', '\\'))


def own_groups(read: Callable[[str], str | None]) -> Groups:
    """Return the control groups of this thread, which may differ from the main thread's.

    In version 1, memory is charged to the group of the process (cgroup-v1/memory, 2.3).

    Args:
        read: function that returns the text of a file, or None if it is missing.

    Raises:
        OSError: the kernel does not provide them.
        ValueError: the text of the kernel cannot be parsed.
    """
    text = read(GROUPS)
    if text is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), GROUPS)
    groups = groups_in(text)
    if _thread.get_native_id() == os.getpid():
        return groups
    of_thread = groups_in(read(OF_THREAD) or text)
    of_process = {name: groups[name] for name in OF_PROCESS if name in groups}
    return {**of_thread, **of_process}


def groups_in(text: str) -> Groups:
    """Map each controller to the path of our group, and to all that share its hierarchy.

    Raises:
        ValueError: the text cannot be parsed.
    """
    groups = {}
    for line in text.splitlines():
        parts = line.split(':', 2)
        if len(parts) != 3 or not parts[2].startswith('/'):
            raise ValueError(f'{GROUPS}: {line[:80]!r} is not a control group')
        for controller in parts[1].split(','):
            groups[controller] = parts[2], parts[1]
    return groups


def folders_of(
    controller: str, groups: Groups, mounts: list[Mount] | None, root: str
) -> tuple[int, list[str]]:
    """Return the version of a controller, and the folders of our group up to the root.

    The list is empty if the kernel lacks the controller.

    Args:
        controller: its name.
        groups: what own_groups() returns.
        mounts: what mounts() returns.
        root: where control groups are usually mounted.

    Raises:
        LookupError: the group cannot be seen from here.
    """
    if controller in groups:
        path, joint = groups[controller]
        usual = [f'{root}/{name}' for name in dict.fromkeys([controller, joint])]
        return 1, _folders(controller, path, mounts, usual)
    if UNIFIED not in groups:
        return 2, []
    return 2, _unified_folders(groups[UNIFIED][0], mounts, root)


def _unified_folders(path: str, mounts: list[Mount] | None, root: str) -> list[str]:
    if os.path.exists(f'{root}/cgroup.controllers'):
        here = [mount for mount in mounts or () if mount[2] == root]
        return _folders(UNIFIED, path, None if mounts is None else here, [root])
    try:
        return _folders(UNIFIED, path, mounts, [f'{root}/unified'])
    except LookupError:  # version 1 alone
        return []


def _folders(
    name: str, path: str, mounts: list[Mount] | None, usual: list[str]
) -> list[str]:
    if mounts is None:
        return [place + level for place in usual for level in levels(path)]
    for root, place in _places(name, mounts, usual):
        inside = below(path, root)
        if inside is not None and os.path.isdir(place + inside):
            return [place + level for level in levels(inside)]
    raise LookupError(f'the control group {path} is not visible from here')


def _places(name: str, mounts: list[Mount], usual: list[str]) -> Iterator[tuple[str, str]]:
    """Yield root and place of each mount that may contain our group."""
    for options, root, place in mounts:
        if name in options:
            yield root, place
    known = {place for _, _, place in mounts}
    for place in usual:
        if os.path.realpath(place) not in known:  # a file system that only imitates it
            yield '/', place


def below(path: str, root: str) -> str | None:
    """Return the path of a group relative to the root of a mount; None if outside.

    >>> below('/docker/1/job', '/docker/1'), below('/', '/')
    ('/job', '')
    >>> below('/docker/10', '/docker/1'), below('/', '/..')
    (None, None)
    """
    path, root = path.rstrip('/'), root.rstrip('/')
    inside = path[len(root) :]
    is_inside = path == root or path.startswith(f'{root}/')
    return inside if is_inside and '..' not in inside.split('/') else None


def levels(path: str) -> Iterator[str]:
    """Yield a group and all above it; the root is ''."""
    path = '' if '..' in path.split('/') else path.rstrip('/')  # outside of our namespace
    while path:
        yield path
        path = path.rpartition('/')[0]
    yield ''


# --- the mounts --------------------------------------------------------------------------

_seen: tuple[list[str], list[Mount]] = ([], [])  # namespaces, and what is mounted there


def mounts() -> list[Mount] | None:
    """Return all mounts of control groups; None if they are not known.

    A node with many containers has thousands of mounts. So the result is cached while the
    process stays in its namespaces.
    """
    global _seen  # noqa: PLW0603 - found again by two threads at worst
    if is_stubbed():
        return None  # the test knows the usual places
    try:
        here = [os.readlink(name) for name in NAMESPACES]
    except OSError:
        return _read()
    if _seen[0] == here:
        return _seen[1]
    found = _read()
    if found is not None:
        _seen = here, found
    return found


def _read() -> list[Mount] | None:
    try:
        return list(mounts_in(text_of(MOUNTS)))
    except (OSError, ValueError):
        return None


def mounts_in(text: str) -> Iterator[Mount]:
    """Yield the mounts of control groups; raise ValueError if the text is invalid."""
    for line in text.splitlines():
        place, dash, system = line.partition(' - ')
        if not dash:
            raise ValueError(f'{MOUNTS}: {line[:80]!r} is not a mount')
        kind, _, options = system.split(' ', 2)
        if kind in ('cgroup', 'cgroup2'):
            _, _, _, root, point, *_ = map(_unescaped, place.split(' '))
            names = [UNIFIED] if kind == 'cgroup2' else options.split(',')
            yield frozenset(names), root, point


def _unescaped(text: str) -> str:
    for escape, character in ESCAPES:
        text = text.replace(escape, character)
    return text

"""The container around the process, in a record."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import MBHostInfo, MicroBenchBase
from microbench.mixins import containers
from tests.fakes import ROOT, only

VARIABLES = (
    *('APPTAINER_CONTAINER', 'SINGULARITY_CONTAINER', 'CH_RUNNING', 'container'),
    'KUBERNETES_SERVICE_HOST',
)
RAN = """engine="podman-4.3.1"
name="job"
image="docker.io/library/python:3.11"
rootless=0
"""


class Bench(MicroBenchBase, MBHostInfo):
    pass


class Machine:
    """A machine without any container; its files can be written, its namespaces named."""

    def __init__(self, folder, patch):
        self.folder, self.patch, self.separate = folder, patch, set()
        for name in ('DOCKER', 'PODMAN', 'FLATPAK', 'APPTAINER', 'SECRETS'):
            patch.setattr(containers, name, str(folder / name.lower()))
        for name in ('RELEASE', 'FIRST', 'MOUNTS'):
            patch.setattr(containers, name, str(folder / name.lower()))
        patch.setattr(containers, 'NAMES', (str(folder / 'host'), str(folder / 'systemd')))
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setattr(
            containers, '_is_separate', lambda *k: not self.separate.isdisjoint(k)
        )

    def write(self, **texts):
        """Write files; None makes a folder."""
        for name, text in texts.items():
            path = self.folder / name
            path.mkdir() if text is None else path.write_text(text)

    def said(self):
        """Return a record's container and image."""
        bench = Bench()
        bench(lambda: None)()
        host = only(bench.get_results())['host']
        return host.get('container'), host.get('container_image')


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a machine that is in no container."""
    return Machine(tmp_path, monkeypatch)


def test_outside(place):
    """Outside a container the field is absent."""
    assert place.said() == (None, None)


ROOT_OF = '31 1 0:40 {} / rw - {} rw\n'
OVERLAY = 'overlay overlay lowerdir=/var/lib/{}/1'
SNAPSHOTS = 'containerd/io.containerd.snapshotter.v1.overlayfs'
PODMAN_ROOT = ROOT_OF.format('/', OVERLAY.format('containers/storage/overlay'))

FILES = [
    ({'podman': ''}, ('podman', None)),
    ({'podman': RAN}, ('podman', 'docker.io/library/python:3.11')),
    ({'podman': 'engine="buildah-1.28"\n'}, ('buildah', None)),
    ({'docker': ''}, ('docker', None)),
    ({'host': 'systemd-nspawn\n'}, ('systemd-nspawn', None)),
    ({'systemd': 'lxc\n'}, ('lxc', None)),
    ({'secrets': None}, ('kubernetes', None)),
    ({'secrets': None, 'podman': ''}, ('kubernetes', None)),  # of CRI-O
    (
        {'flatpak': '', 'mounts': ROOT_OF.format('/newroot', 'tmpfs tmpfs')},
        ('flatpak', None),
    ),
]


@pytest.mark.parametrize(('files', 'said'), FILES)
def test_files_of_a_runtime(place, files, said):
    """A runtime's files count in a container, not in an image unpacked on a disk."""
    place.write(**files)
    if 'flatpak' not in files:
        assert place.said() == (None, None)
    place.separate.add('pid')
    assert place.said() == said


@pytest.mark.parametrize(
    ('files', 'said'),
    [
        ({'mounts': ROOT_OF.format('/newroot', 'tmpfs tmpfs')}, 'bubblewrap'),
        ({'mounts': ROOT_OF.format('/', OVERLAY.format(SNAPSHOTS))}, 'containerd'),
        ({'mounts': ROOT_OF.format('/', OVERLAY.format('docker/overlay2'))}, 'docker'),
        ({'mounts': PODMAN_ROOT}, 'podman'),
        ({'mounts': PODMAN_ROOT, 'podman': 'engine="buildah-1.28"\n'}, 'buildah'),
        ({'mounts': PODMAN_ROOT, 'secrets': None}, 'kubernetes'),
        ({'mounts': ROOT_OF.format('/', OVERLAY.format('live'))}, None),
        ({'release': '5.15.90.1-microsoft-standard-WSL2\n'}, 'wsl'),
        ({'release': '4.4.0-19041-Microsoft\n'}, 'wsl'),
        ({'mounts': 'nonsense\n', 'release': '6.1.0\n'}, None),
    ],
)
def test_what_the_kernel_shows(place, files, said):
    """A sign that the kernel shows is sufficient."""
    place.write(**files)
    assert place.said() == (said, None)


@pytest.mark.parametrize('name', ['APPTAINER', 'SINGULARITY'])
def test_images_of_hpc(place, name):
    """The variable names the image, but also in jobs submitted from a container."""
    place.patch.setenv(f'{name}_CONTAINER', '/images/solver.sif')
    assert place.said() == (None, None)
    place.write(apptainer=None)
    assert place.said() == (name.lower(), '/images/solver.sif')


def test_charliecloud(place):
    """Charliecloud always makes a user namespace; its variable may be inherited."""
    place.patch.setenv('CH_RUNNING', 'Weird Al Yankovic')
    assert place.said() == (None, None)
    place.separate.add('user')
    assert place.said() == ('charliecloud', None)


@pytest.mark.parametrize(
    ('value', 'said'),
    [('lxc', 'lxc'), ('oci', 'oci'), ('', None), ('a b', None), ('x' * 500, None)],
)
def test_the_variable_of_systemd(place, value, said):
    """Runtimes without files set systemd's variable."""
    place.patch.setenv('container', value)
    assert place.said() == (None, None)
    place.separate.add('uts')
    assert place.said() == (said, None)


@pytest.mark.parametrize(
    ('value', 'said'),
    [
        *(('lxc', 'lxc'), ('podman', 'podman'), ('systemd-nspawn', 'systemd-nspawn')),
        *(('oci', 'podman'), ('docker', 'podman'), ('', 'podman')),
    ],
)
def test_the_variable_and_a_file(place, value, said):
    """The file, and general names in the variable, may be left from an image."""
    place.patch.setenv('container', value)
    place.write(podman=RAN)
    place.separate.add('pid')
    image = 'docker.io/library/python:3.11' if said == 'podman' else None
    assert place.said() == (said, image)


def test_a_sandbox_in_a_container(place):
    """A sandbox in a container is the one that is named."""
    place.write(docker='', first='bwrap\n')
    place.separate.add('pid')
    assert place.said() == ('bubblewrap', None)


@pytest.mark.parametrize('content', [b'\xff\xfe', b'image=', b'\0' * 5000])
def test_files_that_make_no_sense(place, content):
    """A malformed mark counts, but names no image."""
    (place.folder / 'podman').write_bytes(content)
    place.separate.add('ipc')
    assert place.said() == ('podman', None)


def test_without_proc(monkeypatch):
    """Unreadable namespaces are not a sign of a container."""

    def fail(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, 'readlink', fail)
    assert not containers._is_separate('pid', 'user')


# --- real ones -----------------------------------------------------------------------

REPORT = """
import json
from microbench import MBHostInfo, MicroBenchBase
bench = type('Bench', (MicroBenchBase, MBHostInfo), {})()
bench(lambda: None)()
print(json.dumps(bench.get_results()[0]['host'].get('container')))
"""


def reported(*before, **variables):
    """Return what a process reports in a container started by these words."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run(
        [*before, sys.executable, '-c', REPORT],
        env={**kept, 'PYTHONPATH': str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def unshare():
    """Return words that start a program in namespaces of its own."""
    words = ['unshare', '--mount', '--uts', 'true']
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f'no namespaces can be made here: {done.stderr!r}')
    return words[:-1]


def test_real_namespaces(unshare):
    """A file below /run counts in real namespaces, as in a container of podman."""
    script = 'mount -t tmpfs none /run && touch /run/.containerenv && exec "$0" "$@"'
    assert reported(*unshare, 'sh', '-c', script) == 'podman'
    assert reported(*unshare[:2], 'sh', '-c', script) == reported()


def test_a_real_user_namespace(unshare):
    """A program in a real user namespace may be in charliecloud."""
    assert reported('unshare', '--user', CH_RUNNING='yes') == 'charliecloud'
    assert reported(CH_RUNNING='yes') == reported()


OWN = ('--proc', '/proc', '--dev', '/dev')


@pytest.fixture
def bwrap():
    """Return the program of bubblewrap."""
    found = shutil.which('bwrap')
    if found is None:
        pytest.skip('needs bubblewrap (Debian: apt install bubblewrap)')
    return found


def test_real_bubblewrap(bwrap):
    """Bubblewrap leaves no variables or files, but is its namespace's first process."""
    assert reported(bwrap, '--ro-bind', '/', '/', *OWN, '--unshare-pid') == 'bubblewrap'


def test_real_bubblewrap_with_a_root_of_its_own(bwrap):
    """The root file system holds nothing but what was bound."""
    places = [str(path) for path in Path('/').iterdir() if str(path) not in OWN]
    bound = [word for place in places for word in ('--ro-bind', place, place)]
    assert reported(bwrap, *bound, *OWN) == 'bubblewrap'

"""Installed Python packages in a record."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy
import pytest

from microbench import MBInstalledPackages, MicroBench, MicroBenchBase
from microbench.distributions import answering
from tests.fakes import only
from tests.installing import install


def record_of(*mixins, **attributes):
    """Return the record of one call of a bench with these mixins and attributes."""
    bench = type('Bench', (MicroBenchBase, *mixins), attributes)()
    bench(lambda: None)()
    return only(bench.get_results())


def test_what_pip_lists():
    """Names and versions are those that `pip list` gives."""
    asked = [sys.executable, '-m', 'pip', 'list', '--format=json']
    environment = {n: v for n, v in os.environ.items() if n != 'PYTHONPATH'}
    done = subprocess.run(asked, env=environment, capture_output=True, check=True)
    listed = {package['name']: package['version'] for package in json.loads(done.stdout)}
    found = record_of(MBInstalledPackages)['python']
    assert 'installed_package_paths' not in found
    listed.pop('microbench', None)
    assert listed.items() <= found['installed_packages'].items()


def test_directories_are_real():
    """With capture_paths each package has a directory that exists, without `..`."""
    python = record_of(MBInstalledPackages, capture_paths=True)['python']
    paths = python['installed_package_paths']
    assert set(paths) == set(python['installed_packages'])
    for path in paths.values():
        assert Path(path).is_dir()
        assert '..' not in Path(path).parts
    assert Path(numpy.__file__).parents[1] in {
        Path(paths['numpy']),
        Path(paths['numpy']).parent,
    }


@pytest.fixture
def two_folders(tmp_path, monkeypatch):
    """Set a search path of two folders with distributions of all kinds."""
    one, two = tmp_path / 'one' / 'site', tmp_path / 'two' / 'site'
    install(one, 'Some.Thing', '1.0', '../bin/script', 'thing/__init__.py')
    install(two, 'some-thing', '2.0', 'thing/__init__.py')
    install(two, 'only-a-script', '3.0', '../bin/script')
    install(two, 'nothing', '4.0')
    install(two, '', '5.0', 'broken.py')
    monkeypatch.setattr(sys, 'path', [str(one), str(two)])
    return one, two


def test_the_first_of_a_name_counts(two_folders):
    """As for imports, the first of a name counts; one without a name is left out."""
    one, two = two_folders
    python = record_of(MBInstalledPackages, capture_paths=True)['python']
    assert python['installed_packages'] == {
        'Some.Thing': '1.0',
        'only-a-script': '3.0',
        'nothing': '4.0',
    }
    assert python['installed_package_paths'] == {
        'Some.Thing': str(one / 'thing'),
        'only-a-script': str(two),
    }


def test_found_once_for_each_bench(monkeypatch):
    """A search takes long: a bench's second record repeats the first one's result."""
    asked = []

    def distributions():
        asked.append(1)
        return []

    monkeypatch.setattr(importlib.metadata, 'distributions', distributions)
    bench = type('Bench', (MicroBench, MBInstalledPackages), {})()
    for _ in range(3):
        bench(lambda: None)()
    assert [r['python']['installed_packages'] for r in bench.get_results()] == [{}] * 3
    assert asked == [1]
    assert bench.explain_path() == []


# --- what is not as it should be -----------------------------------------------------


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return the only folder of the search path."""
    folder = tmp_path / 'site'
    folder.mkdir()
    monkeypatch.setattr(sys, 'path', [str(folder)])
    return folder


def found_in(site, **attributes):
    """Return the versions in a folder, and why others are missing."""
    python = record_of(MBInstalledPackages, **attributes)['python']
    return python['installed_packages'], python.get('unavailable', {})


def test_broken_metadata_costs_only_itself(site):
    """The record has the reason and all other packages."""
    install(site, 'good', '1.0')
    install(site, 'gone', '1.0').joinpath('METADATA').unlink()
    install(site, 'unversioned', '1.0').joinpath('METADATA').write_text('Name: x\n')
    install(site, 'latin', '1.0').joinpath('METADATA').write_bytes(
        b'Name: latin\nVersion: 1.0\nAuthor: J\xe9r\xf4me\n\nGr\xfc\xdfe\n'
    )
    assert found_in(site) == (
        {'good': '1.0', 'latin': '1.0'},
        {
            'installed_packages.gone-1.0.dist-info': 'no METADATA',
            'installed_packages.unversioned-1.0.dist-info': 'no Version in its metadata',
        },
    )


def test_a_malformed_direct_url_costs_only_itself(site):
    """The version is known in spite of it."""
    install(site, 'odd', '1.0', direct_url_DOT_json='{"url": 1}')
    install(site, 'good', '1.0', direct_url_DOT_json='{"url": "https://me:pw@x.org/a"}')
    python = record_of(MBInstalledPackages)['python']
    assert python['installed_packages'] == {'good': '1.0', 'odd': '1.0'}
    assert python['unavailable'] == {
        'installed_package_sources.odd': 'direct_url.json has no url'
    }
    assert python['installed_package_sources'] == {
        'good': {'url': 'https://me:***@x.org/a'}
    }


def test_names_that_differ_only_in_writing(site, tmp_path, monkeypatch):
    """PEP 503 compares them; the first on the search path counts."""
    install(site, 'Zope.Interface', '1.0')
    install(tmp_path / 'later', 'zope_interface', '2.0')
    monkeypatch.setattr(sys, 'path', [*sys.path, str(tmp_path / 'later')])
    assert found_in(site) == ({'Zope.Interface': '1.0'}, {})


def test_two_versions_in_one_folder(site):
    """`pip --target` used twice leaves both; the one whose files exist counts."""
    for version, text in (('1.0', 'x = 1\n'), ('2.0', 'x = 1000\n')):
        site.joinpath('it.py').unlink(missing_ok=True)
        install(site, 'it', version).joinpath('RECORD').write_text(f'it.py,,{len(text)}\n')
    for version, text in (('1.0', 'x = 1\n'), ('2.0', 'x = 1000\n')):
        site.joinpath('it.py').write_text(text)
        assert found_in(site) == ({'it': version}, {})


@pytest.mark.parametrize('files', [[], ['it.py']])
def test_two_versions_that_look_the_same(site, files):
    """If both versions fit the files, neither is stored."""
    install(site, 'it', '1.0', *files)
    install(site, 'it', '2.0', *files)
    versions, why = found_in(site)
    assert versions == {}
    assert list(why) == ['installed_packages.it']
    assert why['installed_packages.it'] in {
        f'{one} and {two} are both in {site}' for one, two in ('12', '21')
    } | {f'{one}.0 and {two}.0 are both in {site}' for one, two in ('12', '21')}


def test_a_folder_that_is_searched_twice(site, tmp_path, monkeypatch):
    """Packages of a folder that is also linked are listed once."""
    install(site, 'it', '1.0')
    tmp_path.joinpath('link').symlink_to(site)
    monkeypatch.setattr(sys, 'path', [str(site), str(tmp_path / 'link'), str(site)])
    assert found_in(site) == ({'it': '1.0'}, {})


def test_paths_that_must_not_be_opened(site, monkeypatch):
    """Opening a pipe would wait for ever; a missing path does not matter."""
    install(site, 'it', '1.0')
    pipe = site / 'pipe'
    os.mkfifo(pipe)
    monkeypatch.setattr(sys, 'path', [str(pipe), '/no/such', str(site), '/dev/zero', '\0'])
    why = {
        f'installed_packages.{pipe}': 'neither a folder nor a file',
        'installed_packages.\0': 'neither a folder nor a file',
        'installed_packages./dev/zero': 'neither a folder nor a file',
    }
    assert found_in(site) == ({'it': '1.0'}, why)


def test_what_is_not_a_text_in_the_search_path(site, tmp_path, monkeypatch):
    """Imports skip entries that are not text, and so does the search."""
    install(site, 'it', '1.0')
    install(tmp_path / 'other', 'other', '1.0')
    odd = [0, None, tmp_path / 'other', str(site)]
    monkeypatch.setattr(sys, 'path', odd)
    assert found_in(site) == ({'it': '1.0'}, {})


def test_a_path_that_never_answers(site, monkeypatch):
    """A silent path, as on a network, is left out after some time."""
    install(site, 'it', '1.0')
    released, real = threading.Event(), os.stat

    def stat(path, **options):
        if path == '/hanging':
            released.wait()
        return real(path, **options)

    monkeypatch.setattr(answering, 'LIMIT', 0.05)
    monkeypatch.setattr(os, 'stat', stat)
    monkeypatch.setattr(sys, 'path', [str(site), '/hanging'])
    try:
        versions, why = found_in(site)
    finally:
        released.set()
    assert versions == {'it': '1.0'}
    assert why == {'installed_packages./hanging': answering.SILENT}


def test_no_thread_to_be_had(site, monkeypatch):
    """Without a thread, paths are searched without a time limit."""

    def start(thread):
        raise RuntimeError("can't start new thread")

    install(site, 'it', '1.0')
    monkeypatch.setattr(threading.Thread, 'start', start)
    assert found_in(site) == ({'it': '1.0'}, {})


def test_metadata_that_vanishes(site, monkeypatch):
    """A package may be installed while the record is made."""
    gone = install(site, 'gone', '1.0')
    install(site, 'it', '1.0')
    found = list(importlib.metadata.distributions())
    shutil.rmtree(gone)
    monkeypatch.setattr(importlib.metadata, 'distributions', lambda: found)
    versions, why = found_in(site)
    assert versions == {'it': '1.0'}
    assert why == {'installed_packages.gone-1.0.dist-info': 'no METADATA'}


def test_stubs_of_distributions(monkeypatch):
    """Users' stubs may offer only what 2.1.0 asked for."""

    def stub(name, version):
        return types.SimpleNamespace(metadata={'Name': name}, version=version, files=[])

    stubs = [stub('one', '1'), stub('two', '2'), stub('One', '3'), stub(None, '4')]
    monkeypatch.setattr(importlib.metadata, 'distributions', lambda: stubs)
    assert record_of(MBInstalledPackages)['python']['installed_packages'] == {
        'one': '1',
        'two': '2',
    }


def test_a_distribution_of_a_finder(monkeypatch):
    """A distribution need not be a folder; its errors cost only itself."""

    class Own(importlib.metadata.Distribution):
        files = [importlib.metadata.PackagePath('own/__init__.py')]

        def read_text(self, name):
            if name == 'METADATA':
                return 'Name: own\nVersion: 1\n'
            raise LookupError(name)

        def locate_file(self, path):
            return Path('/place') / path

    monkeypatch.setattr(importlib.metadata, 'distributions', lambda: [Own()])
    python = record_of(MBInstalledPackages, capture_paths=True)['python']
    assert python['installed_packages'] == {'own': '1'}
    assert python['unavailable'] == {
        'installed_package_sources.own': 'direct_url.json',
        'installed_package_paths.own': 'direct_url.json',
    }

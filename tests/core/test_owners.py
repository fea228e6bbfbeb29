"""Which distribution a module belongs to: by its file, not by its name."""

import os
import sys
import threading
import zipfile

import pytest

from microbench.distributions import answering, owners
from microbench.distributions.owners import divided, version_of_file
from microbench.distributions.sources import url_of
from tests.installing import install


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch):
    monkeypatch.setattr(owners, '_folders', {})
    monkeypatch.setattr(owners, '_usable', {})


@pytest.mark.parametrize(
    ('name', 'file', 'base', 'inside'),
    [
        ('six', '/site/six.py', '/site', 'six'),
        ('yaml', '/site/yaml/__init__.py', '/site', 'yaml/__init__'),
        ('a.b', '/site/a/b/__init__.py', '/site', 'a/b/__init__'),
        ('a.b', '/site/a/b.cpython-311-x86_64-linux-gnu.so', '/site', 'a/b'),
        ('_cffi', '/site/_cffi.abi3.so', '/site', '_cffi'),
        ('a', '/app.pyz/a/__init__.pyc', '/app.pyz', 'a/__init__'),
    ],
)
def test_a_file_of_a_module(name, file, base, inside):
    """A module's file is split into the searched folder and the path below it."""
    assert divided(name, file) == (base, inside)


def version(site, name, file):
    """Return the version of a module by its file below a folder."""
    return version_of_file(name, str(site / file))


def test_by_the_name_of_the_distribution(tmp_path):
    """Most distributions have the name of their module."""
    install(tmp_path, 'some-thing', '1.0', 'some_thing/__init__.py')
    assert version(tmp_path, 'some_thing', 'some_thing/__init__.py') == '1.0'


def test_by_the_files_of_the_distribution(tmp_path):
    """PyYAML installs `yaml`, attrs `attr`; extensions have long endings."""
    install(tmp_path, 'PyYAML', '6.0', 'yaml/__init__.py')
    install(tmp_path, 'c-thing', '2.0', 'fast.cpython-311-x86_64-linux-gnu.so')
    assert version(tmp_path, 'yaml', 'yaml/__init__.py') == '6.0'
    assert version(tmp_path, 'fast', 'fast.cpython-311-x86_64-linux-gnu.so') == '2.0'


def test_a_file_of_the_user_is_not_installed(tmp_path):
    """A user's file may have the name of an installed module."""
    site, own = tmp_path / 'site', tmp_path / 'own'
    install(site, 'utils', '1.0', 'utils/__init__.py')
    own.mkdir()
    assert version(own, 'utils', 'utils.py') is None
    assert version(site, 'utils', 'utils.py') is None


def test_a_file_of_several_is_of_none(tmp_path):
    """Several distributions install `tests`, so its owner is unknown."""
    install(tmp_path, 'one', '1.0', 'one/__init__.py', 'tests/__init__.py')
    install(tmp_path, 'two', '2.0', 'two/__init__.py', 'tests/__init__.py')
    assert version(tmp_path, 'tests', 'tests/__init__.py') is None
    assert version(tmp_path, 'two', 'two/__init__.py') == '2.0'


def test_two_versions_in_one_folder(tmp_path):
    """Two versions left by two installers make the version unknown."""
    install(tmp_path, 'it', '1.0', 'it.py')
    install(tmp_path, 'it', '2.0', 'it.py')
    assert version(tmp_path, 'it', 'it.py') is None


@pytest.mark.parametrize('record', [None, ''])
@pytest.mark.parametrize(('top', 'expected'), [('it\nother\n', '1.0'), ('other', None)])
def test_without_a_list_of_files(tmp_path, record, top, expected):
    """A system package without a list of files is found by its top-level names."""
    info = install(tmp_path, 'it', '1.0', top_level_DOT_txt=top)
    info.joinpath('RECORD').unlink()
    if record is not None:
        info.joinpath('RECORD').write_text(record)
    assert version(tmp_path, 'it', 'it.py') == expected


def test_with_nothing_but_a_name(tmp_path):
    """A distribution that is an .egg-info file has nothing but a name."""
    tmp_path.joinpath('it-1.0.egg-info').write_text('Name: it\nVersion: 1.0\n')
    assert version(tmp_path, 'it', 'it.py') == '1.0'
    assert version(tmp_path, 'other', 'other.py') is None


def editable(site, sources, name, version, hook='', text='', **more):
    """Install sources as editable, found by a hook, as the packaging guide says."""
    about = f'{{"url": "{url_of(str(sources))}", "dir_info": {{"editable": true}}}}'
    hooks = [hook] if hook else []
    install(site, name, version, *hooks, direct_url_DOT_json=about, **more)
    for file in hooks:
        site.joinpath(file).write_text(text)


@pytest.mark.parametrize(
    ('layout', 'hook', 'text', 'more'),
    [
        ('src/it/__init__.py', 'it.pth', '{}/src\n', {}),
        ('it/__init__.py', 'it.pth', '{}\n', {}),
        ('lib/odd/it.py', '_editable_impl_it.py', "F.map_module('it', '{}')", {}),
        ('lib/odd/it.py', '_it_editable_loader.py', 'install({{"it"}})', {}),
        ('lib/odd/it.py', 'it.pth', 'import it_finder\n', {'top_level_DOT_txt': 'it\n'}),
    ],
)
def test_an_editable_install(tmp_path, monkeypatch, layout, hook, text, more):
    """Modules in no RECORD are found by their folder and by the import hook."""
    site, sources = tmp_path / 'site', tmp_path / 'sources with space'
    editable(site, sources, 'it', '1.0', hook, text.format(sources), **more)
    monkeypatch.setattr(sys, 'path', [str(site), ''])
    assert version(sources, 'it', layout) == '1.0'
    assert version(tmp_path / 'sources with space, too', 'it', layout) is None
    assert version(sources, 'test_it', 'tests/test_it.py') is None
    assert version(sources, 'other', '.venv/lib/site-packages/other.py') is None


def test_of_two_editable_installs_the_inner_one(tmp_path, monkeypatch):
    """A repository that holds several distributions may be one itself."""
    repo, site = tmp_path / 'repo', tmp_path / 'site'
    editable(site, repo, 'all', '1', top_level_DOT_txt='part\nother\n')
    editable(site, repo / 'part', 'part', '2', top_level_DOT_txt='part\n')
    monkeypatch.setattr(sys, 'path', [str(site)])
    assert version(tmp_path, 'part', 'repo/part/part.py') == '2'
    assert version(tmp_path, 'other', 'repo/other.py') == '1'


def test_an_editable_install_by_a_link(tmp_path, monkeypatch):
    """The note of pip has the link, the `.pth` file of Hatchling the folder behind it."""
    repo, link, site = tmp_path / 'repo', tmp_path / 'link', tmp_path / 'site'
    repo.mkdir()
    link.symlink_to(repo)
    editable(site, link, 'it', '1', 'it.pth', f'{repo}\n')
    monkeypatch.setattr(sys, 'path', [str(site)])
    assert version(repo, 'it', 'it.py') == '1'


def test_an_editable_install_without_a_hook(tmp_path, monkeypatch):
    """A file that cannot be read does not decide."""
    repo, site = tmp_path / 'repo', tmp_path / 'site'
    editable(site, repo, 'it', '1', 'it.pth')
    site.joinpath('it.pth').unlink()
    monkeypatch.setattr(sys, 'path', [str(site)])
    assert version(repo, 'it', 'it.py') is None


def test_beside_an_egg_info(tmp_path):
    """`setup.py develop` leaves an egg-info beside the sources."""
    info = tmp_path / 'it.egg-info'
    info.mkdir()
    info.joinpath('PKG-INFO').write_text('Name: it\nVersion: 0.1\n')
    info.joinpath('top_level.txt').write_text('it\n')
    assert version(tmp_path, 'it', 'it/__init__.py') == '0.1'


def test_in_a_zip_file(tmp_path):
    """An application in one zip file may contain distributions."""
    path = tmp_path / 'app.pyz'
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('it-1.0.dist-info/METADATA', 'Name: it\nVersion: 1.0\n')
        file.writestr('it-1.0.dist-info/RECORD', 'it.py,,\n')
    assert version(path, 'it', 'it.py') == '1.0'


def test_a_folder_that_has_changed_is_read_again(tmp_path):
    """A program may install something while it runs."""
    assert version(tmp_path, 'it', 'it.py') is None
    install(tmp_path, 'it', '1.0', 'it.py')
    os.utime(tmp_path, ns=(1, 1))
    assert version(tmp_path, 'it', 'it.py') == '1.0'


def test_broken_metadata_has_no_version(tmp_path):
    """Broken metadata has no version and does not stop the code."""
    info = install(tmp_path, 'it', '1.0', 'it.py')
    info.joinpath('METADATA').unlink()
    assert version(tmp_path, 'it', 'it.py') is None


def test_a_path_that_never_answers(tmp_path, monkeypatch):
    """A path that never answers is asked once, for a limited time, then skipped."""
    released, real, asked = threading.Event(), os.stat, []

    def stat(path, **options):
        if path == '/hanging':
            asked.append(path)
            released.wait()
        return real(path, **options)

    monkeypatch.setattr(answering, 'LIMIT', 0.05)
    monkeypatch.setattr(os, 'stat', stat)
    monkeypatch.setattr(sys, 'path', [str(tmp_path), '/hanging'])
    try:
        assert version(tmp_path, 'one', 'sources/one.py') is None
        assert version(tmp_path, 'two', 'sources/two.py') is None
    finally:
        released.set()
    assert asked == ['/hanging']


def test_another_thread_that_changes_the_search_path(monkeypatch):
    """A thread keeps what it found, though another one replaces it at once."""

    class Cleared(dict):
        def __setitem__(self, key, value):
            """Another thread clears it."""

    monkeypatch.setattr(owners, '_usable', Cleared())
    assert owners._searched() == list(dict.fromkeys(filter(None, sys.path)))

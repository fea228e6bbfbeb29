"""Metadata of installed distributions, intact and broken."""

import os
import re
import zipfile
from importlib import metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.distributions import metadata as distributions
from microbench.distributions.metadata import (
    BrokenError,
    Metadata,
    in_folder,
    is_left_over,
    normalized,
    of_distribution,
)
from tests.installing import install


@given(st.text('aB1-_.'))
def test_names_are_compared_as_pep_503_says(name):
    """Names are normalized with the expression of PEP 503."""
    assert normalized(name) == re.sub(r'[-_.]+', '-', name).lower()


@pytest.mark.parametrize(
    ('base', 'is_left'),
    [
        ('~umpy-1.0.dist-info', True),
        ('~-mpy-1.0.dist-info', True),
        ('-umpy-1.0.dist-info', True),
        ('numpy-1.0.dist-info', False),
        ('4ti2-1.0.dist-info', False),
        ('', True),
    ],
)
def test_names_that_pip_gives_to_what_it_removes(base, is_left):
    """A distribution's name begins with a letter or a digit."""
    assert is_left_over(base) == is_left


def info(tmp_path, data, file='METADATA'):
    """A folder of metadata with one file."""
    folder = tmp_path / 'it-1.dist-info'
    folder.mkdir()
    folder.joinpath(file).write_bytes(data)
    return Metadata(str(folder))


@pytest.mark.parametrize(
    'data',
    [
        b'Metadata-Version: 2.1\nName: it\nVersion: 1.0\n\nName: other\nVersion: 2\n',
        b'Name: it\r\nVersion: 1.0\r\n\r\nText\r\n',
        b'\xef\xbb\xbfNAME:it\nversion:   1.0  \n',
        b'Name: it\nAuthor: J\xe9r\xf4me\nVersion: 1.0\n',
        b'Description: x\n Name: other\n\tVersion: 2\nName: it\nVersion: 1.0\n',
        b'Name: it\nVersion: 1.0\nName: other\nVersion: 2\n',
        b'Summary: ' + b'x' * 100_000 + b'\nName: it\nVersion: 1.0\n',
        b'Name: it\nVersion: 1.0\n\n' + b'x' * 5_000_000,
    ],
    ids=['text', 'crlf', 'bom', 'latin-1', 'folded', 'twice', 'late', 'huge'],
)
@pytest.mark.parametrize('file', ['METADATA', 'PKG-INFO'])
def test_name_and_version(tmp_path, data, file):
    """Name and version are headers; text below them and its encoding change nothing."""
    assert info(tmp_path, data, file).name_and_version() == ('it', '1.0')


def test_an_egg_info_that_is_a_file(tmp_path):
    """An egg-info that is a file, as distutils wrote it, is read."""
    path = tmp_path / 'it-1.0-py3.11.egg-info'
    path.write_text('Name: it\nVersion: 1.0\n')
    assert Metadata(str(path)).name_and_version() == ('it', '1.0')
    assert Metadata(str(path)).key == 'it'
    assert Metadata('/src/Some_Thing.egg-info').key == 'some-thing'


@pytest.mark.parametrize(
    ('data', 'why'),
    [
        (b'', 'no Name in its metadata'),
        (b'Name: it\n', 'no Version in its metadata'),
        (b'Name: it\nVersion:\n', 'no Version in its metadata'),
        (b'Version: 1\n', 'no Name in its metadata'),
        (b'\x00\xff\xfe' * 1000, 'no Name in its metadata'),
        (b'x' * 2_000_000 + b'\nName: it\nVersion: 1\n', 'no Name in its metadata'),
    ],
)
def test_broken_metadata(tmp_path, data, why):
    """The error names the field that is missing."""
    with pytest.raises(BrokenError, match=why):
        info(tmp_path, data).name_and_version()


def test_no_metadata(tmp_path):
    """A folder without its file and a dangling link have no metadata."""
    with pytest.raises(BrokenError, match='no METADATA'):
        info(tmp_path, b'', 'RECORD').name_and_version()
    with pytest.raises(BrokenError, match='no METADATA'):
        Metadata(str(tmp_path / 'gone-1.dist-info')).name_and_version()


def test_a_pipe_is_not_waited_for(tmp_path):
    """Opening a pipe without a writer would block; only plain files are opened."""
    folder = tmp_path / 'it-1.dist-info'
    folder.mkdir()
    os.mkfifo(folder / 'METADATA')
    with pytest.raises(BrokenError, match='no METADATA'):
        Metadata(str(folder)).name_and_version()


def test_metadata_that_may_not_be_read(tmp_path, monkeypatch):
    """The error of the system is the reason (simulated: root may read anything)."""

    def opened(path, flags):
        raise PermissionError(13, 'Permission denied', path)

    monkeypatch.setattr(distributions, '_opened', opened)
    with pytest.raises(BrokenError, match='cannot be read: Permission denied'):
        info(tmp_path, b'Name: it\nVersion: 1\n').name_and_version()


def test_a_folder(tmp_path):
    """A folder has its distributions by name, without leftovers of pip."""
    install(tmp_path, 'two', '2')
    install(tmp_path, 'one', '1')
    install(tmp_path, '~hree', '3')
    tmp_path.joinpath('module.py').touch()
    assert [found.key for found in in_folder(str(tmp_path))] == ['one', 'two']
    assert in_folder(str(tmp_path / 'missing')) == []


def test_an_egg(tmp_path):
    """An unpacked egg is a folder of the search path by itself."""
    egg = tmp_path / 'it-1.0-py3.11.egg'
    (egg / 'EGG-INFO').mkdir(parents=True)
    (egg / 'EGG-INFO' / 'PKG-INFO').write_text('Name: it\nVersion: 1.0\n')
    assert [f.name_and_version() for f in in_folder(str(egg))] == [('it', '1.0')]


def test_a_zip_file(tmp_path):
    """`python app.pyz` has a zip file on its search path; a torn one has nothing."""
    path = tmp_path / 'app.pyz'
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('it-1.0.dist-info/METADATA', 'Name: it\nVersion: 1.0\n')
        file.writestr('it-1.0.dist-info/RECORD', 'it.py,,\n')
    [found] = in_folder(str(path))
    assert found.name_and_version() == ('it', '1.0')
    assert found.read('RECORD') == b'it.py,,\n'
    path.write_bytes(path.read_bytes()[:40])
    assert in_folder(str(path)) == []


def test_distributions_of_a_finder():
    """A plain distribution is read as a folder, another through its methods."""
    assert type(of_distribution(metadata.distribution('pytest'))) is Metadata

    class Own(metadata.Distribution):
        def read_text(self, name):
            return 'Name: own\nVersion: 3\n' if name == 'METADATA' else None

        def locate_file(self, path):
            return path

    found = of_distribution(Own())
    assert found.name_and_version() == ('own', '3')
    assert found.read('RECORD') is None

"""Where distributions were installed from, as `direct_url.json` says."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.distributions.metadata import Metadata
from microbench.distributions.sources import (
    described,
    folder_of,
    folder_of_editable,
    source_of,
    url_of,
)
from tests.installing import install

GIT = 'https://example.org/it.git'
COMMIT = '0123456789abcdef0123456789abcdef01234567'


@pytest.mark.parametrize(
    ('direct_url', 'source'),
    [
        (
            {
                'url': GIT,
                'vcs_info': {
                    'vcs': 'git',
                    'commit_id': COMMIT,
                    'requested_revision': 'main',
                },
                'subdirectory': 'python',
            },
            {
                'url': GIT,
                'vcs': 'git',
                'commit': COMMIT,
                'requested': 'main',
                'subdirectory': 'python',
            },
        ),
        (
            {'url': 'file:///src', 'dir_info': {'editable': True}},
            {'url': 'file:///src', 'editable': True},
        ),
        ({'url': 'file:///src', 'dir_info': {}}, {'url': 'file:///src', 'editable': False}),
        (
            {'url': 'file:///src', 'dir_info': {'editable': 'yes'}},
            {'url': 'file:///src', 'editable': False},
        ),
        (
            {
                'url': 'https://example.org/it.whl',
                'archive_info': {'hash': 'sha256=old', 'hashes': {'sha256': 'aa'}},
            },
            {'url': 'https://example.org/it.whl', 'hash': 'sha256=aa'},
        ),
        (
            {'url': 'https://example.org/it.zip', 'archive_info': {'hash': 'md5=1'}},
            {'url': 'https://example.org/it.zip', 'hash': 'md5=1'},
        ),
        ({'url': 'x', 'archive_info': {}}, {'url': 'x'}),
        ({'url': 'x', 'vcs_info': None}, {'url': 'x'}),
    ],
)
def test_kinds_of_sources(tmp_path, direct_url, source):
    """Commits, folders, editable folders and archives differ."""
    info = install(tmp_path, 'it', '1.0', direct_url_DOT_json=json.dumps(direct_url))
    assert source_of(Metadata(str(info))) == source


@pytest.mark.parametrize('text', ['', '{', '[]', '"url"', '{}', '{"url": 5}', '\ud800'])
def test_a_malformed_file(text):
    """A malformed file raises; the test of the mixin says what a record makes of it."""
    with pytest.raises(ValueError, match='Expecting|has no url|decode'):
        described(text.encode('utf-8', 'surrogatepass'))


def test_from_an_index(tmp_path):
    """A distribution from an index has no source."""
    assert source_of(Metadata(str(install(tmp_path, 'it', '1.0')))) is None


@pytest.mark.parametrize('below', ['', 'src'])
def test_beside_the_sources(tmp_path, below):
    """`setup.py develop` leaves an egg-info, and no direct_url.json."""
    tmp_path.joinpath('setup.py').touch()
    info = tmp_path / below / 'it.egg-info'
    info.mkdir(parents=True)
    found = Metadata(str(info))
    assert source_of(found) == {'url': url_of(str(tmp_path)), 'editable': True}
    assert folder_of_editable(found) == str(tmp_path)


def test_an_egg_info_in_a_folder_of_packages(tmp_path):
    """An egg-info in a folder of packages has no sources around it."""
    info = tmp_path / 'one' / 'two' / 'it.egg-info'
    info.mkdir(parents=True)
    assert source_of(Metadata(str(info))) is None


@given(st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=20))
def test_folders_and_their_urls(name):
    """Any name of a folder survives the way to its URL and back."""
    folder = os.path.normpath(f'/src/{name}')
    assert folder_of(url_of(folder)) == folder


@pytest.mark.parametrize('url', ['https://example.org/x', 'file://host/x', 'x', ''])
def test_urls_of_no_folder_here(url):
    """A URL of another machine, or of none, is no folder."""
    assert folder_of(url) is None

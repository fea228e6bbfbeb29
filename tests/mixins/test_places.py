"""The place of a distribution's package."""

import pytest

from microbench.distributions.metadata import Metadata
from microbench.mixins.places import package_in, place_of
from tests.installing import install


@pytest.mark.parametrize(
    ('files', 'key', 'folder'),
    [
        (
            ['numpy/__init__.py', 'numpy/core/__init__.py', 'numpy.libs/a.so.3'],
            'numpy',
            'numpy',
        ),
        (
            ['__pycache__/six.cpython-311.pyc', 'six.py', 'six-1.dist-info/RECORD'],
            'six',
            '',
        ),
        (['yaml/__init__.py', '_yaml/__init__.py'], 'pyyaml', 'yaml'),
        (['tests/__init__.py', 'it/__init__.py', 'docs/__init__.py'], 'py-it', 'it'),
        (['tests/__init__.py'], 'it', 'tests'),
        (
            ['setuptools/__init__.py', 'pkg_resources/__init__.py', '_hack/__init__.py'],
            *('setuptools', 'setuptools'),
        ),
        (['a/__init__.py', 'b/__init__.py'], 'it', ''),
        (
            ['zope/interface/__init__.py', 'zope/interface/x.py'],
            'zope-interface',
            'zope/interface',
        ),
        (
            ['google/cloud/storage/__init__.py', 'google/cloud/_x/__init__.py'],
            *('google-cloud-storage', 'google/cloud/storage'),
        ),
        (
            ['google/cloud/a/__init__.py', 'google/cloud/b/__init__.py'],
            *('google-both', 'google/cloud'),
        ),
        (['google/rpc/status_pb2.py', 'google/rpc/code_pb2.py'], 'protos', 'google/rpc'),
        (['requests-stubs/__init__.pyi'], 'types-requests', 'requests-stubs'),
        (['it/__init__.cpython-311-x86_64-linux-gnu.so'], 'it', 'it'),
        (['share/it/data.txt', 'bin/it'], 'it', ''),
        ([], 'it', ''),
    ],
)
def test_the_package_among_files(files, key, folder):
    """The place is the package's own folder, not one of metadata or tests."""
    assert package_in(files, key) == folder
    assert package_in(files[::-1], key) == folder


def test_an_installed_package(tmp_path):
    """Scripts lie elsewhere; names in quotes are read as they are."""
    info = install(
        tmp_path / 'site', 'it', '1.0', '../bin/it', 'it/__init__.py', 'it/a b.py'
    )
    assert place_of(Metadata(str(info))) == str(tmp_path / 'site' / 'it')
    info.joinpath('RECORD').write_text('"it/a, b/__init__.py",,\nit/__init__.py,,\n')
    assert place_of(Metadata(str(info))) == str(tmp_path / 'site' / 'it')


@pytest.mark.parametrize('layout', ['src/it', 'it', 'other'])
def test_an_editable_package(tmp_path, layout):
    """An editable package is in its sources, else their folder counts."""
    sources = tmp_path / 'sources'
    (sources / layout).mkdir(parents=True)
    about = f'{{"url": "file://{sources}", "dir_info": {{"editable": true}}}}'
    info = install(tmp_path / 'site', 'it', '1.0', 'it.pth', direct_url_DOT_json=about)
    expected = sources if layout == 'other' else sources / layout
    assert place_of(Metadata(str(info))) == str(expected)


def test_an_egg_info(tmp_path):
    """An egg-info lists files from its own folder, or only names."""
    info = tmp_path / 'It-1.0.egg-info'
    info.mkdir()
    assert place_of(Metadata(str(info))) is None
    tmp_path.joinpath('it').mkdir()
    info.joinpath('top_level.txt').write_text('it\n')
    assert place_of(Metadata(str(info))) == str(tmp_path / 'it')
    info.joinpath('installed-files.txt').write_text('../other/__init__.py\nPKG-INFO\n')
    assert place_of(Metadata(str(info))) == str(tmp_path / 'other')

"""The docstring of each folder says what lives there, and names modules that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'microbench'
ROOMS = sorted(path.parent for path in PACKAGE.rglob('*/__init__.py'))


@pytest.mark.parametrize('room', ROOMS, ids=lambda room: str(room.relative_to(PACKAGE)))
def test_a_folder_names_only_modules_that_exist(room):
    """They are relative to the folder, to microbench/ or to the root."""
    text = ast.get_docstring(ast.parse(room.joinpath('__init__.py').read_text('utf-8')))
    assert text
    places = (room, room / 'run', PACKAGE, ROOT, ROOT / 'csrc' / 'py')
    for name in re.findall(r'[\w/]+\.[chp]y?\b', text):
        assert any(place.joinpath(name).is_file() for place in places), name


def test_files_of_c_that_sources_name_exist():
    """A file that was renamed is renamed in comments, too."""
    known = {path.name for path in ROOT.glob('csrc/*/*')}
    sources = [*ROOT.glob('csrc/*/*.[ch]'), *PACKAGE.rglob('*.py')]
    for path in [*sources, *PACKAGE.rglob('*.p[yx][xdi]')]:
        named = re.findall(r'\b(?:mb|py)_\w+\.[ch]\b', path.read_text('utf-8'))
        assert set(named) <= known, path

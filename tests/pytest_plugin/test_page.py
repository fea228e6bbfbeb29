"""docs/pytest.md names the options that there are."""

import re
from pathlib import Path

import microbench.pytest_plugin as plugin
from microbench.pytest_plugin.settings import ARGUMENTS

PAGE = Path(__file__).parents[2].joinpath('docs', 'pytest.md').read_text('utf-8')


def test_every_option_is_on_the_page():
    """And no other, neither in a table nor in the workflow."""
    named = set(re.findall(r'--microbench-([a-z-]+)', PAGE))
    assert named == {*plugin.VALUES, *plugin.FLAGS, 'compare'}


def test_every_argument_of_the_marker_is_on_the_page():
    """The marker itself lists the same."""
    assert re.findall(r'(\w+)=', plugin.MARKER) == list(ARGUMENTS)
    assert all(f'`{name}`' in PAGE for name in ARGUMENTS)

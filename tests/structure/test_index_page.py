"""The page of a package index: README.md without relative links."""

import json
import re
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest

import microbench

ROOT = Path(__file__).parents[2]
README = (ROOT / 'README.md').read_text('utf-8')
TOOL = run_path(str(ROOT / 'tools' / 'index_page.py'))
index_page, addresses = TOOL['index_page'], TOOL['addresses']
PLACE = 'https://example.org/mb'

PICTURE = """\
<picture>
  <source srcset="{}a-dark.svg">
  <img alt="A" src="{}a.svg">
</picture>
"""

# Links of Markdown and of HTML, outside code.
CODE = re.compile(r'^```.*?^```$|`[^`\n]+`', re.MULTILINE | re.DOTALL)
LINKS = re.compile(r'\]\(([^()\s]+)\)|\b(?:src|srcset|href)="([^"]+)"')


def links_of(page):
    """Return all that a page leads to or loads."""
    return [''.join(found) for found in LINKS.findall(CODE.sub('', page))]


@pytest.mark.parametrize(
    ('readme', 'page'),
    [
        ('[How](docs/how.md)', f'[How]({PLACE}/blob/v3.1.0/docs/how.md)'),
        ('[How](docs/how.md#why-so)', f'[How]({PLACE}/blob/v3.1.0/docs/how.md#why-so)'),
        ('[below](#install)', f'[below]({PLACE}/blob/v3.1.0/README.md#install)'),
        ('[`x.h`](csrc/x.h)', f'[`x.h`]({PLACE}/blob/v3.1.0/csrc/x.h)'),
        (
            '[a b\nc](d.md) [e](f)',
            f'[a b\nc]({PLACE}/blob/v3.1.0/d.md) [e]({PLACE}/blob/v3.1.0/f)',
        ),
        ('[web](https://python.org)', '[web](https://python.org)'),
        ('[mail](mailto:a@example.org)', '[mail](mailto:a@example.org)'),
        ('`[x](y.md)`', '`[x](y.md)`'),
        ('```python\nx[0](y)\n```', '```python\nx[0](y)\n```'),
        (PICTURE.format('', ''), PICTURE.format(*[f'{PLACE}/raw/v3.1.0/'] * 2)),
    ],
)
def test_a_link_becomes_absolute(readme, page):
    """It leads to the file of the release; code and other addresses stay."""
    assert index_page(readme, PLACE, '3.1.0') == page


@pytest.mark.parametrize(
    ('readme', 'page'),
    [
        ('[How](docs/how.md) and [`x.h`](csrc/x.h)', 'How and `x.h`'),
        ('[web](https://python.org)', '[web](https://python.org)'),
        ('<picture>\n<img alt="A record" src="a.svg">\n</picture>', '*A record*'),
    ],
)
def test_without_a_repository_nothing_leads_nowhere(readme, page):
    """The text of a link stays, and the description of a picture."""
    assert index_page(readme, '', '3.1.0') == page


@pytest.mark.parametrize('repository', [PLACE, ''])
def test_the_page_has_no_relative_link(repository):
    """README.md has relative links only, to files of the tree; its page has none."""
    relative = [link for link in links_of(README) if not link.startswith('https:')]
    assert len(relative) > 20
    links = links_of(index_page(README, repository, '3.1.0'))
    assert [link for link in links if not link.startswith('https://')] == []
    inside = [link for link in links if link.startswith(PLACE)]
    assert len(inside) == (len(relative) if repository else 0)
    for link in inside:
        _, path = re.fullmatch(
            rf'{PLACE}/(blob|raw)/v3\.1\.0/([^#]+)(?:#.*)?', link
        ).groups()
        assert (ROOT / path).is_file(), link


def test_a_development_version_leads_to_main():
    """Only a release has a tag."""
    page = index_page('[a](b.md)', PLACE, '3.1.0.dev0')
    assert page == f'[a]({PLACE}/blob/main/b.md)'


def test_the_addresses_of_a_project():
    """They are those that an index shows beside the page; without a repository none."""
    assert addresses('') == {}
    assert addresses(PLACE)['Source'] == PLACE
    for address in addresses(PLACE).values():
        path = address.removeprefix(f'{PLACE}/blob/main/')
        assert (ROOT / path).is_file() or address in (PLACE, f'{PLACE}/issues')


SETTINGS = """
import json, runpy
import Cython.Build, setuptools
given = {}
setuptools.setup = lambda **settings: given.update(settings)
Cython.Build.cythonize = lambda *_, **__: []
module = runpy.run_path('setup.py')
names = ('long_description', 'long_description_content_type', 'project_urls')
print(json.dumps([module['REPOSITORY'], *map(given.get, names)]))
"""


def test_a_build_uses_the_one_setting():
    """setup.py gives page and addresses to the package; CITATION.cff has the same."""
    done = subprocess.run(
        [sys.executable, '-c', SETTINGS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    repository, page, kind, urls = json.loads(done.stdout)
    assert page == index_page(README, repository, microbench.__version__)
    assert (kind, urls) == ('text/markdown', addresses(repository))
    cited = re.findall(
        r'^repository-code: (\S+)$',
        (ROOT / 'CITATION.cff').read_text('utf-8'),
        re.MULTILINE,
    )
    assert cited == [repository] * bool(repository)

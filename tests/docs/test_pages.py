"""Every page has a link, every mixin a section, every recipe an effect."""

import re
import textwrap
from pathlib import Path

import pytest

import microbench
from microbench import FileOutput, MicroBench

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'


@pytest.mark.parametrize('folder', [DOCS, DOCS / 'development'], ids=lambda path: path.name)
def test_every_page_is_in_the_index_of_its_folder(folder):
    """The index of a folder leads to all of its other pages; the user's leads to both."""
    text = (folder / 'index.md').read_text('utf-8')
    linked = set(re.findall(r'\]\((\S+\.md)\)', text))
    pages = {page.name for page in folder.glob('*.md')} - {'index.md'}
    assert pages - linked == set()
    assert folder != DOCS or 'development/index.md' in linked


def test_every_mixin_has_a_section():
    """docs/mixins.md has a heading for each public mixin, and for nothing else."""
    text = (DOCS / 'mixins.md').read_text('utf-8')
    public = sorted(name for name in microbench.__all__ if name.startswith('MB'))
    assert sorted(re.findall(r'^## (.*)$', text, re.MULTILINE)) == public


def test_every_mixin_is_in_the_table():
    """The table at the top of the page is complete as well."""
    text = (DOCS / 'mixins.md').read_text('utf-8')
    public = sorted(name for name in microbench.__all__ if name.startswith('MB'))
    assert sorted(re.findall(r'^\| \[`(\w+)`\]', text, re.MULTILINE)) == public


def test_the_folders_of_each_step_exist():
    """The table at the end of how-it-works.md names real rooms, and all of them."""
    text = (DOCS / 'development' / 'how-it-works.md').read_text('utf-8')
    _, _, table = text.partition('## Where each step is')
    rows = [row.split('|')[2:4] for row in table.splitlines()[4:]]
    for root, column in (('microbench', 0), ('csrc', 1)):
        named = {name for row in rows for name in re.findall(r'`([^`]+)`', row[column])}
        assert [name for name in named if not (ROOT / root / name).exists()] == []
        rooms = {path.name for path in (ROOT / root).iterdir() if path.is_dir()}
        rooms -= {'__pycache__', 'tests'}
        assert rooms <= {name.split('/')[0] for name in named}


def recipe(name, package):
    """Return what a module shown in CONTRIBUTING.md defines, as part of a package."""
    text = (ROOT / 'CONTRIBUTING.md').read_text('utf-8')
    blocks = re.findall(r'\n\n((?:       .*\n|\n)+)', text)
    [source] = [block for block in blocks if f'class {name}' in block]
    namespace = {'__name__': f'{package}.recipe', '__package__': package}
    exec(compile(textwrap.dedent(source), f'<{name}>', 'exec'), namespace)
    return namespace[name]


def test_the_mixin_of_the_recipe():
    """The mixin can be copied unchanged, and captures something."""
    bench = type('Bench', (MicroBench, recipe('MBKernel', 'microbench.mixins')), {})()
    with bench.record('any'):
        pass
    assert bench.get_results()[0]['host']['kernel']


def test_the_sink_of_the_recipe():
    """The sink can be copied unchanged, and gets each record."""
    seen, kept = [], FileOutput()
    sink = recipe('CallOutput', 'microbench.outputs')(seen.append)
    with MicroBench(outputs=[sink, kept]).record('any'):
        pass
    assert [line.decode() for line in seen] == kept.outfile.getvalue().splitlines()


PAGES = sorted(set(DOCS.rglob('*.md')) - {DOCS / 'reference-api.md'})  # made, to look up


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_a_page_is_short(page):
    """No page is longer than the limit; a larger topic needs another page."""
    assert len(page.read_text('utf-8').splitlines()) <= 450

"""What a release is made of: recipe, workflow, changelog, site."""

import hashlib
import re
from argparse import Namespace

import pytest
import yaml

import microbench
from tests.fakes import ROOT
from tools import changelog, conda_recipe, release_check, site

try:
    import tomllib
except ImportError:  # before CPython 3.11
    import tomli as tomllib  # pytest brings it along

PROJECT = tomllib.loads((ROOT / 'pyproject.toml').read_text('utf-8'))


def spaceless(requirements):
    """Return requirements as a set without spaces and in small letters."""
    return {text.replace(' ', '').lower() for text in requirements}


def test_the_recipe_has_the_dependencies_of_the_package():
    """What conda-forge builds with and installs is what setup.py and pyproject.toml say."""
    recipe = yaml.safe_load(conda_recipe.RECIPE.read_text('utf-8'))
    needed = recipe['requirements']
    setup = (ROOT / 'setup.py').read_text('utf-8')
    named = re.findall(r"^\w*DEPENDENCIES = \['(.+)'\]$", setup, re.MULTILINE)
    assert spaceless(needed['run']) == spaceless(['python', *named])
    build = PROJECT['build-system']['requires']
    assert spaceless(needed['host']) == spaceless(['python', 'pip', *build])
    assert recipe['about']['summary'] == PROJECT['project']['description']
    assert recipe['about']['license'] == PROJECT['project']['license']


def test_the_recipe_of_a_release(tmp_path):
    """Version and checksum are those of the sdist; another file is refused."""
    sdist = tmp_path / 'microbench-3.1.0.tar.gz'
    sdist.write_bytes(b'sources')
    context = yaml.safe_load(conda_recipe.recipe_of(sdist))['context']
    checksum = hashlib.sha256(b'sources').hexdigest()
    assert context == {'version': '3.1.0', 'sha256': checksum}
    with pytest.raises(ValueError, match=r'x\.zip is not microbench-VERSION'):
        conda_recipe.recipe_of(tmp_path / 'x.zip')


WORKFLOWS = sorted(ROOT.glob('.github/workflows/*.yml'))


def steps_of(path):
    """Return the steps of all jobs of a workflow, by job."""
    jobs = yaml.safe_load(path.read_text('utf-8'))['jobs']
    return {name: job['steps'] for name, job in jobs.items()}


def test_the_release_workflow_trusts_no_one_else():
    """Only the job that publishes has an identity; actions have full versions."""
    [path] = [path for path in WORKFLOWS if path.name == 'release.yml']
    text = path.read_text('utf-8')
    jobs = yaml.safe_load(text)['jobs']
    allowed = {name: job.get('permissions', {}) for name, job in jobs.items()}
    assert [name for name, given in allowed.items() if 'id-token' in given] == ['publish']
    assert jobs['publish']['needs'] == ['sdist', 'wheels']
    assert jobs['publish']['if'] == "github.ref_type == 'tag'"
    used = [
        step['uses']
        for steps in steps_of(path).values()
        for step in steps
        if 'uses' in step
    ]
    assert [name for name in used if not re.search(r'@v\d+\.\d+\.\d+$', name)] == []
    assert 'secrets.' not in text


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_targets_that_exist(path):
    """Each `make TARGET` of a workflow is one of the Makefile."""
    targets = set(
        re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text('utf-8'), re.MULTILINE)
    )
    lines = [step.get('run', '') for steps in steps_of(path).values() for step in steps]
    assert {
        name for line in lines for name in re.findall(r'\bmake ([a-z-]+)', line)
    } <= targets


def test_the_version_is_written_once(monkeypatch):
    """It is that of the package, of CITATION.cff and CHANGELOG.md; a tag has to name it."""
    number = microbench.__version__
    assert next(iter(release_check.version(Namespace(tag=None)))).startswith(number)
    with pytest.raises(release_check.WrongError, match=f'the tag v0.0.0 is not v{number}'):
        list(release_check.version(Namespace(tag='v0.0.0')))
    monkeypatch.setattr(release_check, 'version_of_package', lambda: '9.9.9')
    with pytest.raises(
        release_check.WrongError, match='CITATION.cff has not the version 9.9.9'
    ):
        list(release_check.version(Namespace(tag='v9.9.9')))


def test_metadata_without_a_member_is_refused():
    """An index shows these; a page without addresses is only said to have none."""
    keys = ('Summary', 'Keywords', 'License-Expression', 'Requires-Python', 'Classifier')
    text = ''.join(f'{key}: x\n' for key in keys)
    metadata = release_check.message_from_bytes(text.encode())
    assert [line[:14] for line in release_check.missing(metadata)] == ['no Project-URL']
    del metadata['Keywords']
    with pytest.raises(release_check.WrongError, match='has no Keywords'):
        list(release_check.missing(metadata))


def test_every_page_is_in_the_contents_of_the_site():
    """The table of contents has each page once, in the order of the tables."""
    pages = sorted({path for pattern in site.PAGES for path in ROOT.glob(pattern)})
    named = re.findall(r'^/(\S+)$', site.contents(ROOT, pages), re.MULTILINE)
    paths = [path.relative_to(ROOT).with_suffix('').as_posix() for path in pages]
    assert sorted([*named, 'docs/index']) == sorted(paths)
    assert named[:2] == ['docs/getting-started', 'docs/recipes']


PICTURE = """\
<picture>
  <source media="(prefers-color-scheme: dark)" srcset="a-dark.svg">
  <img alt="A" src="a.svg">
</picture>
"""
IMAGES = """\
```{image} a.svg
:alt: A
:class: only-light
```
```{image} a-dark.svg
:alt: A
:class: only-dark
```
"""


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('[all](folder) [one](a.md#b)\n', 'all [one](a.md#b)\n'),
        (
            '[out](../../a) [web](https://example.org/a)\n',
            'out [web](https://example.org/a)\n',
        ),
        ('`[code](folder)`\n', '`[code](folder)`\n'),
        (PICTURE, IMAGES),
    ],
)
def test_a_page_of_the_site(text, shown, tmp_path):
    """Links to folders and out of the tree are text, pictures follow the light."""
    tmp_path.joinpath('folder').mkdir()
    assert site.page(text, tmp_path / 'page.md', tmp_path) == shown


CHANGELOG = """\
# Changelog

## 3.1.0.dev0 – unreleased

### Added

- Old.

## 3.0.0 – 2026-01-01
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a fragment of two categories each."""
    tmp_path.joinpath('README.md').write_text('How to.')
    tmp_path.joinpath('two.fixed.md').write_text('- Two.\n')
    tmp_path.joinpath('one.added.md').write_text('- One,\n  in two lines.\n- And one.\n')
    return tmp_path


def test_fragments_join_the_open_part(folder, monkeypatch):
    """Each is in its category, above what is there; a release gets its date."""
    monkeypatch.setattr(changelog, 'today', lambda: '2026-05-01')
    items = changelog.fragments(folder)
    assert changelog.merged(CHANGELOG, items) == CHANGELOG.replace(
        '- Old.\n', '- One,\n  in two lines.\n- And one.\n- Old.\n\n### Fixed\n\n- Two.\n'
    )
    released = changelog.merged(CHANGELOG, {}, '3.1.0')
    assert released == CHANGELOG.replace('3.1.0.dev0 – unreleased', '3.1.0 – 2026-05-01')
    assert changelog.merged(released, {'fixed': ['- New.']}) == released.replace(
        '## 3.1.0', '## next – unreleased\n\n### Fixed\n\n- New.\n\n## 3.1.0'
    )


@pytest.mark.parametrize(
    ('name', 'text', 'sentence'),
    [
        ('new.feature.md', '- It.', 'new.feature.md: name it NAME.added|'),
        ('added.md', '- It.', 'added.md: name it NAME.added|'),
        ('new.fixed.md', 'It.', 'new.fixed.md: begin each item with "- "'),
    ],
)
def test_a_fragment_of_another_form_is_refused(name, text, sentence, tmp_path):
    """The message says how it is named, and how it begins."""
    tmp_path.joinpath(name).write_text(text)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        changelog.fragments(tmp_path)


def test_the_fragments_here_are_right():
    """They can join CHANGELOG.md, and a merge without any changes nothing."""
    text = (ROOT / 'CHANGELOG.md').read_text('utf-8')
    items = changelog.fragments(ROOT / 'changelog.d')
    whole = changelog.merged(text, items)
    assert all(item in whole for group in items.values() for item in group)
    assert changelog.merged(text, {}) == text

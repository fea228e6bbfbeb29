"""The bounds of dependencies are those of `make lowest` and of the docs."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITH_BOUNDS = (
    *('analysis', 'gpu', 'line_profiler', 'notebook', 'pandas', 'postgres', 'progress'),
    'redis',
)
# Tools of the tests alone: what is tested does not depend on their versions.
TOOLS = {
    'build',
    'cloudpickle',
    'ipykernel',
    'jsonschema',
    'jupyter_client',
    'mpi4py',
    'nbclient',
    'opentelemetry-proto',
    'virtualenv',
}


def key(name):
    """Return a name as PEP 503 compares it."""
    return re.sub(r'[-_.]+', '-', name).lower()


def number(version):
    """Return a version that can be compared; zeros at its end do not count."""
    return tuple(map(int, re.sub(r'(\.0)+$', '', version).split('.')))


@pytest.fixture(scope='module')
def project():
    """Return the bounds of pyproject.toml, with the dependencies that setup.py has."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # pytest brings it along
    found = tomllib.loads((ROOT / 'pyproject.toml').read_text('utf-8'))
    assert 'dependencies' in found['project']['dynamic']
    found['project']['dependencies'] = in_setup()
    return found


def in_setup():
    """Return the dependencies of any build of CPython."""
    return [
        requirement
        for node in ast.parse((ROOT / 'setup.py').read_text('utf-8')).body
        if isinstance(node, ast.Assign) and 'DEPENDENCIES' in ast.unparse(node.targets[0])
        for requirement in ast.literal_eval(node.value)
    ]


def bounds(requirements):
    """Return the lower bound of each requirement; None where it has none."""
    found = {}
    for requirement in requirements:
        name, _, bound = re.fullmatch(r'([\w.-]+?)(>=(.*))?', requirement).groups()
        found[key(name)] = number(bound) if bound else None
    return found


def lowest():
    """Return the versions of tests/lowest.txt, the lowest for any Python."""
    lines = (ROOT / 'tests' / 'lowest.txt').read_text('utf-8').splitlines()
    pins = [
        line.partition(';')[0].strip().split('==') for line in lines if '==' in line[:40]
    ]
    found = {}
    for name, version in pins:
        found[key(name)] = min(number(version), found.get(key(name), number(version)))
    return found


def stated(project):
    """Return all bounds that `make lowest` is about."""
    extras = project['project']['optional-dependencies']
    groups = [project['project']['dependencies'], project['build-system']['requires']]
    groups += [extras[name] for name in WITH_BOUNDS]
    groups += [[r for r in extras['test'] if r not in TOOLS]]
    return [bounds(group) for group in groups]


def test_every_dependency_has_a_lower_bound(project):
    """Each dependency to run, build and test has one lower bound."""
    known = {}
    for group in stated(project):
        for name, bound in group.items():
            assert bound is not None, f'add a lower bound to {name}'
            assert known.setdefault(name, bound) == bound, f'{name} has two bounds'


def test_the_lowest_versions_are_tested(project):
    """tests/lowest.txt has each bound, and nothing else."""
    known = {name: bound for group in stated(project) for name, bound in group.items()}
    assert lowest() == known


def test_the_page_has_each_bound(project):
    """docs/development/dependencies.md names the version of what a user installs."""
    page = (ROOT / 'docs' / 'development' / 'dependencies.md').read_text('utf-8')
    extras = project['project']['optional-dependencies']
    groups = [project['project']['dependencies'], *(extras[name] for name in WITH_BOUNDS)]
    for requirement in [requirement for group in groups for requirement in group]:
        name, _, bound = requirement.partition('>=')
        row = rf'^\| {re.escape(name)} \| {re.escape(bound)} \|'
        assert re.search(row, page, re.MULTILINE), f'| {name} | {bound} | why |'

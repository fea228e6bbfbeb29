"""`make trail` counts calls of microbench in Python, their files, and jumps."""

import re
from functools import lru_cache

import pytest

from microbench import cli, core, journal, messages, process
from microbench.core import callables
from tools import trail

SECOND = '@bench, second call'
HOOK = '@bench, two mixins and a hook'
EXIT = 'record_on_exit()'
COMMAND = 'microbench -o FILE -- true'
READING = 'get_results() beside a journal'

new = lru_cache(None)(trail.in_new_process)


def test_each_call_counts_and_each_change_of_file():
    """Functions of other packages count for nothing."""

    def action():
        callables.name_of(action)  # two calls in one file
        messages.text_of(action)
        callables.name_of(action)

    found = trail.trail_of(action)
    assert [step.file for step in found] == [
        *['core/callables.py'] * 2,
        'messages.py',
        *['core/callables.py'] * 2,
    ]
    assert found.count == (5, 2, 2)


SOURCE = """
def one():
    return [two(x) for x in [1]] + list(two(x) for x in [2])

def two(x):
    return x

class Three:
    four = two(4)
"""


def test_definitions_and_comprehensions_are_not_followed():
    """What the body of a module calls is not either; what a comprehension calls is."""
    names = {}
    module = compile(SOURCE, trail.PACKAGE + 'a.py', 'exec')
    assert trail.trail_of(lambda: exec(module, names)) == []
    found = trail.trail_of(names['one'])
    assert [step.function for step in found] == ['one', 'two', 'two']


def test_what_is_behind_a_door_is_a_trail_of_its_own():
    """A door may be behind another one; both have the steps."""
    steps = [
        trail.Step('a.py', 'f'),
        trail.Step('b.py', 'g', ('plan',)),
        trail.Step('c.py', 'h', ('plan', 'captures')),
        trail.Step('a.py', 'f'),
    ]
    found = trail.Trail(steps)
    assert found.count == (4, 3, 3)
    assert found.own.count == (2, 1, 0)
    assert found.behind('plan') == [
        steps[1]._replace(doors=()),
        ('c.py', 'h', ('captures',)),
    ]
    assert found.behind('plan').own.count == (1, 1, 0)


@pytest.mark.parametrize('name', trail.DOORS)
def test_each_door_is_a_function(name):
    """Some trail passes it, so that a renamed function is missed."""
    trails = map(new, [EXIT, COMMAND])
    assert any(step.doors[:1] == (name,) for found in trails for step in found)


def named_in(docstring, folder):
    """Return the files of the lists in a docstring, and those in brackets beside them."""
    listed = re.findall(r'^    ([\w/]+\.py) ', docstring, re.MULTILINE)
    lines = re.findall(r'^    .*$', docstring, re.MULTILINE)
    beside = re.findall(r'(?<=[ (,])(\w+\.py)', ' '.join(lines))
    return [folder + name for name in listed], [*beside]


def in_order(found, folder):
    """Return the files of a folder in the order in which a trail first enters them."""
    return [*dict.fromkeys(step.file for step in found if step.file.startswith(folder))]


@pytest.mark.parametrize(
    ('name', 'docstring', 'folder'),
    [
        (COMMAND, cli.__doc__, 'cli/'),
        (EXIT, process.__doc__, 'process/'),
        (READING, journal.__doc__, 'journal/'),
    ],
)
def test_a_folder_lists_its_modules_in_the_order_of_its_trail(name, docstring, folder):
    """In brackets it names those that a listed one calls."""
    listed, beside = named_in(docstring, folder)
    entered = in_order(new(name).own, folder)
    assert [file for file in entered if file in listed] == listed
    assert {file.rpartition('/')[2] for file in entered if file not in listed} <= {*beside}


@pytest.mark.parametrize(('number', 'name'), [(0, '@bench, first call'), (1, SECOND)])
def test_core_lists_its_modules_in_the_order_of_a_call(number, name):
    """Beside them it enters the Config, as all do, and the helpers for captures."""
    paragraphs = [p for p in core.__doc__.split('\n\n') if p.startswith('    ')]
    listed, beside = named_in(paragraphs[number], 'core/')
    entered = in_order(new(name), 'core/')
    assert [file for file in entered if file in listed] == listed
    others = {file.rpartition('/')[2] for file in entered if file not in listed}
    assert others <= {*beside, 'capture.py', 'config.py'}


# Files and jumps of the trail itself, and files with all that it passes. A longer trail is
# no fault of a test: shorten it, or say in how-it-works.md what makes it worth its length.
MOST = {
    '@bench, first call': (16, 36, 30),
    SECOND: (10, 15, 10),
    '@bench, later call': (0, 0, 0),
    '@bench, two mixins': (0, 0, 0),
    HOOK: (9, 20, 10),
    'MicroBench()': (9, 34, 9),
    EXIT: (13, 23, 34),
    COMMAND: (22, 84, 48),
    READING: (16, 34, 16),
}


@pytest.mark.parametrize('name', trail.TRAILS)
def test_no_trail_grows(name):
    """Where C does it all there is none; elsewhere there is one to count."""
    found = new(name)
    files, jumps, passed = MOST[name]
    assert bool(found) == bool(files)
    assert found.own.count.files <= files
    assert found.own.count.jumps <= jumps
    assert found.count.files <= passed

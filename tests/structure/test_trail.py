"""`make trail` counts Python frames of microbench, their files, and jumps."""

import re
from pathlib import Path

from microbench import cli, messages
from microbench.core import capture
from tools import trail


def test_each_frame_counts_and_each_change_of_file():
    """Frames of other packages count for nothing."""

    def step():
        capture.name_of(step)  # two frames in one file
        messages.text_of(step)
        capture.name_of(step)

    found = trail.trail_of(step)
    assert [path.rpartition('/')[2] for path in found.files] == [
        *['capture.py'] * 2,
        'messages.py',
        *['capture.py'] * 2,
    ]
    assert (found.calls, found.distinct, found.jumps) == (5, 2, 2)


def test_the_command_goes_through_the_modules_that_its_folder_names():
    """The docstring of cli/ lists each."""
    folder = Path(cli.__file__).parent
    files = {Path(path) for path in trail.command().files}
    passed = {path.relative_to(folder) for path in files if folder in path.parents}
    named = re.findall(r'^    ([\w/]+\.py) ', cli.__doc__, re.MULTILINE)
    beside = [f'run/{name}' for name in re.findall(r'\((\w+\.py)', cli.__doc__)]
    assert passed == set(map(Path, [*named, *beside]))


def test_a_decorated_call_is_a_short_trail():
    """No Python of microbench runs, or little if a mixin has to see the record."""
    assert trail.later_call(trail.microbench.MicroBench).calls == 0
    found = trail.later_call(trail.Bench)
    assert found.distinct <= 9
    assert found.jumps <= 20

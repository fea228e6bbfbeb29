"""`make trail` counts Python frames of microbench, their files, and jumps."""

from microbench import messages
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

"""Every errno at every system call of a record, in turn."""

import sys

from tests.fakes import printed


def test_each_call_with_each_errno(faulty):
    """Nothing is raised; each record is stored or printed, once and whole."""
    code = 'from tests.faults.each_call import main; main()'
    *wrong, last = printed(code, env={'LD_PRELOAD': str(faulty)}).splitlines()
    assert wrong == []
    count, word = last.split()
    assert word == 'cases'
    assert int(count) > 5000, sys.platform

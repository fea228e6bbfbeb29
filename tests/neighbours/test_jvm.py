"""A JVM in the process crashes as it does without microbench."""

import shutil

import pytest

from tests.neighbours.conftest import needs

needs('jpype')
pytestmark = pytest.mark.skipif(not shutil.which('java'), reason='no Java is installed')

START = """
import jpype, resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
jpype.startJVM('-Xmx64m', '-XX:ErrorFile=report.log')
"""
REGISTER = """
from microbench import MicroBench
bench = MicroBench('records.jsonl')
bench.record_on_exit('process')
"""
# A fault of its own, from which it recovers: every null pointer is one.
RECOVER = """
text = jpype.JObject(None, jpype.java.lang.String)
try:
    text.length()
except jpype.java.lang.NullPointerException:
    print('recovered', flush=True)
"""
CRASH = """
import ctypes, os, sys
sys.stdout.flush()
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # its report on the screen has addresses
ctypes.string_at(8)
"""
ORDERS = {
    'later': REGISTER + START,
    'before': START + REGISTER,
    'between': REGISTER + START + "bench.record_on_exit('process')\n",
}


@pytest.mark.parametrize('order', ORDERS)
def test_a_crash(same, tmp_path, order):
    """The JVM writes its report and aborts; the record is there."""
    ran = same(ORDERS[order] + RECOVER + CRASH)
    assert ran.status == -6
    assert 'SIGSEGV' in (tmp_path / 'report.log').read_text()
    [record] = ran.records
    assert record['exit_signal'] in ('SIGSEGV', 'SIGABRT')
    assert record['exit_path'] == 'native'


@pytest.mark.parametrize('order', ORDERS)
def test_a_fault_that_it_recovers_from(same, order):
    """The record is that of a normal end."""
    ran = same(ORDERS[order] + RECOVER)
    assert ran.behaviour == (0, 'recovered\n')
    [record] = ran.records
    assert record['exit_status'] == 0
    assert 'exit_signal' not in record

"""The record of a process when sinks fail."""

import json

ONE = """
bench = MicroBench({arguments})
bench.record_on_exit('simulation')
"""
TERM = 'os.kill(os.getpid(), signal.SIGTERM)\n'


def on_stderr(ended):
    """Return the record that is the only line on standard error."""
    assert ended.records == []
    [line] = ended.err.splitlines()
    return json.loads(line)


def test_every_sink_fails(program):
    """If every sink fails, the record is one line on standard error."""
    for last, cause in [('', {'exit_status': 0}), (TERM, {'exit_signal': 'SIGTERM'})]:
        ended = program(ONE.format(arguments='outputs=[Gate(), Gate()]') + last)
        record = on_stderr(ended)
        assert record['call']['name'] == 'simulation'
        assert {name: record[name] for name in cause} == cause
        assert ended.status == (-15 if last else 0)


def test_one_sink_fails(program):
    """The other sinks have the record, in any order; a warning gives the reason."""
    for order in ('[Gate(), good]', '[good, Gate()]'):
        good = 'good = microbench.FileOutput(path)'
        ended = program(good + ONE.format(arguments=f'outputs={order}'))
        assert ended.cause == {'exit_status': 0}
        assert ended.err.count('RuntimeWarning') == 1
        assert 'no room' in ended.err


def test_errors_of_sinks_that_are_to_be_raised(program):
    """No caller could catch the error at exit, so the record is on standard error."""
    arguments = "outputs=[Gate()], on_output_error='raise'"
    ended = program(ONE.format(arguments=arguments))
    assert on_stderr(ended)['exit_status'] == 0
    assert ended.status == 0


def test_a_sink_that_ends_the_program(program):
    """sys.exit() in a sink changes neither the status nor the record."""
    code = """
class Exits:
    def write(self, text):
        sys.exit(5)
"""
    ended = program(code + ONE.format(arguments='outputs=[Exits()]'))
    assert on_stderr(ended)['exit_status'] == 0
    assert ended.status == 0


def test_a_directory_that_was_deleted(program):
    """If the file cannot be created, the record is on standard error."""
    code = """
import shutil
where = path + '.d'
os.mkdir(where)
bench = MicroBench(where + '/records.jsonl')
bench.record_on_exit()
shutil.rmtree(where)  # with the journal in it
open(where, 'w').close()  # or it would be made again
"""
    assert on_stderr(program(code))['exit_status'] == 0


def test_more_than_ten_lost_before(program):
    """The limit of ten printed records does not apply to this one."""
    code = ONE.format(arguments='outputs=[Gate()]') + 'for _ in range(20): bench(int)()\n'
    *_, line = program(code, flags=['-W', 'ignore']).err.splitlines()
    assert json.loads(line)['call']['name'] == 'simulation'


def test_an_output_result_that_fails(program):
    """If a subclass fails, the record is on standard error."""
    code = """
class Bench(MicroBench):
    def output_result(self, bm_data):
        raise KeyError('output')
bench = Bench(path, experiment='x')
bench.record_on_exit()
"""
    record = on_stderr(program(code))
    assert (record['experiment'], record['exit_status']) == ('x', 0)


def test_a_value_that_cannot_be_encoded(program):
    """A value that cannot be encoded costs its own place; nothing else is lost."""
    code = """
class Unencodable:
    def __repr__(self):
        raise ValueError
bench = MicroBench(path, broken=Unencodable(), fine=1)
bench.record_on_exit()
"""
    ended = program(code + TERM)
    assert ended.record['broken'] == '__unencodable_as_json__'
    assert ended.record['fine'] == 1
    assert (ended.cause, ended.status) == ({'exit_signal': 'SIGTERM'}, -15)


def test_encoding_that_fails_altogether(program):
    """The record as prepared, with the call and the end, is on standard error."""
    code = """
bench = MicroBench(path, experiment='x')
bench.record_on_exit('simulation')
with bench.time('phase'):
    pass
from microbench import _core
plain_text = _core.plain_text
def failing(value):
    if type(value) is dict and 'call' in value:
        raise MemoryError
    return plain_text(value)
_core.plain_text = failing
phase = bench.time('open')
phase.__enter__()
"""
    for last, cause in [
        ('', {'exit_status': 0}),
        (TERM, {'exit_signal': 'SIGTERM'}),
        ('1 / 0', {'exit_status': 1}),
    ]:
        ended = program(code + last)
        record = json.loads(ended.err.splitlines()[-1])
        call = record['call']
        assert {name: record[name] for name in cause} == cause
        assert (call['name'], record['experiment']) == ('simulation', 'x')
        assert [t['name'] for t in call['timings']] == ['phase']
        assert [t['name'] for t in call['open_timings']] == ['open']
        assert len(call['durations']) == 1
        assert {'start_time', 'finish_time'} <= set(call)


def test_completing_that_fails_altogether(program):
    """The sinks get the record as prepared."""
    code = """
bench = MicroBench(path, experiment='x')
bench.record_on_exit('simulation')
from microbench.process.exit_run import ExitRun
def failing(self, ending):
    raise MemoryError
ExitRun._complete = failing
"""
    ended = program(code)
    assert (ended.call['name'], ended.record['experiment']) == ('simulation', 'x')
    assert (ended.cause, ended.err) == ({'exit_status': 0}, '')


def test_completing_that_fails_before_an_output_of_ones_own(program):
    """output_result() gets the record as prepared, once."""
    code = """
class Own(MicroBench):
    def output_result(self, bm_data):
        print(bm_data['call']['name'], bm_data['experiment'], bm_data['exit_status'])
bench = Own(path, experiment='x')
bench.record_on_exit('simulation')
from microbench.process.exit_run import ExitRun
def failing(self, ending):
    raise MemoryError
ExitRun._complete = failing
"""
    ended = program(code)
    assert (ended.records, ended.out, ended.err) == ([], 'simulation x 0\n', '')


def test_closed_standard_error(program):
    """Without any place to write, the exit is unchanged."""
    code = ONE.format(arguments='outputs=[Gate()]') + 'sys.stderr.close()\nsys.exit(3)'
    assert program(code).status == 3


def test_secrets_are_masked_in_what_was_prepared(program):
    """The last resort is no way around the masking."""
    code = """
bench = MicroBench(path, url='https://user:hidden@example.org/')
bench.record_on_exit()
from microbench.process.exit_run import ExitRun
ExitRun._complete = lambda self, ending: 1 / 0
"""
    assert 'hidden' not in program(code).record['url']


def test_what_was_prepared_of_a_bench_with_fields_in_call(program):
    """The last resort is a whole record, even if the end of the process adds no field."""
    code = """
bench = MicroBench(path, call={'phase': 7})
bench.record_on_exit('simulation')
from microbench.process import cause, exit_run
exit_run.ExitRun._complete = lambda self, ending: 1 / 0
cause.Ending.fields = lambda self: {}
"""
    call = program(code).record['call']
    assert (call['invocation'], call['name'], call['phase']) == ('Python', 'simulation', 7)
    assert len(call['durations']) == 1

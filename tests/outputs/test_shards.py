"""An output that is a directory: each process writes a file of its own."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from microbench import FileOutput, MicroBench, MicroBenchBase, read
from microbench.cli.view import recover, show
from microbench.outputs import shards
from tests.conftest import SANITIZED
from tests.fakes import ROOT, python

NAME = re.compile(r'[A-Za-z0-9.-]+(_r\d{6})?_\d{8}T\d{6}\.\d{6}Z_\d+-[0-9a-f]{8}\.jsonl')


@pytest.fixture
def folder(tmp_path):
    """Return the path of a directory that does not exist yet."""
    return tmp_path / 'results.d'


def names_of(records):
    """Return the names of the calls."""
    return [record['call']['name'] for record in records]


def files_in(folder):
    """Return the names of the files that are not hidden."""
    return sorted(path.name for path in folder.iterdir() if path.name[0] != '.')


def in_a_child(work):
    """Run a function in a forked child, and wait for its end."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


# --- which file -----------------------------------------------------------------------


@pytest.mark.parametrize('given', [lambda p: f'{p}/', lambda p: os.fsencode(p) + b'/'])
def test_one_file_for_a_process(given, folder):
    """It is made at the first record, and all benches of the process write to it."""
    one, two = (
        MicroBenchBase(given(folder)),
        MicroBenchBase(outputs=[FileOutput(given(folder))]),
    )
    assert not folder.exists()
    for name, bench in ('a', one), ('b', two):
        with bench.record(name):
            pass
    [file] = files_in(folder)
    assert NAME.fullmatch(file)
    assert names_of(one.get_results()) == names_of(read(folder)) == ['a', 'b']


def test_a_directory_that_exists(folder):
    """It needs no slash."""
    folder.mkdir()
    FileOutput(folder).write('{"n":1}')
    assert FileOutput(f'{folder}/').get_results() == [{'n': 1}]
    assert FileOutput(folder).get_results('df')['n'].tolist() == [1]


def test_c_writes_it(folder):
    """A directory needs no Python: neither the calls nor the blocks of a bench."""
    bench = MicroBenchBase(f'{folder}/')
    for _ in range(3):
        bench(len)('')
    assert bench.explain_path() == []


def test_a_forked_child(folder):
    """A child makes a file of its own, whichever way it records."""
    bench = MicroBenchBase(f'{folder}/')
    called = bench(len)

    def work():
        for _ in range(2):
            called('')
            with bench.record('block'):
                pass

    work()
    in_a_child(work)
    work()
    assert len(files_in(folder)) == 2
    expected = ['len', 'block'] * 2
    assert names_of(bench.get_results()) == [*expected, *expected, *expected]


def test_a_batch_of_a_forked_child(folder):
    """Batches of parent and child go to the file of each, once."""
    out = FileOutput(f'{folder}/', batch=10)
    out.write('{"n":1}')
    in_a_child(lambda: (out.write('{"n":2}'), out.flush()))
    assert out.get_results() == [{'n': 1}, {'n': 2}]
    assert len(files_in(folder)) == 2


def test_names_sort_by_host_rank_and_time(monkeypatch):
    """Ranks have leading zeros; characters that a shell or a URL means are replaced."""
    monkeypatch.setattr(shards, '_names', {})
    for variable in 'PMI_RANK', 'SLURM_PROCID':
        monkeypatch.delenv(variable, raising=False)
    host = os.uname()
    made = []
    for node, rank in (('a b/c', None), ('node', '0'), ('node', '10'), ('node', '9')):
        monkeypatch.setattr(
            os, 'uname', lambda node=node: type(host)((*host[:1], node, *host[2:]))
        )
        if rank:
            monkeypatch.setenv('PMI_RANK', rank)
        monkeypatch.setattr(shards, '_names', {})
        made.append(shards.path_in('/d').removeprefix('/d/'))
    assert all(map(NAME.fullmatch, made))
    assert [name.partition('_2')[0] for name in sorted(made)] == [
        'a-b-c',
        'node_r000000',
        'node_r000009',
        'node_r000010',
    ]


# --- killed processes -----------------------------------------------------------------

KILLED = """
import os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1] + os.sep, journal=sys.argv[2] or None)
with bench.record('whole'):
    pass
bench.record('open').__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize('elsewhere', [False, True])
def test_a_killed_process(elsewhere, folder, tmp_path, capsys):
    """Readers add its record, the next writer does not, and `recover` stores it."""
    place = tmp_path / 'journals' if elsewhere else ''
    if place:
        place.mkdir()
    python(KILLED, folder, place)
    options = {'journal': place} if place else {}
    with MicroBench(folder, **options).record('later'):
        pass
    found = MicroBench(folder, **options).get_results()
    assert sorted(names_of(found)) == ['later', 'open', 'whole']
    assert sum(len(path.read_text().splitlines()) for path in folder.glob('[!.]*')) == 2
    if not place:
        assert show.main([str(folder)]) == recover.main([str(folder)]) == 0
        assert '1 record of process' in capsys.readouterr().out
        assert sum(len(path.read_text().splitlines()) for path in folder.glob('[!.]*')) == 3
        assert sorted(names_of(read(folder))) == ['later', 'open', 'whole']


def test_the_command(folder):
    """`-o` takes a directory, too."""
    words = [sys.executable, '-m', 'microbench', '-q', '-o', f'{folder}/', 'true']
    for _ in range(2):
        subprocess.run(words, check=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert len(files_in(folder)) == 2
    assert names_of(read(folder)) == ['true', 'true']


def test_a_process_ended_by_a_signal(folder):
    """C writes the record of a process that hangs into the file of that process."""
    code = """
import os, signal, sys, time
from microbench import MicroBench

MicroBench(sys.argv[1] + '/').record_on_exit('job', grace=0)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
os.kill(os.getpid(), signal.SIGTERM)
"""
    assert python(code, folder).returncode == -15
    [record] = read(folder)
    assert (record['call']['name'], record['exit_signal']) == ('job', 'SIGTERM')


# --- the cost --------------------------------------------------------------------------

WRITER = """
import sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])
with bench.record('block'):
    pass
"""


@pytest.mark.skipif(SANITIZED, reason='a sanitizer asks the kernel, too')
def test_the_number_of_files_costs_a_writer_nothing(folder, tmp_path):
    """The kernel is asked as often in a directory with 5,000 files and dead journals.

    To list these would take many calls; Python may list others, to import from them.
    """
    if not shutil.which('strace'):
        pytest.skip('needs strace')
    folder.mkdir()

    def calls():
        command = ['strace', '-qq', '-o', tmp_path / 'out', sys.executable, '-c', WRITER]
        env = {
            'PYTHONPATH': str(ROOT),
            'PATH': '/usr/bin:/bin',
            'PYTHONDONTWRITEBYTECODE': '1',
        }
        done = subprocess.run([*command, folder], env=env, capture_output=True, check=False)
        if b'ptrace' in done.stderr:
            pytest.skip('needs the right to trace (ptrace)')
        assert (done.returncode, done.stderr) == (0, b'')
        asked = re.findall(r'^(\w+)\((.*)', (tmp_path / 'out').read_text(), re.MULTILINE)
        first = next(n for n, (_, words) in enumerate(asked) if str(folder) in words)
        return [name for name, _ in asked[first:]]

    calls()  # warms the caches of the interpreter
    empty = calls()
    for number in range(2500):
        (folder / f'other_{number}.jsonl').touch()
        (folder / f'.other_{number}.jsonl.{number}-ab12.journal').touch()
    assert calls() == empty


# --- reading --------------------------------------------------------------------------


def test_foreign_files_are_left_alone(folder):
    """Files of other names are not read, hidden ones neither; nor is a damaged line."""
    FileOutput(f'{folder}/').write('{"n":1}')
    (folder / 'README.txt').write_text('{"n":2}\n')
    (folder / '.hidden.jsonl').write_text('{"n":3}\n')
    (folder / 'below').mkdir()
    (folder / 'below' / 'x.jsonl').write_text('{"n":4}\nno record\n')
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        found = FileOutput(folder).get_results()
    assert sorted(json.dumps(record) for record in found) == ['{"n": 1}', '{"n": 4}']


def test_no_permission(folder, monkeypatch):
    """A directory that cannot be read is an OSError that names it."""
    folder.mkdir()

    def scandir(path):
        raise PermissionError(13, 'Permission denied', path)

    monkeypatch.setattr(os, 'scandir', scandir)
    with pytest.raises(PermissionError, match=re.escape(str(folder))):
        FileOutput(folder).get_results()


def test_a_bench_in_a_notebook(folder):
    """It shows its line alone: a directory may hold many files."""
    bench = MicroBenchBase(f'{folder}/')
    with bench.record('a'):
        pass
    assert '<table' not in bench._repr_html_()

"""The magics `%microbench` and `%%microbench`, in a real shell of IPython."""

import pytest

import microbench
from microbench import Measurement
from tests.fakes import printed

interactive = pytest.importorskip('IPython.core.interactiveshell')

QUICK = '--min-time 0.001 --max-time 0.01'


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Return a shell with the extension; it leaves no history."""
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path))
    shell = interactive.InteractiveShell()
    shell.history_manager.end_session()
    shell.run_line_magic('load_ext', 'microbench')
    yield shell
    shell.run_line_magic('unload_ext', 'microbench')
    assert 'microbench' not in shell.magics_manager.magics['line']


def test_a_line_uses_the_names_of_the_notebook(shell, capsys):
    """The result is returned with -o, and shown unless -q is given."""
    shell.user_ns['base'] = [1, 2]
    found = shell.run_line_magic('microbench', f'-o -s "more = 3" {QUICK} sum(base, more)')
    assert isinstance(found, Measurement)
    assert (found.name, 0 < found.min <= found.median) == ('sum(base, more)', True)
    assert '<table>' in found._repr_html_()
    assert capsys.readouterr().out.startswith('sum(base, more): ')
    assert shell.run_line_magic('microbench', f'-q {QUICK} sum(base)') is None
    assert shell.run_line_magic('microbench', f'-oq {QUICK} -- -1').name == '-1'
    assert capsys.readouterr().out == ''


def test_a_cell_keeps_its_names_to_itself(shell, capsys):
    """The rest of its first line is setup, as that of -s."""
    shell.user_ns['seen'] = seen = []
    cell = 'count = len(items)\nitems.append(count)\nseen.append(count)\n'
    line = f'-o {QUICK} --precision=0.5 --setup "first = 5" items = [first]'
    found = shell.run_cell_magic('microbench', line, cell)
    assert found.name == 'count = len(items)'
    assert seen[:3] == [1, 2, 3]  # one setup, many runs
    assert not {'items', 'count', 'first'} & set(shell.user_ns)
    assert capsys.readouterr().out.startswith('count = len(items): ')


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('--max-time 0 1', 'UsageError: %microbench: max_time has to be above 0'),
        ('--max-time x 1', 'UsageError: %microbench: could not convert'),
        ('-o', 'UsageError: %microbench: there is no statement'),
        ('return 1', 'SyntaxError'),
        ('len(1)', 'TypeError'),
    ],
)
def test_mistakes(shell, capsys, line, message):
    """A wrong option is one sentence; an error of the statement is its own."""
    result = shell.run_cell(f'%microbench {line}')
    out, err = capsys.readouterr()
    assert not result.success
    assert message in out + err


def test_it_imports_no_ipython_by_itself():
    """Only a running IPython is used."""
    code = 'import sys, microbench.magics; print("IPython" in sys.modules)'
    assert printed(code) == 'False\n'
    assert 'load_ipython_extension' not in microbench.__all__

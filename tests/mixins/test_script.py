"""The script, archive or notebook that a process runs, with real processes."""

import os
import subprocess
import sys
import zipapp
import zipfile
from pathlib import Path

import pytest

from microbench.mixins import script
from microbench.mixins.script import is_installed, running_notebook, running_script
from tests.fakes import ROOT

PROBE = """\
import os, sys
os.chdir('/')
from microbench.mixins.script import running_script, started_script
print(running_script(), bool(started_script()), file=sys.stderr)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write programs of each kind to the current directory."""
    for name in ('job.py', 'program/__main__.py', 'package/__main__.py'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(PROBE)
    tmp_path.joinpath('package', '__init__.py').touch()
    tmp_path.joinpath('link.py').symlink_to('job.py')
    zipapp.create_archive(
        tmp_path / 'program', tmp_path / 'app.pyz', '/usr/bin/env python3'
    )
    monkeypatch.chdir(tmp_path)
    paths = [str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(paths))
    return tmp_path


def asked(*words, stdin='', cwd=None):
    """Return a program's script, and whether Python started with it."""
    done = subprocess.run(
        [sys.executable, *words],
        input=stdin,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    path, _, started = done.stderr.strip('\n').rpartition(' ')
    return path, started == 'True'


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        (['job.py'], 'job.py'),
        (['./program/../job.py'], 'job.py'),
        (['link.py'], 'link.py'),
        (['program'], 'program/__main__.py'),
        (['program/'], 'program/__main__.py'),
        (['app.pyz'], 'app.pyz'),
        (['-m', 'package'], 'package/__main__.py'),
        (['-m', 'job'], 'job.py'),
    ],
)
def test_what_python_was_started_with(folder, words, expected):
    """The path is that of the start, also after a change of directory, links kept."""
    path, started = asked(*words)
    assert Path(path).samefile(expected)
    assert os.path.normpath(path) == str(folder / expected)
    assert started


def test_in_the_directory_of_the_program(folder):
    """`python .` runs its `__main__.py`."""
    path, started = asked('.', cwd='program')
    assert (os.path.normpath(path), started) == (str(folder / 'program/__main__.py'), True)


def test_a_module_in_an_archive(folder, monkeypatch):
    """`python -m` with a zip file in the path: the archive is the file."""
    with zipfile.ZipFile('tool.zip', 'w') as archive:
        archive.writestr('tool/__init__.py', '')
        archive.writestr('tool/__main__.py', PROBE)
    monkeypatch.setenv('PYTHONPATH', f'tool.zip{os.pathsep}{os.environ["PYTHONPATH"]}')
    assert asked('-m', 'tool') == (str(folder / 'tool.zip'), True)


@pytest.mark.parametrize(
    ('words', 'stdin'),
    [(['-c', PROBE], ''), (['-'], PROBE), ([], PROBE), (['-c', 'import job'], '')],
)
def test_typed_code_has_no_script(folder, words, stdin):
    """`-c`, standard input, and what such code imports have no script."""
    assert asked(*words, stdin=stdin) == ('', False)


LATER = PROBE.replace("os.chdir('/')\n", '') + "os.chdir('/')\n" + PROBE


@pytest.mark.parametrize(
    'words',
    [
        ['-m', 'cProfile', '-o', os.devnull],
        ['-m', 'pdb', '-c', 'continue', '-c', 'quit'],
        ['-m', 'coverage', 'run', '--data-file=data'],
        ['-m', 'kernprof', '-l', '-o', 'profile'],
        ['-m', 'IPython', '--quick'],
        ['-c', 'import sys, runpy; runpy.run_path(sys.argv[1], run_name="__main__")'],
    ],
    ids=lambda words: words[1].partition(' ')[0],
)
def test_what_runs_the_script_is_not_the_script(folder, words, monkeypatch):
    """Profilers, debuggers and IPython run the script later, some by its given path."""
    folder.joinpath('job.py').write_text(LATER)
    monkeypatch.setenv('IPYTHONDIR', str(folder / 'ipython'))
    done = subprocess.run(
        [sys.executable, *words, 'job.py'], capture_output=True, text=True, check=False
    )
    says = [line for line in done.stderr.splitlines() if 'job.py' in line]
    assert says == [f'{folder}/job.py False'] * 2, done.stderr


RUNS = ['-c', 'import sys, runpy; runpy.run_path(sys.argv[1], run_name="__main__")']


@pytest.mark.parametrize('words', [RUNS, ['-m', 'trace', '--count', '-C', 'counts']])
def test_another_file_of_that_name_is_not_the_script(folder, words):
    """A relative path is unknown once the directory has changed, unless seen before."""
    folder.joinpath('other').mkdir()
    folder.joinpath('other', 'job.py').write_text('print("another one", "\\d")\n')
    probe = PROBE.replace("'/'", "'other'")
    folder.joinpath('job.py').write_text(probe)
    assert asked(*words, 'job.py') == ('', False)
    folder.joinpath('job.py').write_text('import microbench.mixins.script\n' + probe)
    assert asked(*words, 'job.py') == (str(folder / 'job.py'), False)


def test_a_script_that_was_edited_under_a_launcher(folder):
    """The code that the launcher has read is no longer in the file."""
    code = "with open('job.py', 'a') as file:\n    file.write('edited = True')\n"
    folder.joinpath('job.py').write_text(code + PROBE.replace("os.chdir('/')\n", ''))
    assert asked(*RUNS, 'job.py') == ('', False)


def test_code_with_a_warning_prints_no_other(folder):
    """Comparing the code of a launcher's script with the file is silent."""
    code = PROBE.replace("os.chdir('/')", r"text = '\d'")
    folder.joinpath('job.py').write_text(code)
    assert asked('-W', 'ignore', *RUNS, 'job.py') == (str(folder / 'job.py'), False)
    warned = subprocess.run(
        [sys.executable, '-W', 'always', *RUNS, 'job.py'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert warned.stderr.count('Warning') == 1


SPAWNS = """\
import multiprocessing, os
def work():
    from microbench.mixins.script import running_script
    print(running_script(), True, file=sys.stderr)
if __name__ == '__main__':
    import sys
    os.chdir('/')
    context = multiprocessing.get_context(sys.argv[1])
    worker = context.Process(target=work)
    worker.start()
    worker.join()
else:
    import sys
"""


@pytest.mark.parametrize('method', ['spawn', 'forkserver', 'fork'])
@pytest.mark.parametrize('form', [['job.py'], ['-m', 'job']])
def test_workers_run_the_script_of_their_parent(folder, method, form):
    """Workers of multiprocessing run it, in any directory and by any start method."""
    folder.joinpath('job.py').write_text(SPAWNS)
    assert asked(*form, method)[0] == str(folder / 'job.py')


@pytest.mark.parametrize('method', ['spawn', 'fork'])
def test_workers_of_a_directory(folder, method):
    """A worker's `__main__` is not the parent's; the parent's directory is known."""
    folder.joinpath('program/job.py').write_text(SPAWNS.partition('if __name__')[0])
    code = SPAWNS.replace('target=work', 'target=job.work').replace(
        'import sys', 'import sys, job'
    )
    code = 'import job, sys\n' + code
    folder.joinpath('program/job.py').write_text(
        'import sys\n' + SPAWNS.partition('if ')[0]
    )
    folder.joinpath('program/__main__.py').write_text(code)
    assert asked('program', method)[0] == str(folder / 'program/__main__.py')


# --- names that a program sets -----------------------------------------------------------


@pytest.mark.parametrize('exists', [False, True])
def test_another_word_in_the_place_of_the_script(folder, exists):
    """A program may set `sys.argv[0]` to a name that is also a file's."""
    if exists:
        folder.joinpath('tool').write_text('data')
    code = PROBE.replace("os.chdir('/')", "sys.argv[0] = 'tool'")
    folder.joinpath('job.py').write_text(code)
    assert asked('job.py') == (str(folder / 'job.py'), True)


def test_another_main_in_the_place_of_the_launcher(folder):
    """A launcher makes its own `__main__`, as Streamlit does, or sets `__file__`."""
    code = f'import types, sys\n__file__ = {str(folder / "job.py")!r}\n' + PROBE
    folder.joinpath('launcher.py').write_text(code)
    assert asked('launcher.py') == (str(folder / 'job.py'), False)


def test_a_deleted_script_keeps_its_path(folder):
    """The path is that of the start, whether or not something is still there."""
    code = 'import os\nos.unlink(__file__)\n' + PROBE
    folder.joinpath('job.py').write_text(code)
    assert asked('job.py') == (str(folder / 'job.py'), True)


def test_in_a_deleted_directory(folder):
    """A deleted directory raises nothing."""
    folder.joinpath('gone').mkdir()
    code = PROBE.replace("os.chdir('/')", "os.chdir('gone'); os.rmdir(os.getcwd())")
    folder.joinpath('job.py').write_text(code + "sys.argv[0] = 'x'\nrunning_script()\n")
    assert asked('job.py') == (str(folder / 'job.py'), True)


# --- installed programs ------------------------------------------------------------------


def test_installed_programs(tmp_path):
    """Python, programs beside it, the standard library and packages are installed."""
    for path in (
        sys.executable,
        Path(sys.executable).with_name('pytest'),
        Path(os.__file__).with_name('pdb.py'),
        pytest.__file__,
        '/usr/lib/python3/dist-packages/tool/__main__.py',
    ):
        assert is_installed(str(path))
    assert not is_installed(str(tmp_path / 'job.py'))


def test_a_library_that_cannot_be_read(monkeypatch):
    """After setuid() the standard library may be out of reach: nothing raises."""
    script._directories_of_programs.cache_clear()
    monkeypatch.setitem(sys.modules, 'sysconfig', None)
    known = script._directories_of_programs(sys.executable)
    script._directories_of_programs.cache_clear()
    assert known == {os.path.realpath(Path(sys.executable).parent)}


def test_links_count_as_what_they_lead_to(tmp_path):
    """A link to an installed program is one; a link among those may lead to a script."""
    tmp_path.joinpath('tool').symlink_to(pytest.__file__)
    assert is_installed(str(tmp_path / 'tool'))
    tmp_path.joinpath('job.py').touch()
    link = tmp_path / 'site-packages' / 'link.py'
    link.parent.mkdir()
    link.symlink_to('../job.py')
    assert not is_installed(str(link))


# --- notebooks ---------------------------------------------------------------------------


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Start a process that looks like a kernel of a Jupyter server."""
    monkeypatch.setitem(sys.modules, 'ipykernel.kernelapp', object())
    monkeypatch.setenv('JPY_PARENT_PID', str(os.getppid()))
    path = tmp_path / 'work.ipynb'
    path.write_text('{}')
    monkeypatch.setenv('JPY_SESSION_NAME', str(path))
    return path


def test_the_notebook_of_a_session(kernel, monkeypatch):
    """The path is that of a file that exists; other programs have no notebook."""
    assert running_notebook() == str(kernel)
    kernel.unlink()
    assert running_notebook() == ''
    kernel.write_text('{}')
    monkeypatch.delitem(sys.modules, 'ipykernel.kernelapp')
    assert running_notebook() == ''


@pytest.mark.parametrize('parent', [None, '', 'x', '-1', '0', str(2**40)])
def test_a_parent_that_cannot_be_read(kernel, monkeypatch, parent):
    """The session may be another notebook's, so no name is stored."""
    if parent is None:
        monkeypatch.delenv('JPY_PARENT_PID')
    else:
        monkeypatch.setenv('JPY_PARENT_PID', parent)
    assert running_notebook() == ''


def test_a_session_that_was_inherited(kernel):
    """A kernel that code of a notebook starts is not the kernel of that notebook."""
    code = (
        'import os, sys, subprocess\n'
        'os.environ["JPY_PARENT_PID"] = str(os.getpid())\n'
        'code = """import sys; sys.modules[\'ipykernel.kernelapp\'] = 1\n'
        'from microbench.mixins.script import running_notebook as r; print(repr(r()))"""\n'
        'subprocess.run([sys.executable, "-c", code], check=True)\n'
    )
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, '-c', code]
    assert subprocess.check_output(command, env=environment, text=True) == "''\n"


def test_the_notebook_of_vs_code(kernel, monkeypatch, tmp_path):
    """The extension of VS Code sets a variable in the notebook's namespace."""
    path = tmp_path / 'other.ipynb'
    path.touch()
    main = sys.modules['__main__']
    monkeypatch.setattr(main, '__vsc_ipynb_file__', str(path), raising=False)
    assert running_notebook() == str(path)
    monkeypatch.setattr(main, '__vsc_ipynb_file__', 7, raising=False)
    assert running_notebook() == ''


def test_the_script_of_this_very_process(folder, monkeypatch):
    """Under pytest there is no script, unless the test says so."""
    assert script.started_script() == ''
    monkeypatch.setattr(sys, 'argv', ['job.py'])
    assert running_script() == str(folder / 'job.py')
    assert script.started_script() == ''

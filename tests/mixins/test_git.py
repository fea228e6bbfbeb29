"""MBGitInfo, with the real git."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import MBGitInfo, MicroBenchBase
from microbench.mixins.git import existing_directory, parsed, script_directory
from tests.fakes import only

DETAILS = ['--untracked-files=no', '--ignore-submodules=untracked', '--no-ahead-behind']
IDENTITY = ['-c', 'user.name=A', '-c', 'user.email=a@example.org']


def git(folder, *words):
    """Run git in a folder; return its output without the newline."""
    command = ['git', *IDENTITY, *words]
    return subprocess.check_output(command, cwd=folder, text=True).strip()


def snapshot(folder):
    """Return names, bytes and times of all files in a folder."""
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """Return a repository without commits; the user's own settings are not read."""
    if shutil.which('git') is None:
        pytest.skip('git is not installed')
    monkeypatch.setenv('GIT_CONFIG_GLOBAL', os.devnull)
    monkeypatch.setenv('GIT_CONFIG_SYSTEM', os.devnull)
    monkeypatch.setenv('GIT_CEILING_DIRECTORIES', str(tmp_path))
    folder = tmp_path / 'repo'
    folder.mkdir()
    git(folder, 'init', '--quiet', '--initial-branch=trunk')
    return folder


@pytest.fixture
def repo(empty):
    """Return a repository with one committed file."""
    empty.joinpath('tracked.txt').write_text('one\n')
    git(empty, 'add', 'tracked.txt')
    git(empty, 'commit', '--quiet', '--message=first')
    return empty


class Bench(MicroBenchBase, MBGitInfo):
    pass


def record_of(**attributes):
    """Return the only record of a bench with these attributes."""
    bench = type('Bench', (Bench,), attributes)()
    with bench.record():
        pass
    return only(bench.get_results())


def state_of(folder):
    """Return the `git` object for a folder."""
    return record_of(git_repo=str(folder))['git']


# --- what is recorded -----------------------------------------------------------------


def test_a_clean_repository(repo):
    """A clean repository has its top-level directory, full hash and branch."""
    assert state_of(repo) == {
        'repo': str(repo),
        'commit': git(repo, 'rev-parse', 'HEAD'),
        'branch': 'trunk',
        'dirty': False,
    }


def test_a_directory_inside_the_repository(repo):
    """From any directory below, the top is found."""
    below = repo / 'a' / 'b'
    below.mkdir(parents=True)
    assert state_of(below)['repo'] == str(repo)


def test_a_changed_tracked_file_is_dirty(repo):
    """A changed file that git knows makes the repository dirty."""
    repo.joinpath('tracked.txt').write_text('two\n')
    assert state_of(repo)['dirty'] is True


def test_an_untracked_file_is_not_dirty(repo):
    """A results file inside the repository does not make each record dirty."""
    repo.joinpath('results.jsonl').write_text('{}\n')
    assert state_of(repo)['dirty'] is False


def test_an_ignored_file_is_not_dirty(repo):
    """Ignored files do not count, even if the user's settings list them."""
    repo.joinpath('.git/info/exclude').write_text('*.log\n')
    repo.joinpath('a.log').write_text('x')
    assert state_of(repo)['dirty'] is False


def test_a_deleted_and_a_renamed_file_are_dirty(repo):
    """Every kind of change of a tracked file counts."""
    git(repo, 'mv', 'tracked.txt', 'renamed.txt')
    assert state_of(repo)['dirty'] is True
    git(repo, 'reset', '--quiet', '--hard')
    repo.joinpath('tracked.txt').unlink()
    assert state_of(repo)['dirty'] is True


@pytest.mark.parametrize('line', ['1 .M N...', '2 R. N...', 'u UU N...', 'x new kind'])
def test_any_other_line_is_dirty(line):
    """A line of any kind but headers, untracked and ignored files counts."""
    assert parsed(f'# branch.oid 1\n{line}\n')['dirty'] is True


def test_a_repository_without_commits(empty):
    """The commit is empty, not git's word `(initial)`."""
    assert state_of(empty) == {
        'repo': str(empty),
        'commit': '',
        'branch': 'trunk',
        'dirty': False,
    }


def test_a_detached_head_has_no_branch(repo):
    """The branch is empty when a commit is checked out."""
    git(repo, 'checkout', '--quiet', '--detach')
    assert state_of(repo)['branch'] == ''


def test_odd_names_are_kept(tmp_path, empty):
    """A directory that ends in a space, and one that is not UTF-8, are recorded."""
    moved = tmp_path / 'odd \udcff '
    empty.rename(moved)
    assert parsed('# branch.oid 1\n# branch.head odd name\n')['branch'] == 'odd name'
    bm_data = {}
    type('Odd', (MBGitInfo,), {'git_repo': moved})().capture_git_info(bm_data)
    assert bm_data['git']['repo'] == str(moved)


def test_changes_between_records_are_seen(repo):
    """Each record asks git again."""
    bench = type('Here', (Bench,), {'git_repo': str(repo)})()
    for text in ('one\n', 'two\n'):
        repo.joinpath('tracked.txt').write_text(text)
        with bench.record():
            pass
    assert [r['git']['dirty'] for r in bench.get_results()] == [False, True]


def test_nothing_is_written_into_the_repository(repo):
    """Where plain `git status` would refresh the index, all bytes and times stay."""
    tracked = repo / 'tracked.txt'
    os.utime(tracked, (1, 1))  # the same text, another time: git would note it
    before = snapshot(repo / '.git')
    assert state_of(repo)['dirty'] is False
    assert snapshot(repo / '.git') == before
    git(repo, 'status')
    assert snapshot(repo / '.git') != before


# --- which directory ------------------------------------------------------------------


def test_the_default_is_the_directory_of_the_script(repo, tmp_path, monkeypatch):
    """The repository is the script's, whatever the current directory is."""
    monkeypatch.setattr(sys, 'argv', [str(repo / 'script.py')])
    monkeypatch.chdir(tmp_path)
    assert record_of()['git']['repo'] == str(repo)


@pytest.mark.parametrize('word', ['', '-', '-c', '-m'])
def test_without_a_script_it_is_the_current_directory(tmp_path, monkeypatch, word):
    """Typed code has no directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', [word])
    assert script_directory() == str(tmp_path)


def test_without_any_argument_it_is_the_current_directory(tmp_path, monkeypatch):
    """An embedded Python can have an empty argv."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', [])
    assert script_directory() == str(tmp_path)


@pytest.mark.parametrize(
    'script',
    [
        '/env/lib/python3.12/site-packages/ipykernel_launcher.py',
        '/usr/lib/python3/dist-packages/pytest/__main__.py',
        str(Path(sys.executable).with_name('pytest')),
        str(Path(os.__file__).with_name('unittest') / '__main__.py'),
    ],
)
def test_installed_programs_are_no_scripts(tmp_path, monkeypatch, script):
    """In a notebook and under a test runner the current directory is described."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', [script])
    assert script_directory() == str(tmp_path)


@pytest.mark.parametrize(
    ('word', 'directory'),
    [
        ('sub/script.py', 'sub'),
        ('link.py', 'sub'),
        ('program', 'program'),
        ('program/', 'program'),
        ('link', 'program'),
        ('program.zip', ''),
    ],
)
def test_a_script_is_found_as_python_found_it(tmp_path, word, directory):
    """A script is found after a change of directory, by link, directory or zip."""
    code = (
        'import os\nos.chdir("/")\n'
        'from microbench.mixins.git import script_directory\nprint(script_directory())\n'
    )
    for folder, name in (('sub', 'script.py'), ('program', '__main__.py')):
        tmp_path.joinpath(folder).mkdir()
        tmp_path.joinpath(folder, name).write_text(code)
    tmp_path.joinpath('link.py').symlink_to('sub/script.py')
    tmp_path.joinpath('link').symlink_to('program')
    shutil.make_archive(str(tmp_path / 'program'), 'zip', tmp_path / 'program')
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, word],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f'{tmp_path / directory}\n', '')


def test_a_link_to_an_installed_program(tmp_path, monkeypatch):
    """A test runner that is linked from elsewhere is none of the user's scripts."""
    tmp_path.joinpath('pytest').symlink_to(Path(sys.executable).with_name('pytest'))
    monkeypatch.setattr(sys, 'argv', [str(tmp_path / 'pytest')])
    monkeypatch.chdir('/')
    assert script_directory() == '/'


def test_another_relative_script_is_resolved_here(tmp_path, monkeypatch):
    """A name that is not the one Python started with is relative to the present place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['sub/other.py'])
    assert script_directory() == str(tmp_path / 'sub')


def test_the_option_of_the_command(tmp_path, monkeypatch):
    """--git-repo wants a directory; without it, it is the current one."""
    [option] = MBGitInfo.cli_args
    monkeypatch.chdir(tmp_path)
    assert (MBGitInfo.cli_name, option.flags) == ('git-info', ['--git-repo'])
    assert option.cli_default(['ls']) == str(tmp_path)
    assert option.type(str(tmp_path)) == str(tmp_path)
    with pytest.raises(ValueError, match='directory not found'):
        existing_directory(str(tmp_path / 'none'))


# --- failures -------------------------------------------------------------------------


def test_outside_a_repository_it_raises(tmp_path, empty):
    """The error contains git's own words, and the code does not run."""
    with pytest.raises(subprocess.CalledProcessError, match='not a git repository'):
        record_of(git_repo=str(tmp_path))


@pytest.mark.parametrize('text', ['', 'no hash\n'])
def test_a_damaged_branch_is_not_one_without_commits(repo, text):
    """Git also calls a branch `(initial)` that a power failure has damaged."""
    repo.joinpath('.git/refs/heads/trunk').write_text(text)
    with pytest.raises(ValueError, match='git cannot read the commit of HEAD'):
        state_of(repo)


def test_without_git_it_raises(empty, tmp_path, monkeypatch):
    """FileNotFoundError names the program."""
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='git'):
        record_of(git_repo=str(empty))


def test_a_failure_can_be_noted_instead(tmp_path, empty):
    """With capture_optional the record says why, and has no `git`."""
    record = record_of(git_repo=str(tmp_path), capture_optional=True)
    [noted] = record['call']['capture_errors']
    assert noted['method'] == 'capture_git_info'
    assert noted['error'].startswith('CalledProcessError: ')
    assert 'not a git repository' in noted['error']
    assert 'git' not in record


def test_two_calls_that_can_be_stubbed(monkeypatch):
    """subprocess.check_output is looked up at each call, with keyword `cwd`."""
    asked = []

    def check_output(command, *, cwd, **options):
        asked.append((command, cwd, options['env']['GIT_OPTIONAL_LOCKS']))
        if command[1] == 'rev-parse':
            return b'/there\n'
        return b'# branch.oid abc\n# branch.head main\n? new\n'

    monkeypatch.setattr(subprocess, 'check_output', check_output)
    assert state_of('/there') == {
        'repo': '/there',
        'commit': 'abc',
        'branch': 'main',
        'dirty': False,
    }
    assert asked == [
        (['git', 'rev-parse', '--show-toplevel'], '/there', '0'),
        (['git', 'status', '--porcelain=v2', '--branch', *DETAILS], '/there', '0'),
    ]

"""MBGitInfo in each state of a repository, with submodules, in hooks of git."""

import os
import shlex
import subprocess
import sys

import pytest

import microbench.mixins.git as capture
from microbench import MBGitInfo
from microbench.mixins.git import OF_A_REPOSITORY, Git, parsed
from tests.mixins.test_git import Bench, empty, git, record_of, repo, snapshot, state_of

__all__ = ['empty', 'repo']  # fixtures


def added(folder, *words):
    """Run git in a folder; it may read repositories of this test."""
    return git(folder, '-c', 'protocol.file.allow=always', *words)


@pytest.fixture
def calls(monkeypatch):
    """Return the first words of git's calls."""
    asked = []

    def noted(command, **options):
        asked.append(command[1])
        return output_of(command, **options)

    output_of = capture.output_of
    monkeypatch.setattr(capture, 'output_of', noted)
    return asked


# --- states ---------------------------------------------------------------------------


def test_a_linked_worktree(repo, tmp_path):
    """A linked worktree has its own top-level directory and branch."""
    git(repo, 'worktree', 'add', '--quiet', '-b', 'side', str(tmp_path / 'tree'))
    state = state_of(tmp_path / 'tree')
    assert state.pop('commit') == git(repo, 'rev-parse', 'HEAD')
    assert state == {'repo': str(tmp_path / 'tree'), 'branch': 'side', 'dirty': False}


def test_a_shallow_clone(repo, tmp_path):
    """The commit is the one that is checked out."""
    git(tmp_path, 'clone', '--quiet', '--depth=1', f'file://{repo}', 'shallow')
    assert state_of(tmp_path / 'shallow')['commit'] == git(repo, 'rev-parse', 'HEAD')


def test_a_sparse_checkout(repo):
    """Files that are not checked out are not changed ones."""
    repo.joinpath('sub').mkdir()
    repo.joinpath('sub', 'file').write_text('')
    git(repo, 'add', '.')
    git(repo, 'commit', '--quiet', '--message=second')
    git(repo, 'sparse-checkout', 'set', '--cone')
    assert not repo.joinpath('sub').exists()
    assert state_of(repo)['dirty'] is False


def test_hashes_of_sha256(empty, tmp_path):
    """A commit of a SHA-256 repository has 64 digits."""
    git(tmp_path, 'init', '--quiet', '--object-format=sha256', 'long')
    git(tmp_path / 'long', 'commit', '--quiet', '--allow-empty', '--message=first')
    commit = state_of(tmp_path / 'long')['commit']
    assert (commit, len(commit)) == (git(tmp_path / 'long', 'rev-parse', 'HEAD'), 64)


def test_while_another_git_has_the_lock(repo):
    """The lock does not matter, since nothing is written."""
    repo.joinpath('.git', 'index.lock').touch()
    repo.joinpath('tracked.txt').write_text('two\n')
    assert state_of(repo)['dirty'] is True


def test_in_the_middle_of_a_rebase(repo):
    """No branch is checked out; the commit is the one at which git stopped."""
    git(repo, 'branch', 'side')
    for branch, text in (('trunk', 'two\n'), ('side', 'three\n')):
        git(repo, 'checkout', '--quiet', branch)
        repo.joinpath('tracked.txt').write_text(text)
        git(repo, 'commit', '--quiet', '--all', '--message=change')
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, 'rebase', '--quiet', 'trunk')
    state = state_of(repo)
    assert state.pop('commit') == git(repo, 'rev-parse', 'trunk')
    assert state == {'repo': str(repo), 'branch': '', 'dirty': True}


@pytest.mark.parametrize('where', ['.git', 'bare'])
def test_without_a_work_tree_it_raises(repo, where):
    """A bare repository, and the inside of any, has no files that could be changed."""
    git(repo, 'init', '--quiet', '--bare', 'bare')
    with pytest.raises(subprocess.CalledProcessError, match='in a work tree'):
        record_of(git_repo=str(repo / where))


def test_a_repository_of_another_user_raises(repo, monkeypatch):
    """Git refuses the repository, and the error says what to do."""
    monkeypatch.setenv('GIT_TEST_ASSUME_DIFFERENT_OWNER', '1')
    with pytest.raises(subprocess.CalledProcessError, match=r'safe\.directory'):
        record_of(git_repo=str(repo))


def test_a_broken_index_raises(repo):
    """A status that failed is not a clean repository."""
    repo.joinpath('.git', 'index').write_bytes(b'DIRC' + bytes(50))
    with pytest.raises(subprocess.CalledProcessError, match='index'):
        record_of(git_repo=str(repo))


def test_a_broken_head_raises(repo):
    """A commit that is not there is not a repository without commits."""
    head = repo / '.git' / 'refs' / 'heads' / 'trunk'
    head.write_text(f'{"0123" * 10}\n')
    with pytest.raises(subprocess.CalledProcessError, match='HEAD'):
        record_of(git_repo=str(repo))


def test_a_deleted_directory_raises(repo):
    """FileNotFoundError names the directory."""
    with pytest.raises(FileNotFoundError, match='gone'):
        record_of(git_repo=str(repo / 'gone'))


@pytest.mark.parametrize('printed', ['', '\n', 'git is not set up here\n'])
def test_what_is_no_status_is_not_a_clean_repository(printed):
    """Output without a commit raises an error."""
    with pytest.raises(ValueError, match='named no commit'):
        parsed(printed)


def test_another_program_called_git(repo, monkeypatch):
    """Other output is not taken for a directory."""
    monkeypatch.setattr(subprocess, 'check_output', lambda *_, **__: b'loading git/2\n')
    with pytest.raises(ValueError, match=r"printed no directory, but 'loading git/2'"):
        record_of(git_repo=str(repo))


def test_nothing_is_fetched(repo, tmp_path):
    """Objects that a partial clone lacks are not fetched, as git status would do."""
    git(repo, 'config', 'uploadpack.allowFilter', 'true')
    words = ['--quiet', '--filter=tree:0', '--no-checkout', f'file://{repo}', 'partial']
    git(tmp_path, 'clone', *words)
    before = snapshot(tmp_path / 'partial')
    with pytest.raises(subprocess.CalledProcessError):
        record_of(git_repo=str(tmp_path / 'partial'))
    assert snapshot(tmp_path / 'partial') == before
    git(tmp_path / 'partial', 'status')
    assert snapshot(tmp_path / 'partial') != before


# --- submodules -----------------------------------------------------------------------


@pytest.fixture
def nested(repo, tmp_path):
    """A repository with a submodule `sub`, which has a submodule `sub`."""
    within = repo
    for name in ('middle', 'outer'):
        folder = tmp_path / name
        git(tmp_path, 'init', '--quiet', name)
        added(folder, 'submodule', '--quiet', 'add', str(within), 'sub')
        added(folder, 'submodule', '--quiet', 'update', '--init', '--recursive')
        git(folder, 'commit', '--quiet', '--message=first')
        within = folder
    return within


@pytest.mark.parametrize('below', ['sub', 'sub/sub'])
def test_untracked_files_of_a_submodule_do_not_count(nested, below):
    """Results may lie in a submodule as well, however deep."""
    nested.joinpath(below, 'results.jsonl').write_text('{}\n')
    assert git(nested, 'status', '--porcelain') != ''
    assert state_of(nested)['dirty'] is False


@pytest.mark.parametrize('below', ['sub', 'sub/sub'])
def test_changed_files_of_a_submodule_count(nested, below):
    """Changes in a submodule count, even if settings hide them from `git status`."""
    git(nested, 'config', '--file=.gitmodules', 'submodule.sub.ignore', 'all')
    git(nested, 'commit', '--quiet', '--all', '--message=second')
    git(nested, 'config', 'diff.ignoreSubmodules', 'all')
    assert state_of(nested)['dirty'] is False
    nested.joinpath(below, 'new').write_text('')
    git(nested / below, 'add', 'new')
    assert git(nested, 'status', '--porcelain') == ''
    assert state_of(nested)['dirty'] is True


def test_another_commit_of_a_submodule_counts(nested):
    """The commit of the whole does not say what is checked out in it."""
    git(nested / 'sub', 'commit', '--quiet', '--allow-empty', '--message=other')
    assert state_of(nested)['dirty'] is True


def test_a_submodule_that_is_not_checked_out(nested):
    """A submodule that is not checked out has no files to change."""
    git(nested, 'submodule', '--quiet', 'deinit', '--all')
    assert state_of(nested)['dirty'] is False


def test_inside_a_submodule(nested):
    """A submodule is a repository of its own."""
    state = state_of(nested / 'sub')
    assert state['commit'] == git(nested / 'sub', 'rev-parse', 'HEAD')
    assert state['repo'] == str(nested / 'sub')


# --- the environment ------------------------------------------------------------------


def test_all_that_names_a_repository_is_left_out(empty):
    """Variables that git lists, except settings, are removed."""
    names = set(git(empty, 'rev-parse', '--local-env-vars').split())
    settings = {'GIT_CONFIG', 'GIT_CONFIG_PARAMETERS', 'GIT_CONFIG_COUNT'}
    assert names - OF_A_REPOSITORY <= settings


@pytest.mark.parametrize('name', sorted(OF_A_REPOSITORY))
def test_variables_of_another_repository(repo, tmp_path, monkeypatch, name):
    """Each record is about its directory, whatever git sets for a hook."""
    expected = state_of(repo)
    git(tmp_path, 'init', '--quiet', 'other')
    monkeypatch.setenv(name, str(tmp_path / 'other' / '.git'))
    assert state_of(repo) == expected


def test_in_a_hook(repo, tmp_path):
    """A hook of a linked worktree runs with git's own variables."""
    code = f"""
import os
from microbench import MBGitInfo
assert 'GIT_INDEX_FILE' in os.environ or 'GIT_DIR' in os.environ
bm_data = {{}}
capture = MBGitInfo()
capture.git_repo = {str(repo)!r}
capture.capture_git_info(bm_data)
print(bm_data['git']['repo'], bm_data['git']['commit'], bm_data['git']['dirty'])
"""
    git(tmp_path, 'clone', '--quiet', str(repo), 'hooked')
    git(tmp_path / 'hooked', 'worktree', 'add', '--quiet', '-b', 'side', '../tree')
    hook = tmp_path / 'hooked' / '.git' / 'hooks' / 'post-commit'
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\n{shlex.join([sys.executable, "-c", code])}\n')
    hook.chmod(0o755)
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        ['git', *words_of_the_author(), 'commit', '--quiet', '--allow-empty', '-mx'],
        cwd=tmp_path / 'tree',
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
        check=True,
    )
    said = f'{repo} {git(repo, "rev-parse", "HEAD")} False\n'
    assert said in done.stdout + done.stderr


def words_of_the_author():
    """Return the author's options of a commit."""
    return ['-c', 'user.name=A', '-c', 'user.email=a@example.org']


def test_settings_of_the_environment_stay(repo, monkeypatch):
    """Settings as of `git -c` stay; those of the mixin follow them."""
    monkeypatch.setenv('GIT_CONFIG_PARAMETERS', "'own.name=it is' 'core.fsmonitor=true'")
    asked = Git(repo)
    values = [asked('config', name) for name in ('own.name', 'core.fsmonitor')]
    assert values == ['it is\n', 'false\n']


def test_wrong_settings_of_the_environment_raise(repo, monkeypatch):
    """Wrong settings raise with git's own words."""
    monkeypatch.setenv('GIT_CONFIG_PARAMETERS', "'unfinished")
    with pytest.raises(subprocess.CalledProcessError, match='GIT_CONFIG_PARAMETERS'):
        record_of(git_repo=str(repo))


def test_no_monitor_is_started(repo, tmp_path):
    """No monitor is started, even if the repository asks for one."""
    monitor = tmp_path / 'monitor'
    monitor.write_text(f'#!/bin/sh\ntouch {tmp_path}/asked\n')
    monitor.chmod(0o755)
    git(repo, 'config', 'core.fsmonitor', str(monitor))
    assert state_of(repo)['dirty'] is False
    assert not tmp_path.joinpath('asked').exists()
    git(repo, 'status')
    assert tmp_path.joinpath('asked').exists()


def test_preferences_of_the_user_change_nothing(repo):
    """Settings of `git status` do not change `dirty`."""
    git(repo, 'config', 'status.showUntrackedFiles', 'all')
    git(repo, 'config', 'status.short', 'true')
    repo.joinpath('untracked').write_text('')
    assert state_of(repo)['dirty'] is False


# --- how often git is asked -----------------------------------------------------------


def records_of(folder, between):
    """Return `git.repo` of two records, with an action between them."""
    bench = type('Here', (Bench,), {'git_repo': str(folder)})()
    for step in (lambda: None, between):
        step()
        with bench.record():
            pass
    return [record['git']['repo'] for record in bench.get_results()]


def test_the_directory_is_asked_for_once(repo, calls):
    """Each record asks for the state; only the first one asks for the repository."""
    assert records_of(repo, lambda: None) == [str(repo)] * 2
    assert calls == ['rev-parse', 'status', 'status']


def test_a_file_system_that_hangs_is_left_to_git(repo, monkeypatch):
    """Git, which has a time limit, looks at the directory before this process does."""
    bench = type('Here', (MBGitInfo,), {'git_repo': str(repo)})()
    bench.capture_git_info({})

    def hang(command, limit, **options):
        raise subprocess.TimeoutExpired(command, limit)

    monkeypatch.setattr(capture, 'output_of', hang)
    monkeypatch.setattr(capture, 'nearest_repository', None)
    with pytest.raises(subprocess.TimeoutExpired):
        bench.capture_git_info({})


def test_another_repository_between_two_records(repo):
    """A repository made within the first one is noticed."""
    repo.joinpath('sub').mkdir()
    found = records_of(repo / 'sub', lambda: git(repo / 'sub', 'init', '--quiet'))
    assert found == [str(repo), str(repo / 'sub')]


def test_a_link_that_is_changed_between_two_records(repo, tmp_path):
    """The link's new directory counts."""
    git(tmp_path, 'clone', '--quiet', str(repo), 'other')
    link = tmp_path / 'link'
    link.symlink_to('repo')

    def changed():
        link.unlink()
        link.symlink_to('other')

    assert records_of(link, changed) == [str(repo), str(tmp_path / 'other')]


def test_a_work_tree_elsewhere_is_asked_for_each_time(repo, tmp_path, calls):
    """The place of `.git` does not decide where the files are."""
    tmp_path.joinpath('files').mkdir()
    git(repo, 'config', 'core.worktree', str(tmp_path / 'files'))
    assert records_of(repo, lambda: None) == [str(tmp_path / 'files')] * 2
    assert calls == ['rev-parse', 'status', 'status', 'rev-parse']


def test_an_old_git(repo, tmp_path, monkeypatch, calls):
    """Git before 2.17 lacks an option, which only saves time."""
    old = tmp_path / 'bin' / 'git'
    old.parent.mkdir()
    real = git(repo, '--exec-path') + '/git'
    refuse = 'case "$*" in *--no-ahead-behind*) echo usage >&2; exit 129; esac'
    old.write_text(f'#!/bin/sh\n{refuse}\nexec {shlex.quote(real)} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv('PATH', str(old.parent), prepend=os.pathsep)
    assert state_of(repo)['commit'] == git(repo, 'rev-parse', 'HEAD')
    assert calls == ['rev-parse', 'status', 'status']


def test_the_time_limit_is_that_of_the_capture(repo, monkeypatch):
    """The time of one answer reduces the time for the next."""
    limits = []

    def answer(command, limit, **options):
        limits.append(limit)
        now[0] += 7.0
        return '/there\n# branch.oid 1\n'

    now = [100.0]
    monkeypatch.setattr(capture.time, 'monotonic', lambda: now[0])
    monkeypatch.setattr(capture, 'output_of', answer)
    MBGitInfo().capture_git_info({})
    assert limits == [30.0, 23.0]

"""Capture the git commit of the source code."""

from __future__ import annotations

import os
import subprocess
import time

from ..core.capture import CLIArg
from .programs import LIMIT, output_of
from .script import running_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What names a repository, or parts of one, whatever the directory: `git rev-parse
# --local-env-vars` lists them, for hooks and aliases have them set. Settings stay, as they
# do where git itself enters a submodule.
OF_A_REPOSITORY = frozenset(
    f'GIT_{name}'
    for name in (
        *('DIR', 'WORK_TREE', 'IMPLICIT_WORK_TREE', 'COMMON_DIR', 'INDEX_FILE', 'PREFIX'),
        *('OBJECT_DIRECTORY', 'ALTERNATE_OBJECT_DIRECTORIES', 'QUARANTINE_PATH'),
        *('GRAFT_FILE', 'SHALLOW_FILE', 'NO_REPLACE_OBJECTS', 'REPLACE_REF_BASE'),
        *('INTERNAL_SUPER_PREFIX', 'NAMESPACE', 'ATTR_SOURCE', 'REFERENCE_BACKEND'),
    )
)
# As `git -c` passes them on to other gits; later ones hold. Variables that the manual
# describes, GIT_CONFIG_COUNT and its kin, exist only since git 2.31.
SETTINGS = "'core.fsmonitor=false' 'status.renames=false' 'diff.renames=false'"
USAGE = 129  # git's exit status after an option that it does not know


def existing_directory(word: str) -> str:
    """Return a word of the command line that names a directory."""
    if not os.path.isdir(word):
        raise ValueError(f'directory not found: {word!r}')
    return word


class MBGitInfo:
    """Git repository, commit, branch, and whether tracked files were changed.

    Requires git 2.11. Nothing is written into the repository, not even git's own cache, and
    nothing is fetched.

    Attributes:
        git_repo: directory in the repository. The default is the directory of the running
            script or, without a script (a notebook, a test runner, `python -c`), the
            current directory.

    >>> from microbench import MicroBench
    >>> class Bench(MicroBench, MBGitInfo):
    ...     git_repo = '/path/of/the/repository'
    """

    cli_name = 'git-info'
    cli_fields = ('git',)
    cli_args = (
        CLIArg(
            ['--git-repo'],
            'git_repo',
            'directory in the repository (default: the current directory)',
            metavar='DIR',
            type=existing_directory,
            cli_default=lambda command: os.getcwd(),  # noqa: ARG005 - see CLIArg
        ),
    )
    _git_top = ''

    def capture_git_info(self, bm_data: dict[str, Any]) -> None:
        """Set `git.repo`, `git.commit`, `git.branch` and `git.dirty`.

        Raises:
            FileNotFoundError: git is not installed, or the directory was deleted.
            subprocess.CalledProcessError: the directory is in no repository, in a bare
                one, or in one that git refuses; or git failed.
            subprocess.TimeoutExpired: git hangs.
            ValueError: git cannot read the branch, or a program called git printed
                something else.
        """
        directory = getattr(self, 'git_repo', None) or script_directory()
        git = Git(directory)
        top = self._git_top or top_of(git)
        state = parsed(status_of(git))
        # After git, which has a time limit: a file system may hang.
        if self._git_top and top != nearest_repository(directory):
            top = top_of(git)
        self._git_top = top
        bm_data['git'] = {'repo': top, **state}


class Git:
    """Run git in a directory, with one time limit for all calls of a capture."""

    def __init__(self, directory: Any) -> None:
        self.directory = directory
        self.until = time.monotonic() + LIMIT

    def __call__(self, *words: str) -> str:
        """Return what git prints; raise as `output_of` does."""
        return output_of(
            ['git', *words],
            limit=self.until - time.monotonic(),
            cwd=self.directory,
            env=environment(),
        )


def nearest_repository(directory: Any) -> str:
    """Return the closest directory, from this one upwards, that has a `.git`.

    If it is the one that git has named before, git need not run again.
    """
    path: str = os.path.realpath(directory)
    while not os.path.lexists(os.path.join(path, '.git')):
        path, below = os.path.dirname(path), path
        if path == below:
            return ''
    return path


def top_of(git: Git) -> str:
    """Return the top-level directory of the work tree around the directory."""
    top = git('rev-parse', '--show-toplevel').removesuffix('\n')
    if not os.path.isabs(top):
        raise ValueError(f'git printed no directory, but {top[:200]!r}')
    return top


def status_of(git: Git) -> str:
    """Return the output of `git status` about HEAD and changes in tracked files.

    Options override the user's settings. A submodule is changed if another commit is
    checked out in it, or its tracked files were changed.
    """
    words = ['status', '--porcelain=v2', '--branch', '--untracked-files=no']
    words.append('--ignore-submodules=untracked')
    try:  # without a walk through the history up to the branch it follows
        return git(*words, '--no-ahead-behind')
    except subprocess.CalledProcessError as error:
        if error.returncode != USAGE:  # before git 2.17
            raise
    return git(*words)


def environment() -> dict[str, str]:
    """Return the environment in which git finds the repository by its directory alone.

    It does not change the repository, start a monitor of the file system, compare files
    to find renames, or fetch what a partial clone lacks.
    """
    env = {name: os.environ[name] for name in os.environ.keys() - OF_A_REPOSITORY}
    env |= {'GIT_OPTIONAL_LOCKS': '0', 'GIT_NO_LAZY_FETCH': '1', 'GIT_ALLOW_PROTOCOL': ''}
    given = env.get('GIT_CONFIG_PARAMETERS', '')
    env['GIT_CONFIG_PARAMETERS'] = f'{given} {SETTINGS}'.lstrip()
    return env


def parsed(status: str) -> dict[str, Any]:
    """Return commit, branch and dirty from `git status --porcelain=v2 --branch`.

    Changes of tracked files make a repository dirty: an untracked file, such as the
    results of this very benchmark, does not.

    Raises:
        ValueError: no commit is named, not even `(initial)`; or the file of the branch
            is damaged, such as an empty one after a loss of power. Git then writes
            `(initial)`, too, and `(unknown)` for the branch.
    """
    lines = status.split('\n')
    headers = dict(line[2:].partition(' ')[::2] for line in lines if line[:2] == '# ')
    if not headers.get('branch.oid'):
        raise ValueError(f'git status named no commit, but printed {status[:200]!r}')
    commit, branch = headers['branch.oid'], headers.get('branch.head', '')
    if (commit, branch) == ('(initial)', '(unknown)'):
        raise ValueError('git cannot read the commit of HEAD')
    return {
        'commit': '' if commit == '(initial)' else commit,
        'branch': '' if branch == '(detached)' else branch,
        'dirty': any(line and line[0] not in '#?!' for line in lines),
    }


def script_directory() -> str:
    """Return the directory of the running script, else the current directory."""
    script = running_script()
    # Follow a link, as in ~/bin, to the directory of the code.
    return os.path.dirname(os.path.realpath(script)) if script else os.getcwd()

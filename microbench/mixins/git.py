"""The state of the source code."""

from __future__ import annotations

import os

from ..core.capture import CLIArg
from .programs import output_of
from .script import running_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def existing_directory(word: str) -> str:
    """Return a word of the command line that names a directory."""
    if not os.path.isdir(word):
        raise ValueError(f'directory not found: {word!r}')
    return word


class MBGitInfo:
    """Git repository, commit, branch, and whether tracked files were changed.

    The repository is that of the directory `git_repo`, a class attribute. Without one
    it is that of the running script or, where there is none (a notebook, a test runner,
    `python -c`), of the current directory. Needs git 2.11. Nothing is written into the
    repository, not even git's own cache.

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

    def capture_git_info(self, bm_data: dict[str, Any]) -> None:
        """Set `git.repo`, `git.commit`, `git.branch` and `git.dirty`.

        Raises:
            FileNotFoundError: git is not installed.
            subprocess.CalledProcessError: the directory is in no repository.
            subprocess.TimeoutExpired: git hangs.
        """
        directory = getattr(self, 'git_repo', None) or script_directory()
        top = _git(directory, 'rev-parse', '--show-toplevel')
        status = _git(directory, 'status', '--porcelain=v2', '--branch')
        bm_data['git'] = {'repo': top.removesuffix('\n'), **parsed(status)}


def _git(directory: Any, *words: str) -> str:
    # Without this, `git status` would refresh .git/index of the user.
    env = {**os.environ, 'GIT_OPTIONAL_LOCKS': '0'}
    return output_of(['git', *words], cwd=directory, env=env)


def parsed(status: str) -> dict[str, Any]:
    """Return commit, branch and dirty from `git status --porcelain=v2 --branch`.

    Changes of tracked files make a repository dirty: an untracked file, such as the
    results of this very benchmark, does not.
    """
    lines = status.split('\n')
    headers = dict(line[2:].partition(' ')[::2] for line in lines if line[:2] == '# ')
    commit, branch = headers.get('branch.oid', ''), headers.get('branch.head', '')
    return {
        'commit': '' if commit == '(initial)' else commit,
        'branch': '' if branch == '(detached)' else branch,
        'dirty': any(line and line[0] not in '#?!' for line in lines),
    }


def script_directory() -> str:
    """Return the directory of the script that runs, else the current directory."""
    script = running_script()
    return os.path.dirname(script) if script else os.getcwd()

"""`microbench completion`: print a script that completes words in a shell."""

from __future__ import annotations

from ..view.subcommand import answering
from . import bash, fish, zsh
from .surface import surfaces
from .words import parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = {'bash': bash.script, 'zsh': zsh.script, 'fish': fish.script}


def run(words: list[str], subcommands: Mapping[str, str]) -> int:
    """Print the script of the shell that the words name.

    Args:
        words: those after `completion`.
        subcommands: name and line of help of each.
    """
    return answering('completion', lambda words: _printed(words, subcommands))(words)


def _printed(words: list[str], subcommands: Mapping[str, str]) -> int:
    shell = parser().parse_args(words).shell
    print(SCRIPTS[shell](surfaces(subcommands)), end='')
    return 0

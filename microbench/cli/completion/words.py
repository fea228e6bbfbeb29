"""The words of `microbench completion`."""

from __future__ import annotations

from ..view.subcommand import Subparser

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SHELLS = ('bash', 'zsh', 'fish')

ABOUT = """\
Print a script that completes options, subcommands, mixins and files of microbench in a
shell. It knows the mixins that are installed now."""

NOTES = """\
bash: source <(microbench completion bash), in ~/.bashrc. zsh: microbench completion zsh
>DIR/_microbench, in a directory of $fpath. fish: microbench completion fish
>~/.config/fish/completions/microbench.fish. A wheel installs the same scripts in share/ of
the environment."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the words after `completion`."""
    made = Subparser('completion', ABOUT, NOTES)
    made.add_argument('shell', choices=SHELLS, help='the shell')
    return made

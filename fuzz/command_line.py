"""Words of the command line: a usage error, a text, or settings; nothing is run."""

from __future__ import annotations

import contextlib
import io
from unittest import mock

from microbench.cli.args import selected_mixins
from microbench.cli.args.checks import checked
from microbench.cli.args.parser import Parser
from microbench.cli.words import UsageError


def check(data: bytes) -> None:
    """Read words, each ended by a NUL, as the command does before it starts anything."""
    words = data.decode('utf-8', 'surrogateescape').split('\0')
    with mock.patch.object(selected_mixins, '_class_of', _refused):
        try:
            settings = _settings(words)
        except UsageError:
            return
        except SystemExit as error:
            if error.code:
                raise AssertionError(error.code) from error
            return
    assert words[len(words) - len(settings.command) :] == settings.command


def _settings(words):
    parser = Parser({'show': 'show records'})
    with contextlib.redirect_stdout(io.StringIO()):
        settings = parser.settings(list(words))
        checked(settings)
    return settings


def _refused(path, called=''):
    """Stand in for the import of `module:Class`: the name is of a fuzzer's making."""
    raise UsageError(f'the mixin {called or path} is not imported here')

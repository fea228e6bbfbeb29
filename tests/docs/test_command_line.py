"""The page of the command."""

from docs import options
from microbench.cli.main import SUBCOMMANDS

PAGE = options.PAGE.read_text('utf-8')


def test_the_tables_are_those_of_the_options():
    """The tables are up to date; otherwise run `python -m docs.options`."""
    assert options.with_tables(PAGE) == PAGE


def test_every_option_has_a_row():
    """Each option has a row with its values; a mixin's own names the mixin."""
    assert '| `-n`, `--iterations N` | run COMMAND N times (default: 1)' in PAGE
    assert '| `--stdout[=suppress]` | ' in PAGE
    assert '| `--hash-file FILE [FILE ...]` | `file-hash`: ' in PAGE
    listed = {option for group in options.GROUPS.values() for option in group}
    assert PAGE.count('\n| `-') == len(listed) + sum(
        len(options.selected_mixins.options_of({name: mixin}))
        for name, mixin in options.selected_mixins.own().items()
    )


def test_every_subcommand_is_named():
    """The page lists the words that are not programs, here and in the table of readers."""
    table = options.PAGE.with_name('reading-results.md').read_text('utf-8')
    for name in SUBCOMMANDS:
        assert f'`{name}`' in PAGE
        if name not in ('timeit', 'completion'):  # they read none
            assert f'`microbench {name} ' in table

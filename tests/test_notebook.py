"""The extension of IPython that displays results and records as tables."""

from types import SimpleNamespace

import pytest

from microbench import MicroBench, notebook
from microbench.results.shapes import flattened

formatters = pytest.importorskip('IPython.core.formatters')

OTHERS = [
    *([], [1, 2], {}, {'mb': 1}, {'mb': {}, 'call': {}}, {'mb': {'run_id': 1}}),
    *({'call': {'name': 'x'}}, [{'mb': {'run_id': 'x'}, 'call': {}}, {}], 'text'),
]


@pytest.fixture
def shell():
    """Return what an extension sees of a notebook; unload the extension in the end."""
    display_formatter = formatters.DisplayFormatter()
    shell = SimpleNamespace(display_formatter=display_formatter)
    yield shell
    notebook.unload_ipython_extension(shell)


@pytest.fixture
def results():
    """Return two results."""
    bench = MicroBench(dataset='<iris>', text='x' * 1000)
    for _ in range(2):
        with bench.record('<fit>'):
            pass
    return bench.get_results()


def html_of(value, shell):
    """Return the HTML that a notebook displays; None if it displays text."""
    return shell.display_formatter.format(value)[0].get('text/html')


def test_results_are_lists_like_any_other_without_it(results, shell):
    """Nothing changes in a notebook unless the extension is loaded."""
    assert type(results) is list
    assert {type(one) for one in results} == {dict}
    assert html_of(results, shell) is None


@pytest.mark.parametrize('form', [dict, flattened])
def test_results_and_records(form, results, shell):
    """Results have a row for each name, a record a row for each field."""
    notebook.load_ipython_extension(shell)
    table = html_of(list(map(form, results)), shell)
    assert '<td>&lt;fit&gt;</td><td>2</td>' in table
    one = html_of(form(results[0]), shell)
    assert '<b>&lt;fit&gt;</b> ok' in one
    assert '<td>dataset</td><td>&lt;iris&gt;</td>' in one
    assert f'<td>text</td><td>{"x" * 200}…</td>' in one


@pytest.mark.parametrize('more', [{1: 2}, {'call': {1: 2}}], ids=['outside', 'inside'])
def test_keys_that_are_no_text(more, results, shell):
    """A program may have added to a record what JSON cannot hold."""
    notebook.load_ipython_extension(shell)
    html = html_of({**results[0], **more}, shell)
    assert (
        '<td>1</td><td>2</td>' in html or '<td>call</td><td>{&quot;1&quot;: 2}</td>' in html
    )


def test_the_outcome_of_a_record(results, shell):
    """A record that failed says so above its table."""
    notebook.load_ipython_extension(shell)
    failed = {**results[0], 'exception': {'type': 'ValueError', 'message': ''}}
    assert '</b> ValueError<' in html_of(failed, shell)


@pytest.mark.parametrize('value', OTHERS)
def test_other_values_are_displayed_as_before(value, shell):
    """Other lists and dicts have the display that they had."""
    notebook.load_ipython_extension(shell)
    assert html_of(value, shell) is None


def test_the_display_of_another_extension_stays(results, shell):
    """What displayed lists before still displays other lists, and all after unloading."""
    formatter = shell.display_formatter.formatters['text/html']
    formatter.for_type(list, lambda value: f'{len(value)} items')
    for _ in range(2):  # loading again changes nothing
        notebook.load_ipython_extension(shell)
    assert html_of([1], shell) == '1 items'
    assert '<table>' in html_of(results, shell)
    notebook.unload_ipython_extension(shell)
    notebook.unload_ipython_extension(shell)
    assert [html_of(one, shell) for one in (results, {})] == ['2 items', None]

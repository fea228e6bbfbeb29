"""The output of a real Jupyter kernel."""

import ast
import json
import os
import re

import pytest

from tests.fakes import ROOT

nbformat = pytest.importorskip('nbformat')
nbclient = pytest.importorskip('nbclient')
pytest.importorskip('ipykernel')

pytestmark = [
    # What Jupyter and its libraries warn of is theirs to mend.
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::FutureWarning'),
    pytest.mark.filterwarnings('ignore::PendingDeprecationWarning'),
]

# The example of the documentation of 2.1.0, word for word but for the path.
EXAMPLE = """
from microbench.diff import envdiff
from microbench import FileOutput
import pandas

results = pandas.read_json('results.jsonl', lines=True)

# Compare the environment of the slowest and fastest calls
results_flat = pandas.DataFrame(FileOutput('results.jsonl').get_results(flat=True))
slowest = results_flat.loc[results_flat['call.durations'].apply(sum).idxmax()]
fastest = results_flat.loc[results_flat['call.durations'].apply(sum).idxmin()]

envdiff(slowest, fastest)
"""
CELLS = [
    EXAMPLE,
    'envdiff(results.iloc[0], results.iloc[1])',
    "envdiff(*FileOutput('results.jsonl').get_results())",
    'from microbench.diff import diff; diff(slowest, fastest)',
    'print(diff(slowest, fastest))',
]


@pytest.fixture
def run_cells(tmp_path, monkeypatch):
    """Return a function that runs cells in a kernel and returns their outputs."""
    for name in ('IPYTHONDIR', 'JUPYTER_CONFIG_DIR', 'JUPYTER_RUNTIME_DIR'):
        monkeypatch.setenv(name, str(tmp_path / name))
    paths = [str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(paths))

    def run(sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=cells)
        resources = {'metadata': {'path': str(tmp_path)}}
        nbclient.NotebookClient(
            notebook, kernel_name='python3', resources=resources
        ).execute()
        return [cell.outputs for cell in notebook.cells]

    return run


@pytest.fixture
def outputs(tmp_path, run_cells):
    """Return the outputs of CELLS."""
    with tmp_path.joinpath('results.jsonl').open('w') as file:
        for host, duration in (('node<07>', 9.0), ('node08', 2.0)):
            call = {'name': 'fit', 'durations': [duration]}
            file.write(json.dumps({'call': call, 'host': {'hostname': host}}) + '\n')
    return run_cells(CELLS)


def test_the_cells_of_the_recipe_show_tables(run_cells):
    """docs/recipes.md: a bench as the last line of a cell, and a difference."""
    text = (ROOT / 'docs' / 'recipes.md').read_text('utf-8')
    _, _, section = text.partition('\n## Work in a notebook\n')
    cells = re.findall(r'```python\n(.*?)```', section.partition('\n## ')[0], re.DOTALL)
    first = 'from microbench import MicroBench\nnumbers = list(range(99, 0, -1))'
    _, [bench], [difference] = run_cells([first, *cells])
    table = bench.data['text/html']
    assert '<table' in table
    assert 'sort random' in table
    assert 'sort sorted' in table
    assert '>random&quot;</span>' in difference.data['text/html']


def test_cells_show_the_difference(outputs):
    """Rows, dicts and the object itself are shown as HTML with red, and as text."""
    *shown, [text] = outputs
    for number, [output] in enumerate(shown):
        kind = 'execute_result' if number == 3 else 'display_data'
        assert output.output_type == kind
        html = output.data['text/html']
        assert (
            'host.hostname: <span style="color: red;">&quot;node&lt;07&gt;&quot;</span>'
            in html
        )
        assert 'host.hostname: <span style="color: red;">&quot;node08&quot;</span>' in html
        assert '<div>call.name: &quot;fit&quot;</div>' in html
        first, second, *_ = output.data['text/plain'].splitlines()
        assert first == 'The second is 4.5 times faster than the first.'
        assert second == '~ host.hostname: "node<07>" -> "node08"'
    assert text.text == output.data['text/plain'] + '\n'


HASHES = """
from microbench import MBFileHash, MicroBench
class Bench(MicroBench, MBFileHash):
    pass
bench = Bench()
with bench.record('cell'):
    pass
record = bench.get_results()[0]
[*record['file_hashes']] or record['mb']['unavailable']['file_hashes']
"""


def printed(folder, *cells, **variables):
    """Return what the last cell shows, with these variables of the environment."""
    cells = [nbformat.v4.new_code_cell(source) for source in cells]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, folder / 'work.ipynb')
    paths = [str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]
    client = nbclient.NotebookClient(
        notebook, kernel_name='python3', resources={'metadata': {'path': str(folder)}}
    )
    path = os.pathsep.join(paths)
    directories = ('IPYTHONDIR', 'JUPYTER_CONFIG_DIR', 'JUPYTER_RUNTIME_DIR')
    environment = {name: str(folder / name) for name in directories}
    client.execute(env={**os.environ, **environment, 'PYTHONPATH': path, **variables})
    return ast.literal_eval(notebook.cells[-1].outputs[-1].data['text/plain'])


def test_the_launcher_of_a_kernel_is_not_hashed(tmp_path):
    """nbclient, as in papermill and nbconvert, leaves no name of the notebook."""
    assert printed(tmp_path, HASHES).endswith('ipykernel_launcher.py')


def test_the_notebook_is_hashed_if_it_is_known(tmp_path):
    """The Jupyter server sets a variable of the environment, VS Code a global one."""
    path = str(tmp_path / 'work.ipynb')
    assert printed(tmp_path, HASHES, JPY_SESSION_NAME=path) == [path]
    assert printed(tmp_path, f'__vsc_ipynb_file__ = {path!r}', HASHES) == [path]

"""Every example of README.md and docs/ is executed, and so are the doctests.

A page is read from top to bottom. Its ``python`` blocks share one namespace. Of its
``console`` blocks, what follows a `$ ` is a command and the rest is what it prints.
Both run in one temporary directory, with the `microbench` and the `python` that are
tested, and with the result files of docs/samples. A ``text`` or ``json`` block is what
the block before it has printed.

Shown and real output are compared by three rules: white space does not count; what was
measured (a number with a decimal point, a timestamp, an id) may be another of its kind;
`...` stands for anything.

A ``console`` block with `<!-- on a terminal -->` above it runs on one of 80 columns. There
any number stands for any other, so do times and bars, and rows that depend on how busy the
machine is (`disturbed` and `warning`) may be missing or added. The machine is called
node07, and its Python /opt/python/bin/python3.

A block with `<!-- file: NAME -->` above it is written into that file, and not run. A
command that ends with ` &` runs in the background: the next one begins when it has printed
a line. `$!` is its process id, as in a shell.

A block that cannot be executed, or is no output, has its reason above it:
`<!-- not run: ... -->`. All of these reasons are listed here.
"""

import contextlib
import doctest
import importlib
import io
import os
import platform
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import microbench
from tests.cli.terminals import Screen, on_terminal
from tests.docs.background import Background

ROOT = Path(__file__).parents[2]
PACKAGE = Path(microbench.__file__).parent
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]
PYTHON = '/opt/python/bin/python3'
REFERENCE = ROOT / 'docs' / 'reference-api.md'

NOT_RUN = [
    ('README.md', 'tests/structure/test_sdist.py installs it'),
    ('README.md', 'it makes its own environment; tests/examples runs what it runs'),
    ('README.md', 'it would run itself'),
    *[('answers.md', 'one run of benchmarks.answers, which takes more than a minute')] * 4,
    ('comparing-commands.md', 'it takes a minute'),
    ('comparing-commands.md', 'it needs hyperfine'),
    ('platforms.md', 'it needs cibuildwheel'),
    (
        'platforms.md',
        'it needs gcc-aarch64-linux-gnu, and its nm and objdump first in PATH',
    ),
    ('platforms.md', 'it needs ziglang'),
    (
        'network-outputs.md',
        'it needs a server; tests/services/test_redis_background.py runs one',
    ),
    (
        'network-outputs.md',
        'it needs a server; tests/services/test_postgres_server.py runs one',
    ),
    ('output.md', 'it needs a server; tests/services/test_redis_server.py runs one'),
    *[('packing.md', 'make test-packed runs it')] * 2,
    ('packing.md', 'tests/structure/test_packed.py does'),
    ('pytest.md', 'a workflow; tests/pytest_plugin/test_page.py reads it'),
    ('scale.md', 'tests/sweeps and tests/services run each of them'),
    ('scale.md', 'Ray starts servers and takes gigabytes'),
    ('scale.md', 'tests/sweeps/test_dask.py does, in threads and in processes'),
    ('scale.md', 'a cluster would be needed to make sense of it'),
    *[('slurm.md', 'it needs a cluster; tests/services/test_slurm_page.py submits it')] * 6,
    (
        'timing-functions.md',
        'it is for IPython; tests/test_magics.py runs both magics in a shell',
    ),
]

BLOCK = re.compile(
    r'(?:^<!-- (?:not run: (?P<reason>[^\n]+)|(?P<on_terminal>on a terminal)'
    r'|file: (?P<file>\S+)) -->\n\n?)?'
    r'^```(?P<language>\w+)\n(?P<text>.*?\n)```$',
    re.MULTILINE | re.DOTALL,
)
FENCE = re.compile(r'^\s*(?:```|~~~)', re.MULTILINE)
COMMAND = re.compile(r'^\$ (.*)\n((?:(?!\$ ).*\n)*)', re.MULTILINE)
PROGRESS = re.compile(r'\0337.*?\0338|\033\[K')
ROW_OF_BUSY_MACHINES = re.compile(
    r'^  (?:disturbed|warning) .*\n(?: {9}.*\n)*', re.MULTILINE
)
HEADING = re.compile(r'^#+ (.*)$', re.MULTILINE)
MEASURED = re.compile(
    r'\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d'  # a timestamp
    r'|[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}|[0-9a-f]{16}-[0-9a-f]{16}'  # an id
    r'|\d+(?:\.\d+)? (?:[nµm]?s|min|h)\b'  # a time
    r'|-?\d+(?:\.\d+)+(?:e[+-]\d+)?|\d+e-\d+'  # a number with a decimal point
)


# --- reading a page -------------------------------------------------------------------


class Block(NamedTuple):
    """A fenced block of a page."""

    place: str
    line: int
    language: str
    text: str
    reason: str | None
    on_terminal: str | None
    file: str | None


def blocks_of(page):
    """Return the blocks of a page, in order."""
    text = page.read_text(encoding='utf-8')
    blocks = []
    for found in BLOCK.finditer(text):
        line = text.count('\n', 0, found.start('text'))
        blocks.append(Block(f'{page.name}:{line}', line, **found.groupdict()))
    assert 2 * len(blocks) == len(FENCE.findall(text)), f'{page.name}: a stray fence'
    return blocks


# --- executing it ---------------------------------------------------------------------


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Change to a temporary directory, where the tested commands are on PATH."""
    return prepare(tmp_path, monkeypatch)


def prepare(folder, monkeypatch):
    """Make the directory for the blocks of a page in a folder, and change to it."""
    shims = folder / 'bin'
    shims.mkdir()
    words = {'python': '', 'python3': '', 'microbench': ' -m microbench'}
    for name, module in words.items():
        shim = shims / name
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        shim.chmod(0o755)
    directory = folder / 'work'
    directory.mkdir()
    for sample in (ROOT / 'docs' / 'samples').rglob('*.json*'):
        shutil.copy(sample, directory)
    monkeypatch.chdir(directory)
    monkeypatch.setenv('PATH', f'{shims}{os.pathsep}{os.environ["PATH"]}')
    monkeypatch.setenv('PYTHONPATH', str(PACKAGE.parent))
    monkeypatch.delenv('MICROBENCH', raising=False)
    monkeypatch.delenv('LINES', raising=False)
    monkeypatch.setenv('TZ', 'UTC')
    return directory


def execute(page):
    """Execute the blocks of a page in order; the first that is wrong raises."""
    namespace = {'__name__': page.stem}
    printed = None
    with Background() as background:
        for block in blocks_of(page):
            if block.language in ('text', 'json'):
                assert printed is not None, f'{block.place}: no block has printed this'
                judge(block, block.text, printed)
                printed = None
            else:
                printed = execute_block(block, page, namespace, background)


def execute_block(block, page, namespace, background):
    """Execute one block; return what it prints, or None if it is not run."""
    if block.reason:
        return None
    if block.file:
        Path(block.file).write_text(block.text, 'utf-8')
        return None
    if block.language == 'python':
        return printed_by_python(block, namespace, page)
    if block.language == 'console' and block.on_terminal:
        return printed_on_a_terminal(block, background)
    if block.language == 'console':
        return printed_by_commands(block, background)
    if block.language == 'pycon' and page == REFERENCE:
        return None  # docstrings: their doctests run below
    return pytest.fail(f'{block.place}: no rule for a block of {block.language!r}')


def printed_by_python(block, namespace, page):
    """Execute a block of Python; its lines have the numbers of the page."""
    code = compile('\n' * block.line + block.text, str(page), 'exec')
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    return printed.getvalue()


def printed_by_commands(block, background):
    """Execute the commands of a block and compare what it shows of their output."""
    assert block.text.startswith('$ '), f'{block.place}: it begins with no command'
    printed = ''
    for command, shown in COMMAND.findall(block.text):
        status, output = background.run(command)
        assert status == 0, f'{block.place}: {command}: {status}'
        if shown.strip():
            judge(block, shown, output)
        printed += output
    return printed


def printed_on_a_terminal(block, background):
    """Run the commands of a block on a terminal, and compare what it shows."""
    [*commands] = COMMAND.findall(block.text)
    assert commands, f'{block.place}: it begins with no command'
    for command, shown in commands:
        if command.startswith('microbench '):
            status, printed = on_terminal(
                shlex.split(command)[1:],
                environment={**os.environ, 'NO_COLOR': '1'},
                cwd='.',
            )
            printed = '\n'.join(Screen().feed(printed).lines)  # without its progress
        else:
            status, printed = background.run(command)
        assert status in (0, 3), f'{block.place}: {command}: {status}'
        if '≥ ' in printed and '≥ ' not in shown:
            pytest.skip('no mark on this file system (tmpfs has none)')
        judge(block, shown, printed)


def judge(block, shown, printed):
    """Fail if an output is not as the page shows it; tests.docs.update has another one."""
    is_as_shown(block, shown, printed)


def is_as_shown(block, shown, printed):
    """Compare shown and real output of a block."""
    if block.on_terminal:
        shown, printed = steady(shown), steady(printed)
    compare(shown, printed, block.place)


def anonymous(text):
    """Return a text without the names of this machine."""
    for real, shown in ((platform.node(), 'node07'), (sys.executable, PYTHON)):
        text = re.sub(rf'(?<!\w){re.escape(real)}(?!\w)', shown, text)
    return text


def steady(text):
    """Return what a terminal shows, without numbers and what depends on the machine."""
    text = ROW_OF_BUSY_MACHINES.sub('', PROGRESS.sub('', text))
    text = MEASURED.sub('#', anonymous(text))
    return re.sub(r'<?\d+(?:\.\d+)?|<#|█+', '#', text).replace('##', '#')


def compare(shown, printed, place):
    """Compare shown and real output by the three rules."""
    pattern = '.*'.join(map(re.escape, comparable(shown).split('...')))
    if not re.fullmatch(pattern, comparable(printed), re.DOTALL):
        pytest.fail(f'{place} shows\n\n{shown}\nbut this was printed:\n\n{printed}')


def comparable(text):
    """Return a text without white space and without what was measured."""
    return re.sub(r'\s+', '', MEASURED.sub('#', text))


# --- the pages ------------------------------------------------------------------------


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_example_of_a_page_runs(page, place):
    """What a page shows works, and prints what the page says."""
    execute(page)


def test_the_blocks_that_are_not_run_are_known():
    """A block that is not executed has a reason, and is listed."""
    found = [
        (page.name, block.reason)
        for page in PAGES
        for block in blocks_of(page)
        if block.reason
    ]
    assert found == NOT_RUN


@pytest.mark.parametrize(
    'page', [*PAGES, ROOT / 'CONTRIBUTING.md'], ids=lambda page: page.name
)
def test_a_link_to_a_file_leads_somewhere(page):
    """Links and pictures that are no web addresses exist, headings included."""
    text = page.read_text(encoding='utf-8')
    missing = [
        link
        for link in re.findall(r'\]\(([^)\s]+)\)', text)
        if not link.startswith('https://') and not leads_somewhere(page, link)
    ]
    assert not missing


def leads_somewhere(page, link):
    """Return whether a relative link names a file and, if given, its heading."""
    path, _, heading = link.partition('#')
    target = page.parent / path if path else page
    if not target.exists():
        return False
    if not heading:
        return True
    titles = HEADING.findall(target.read_text(encoding='utf-8'))
    anchors = [re.sub(r'[^\w -]', '', t.lower()).replace(' ', '-') for t in titles]
    return heading in anchors


# --- doctests -------------------------------------------------------------------------


def modules_with_doctests():
    """Return the names of all modules whose source has an example."""
    sources = [*PACKAGE.rglob('*.py'), *(ROOT / 'examples').glob('*.py')]
    for source in sorted(sources):
        if '>>> ' in source.read_text(encoding='utf-8'):
            base = PACKAGE.parent if PACKAGE in source.parents else ROOT
            parts = source.relative_to(base).with_suffix('').parts
            yield '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


@pytest.mark.parametrize('name', list(modules_with_doctests()))
def test_the_doctests_of_a_module_pass(name, place):
    """Examples in docstrings do what they show."""
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed


# --- the test itself ------------------------------------------------------------------

ON_TERMINAL = '<!-- on a terminal -->\n\n'
RIGHT = {
    'python': '```python\nprint(1.5)\n```\n\nprints\n\n```text\n2.5\n```\n',
    'namespace': '```python\nn = 1\n```\n\n```python\nassert n == 1\n```\n',
    'json': '```python\nprint({"a": 1})\n```\n\n```json\n{\n  ...: 1\n}\n```\n',
    'command': '```console\n$ python -c "print(7)"\n7\n$ microbench --version\n```\n',
    'terminal': f'{ON_TERMINAL}```console\n$ microbench --version\nmicrobench ...\n```\n',
    'file': '<!-- file: x.py -->\n\n```python\nprint(6)\n```\n\n'
    '```console\n$ python x.py\n6\n```\n',
    'background': '<!-- file: x.py -->\n\n```python\nprint("up", flush=True)\n'
    'while True: pass\n```\n\n```console\n$ python x.py &\nup\n$ kill -9 $!\n```\n',
    'reason': '<!-- not run: it is wrong -->\n\n```python\n1 / 0\n```\n',
}

WRONG = {
    'a block that raises': ('```python\n1 / 0\n```\n', 'division by zero'),
    'a block that does not compile': ('```python\n1 +\n```\n', 'invalid syntax'),
    'a late mistake': ('```python\nx = 1\n```\n\n```python\ny\n```\n', "'y'"),
    'other output': ('```python\nprint(3)\n```\n\n```text\n4\n```\n', 'was printed'),
    'no output': ('```python\nx = 3\n```\n\n```text\n3\n```\n', 'was printed'),
    'output of nothing': ('```text\n3\n```\n', 'no block has printed'),
    'other output on a terminal': (
        f'{ON_TERMINAL}```console\n$ microbench --version\nx\n```\n',
        'was printed',
    ),
    'a command that fails': ('```console\n$ exit 3\n```\n', 'exit 3: 3'),
    'other output of a command': ('```console\n$ echo 7\n8\n```\n', 'was printed'),
    'other output of a process in the background': (
        '```console\n$ seq 2 &\n7\n```\n',
        'was printed',
    ),
    'a block without a prompt': ('```console\necho 7\n```\n', 'no command'),
    'an unknown language': ('```py\nprint(1)\n```\n', "block of 'py'"),
    'a reason that is none': ('<!-- not run -->\n```python\nz\n```\n', "'z'"),
    'a block that is not closed': ('```python\nprint(1)\n', 'stray fence'),
    'a block that is indented': ('  ```python\n  1 / 0\n  ```\n', 'stray fence'),
}


@pytest.mark.parametrize('name', RIGHT)
def test_a_page_that_is_right_passes(name, place):
    """The rules above accept what they say they accept."""
    page = place / 'page.md'
    page.write_text(RIGHT[name])
    execute(page)


@pytest.mark.parametrize('name', WRONG)
def test_a_page_that_is_wrong_fails(name, place):
    """A block that is changed for the worse makes a test fail."""
    page = place / 'page.md'
    contents, message = WRONG[name]
    page.write_text(contents)
    with pytest.raises((Exception, pytest.fail.Exception), match=message):
        execute(page)


def test_a_failure_names_the_line_of_the_page(place):
    """The traceback of a broken example leads to its line."""
    page = place / 'page.md'
    page.write_text('# Page\n\n```python\nx = 1\n1 / 0\n```\n')
    with pytest.raises(ZeroDivisionError) as caught:
        execute(page)
    last = caught.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (str(page), 5)

"""Imports inside microbench go one way, and C is seen from few places.

Nothing here imports microbench: the sources are read. Each failure prints the line that
is wrong, as path:number: text. What stands under `if TYPE_CHECKING:` counts as well: a
reader of annotations follows it.
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'microbench'

# Top first. A unit (a package, a module of microbench/, or a room of the command) imports
# from the layers below its own, and from itself.
LAYERS = (
    ('',),  # microbench/__init__.py: its names are for users
    ('start', 'pytest_plugin', 'magics', '_pyinstaller'),
    ('__main__',),
    ('cli.main',),
    ('cli.completion',),
    ('cli.commands',),
    ('cli.run',),
    ('cli.args',),
    ('cli.view',),
    ('cli.answer',),
    ('cli',),
    ('comparison',),
    ('baselines', 'querying'),
    ('sweeps',),
    (
        'diff',
        'integrity',
        'livestream',
        'measured_record',
        'measurement',
        'notebook',
        'reader',
    ),
    ('bench',),
    ('exits', 'first_use'),
    ('mixins', 'process'),
    ('core',),
    ('display', 'distributions'),
    ('encoding', 'outputs'),
    ('journal',),
    ('follow',),
    ('measuring',),
    ('results',),
    ('peers',),
    ('analysis',),
    ('descriptors', 'threads'),
    ('messages', 'logs', 'lock', 'command_words'),
    ('counters', 'credentials', 'gil', 'json_library', 'launchers', 'record', 'spelling'),
    ('_core', 'subinterpreters'),
    ('__version__',),  # a literal, there before anything else is loaded
)
RANK = {unit: rank for rank, layer in enumerate(LAYERS) for unit in layer}

# Beyond the order: a mixin is handed the run, and never reaches for it.
FORBIDDEN = {'mixins': ('microbench.core.run', 'microbench.bench')}

# Against the order: the command finds mixins among the public names, as a user would.
ALLOWED = {('cli.args', '')}

# An import inside a function may only save start-up time, and says so.
MARK = '# start-up time'


class Import(NamedTuple):
    """One import of microbench by microbench."""

    importer: str
    imported: str
    line: str
    late: bool

    @property
    def units(self):
        """The units that the import goes from and to."""
        return unit_of(self.importer), unit_of(self.imported)


def unit_of(module):
    """Return the part of a module's name that LAYERS orders."""
    parts = module.split('.')[1:]
    unit = '.'.join(parts[:2])
    return unit if unit in RANK else ''.join(parts[:1])


def name_of(path, root):
    """Return the dotted name under which a source is imported."""
    parts = path.relative_to(root).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports_of(path, root=ROOT):
    """Yield each import of microbench in a source, those in functions included."""
    text = path.read_text(encoding='utf-8')
    lines = text.splitlines()
    importer = name_of(path, root)
    package = importer if path.stem == '__init__' else importer.rpartition('.')[0]

    def walk(nodes, *, late):
        for child in nodes:
            for target in targets(child, package, root):
                place = f'{path.relative_to(root)}:{child.lineno}'
                source = '\n'.join(lines[child.lineno - 1 : child.end_lineno])
                yield Import(importer, target, f'{place}: {source.strip()}', late)
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from walk(ast.iter_child_nodes(child), late=late or inside)

    yield from walk(ast.parse(text).body, late=False)


def targets(node, package, root):
    """Return the modules of microbench that a statement imports."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ''
        if node.level:
            above = package.split('.')[: len(package.split('.')) - node.level + 1]
            base = '.'.join([*above, base] if base else above)
        names = [submodule(base, alias.name, root) for alias in node.names]
    else:
        names = []
    return [name for name in names if name.split('.')[0] == 'microbench']


def submodule(base, name, root):
    """Return what `from base import name` loads: the submodule of that name, or base."""
    folder = root.joinpath(*base.split('.'))
    if name == '__version__':
        return 'microbench.__version__'
    if any(folder.joinpath(name + end).exists() for end in ('', '.py', '.pyx')):
        return f'{base}.{name}'
    return base


def misdirected(imports):
    """Return the lines that import upwards, sideways, or what their layer may not."""
    return [item.line for item in imports if not is_allowed(item)]


def is_allowed(item):
    """Return whether an import goes down, or stays in its unit, and is permitted."""
    importer, imported = item.units
    if item.units in ALLOWED:
        return True
    if item.imported in FORBIDDEN.get(importer, ()):
        return False
    known = {importer, imported} <= set(RANK)
    return importer == imported or (known and RANK[importer] < RANK[imported])


@pytest.fixture(scope='module')
def imports():
    """Return all imports of microbench by microbench."""
    return [item for path in sorted(PACKAGE.rglob('*.py')) for item in imports_of(path)]


def report(what, lines):
    """Return the message of a failure: a line each, for editors to jump to."""
    return '\n'.join([what, *(f'  {line}' for line in lines)])


def test_every_unit_has_a_layer():
    """A new module or package of microbench has its place in LAYERS."""
    units = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix in ('.py', '.pyx') or path.joinpath('__init__.py').exists()
    }
    missing = sorted(units - set(RANK) - {'__init__'})
    assert not missing, report(
        'add to LAYERS in tests/structure/test_layers.py:',
        [f'{unit!r},' for unit in missing],
    )


def test_imports_go_down(imports):
    """No layer imports one above it, and no unit one beside it."""
    wrong = misdirected(imports)
    assert not wrong, report('these import against the order of LAYERS:', wrong)


def cycle_in(imports):
    """Return the lines of imports that lead from a module back to it, if any."""
    graph = {}
    for item in imports:
        if item.importer != item.imported:
            graph.setdefault(item.importer, set()).add(item.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        steps = set(zip(error.args[1][1:], error.args[1][:-1], strict=True))
        found = [i.line for i in imports if (i.importer, i.imported) in steps]
        return list(dict.fromkeys(found))
    return []


def test_imports_have_no_cycle(imports):
    """No two modules import each other, late or for annotations either."""
    cycle = cycle_in(imports)
    assert not cycle, report('these imports make a cycle:', cycle)


def test_late_imports_only_save_start_up_time(imports):
    """An import inside a function carries the mark that says why it is there."""
    late = [item.line for item in imports if item.late]
    unmarked = [line for line in late if MARK not in line]
    assert not unmarked, report(f'these lack the comment {MARK!r}:', unmarked) + (
        report('\nall imports inside functions:', late)
    )


def lines_of(path, pattern):
    """Return the lines of a source that match, each with its place."""
    lines = path.read_text(encoding='utf-8').splitlines()
    return [
        f'{path.relative_to(ROOT)}:{number}: {line.strip()}'
        for number, line in enumerate(lines, 1)
        if re.search(pattern, line)
    ]


def test_three_lines_below_the_bench_read_its_private_attributes():
    """A run and a recorder take the Config that a bench has; others take it from there."""
    rooms = ('core', 'process', 'journal', 'outputs', 'encoding', 'mixins', 'cli')
    private = r'\b(owner|bench)\._[a-z]'
    paths = [path for room in rooms for path in sorted((PACKAGE / room).rglob('*.py'))]
    found = [line.split(': ', 1)[1] for path in paths for line in lines_of(path, private)]
    assert sorted(found) == [
        'config = bench._bench_config',
        'config = bench._bench_config = Config()',
        'self.config: Config = owner._bench_config',
    ]


BORDER = [PACKAGE / '_core.pyx', *sorted(PACKAGE.glob('_wrappers/*.pxi'))]


def test_only_the_border_sees_the_c_declarations():
    """No Cython file but _core.pyx cimports _csrc."""
    others = {*PACKAGE.rglob('*.px[di]'), *PACKAGE.rglob('*.pyx')}
    others.remove(PACKAGE / '_core.pyx')
    cimport = r'\bcimport\b.*\b_csrc\b|\b_csrc\b.*\bcimport\b'
    wrong = [line for path in sorted(others) for line in lines_of(path, cimport)]
    assert not wrong, report('only microbench/_core.pyx cimports _csrc:', wrong)


def test_the_border_imports_none_of_the_python_above_it():
    """The border knows csrc/ and the standard library, and nothing of microbench."""
    pattern = r'^\s*(from|import)\s+(\.|microbench\b)(?!.*\bcimport\s+_csrc\b)'
    wrong = [line for path in BORDER for line in lines_of(path, pattern)]
    assert not wrong, report('these import upwards from the lowest layer:', wrong)


def test_the_border_includes_each_file_of_wrappers():
    """A file that _core.pyx does not include is not in the package."""
    included = re.findall(r'^include "(.*)"$', BORDER[0].read_text('utf-8'), re.MULTILINE)
    assert sorted(included) == [f'_wrappers/{path.name}' for path in BORDER[1:]]


def test_each_file_of_the_border_is_short():
    """A wrapper converts arguments and calls C: more than that is in csrc/py."""
    sizes = {path.name: len(path.read_text('utf-8').splitlines()) for path in BORDER}
    assert [name for name, size in sizes.items() if size > 250] == []


def test_the_transcription_holds_no_c():
    """_csrc.pxd names what the headers declare, and defines nothing."""
    assert lines_of(PACKAGE / '_csrc.pxd', '"""') == []


def test_only_py_files_include_python():
    """Only the files py_* of csrc/ include Python.h, directly or not."""
    python = r'^\s*#\s*include\s*[<"](Python|structmember|py_\w+)\.h[>"]'
    wrong = [
        line
        for path in sorted(ROOT.joinpath('csrc').rglob('*.[ch]'))
        if not path.name.startswith('py_')
        for line in lines_of(path, python)
    ]
    assert not wrong, report('only csrc/py_* include Python.h:', wrong)


# Two files of one subject each: a type and the function that leads to it; a journal and
# the mirrors of runs in it.
TOGETHER = {('py_timed', 'py_function'), ('mb_journal', 'mb_mirror')}


def test_c_modules_have_no_cycle():
    """No two modules of csrc/ include each other, directly or through others."""
    graph = {}
    for path in ROOT.glob('csrc/*/*_*.[ch]'):
        if path.parent.name == 'tests':
            continue
        found = re.findall(
            r'^#include "\w+/(\w+)\.h"', path.read_text('utf-8'), re.MULTILINE
        )
        pairs = {(path.stem, name) for name in found if name != path.stem} - TOGETHER
        graph.setdefault(path.stem, set()).update(name for _, name in pairs)
    assert {'mb_text', 'py_run'} <= set(graph)
    TopologicalSorter(graph).prepare()


def used_in(folder):
    """Return the headers of other folders that the files of a folder include."""
    text = ''.join(path.read_text('utf-8') for path in folder.glob('*.[ch]'))
    found = re.findall(r'^#include "(\w+/\w+\.h)"', text, re.MULTILINE)
    return {header for header in found if not header.startswith(f'{folder.name}/')}


def test_the_readme_of_c_says_what_each_folder_uses():
    """It names a folder, or the headers of it that are included."""
    readme = ROOT.joinpath('csrc/README.md').read_text('utf-8')
    rows = re.findall(r'^\| `(\w+)/` \|.*\| ([^|]+) \|$', readme, re.MULTILINE)
    assert len(rows) == 9  # tests/ uses what it tests
    for name, cell in rows:
        named = set(re.findall(r'`([\w/.]+)`', cell))
        headers = used_in(ROOT / 'csrc' / name)
        assert {h if h in named else h.partition('/')[0] for h in headers} == named, name


def test_the_files_that_the_readme_of_c_lists_are_there():
    """A renamed file is renamed there, too."""
    readme = ROOT.joinpath('csrc/README.md').read_text('utf-8')
    listed = re.findall(r'^    (\w+/\w+\.c) ', readme, re.MULTILINE)
    assert len(listed) == 12
    assert [path for path in listed if not ROOT.joinpath('csrc', path).is_file()] == []


# Short names that all of csrc/ uses, and the types of the format of a journal.
OTHER_PREFIXES = {'mb_platform': 'mb_', 'mb_raw': 'mb_', 'mb_raw_process': 'mb_raw'}
OTHER_PREFIXES |= {'mb_format': 'mb_', 'py_kept': 'py_'}
DECLARED = re.compile(
    r"""^(?:[\w*][\w *]*[ *])?((?:mb|py)_\w+)\(  # a function
    |^}[ ]((?:mb|py)_\w+);  # a type""",
    re.MULTILINE | re.VERBOSE,
)


def test_a_c_name_begins_with_its_file():
    """The name of a function or type leads to the header that declares it."""
    wrong = []
    for path in sorted(ROOT.glob('csrc/*/*_*.h')):
        if path.parent.name == 'tests':
            continue
        prefix = OTHER_PREFIXES.get(path.stem, path.stem.removesuffix('s'))
        text = re.sub(r'/\*.*?\*/', '', path.read_text(encoding='utf-8'), flags=re.DOTALL)
        names = {function or kind for function, kind in DECLARED.findall(text)}
        wrong += [f'{path.name}: {name}' for name in names if not name.startswith(prefix)]
    assert not wrong, report('rename these after their file:', sorted(wrong))


# The guard itself, tried on trees that break each rule.


def imports_in(folder, files):
    """Return the imports of a small microbench with these sources."""
    for name, text in files.items():
        path = folder / 'microbench' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    return [
        item for path in sorted(folder.rglob('*.py')) for item in imports_of(path, folder)
    ]


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('outputs/file.py', 'from microbench.core import plan'),
        ('outputs/file.py', 'from ..core.plan import Plan'),
        ('mixins/host.py', 'import microbench.core.run'),
        ('mixins/host.py', 'from .. import bench'),
        ('core/run.py', 'from .. import bench'),
        ('core/run.py', 'from microbench import MicroBench'),
        ('diff.py', 'from .livestream import LiveStream'),
        ('core/run.py', 'def late():\n    import microbench.cli  # start-up time'),
        ('core/run.py', 'if TYPE_CHECKING:\n    from ..bench import MicroBenchBase'),
        ('mixins/host.py', 'if TYPE_CHECKING:\n    from ..core.run import Run'),
    ],
)
def test_a_wrong_import_is_found(tmp_path, name, text):
    """Each kind of import against the order is reported with its line."""
    tree = {
        'bench.py': '',
        'core/plan.py': '',
        'core/__init__.py': '',
        name: text,
    }
    number = len(text.splitlines())
    line = text.splitlines()[-1].strip()
    assert misdirected(imports_in(tmp_path, tree)) == [
        f'microbench/{name}:{number}: {line}'
    ]


def test_a_cycle_of_annotations_is_found(tmp_path):
    """A cycle of three modules, one import for annotations only, is found."""
    tree = {
        'core/plan.py': 'if TYPE_CHECKING:\n    from .run import Run',
        'core/run.py': 'from .hooks import Hooks',
        'core/hooks.py': 'def late():\n    from . import plan  # start-up time',
    }
    assert cycle_in(imports_in(tmp_path, tree)) == [
        'microbench/core/hooks.py:2: from . import plan  # start-up time',
        'microbench/core/plan.py:2: from .run import Run',
        'microbench/core/run.py:1: from .hooks import Hooks',
    ]


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('mixins/host.py', 'from microbench.core.capture import per_process'),
        ('core/run.py', 'from . import plan'),
        ('core/run.py', 'from .. import __version__, _core'),
        ('outputs/file.py', 'from ..results import read'),
        ('__main__.py', 'from .cli import main\nimport json'),
        ('core/plan.py', 'if TYPE_CHECKING:\n    from .owner import Owner'),
    ],
)
def test_a_right_import_passes(tmp_path, name, text):
    """Imports downwards, within a unit, of the version and for annotations pass."""
    tree = {'_core.pyx': '', 'core/plan.py': '', 'results/__init__.py': '', name: text}
    assert misdirected(imports_in(tmp_path, tree)) == []

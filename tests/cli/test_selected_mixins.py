"""The mixins that the command knows and selects, and their options."""

import argparse
import json
import subprocess
import sys
import zipfile

import pytest

import microbench
from microbench import CLIArg, MBGitInfo, MBHostInfo, MicroBench, mixins
from microbench.__main__ import main
from microbench.cli.args import checks, selected_mixins
from microbench.cli.args.parser import Parser
from microbench.cli.words import UsageError
from tests.cli.conftest import status_of
from tests.fakes import dict_reasons

DEFAULTS = [
    *('python-info', 'host-info', 'slurm-info', 'loaded-modules', 'working-dir'),
    'resource-usage',
]


def selected(words):
    """Return the names of the mixins that words ask for."""
    return list(checks.selected(Parser().settings([*words.split(), '--', 'ls'])))


# --- our own --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('words', 'names'),
    [
        ('', DEFAULTS),
        ('-m defaults', DEFAULTS),
        ('-m git-info', ['git-info']),
        ('-m MBGitInfo', ['git-info']),
        ('-m git-info MBGitInfo host-info git-info', ['git-info', 'host-info']),
        ('-m git-info defaults', ['git-info', *DEFAULTS]),
        ('-m working-dir defaults', ['working-dir', *DEFAULTS[:4], DEFAULTS[5]]),
        ('-m git-info -m file-hash', ['file-hash']),
        ('--no-mixin', []),
        ('--no-mixin -m git-info', []),
        ('-m x --no-mixin', []),
        ('--all', list(selected_mixins.own())),
        ('-a -m git-info', list(selected_mixins.own())),
    ],
)
def test_what_is_selected(words, names):
    """Mixins come in the words' order, without duplicates; the last --mixin counts."""
    assert selected(words) == names


def test_all_are_in_alphabetical_order():
    """--all selects each public mixin that has a name for the command."""
    names = list(selected_mixins.own())
    assert names == sorted(names)
    assert {'git-info', 'peak-memory', 'nvidia-smi'} < set(names)
    assert len(names) == len(set(selected_mixins.own().values()))


def kebab(name):
    """Return `MBHostInfo` as `host-info`."""
    letters = [f'-{c.lower()}' if c.isupper() else c for c in name.removeprefix('MB')]
    return ''.join(letters).removeprefix('-')


def test_names_are_those_of_the_classes():
    """Names are those of classes without MB, in lower case, with hyphens."""
    known = selected_mixins.own()
    assert {name: kebab(cls.__name__) for name, cls in known.items()} == {
        name: name for name in known
    }


def test_the_default_set_is_in_the_classes():
    """The list in microbench.mixins, which saves start-up time, matches the classes."""
    public = [name for name in microbench.__all__ if name.startswith('MB')]
    classes = {name: getattr(microbench, name) for name in public}
    in_order = sorted(
        (mixin.cli_place, name)
        for name, mixin in classes.items()
        if getattr(mixin, 'cli_default', False)
    )
    assert tuple(name for _, name in in_order) == mixins.DEFAULTS, (
        f'DEFAULTS in microbench/mixins/__init__.py: {in_order}'
    )


def test_a_mixin_says_which_fields_it_sets(tmp_path, monkeypatch):
    """Mixins declare fields, so that --field cannot hide them."""
    monkeypatch.chdir(tmp_path)
    for name, mixin in selected_mixins.own().items():
        attributes = {'capture_optional': True, 'hash_files': (), 'git_repo': '.'}
        bench = type('Bench', (mixin, microbench.MicroBenchBase), attributes)()
        with bench.record():
            pass
        [record] = bench.get_results()
        fields = set(record) - {'mb', 'call', 'exception'}
        declared = set(getattr(mixin, 'cli_fields', ()))
        assert fields <= declared, f'{name}: add to cli_fields: {fields - declared}'


def test_no_own_option_is_there_twice():
    """No option is defined twice, by mixins or by the command."""
    flags = [f for o in selected_mixins.options_of(selected_mixins.own()) for f in o.flags]
    assert len(flags) == len({*flags} - {*Parser().flags})


# --- module:Class ---------------------------------------------------------------------

PROBE = """
import argparse
from microbench import CLIArg

def level(word):
    if word == 'value':
        raise ValueError('a level is a number')
    if word == 'type':
        raise argparse.ArgumentTypeError('a level is no type')
    if word == 'none':
        raise KeyError
    return int(word)

class MBProbe:
    '''Store a level.

    More about it.
    '''
    cli_args = [
        CLIArg(['--level', '-L'], 'level', 'how much', metavar='N', type=level),
        CLIArg(['--words'], 'words', 'the command', nargs='*',
               cli_default=lambda command: command.copy()),
        CLIArg(['--fixed'], 'fixed', 'a default', cli_default=7),
        CLIArg(['--broken'], 'broken', 'a bad default', cli_default=lambda command: 1 / 0),
    ]
    level = 1
    broken = 'as it is'

    def capture_probe(self, bm_data):
        names = ('level', 'words', 'fixed', 'broken')
        bm_data['probe'] = [getattr(self, name, None) for name in names]

class Outer:
    class Inner(MBProbe):
        pass

number = 3
"""


@pytest.fixture
def probe(tmp_path):
    """Return a module in the directory where the command is run."""
    (tmp_path / 'probes.py').write_text(PROBE)


BROKEN = 'microbench: --broken has no default: ZeroDivisionError: division by zero\n'


@pytest.mark.parametrize(
    ('words', 'found'),
    [
        ('-m probes:MBProbe', [1, ['true'], 7, 'as it is']),
        ('-m probes:Outer.Inner --level 5', [5, ['true'], 7, 'as it is']),
        ('-m probes:MBProbe --lev 5 --words a b', [5, ['a', 'b'], 7, 'as it is']),
        ('-m probes:MBProbe -L5 --words --fixed x', [5, [], 'x', 'as it is']),
    ],
)
def test_a_class_of_a_module(command, probe, words, found):
    """A class of the current directory brings its options and their defaults."""
    outcome = command('-o', 'out.jsonl', *words.split(), '--', 'true')
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '', BROKEN)
    [record] = outcome.records
    assert record['probe'] == found
    assert set(record) == {'mb', 'call', 'probe'}


WRONG = [
    ('-m nowhere:MBProbe', "the mixin 'nowhere:MBProbe' cannot be imported: ModuleNotFou"),
    ('-m probes:MBNothing', "the mixin 'probes:MBNothing' cannot be imported: Attribute"),
    ('-m probes:', "the mixin 'probes:' cannot be imported: AttributeError"),
    ('-m :MBProbe', "the mixin ':MBProbe' cannot be imported: ValueError"),
    ('-m probes:number', "the mixin 'probes:number' is not a class"),
    ('-m leaving:MBProbe', "the mixin 'leaving:MBProbe' cannot be imported: SystemExit"),
    ('-m builtins:bool', 'these mixins do not go together: type'),
    ('-m host-info --level 3', 'unrecognized option --level: see --help'),
    ('-m probes:MBProbe --level value', 'argument --level/-L: a level is a number'),
    ('-m probes:MBProbe --level type', 'argument --level/-L: a level is no type'),
    ('-m probes:MBProbe --level none', 'argument --level/-L: KeyError'),
    ('-m probes:MBProbe --level x', 'argument --level/-L: invalid literal for int() with'),
    ('-m probes:MBProbe -L', 'argument --level/-L: expected one argument'),
]


@pytest.mark.parametrize(('words', 'sentence'), WRONG)
def test_a_class_that_cannot_be_used(command, probe, tmp_path, words, sentence):
    """A class that cannot be used is one sentence, before anything runs."""
    (tmp_path / 'leaving.py').write_text('raise SystemExit(3)')
    outcome = command('-o', 'out.jsonl', *words.split(), '--', 'touch', 'ran')
    assert (outcome.status, outcome.stdout, outcome.records) == (2, '', [])
    assert sentence in outcome.stderr.splitlines()[-1]
    assert not (tmp_path / 'ran').exists()


def test_the_current_directory_can_be_left_out(command, probe):
    """`-P`, like PYTHONSAFEPATH, forbids importing from it."""
    words = ['-m', 'probes:MBProbe', '--', 'true']
    outcome = command(*words, env={'PYTHONSAFEPATH': '1'})
    assert outcome.status == (2 if sys.version_info >= (3, 11) else 0)


class MBNode(MBHostInfo):
    """A mixin that inherits from a built-in one."""

    def capture_rack(self, bm_data):
        """Set `host.rack`."""
        bm_data.setdefault('host', {})['rack'] = 7


def test_a_class_beside_the_one_it_is_made_from(capsys):
    """A mixin and its base can both be named, in any order."""
    for order in (['defaults', f'{__name__}:MBNode'], [f'{__name__}:MBNode', 'host-info']):
        assert status_of(main, ['-m', *order, '--', 'true']) == 0
        host = json.loads(capsys.readouterr().out)['host']
        assert host['rack'] == 7
        assert host['os'] == sys.platform


# --- CLIArg ---------------------------------------------------------------------------


def test_what_was_left_out_has_a_name():
    """`CLIArg.UNSET` is neither None nor False, which are defaults like any other."""
    option = CLIArg(['--probe'], 'probe', 'help')
    assert option.cli_default is CLIArg.UNSET
    assert repr(CLIArg.UNSET) == '<unset>'
    assert CLIArg(['--probe'], 'probe', 'help', cli_default=None).cli_default is None


@pytest.mark.parametrize(
    ('default', 'words', 'found'),
    [
        (CLIArg.UNSET, '', {}),
        (None, '', {'probe': None}),
        (False, '', {'probe': False}),
        (len, 'a b', {'probe': 4}),
        (CLIArg.UNSET, '--probe x', {'probe': 'x'}),
        (len, '--probe x', {'probe': 'x'}),
    ],
)
def test_what_becomes_of_a_default(default, words, found, monkeypatch):
    """Unset leaves the class attribute; a callable gets the command's words."""
    mixin = type('MBProbe', (), {})
    mixin.cli_args = (CLIArg(['--probe'], 'probe', 'help', cli_default=default),)
    parser = Parser()
    parser.add(selected_mixins.options_of({'probe': mixin}))
    given = words if words.startswith('-') else f'-- {words}'
    settings = parser.settings([*given.split(), 'x', 'y'])
    options, command = settings.mixin_options, settings.command
    assert selected_mixins.attributes({'probe': mixin}, options, command) == found


def test_a_converter_may_raise_as_for_argparse():
    """The usage error contains the sentence of either kind of error."""

    def refuse(word):
        raise argparse.ArgumentTypeError(f'{word} is not for us')

    mixin = type('MBProbe', (), {})
    mixin.cli_args = (CLIArg(['--probe'], 'probe', 'help', type=refuse),)
    parser = Parser()
    parser.add(selected_mixins.options_of({'probe': mixin}))
    with pytest.raises(UsageError, match='argument --probe: it is not for us'):
        parser.settings(['--probe', 'it', 'ls'])


# --- installed ------------------------------------------------------------------------

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "probes"
version = "1"
[tool.setuptools]
py-modules = ["probes"]
[project.entry-points."microbench.mixins"]
probe = "probes:MBProbe"
second = "probes:Outer.Inner"
number = "probes:number"
gone = "nowhere:MBGone"
git-info = "probes:MBProbe"
"""


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """Return the environment of a process that finds a distribution with mixins."""
    folder = tmp_path_factory.mktemp('installed')
    project = folder / 'project'
    project.mkdir()
    (project / 'pyproject.toml').write_text(PROJECT)
    (project / 'probes.py').write_text(PROBE)
    build = [sys.executable, '-m', 'build', '--wheel', '--no-isolation', project]
    subprocess.run(build, check=True, capture_output=True, cwd=folder)
    [wheel] = project.joinpath('dist').glob('*.whl')
    zipfile.ZipFile(wheel).extractall(folder / 'site')
    root = str(selected_mixins.microbench.__path__[0].removesuffix('/microbench'))
    return {'PYTHONPATH': f'{root}:{folder / "site"}'}


@pytest.mark.parametrize('name', ['probe', 'MBProbe'])
@pytest.mark.parametrize('first', ['-m {} --level 5', '--level 5 -m {}'])
def test_a_mixin_of_another_distribution(command, installed, name, first):
    """An installed mixin is selected by name; its options may come before it."""
    words = first.format(name).split()
    outcome = command('-o', 'out.jsonl', *words, '--', 'true', env=installed)
    assert outcome.status == 0
    *notes, last = outcome.stderr.splitlines()
    assert f'{last}\n' == BROKEN
    assert all(' cannot be imported: ' in n or ' is not a class' in n for n in notes)
    assert bool(notes) == first.startswith('--level')  # then all are looked through
    assert outcome.record['probe'] == [5, ['true'], 7, 'as it is']


def test_built_in_mixins_come_before_installed_ones(command, installed):
    """A distribution cannot take the place of a mixin of microbench."""
    words = ['-m', 'git-info', '--git-repo', '.', '--dry-run', '--', 'true']
    outcome = command(*words, env=installed)
    assert (outcome.status, outcome.stderr) == (0, '')
    assert selected_mixins.own()['git-info'] is MBGitInfo


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        ('-m probe second', "'second' has an option --level, but so has the mixin 'probe'"),
        ('-m taking:MBTaking', 'has an option --timeout, but so has microbench: leave'),
    ],
)
def test_two_options_of_one_name(command, installed, tmp_path, words, sentence):
    """Two mixins with one option name are rejected."""
    (tmp_path / 'taking.py').write_text(
        'from microbench import CLIArg\n'
        'class MBTaking:\n'
        '    cli_args = [CLIArg(["--timeout"], "timeout", "the same name")]\n'
    )
    outcome = command(*words.split(), '--', 'touch', 'ran', env=installed)
    assert (outcome.status, outcome.stdout) == (2, '')
    assert sentence in outcome.stderr
    assert not (tmp_path / 'ran').exists()


def test_all_known_are_listed(command, installed):
    """Mixins that cannot be imported are reported and cost the others nothing."""
    outcome = command('--show-mixins', env=installed)
    assert outcome.status == 0
    assert '\n    probe               Store a level.\n' in outcome.stdout
    assert '\n                        --level N\n' in outcome.stdout
    assert '\n                        --words [WORDS ...]\n' in outcome.stdout
    gone, number = outcome.stderr.splitlines()
    assert gone.startswith("microbench: the mixin 'gone' of 'nowhere:MBGone' cannot be")
    assert number == "microbench: the mixin 'number' of 'probes:number' is not a class"
    for name in ('gone', 'number'):
        refused = command('-m', name, '--', 'touch', 'ran', env=installed)
        assert refused.status == 2
        assert f"error: the mixin '{name}' of " in refused.stderr
    unknown = command('-m', 'x', '--', 'touch', 'ran', env=installed)
    assert 'working-dir, gone, number, probe, second, or module:Class' in (unknown.stderr)


def test_others_are_not_looked_for_unasked(command, installed, tmp_path):
    """An installed mixin that is not used costs no time and cannot do harm."""
    (tmp_path / 'importlib_metadata_is_not_needed').write_text('')
    code = (
        'import sys; from microbench.__main__ import main\n'
        'try:\n main(["--no-mixin", "true"])\n'
        'except SystemExit: assert "importlib.metadata" not in sys.modules'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={'PATH': '/usr/bin:/bin', **installed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')


def test_the_python_way_is_not_concerned():
    """A class with `cli_args` is a mixin like any other."""

    class Bench(MicroBench, MBGitInfo):
        outfile = '/dev/null'

    assert dict_reasons(Bench()) == ['capture_git_info runs for each record']

"""The names that programs written for 2.1.0 import."""

import importlib
import inspect
import json

import pytest

import microbench
from microbench import CLIArg, MBPythonInfo, MicroBench, MicroBenchBase

NAMES = [
    *('MicroBenchBase', 'MicroBench', 'summary', 'CLIArg'),
    *('Output', 'FileOutput', 'HttpOutput', 'RedisOutput'),
    *('MBFunctionCall', 'MBReturnValue', 'MBPythonInfo', 'MBHostInfo', 'MBPeakMemory'),
    *('MBSlurmInfo', 'MBLoadedModules', 'MBWorkingDir', 'MBCgroupLimits', 'MBGitInfo'),
    *('MBFileHash', 'MBResourceUsage', 'MBGlobalPackages', 'MBInstalledPackages'),
    *('MBCondaPackages', 'MBLineProfiler', 'MBNvidiaSmi'),
    *('JSONEncoder', 'JSONEncodeWarning'),
]


@pytest.mark.parametrize('name', NAMES)
def test_a_name_of_the_package(name):
    """Each name is an attribute of the package, and comes with a star import."""
    assert getattr(microbench, name).__name__ == name
    assert name in microbench.__all__


def test_the_version():
    """The version is a text in every record; a star import leaves it out."""
    bench = MicroBench()
    bench(len)('')
    assert bench.get_results()[0]['mb']['version'] == microbench.__version__
    assert '__version__' not in microbench.__all__


@pytest.mark.parametrize('path', ['diff.envdiff', '__main__.main'])
def test_a_name_of_a_module(path):
    """Other names that programs import are in their modules."""
    module, _, name = path.rpartition('.')
    assert callable(getattr(importlib.import_module(f'microbench.{module}'), name))


@pytest.mark.parametrize('name', ['diff', 'livestream'])
def test_a_module_of_the_package(name, monkeypatch):
    """These are attributes before anything imports them."""
    monkeypatch.delattr(microbench, name, raising=False)
    assert getattr(microbench, name) is importlib.import_module(f'microbench.{name}')
    assert name in dir(microbench)


def test_the_bases_of_microbench():
    """MBPythonInfo comes before the machinery, as look-ups along the bases expect."""
    assert MicroBench.__bases__ == (MBPythonInfo, MicroBenchBase)


def test_json_encoder_is_that_of_the_stdlib():
    """Any code that takes a json.JSONEncoder class takes microbench's."""
    assert issubclass(microbench.JSONEncoder, json.JSONEncoder)


def test_an_option_of_a_mixin():
    """CLIArg is a plain value: it gives back what it was given."""
    given = {
        'flags': ['--depth', '-d'],
        'dest': 'depth',
        'help': 'how deep',
        'metavar': 'N',
        'type': int,
        'nargs': '+',
        'cli_default': 3,
    }
    option = CLIArg(**given)
    assert {name: getattr(option, name) for name in given} == given
    assert vars(option) == given


def test_an_option_as_short_as_possible():
    """Three positional arguments make a text option with the mixin's own default."""
    option = CLIArg(['--depth'], 'depth', 'how deep')
    assert (option.metavar, option.type, option.nargs) == (None, str, None)
    assert option.cli_default is CLIArg.UNSET
    assert repr(CLIArg.UNSET) == '<unset>'


def test_the_parameters_of_an_option():
    """The first three may be given by position, the others by name only."""
    parameters = inspect.signature(CLIArg).parameters.values()
    assert [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD] == [
        *('flags', 'dest', 'help'),
    ]
    assert [p.name for p in parameters if p.kind is p.KEYWORD_ONLY] == [
        *('metavar', 'type', 'nargs', 'cli_default'),
    ]

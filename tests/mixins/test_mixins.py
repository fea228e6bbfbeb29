"""Rules for every mixin: names, hooks, overrides, failures."""

import re
import subprocess

import pytest

import microbench
from microbench import (
    MBCgroupLimits,
    MBCondaPackages,
    MBCounters,
    MBCpuTime,
    MBEnergy,
    MBFileHash,
    MBFunctionCall,
    MBGitInfo,
    MBGlobalPackages,
    MBGpu,
    MBHostInfo,
    MBInstalledPackages,
    MBLineProfiler,
    MBLoadedModules,
    MBNvidiaSmi,
    MBPeakMemory,
    MBPythonInfo,
    MBResourceUsage,
    MBReturnValue,
    MBSlurmInfo,
    MBStability,
    MBWorkingDir,
    MicroBenchBase,
)
from tests.fakes import call_of, only

TRIGGERS = 'pre_run_triggers', 'post_run_triggers'

# Name in the command, whether it is a default there, and the hooks.
MIXINS = {
    MBPythonInfo: ('python-info', True, ['capture_python_info']),
    MBHostInfo: (
        'host-info',
        True,
        [
            *('capture_hostname', 'capture_os', 'capture_cpu_cores', 'capture_ram_total'),
            *('capture_affinity', 'capture_container', 'capture_cpu_model'),
            *('capture_cpu_scaling', 'capture_clock_source', 'capture_virtual_machine'),
        ],
    ),
    MBSlurmInfo: ('slurm-info', True, ['capture_slurm']),
    MBLoadedModules: ('loaded-modules', True, ['capture_loaded_modules']),
    MBWorkingDir: ('working-dir', True, ['capture_working_dir']),
    MBResourceUsage: (
        'resource-usage',
        True,
        ['capture_resource_usage', 'capturepost_resource_usage', *TRIGGERS],
    ),
    MBCgroupLimits: ('cgroup-limits', False, ['capture_cgroup_limits']),
    MBStability: (
        'stability',
        False,
        ['capture_stability', 'capturepost_stability'],
    ),
    MBCounters: ('counters', False, ['capture_counters', 'capturepost_counters']),
    MBCpuTime: (None, False, ['capture_cpu_time', 'capturepost_cpu_time']),
    MBEnergy: ('energy', False, ['capture_energy', 'capturepost_energy']),
    MBGitInfo: ('git-info', False, ['capture_git_info']),
    MBFileHash: ('file-hash', False, ['capture_file_hashes']),
    MBInstalledPackages: ('installed-packages', False, ['capture_packages']),
    MBCondaPackages: ('conda-packages', False, ['capture_conda_packages']),
    MBPeakMemory: (
        'peak-memory',
        False,
        ['capture_peak_memory', 'capturepost_peak_memory'],
    ),
    MBNvidiaSmi: ('nvidia-smi', False, ['capture_nvidia']),
    MBGpu: ('gpu', False, ['capture_gpu']),
    MBFunctionCall: (None, False, ['capture_function_args_and_kwargs']),
    MBReturnValue: (None, False, []),
    MBGlobalPackages: (None, False, ['capture_functions']),
    MBLineProfiler: (
        None,
        False,
        ['capture_line_profile', 'capturepost_line_profile', *TRIGGERS],
    ),
}
OPTIONS = {
    MBGitInfo: {'--git-repo': 'git_repo'},
    MBFileHash: {
        '--hash-file': 'hash_files',
        '--hash-algorithm': 'hash_algorithm',
        '--hash-size-limit': 'hash_size_limit',
    },
    MBInstalledPackages: {'--packages-of': 'packages_of'},
    MBCounters: {'--counter-events': 'counter_events'},
    MBStability: {'--stability-silence': 'stability_silence'},
    MBNvidiaSmi: {
        '--nvidia-attributes': 'nvidia_attributes',
        '--nvidia-gpus': 'nvidia_gpus',
    },
}
HOOKS = [(mixin, hook) for mixin, (_, _, hooks) in MIXINS.items() for hook in hooks]
CAPTURES = [(mixin, hook) for mixin, hook in HOOKS if hook not in TRIGGERS]

each_mixin = pytest.mark.parametrize('mixin', MIXINS, ids=lambda mixin: mixin.__name__)
each_hook = pytest.mark.parametrize(('mixin', 'hook'), HOOKS)
each_capture = pytest.mark.parametrize(('mixin', 'hook'), CAPTURES)

PROGRAMS = {
    'git': b'# branch.oid 0\n# branch.head trunk\n',
    'conda': b'six 1.16.0 py_0 main\n',
    'nvidia-smi': b'GPU-1, H100, 80 GiB\n',
}


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """Put programs on PATH that answer, so that every mixin finds something."""

    def check_output(command, **options):
        return b'/repo\n' if 'rev-parse' in command else PROGRAMS[command[0]]

    monkeypatch.setattr(subprocess, 'check_output', check_output)
    monkeypatch.setattr('shutil.which', lambda name: name)


def bench_of(mixin, **attributes):
    """Return a bench with one mixin and these attributes."""
    return type('Bench', (mixin, MicroBenchBase), attributes)()


def work(numbers=(1, 2)):
    """Be timed."""
    return sum(numbers)


def fields_of(record):
    """Return the dotted names of everything in a record."""
    for name, value in record.items():
        yield name
        if isinstance(value, dict):
            yield from (f'{name}.{inner}' for inner in fields_of(value))


def test_the_table_is_complete():
    """Every public mixin is in the table above."""
    public = {name for name in microbench.__all__ if name.startswith('MB')}
    assert public == {mixin.__name__ for mixin in MIXINS}


@each_mixin
def test_names_in_the_command(mixin):
    """The class name in words with hyphens; six of them are in every record."""
    name, default, _ = MIXINS[mixin]
    assert getattr(mixin, 'cli_name', None) == name
    assert getattr(mixin, 'cli_default', False) == default
    words = re.findall('[A-Z][a-z]+', mixin.__name__.removeprefix('MB'))
    assert name in ('-'.join(words).lower(), None)


@each_mixin
def test_options_of_the_command(mixin):
    """Six mixins have options; each sets the attribute that Python users set."""
    options = getattr(mixin, 'cli_args', ())
    flags = {option.flags[0]: option.dest for option in options}
    assert flags == OPTIONS.get(mixin, {})


@each_mixin
def test_hooks(mixin):
    """A mixin has the hooks of the table, and no other."""
    beginnings = ('capture_', 'capturepost_', 'pre_run_', 'post_run_')
    named = {name for name in vars(mixin) if name.startswith(beginnings)}
    hooks = {name for name in named if callable(getattr(mixin, name))}
    assert hooks == set(MIXINS[mixin][2])


@each_mixin
def test_the_first_line_of_the_docstring(mixin):
    """The first line is one sentence, as a list of mixins shows it."""
    first = mixin.__doc__.splitlines()[0]
    assert first.endswith('.')
    assert len(first) <= 79


@each_hook
def test_an_override_that_calls_super(mixin, hook):
    """A hook can be extended by a plain method: the record has all it had, and more."""

    def override(self, bm_data):
        getattr(mixin, hook)(self, bm_data)
        bm_data.setdefault('overridden', []).append(hook)

    plain, extended = bench_of(mixin), bench_of(mixin, **{hook: override})
    assert plain(work)() == extended(work)() == 3
    record = only(extended.get_results())
    assert record.pop('overridden') == [hook]
    assert list(fields_of(record)) == list(fields_of(only(plain.get_results())))


@each_capture
def test_errors_carry_the_name_of_the_hook(mixin, hook):
    """With capture_optional an error is in `call.capture_errors`; the code runs."""

    def failing(self, bm_data):
        raise ArithmeticError('odd')

    bench = bench_of(mixin, capture_optional=True, **{hook: failing})
    assert bench(work)() == 3
    assert call_of(bench)['capture_errors'] == [
        {'method': hook, 'error': 'ArithmeticError: odd'}
    ]


@each_capture
def test_a_failing_hook_aborts(mixin, hook):
    """Without capture_optional the error goes to the caller."""

    def failing(self, bm_data):
        raise ArithmeticError('odd')

    with pytest.raises(ArithmeticError, match='odd'):
        bench_of(mixin, **{hook: failing})(work)()


def test_the_hook_of_the_base_class():
    """The name of the function is a capture as well, and can be extended."""

    class Shouting(MicroBenchBase):
        def capture_function_name(self, bm_data):
            super().capture_function_name(bm_data)
            bm_data['call']['name'] += '!'

    bench = Shouting()
    bench(work)()
    assert call_of(bench)['name'] == 'work!'


def test_hooks_run_in_alphabetical_order_over_all_mixins():
    """Hooks run in order of names: those before the code, then those after it."""
    order = []

    def noted(mixin, hook):
        def override(self, bm_data):
            order.append(hook)
            return getattr(mixin, hook)(self, bm_data)

        return override

    overrides = {hook: noted(mixin, hook) for mixin, hook in CAPTURES}
    bench = type('Bench', (*MIXINS, MicroBenchBase), overrides)()
    bench(lambda: order.append('code'))()
    before = sorted(hook for _, hook in CAPTURES if hook.startswith('capture_'))
    after = sorted(hook for _, hook in CAPTURES if hook.startswith('capturepost_'))
    assert order == [*before, 'code', *after]


@each_mixin
def test_hooks_called_by_hand(mixin):
    """Hooks called on a plain dict, as in users' tests, add all fields."""
    bm_data = {'call': {}, '_args': (), '_kwargs': {}, '_func': work}
    for hook in sorted(set(MIXINS[mixin][2]).difference(TRIGGERS)):
        getattr(bench_of(mixin), hook)(bm_data)
    bench, bare = bench_of(mixin), MicroBenchBase()
    bench(work)(), bare(work)()
    of_call = set(fields_of(only(bare.get_results())))
    of_mixin = set(fields_of(only(bench.get_results()))) - of_call
    if mixin is not MBReturnValue:  # the run itself does that
        assert of_mixin == {name for name in fields_of(bm_data) if name[0] != '_'} - of_call

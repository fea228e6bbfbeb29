"""MBNvidiaSmi. Its program is a stand-in, tests/standins/nvidia_smi."""

import os
import subprocess

import pytest

from microbench import MBNvidiaSmi, MicroBenchBase
from microbench.mixins.nvidia import gpu_id, split
from tests.fakes import ROOT, only

STANDIN = ROOT / 'tests' / 'standins' / 'nvidia_smi'

TWO = """\
GPU-6f5c2a38-1d7e-4b52-9a54-7b1f0e6a9c11, NVIDIA RTX A5000, 24564 MiB
GPU-0b9d6f6e-43aa-4be0-8e29-92d3b2a0c7de, NVIDIA H100 PCIe, 81559 MiB"""


@pytest.fixture
def standin(tmp_path, monkeypatch):
    """Put the stand-in first on PATH; return a function that sets its output."""
    calls = tmp_path / 'calls'
    monkeypatch.setenv('PATH', f'{STANDIN}{os.pathsep}{os.environ["PATH"]}')
    monkeypatch.setenv('STANDIN_CALLS', str(calls))

    def prints(text, status=0):
        monkeypatch.setenv('STANDIN_PRINTS', text)
        monkeypatch.setenv('STANDIN_STATUS', str(status))
        return calls

    return prints


def record_of(**attributes):
    """Return the only record of a bench with these attributes."""
    bench = type('Bench', (MicroBenchBase, MBNvidiaSmi), attributes)()
    with bench.record():
        pass
    return only(bench.get_results())


# --- what is asked, and what is recorded ----------------------------------------------


def test_one_object_for_each_gpu(standin):
    """GPUs are in the order printed, values as printed, with their units."""
    calls = standin(TWO)
    assert record_of()['nvidia'] == [
        {
            'uuid': 'GPU-6f5c2a38-1d7e-4b52-9a54-7b1f0e6a9c11',
            'gpu_name': 'NVIDIA RTX A5000',
            'memory.total': '24564 MiB',
        },
        {
            'uuid': 'GPU-0b9d6f6e-43aa-4be0-8e29-92d3b2a0c7de',
            'gpu_name': 'NVIDIA H100 PCIe',
            'memory.total': '81559 MiB',
        },
    ]
    assert calls.read_text() == (
        '--format=csv,noheader --query-gpu=uuid,gpu_name,memory.total\n'
    )


def test_attributes_and_gpus_are_asked_for(standin):
    """Both class attributes become options of nvidia-smi."""
    calls = standin('GPU-1, 535.1')
    record = record_of(nvidia_attributes=('driver_version',), nvidia_gpus=(0, 'GPU-1'))
    assert record['nvidia'] == [{'uuid': 'GPU-1', 'driver_version': '535.1'}]
    assert calls.read_text() == (
        '--format=csv,noheader --query-gpu=uuid,driver_version -i 0,GPU-1\n'
    )


def test_a_single_word_is_no_list_of_letters(standin):
    """One attribute and one GPU can be given as they are."""
    calls = standin('GPU-1, X')
    assert record_of(nvidia_attributes='name', nvidia_gpus='GPU-1')['nvidia'] == [
        {'uuid': 'GPU-1', 'name': 'X'}
    ]
    record_of(nvidia_attributes='name', nvidia_gpus=12)
    assert [line.split(' ', 1)[1] for line in calls.read_text().splitlines()] == [
        '--query-gpu=uuid,name -i GPU-1',
        '--query-gpu=uuid,name -i 12',
    ]


def test_no_attributes_leave_the_uuid(standin):
    """The uuid is always asked for."""
    standin('GPU-1')
    assert record_of(nvidia_attributes=())['nvidia'] == [{'uuid': 'GPU-1'}]


def test_it_can_be_stubbed(monkeypatch):
    """subprocess.check_output is looked up at each call, and may return bytes."""
    asked = []

    def check_output(command, **options):
        asked.append(command)
        return b'GPU-1, X, 3 MiB\n'

    monkeypatch.setattr(subprocess, 'check_output', check_output)
    assert record_of(nvidia_gpus=[0])['nvidia'] == [
        {'uuid': 'GPU-1', 'gpu_name': 'X', 'memory.total': '3 MiB'}
    ]
    query = '--query-gpu=uuid,gpu_name,memory.total'
    assert asked == [['nvidia-smi', '--format=csv,noheader', query, '-i', '0']]


def test_a_name_with_a_comma_shifts_nothing(standin):
    """A separator inside the name of a GPU stays there."""
    standin('GPU-1, NVIDIA, the big one, 3 MiB')
    assert record_of()['nvidia'] == [
        {'uuid': 'GPU-1', 'gpu_name': 'NVIDIA, the big one', 'memory.total': '3 MiB'}
    ]


@pytest.mark.parametrize(
    ('line', 'attributes', 'values'),
    [
        ('G, a', ['uuid', 'x'], ['G', 'a']),
        ('G, a, b', ['uuid', 'x'], ['G', 'a, b']),
        ('G, 1, a, b', ['uuid', 'x', 'y'], ['G', '1', 'a, b']),
        ('G, a, b, 1', ['uuid', 'name', 'y'], ['G', 'a, b', '1']),
        ('G, , 1', ['uuid', 'x', 'y'], ['G', '', '1']),
        ('G', ['uuid', 'x'], []),
        ('No devices were found', ['uuid'], []),
        ('I am sorry, nothing', ['uuid', 'x'], []),
        ('', ['uuid', 'x'], []),
    ],
)
def test_lines_are_split(line, attributes, values):
    """A surplus separator is of the name, else of the last value, or is dropped."""
    assert split(line, attributes) == values


def test_a_message_is_no_gpu(standin):
    """Without GPUs the list is empty, and `host.unavailable` has the reason."""
    standin('No devices were found')
    record = record_of()
    assert record['nvidia'] == []
    assert record['host'] == {'unavailable': {'nvidia': 'No devices were found'}}


def test_nothing_printed_is_no_gpu(standin):
    """Empty lines do not count as GPUs."""
    standin('\n')
    record = record_of()
    assert record['nvidia'] == []
    assert 'host' not in record


# --- failures -------------------------------------------------------------------------


@pytest.mark.parametrize('gpus', [(), [], '', None])
def test_no_gpus_at_all_is_an_error(standin, gpus):
    """An empty list raises when the code runs: to ask for all, leave the attribute out."""
    calls = standin(TWO)
    with pytest.raises(ValueError, match='nvidia_gpus cannot be empty'):
        record_of(nvidia_gpus=gpus)
    assert not calls.exists()


@pytest.mark.parametrize('gpu', ['a b', '', ' 0', '0\n', '0;ls', '--help=', 1.5, b'0', 'ä'])
def test_what_is_no_id_is_an_error(standin, gpu):
    """A wrong id, such as white space, never reaches the program."""
    calls = standin(TWO)
    with pytest.raises(ValueError, match='nvidia_gpus must be'):
        record_of(nvidia_gpus=[gpu])
    assert not calls.exists()


@pytest.mark.parametrize('gpu', [0, '1', 'GPU-6f5c-1d7e', '00000000:01:00.0', 'MIG-1'])
def test_ids(gpu):
    """Indexes, UUIDs and PCI bus ids with their dot are ids."""
    assert gpu_id(gpu) == str(gpu)


def test_without_the_program_it_raises(tmp_path, monkeypatch):
    """FileNotFoundError names nvidia-smi."""
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(FileNotFoundError, match='nvidia-smi'):
        record_of()


def test_a_failure_says_why(standin):
    """The error holds what nvidia-smi printed, which it does on standard output."""
    standin("NVIDIA-SMI has failed because it couldn't communicate", status=9)
    with pytest.raises(subprocess.CalledProcessError, match="couldn't communicate"):
        record_of()


def test_a_failure_can_be_noted_instead(standin):
    """With capture_optional the record says why."""
    standin('No devices were found', status=6)
    record = record_of(capture_optional=True)
    [noted] = record['call']['capture_errors']
    assert noted['method'] == 'capture_nvidia'
    assert noted['error'].startswith('CalledProcessError: ')
    assert noted['error'].endswith('exit status 6: No devices were found')
    assert 'nvidia' not in record


def test_the_options_of_the_command():
    """--nvidia-attributes and --nvidia-gpus take several words."""
    options = {option.flags[0]: option for option in MBNvidiaSmi.cli_args}
    assert MBNvidiaSmi.cli_name == 'nvidia-smi'
    assert set(options) == {'--nvidia-attributes', '--nvidia-gpus'}
    assert {option.nargs for option in options.values()} == {'+'}
    assert options['--nvidia-gpus'].type('0') == '0'
    with pytest.raises(ValueError, match='nvidia_gpus must be'):
        options['--nvidia-gpus'].type('a b')

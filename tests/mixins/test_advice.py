"""The sentences about what disturbed a measurement, each word for word."""

import pytest

from microbench.mixins import advice

# A run of two seconds on two CPUs, values at which each warning begins, and the sentence.
SAID = {
    'run_queue': (
        {'run_queue_delay': 0.01},
        (
            'the code was ready and waited for a CPU 0.5 % of the time: pin it to CPUs '
            'that nothing else uses (taskset), or stop the other programs'
        ),
    ),
    'preempted': (
        {'preempted': 21},
        (
            'other threads took the CPU 21 times: use no more threads than CPUs, and '
            'CPUs that nothing else uses (taskset)'
        ),
    ),
    'steal': (
        {'steal': 0.02},
        (
            'the host of the virtual machine took away 0.5 % of the time of the CPUs: '
            'measure on a machine without neighbours'
        ),
    ),
    'throttled': (
        {'throttled': 0.25},
        (
            'the CPU quota of the cgroup stopped the code for 250 ms: raise the quota '
            '(cpu.max), or use fewer threads'
        ),
    ),
    'memory_limit': (
        {'memory_limit_hits': 1},
        (
            'the cgroup was at its limit of memory once, and the kernel made room: '
            'raise the limit (memory.max, memory.high)'
        ),
    ),
    'thermal': (
        {'thermal_throttles': 3},
        (
            'heat slowed the processor down 3 times: cool it better, or measure with a '
            'lower frequency'
        ),
    ),
    'frequency': (
        {'cpu_mhz': [4000.0, 3500.0], 'cpu_max_mhz': 4000.0},
        (
            'at the end the fastest CPU ran at 3500 MHz of 4000 MHz: warm up longer, or'
            ' set the governor to performance'
        ),
    ),
    'swapping': (
        {'swapped_in': 256, 'swapped_out': 0},
        (
            'the machine swapped 1.00 MiB in and 0 B out: free memory, or turn swap off'
            ' (swapoff)'
        ),
    ),
    'major_faults': (
        {'major_faults': 1},
        (
            '1 page had to be read from a disk: warm up first, so that code and files '
            'are in memory'
        ),
    ),
    'block_delay': (
        {'block_delay': 1.0},
        (
            'the code waited for a disk 50 % of the time: warm up first, or put the '
            'files in memory (tmpfs)'
        ),
    ),
    'pressure_cpu': (
        {'pressure': {'cpu': 2.1}},
        (
            'some thread of the machine waited for a CPU 100 % of the time: stop other '
            'programs, or use fewer threads'
        ),
    ),
    'pressure_memory': (
        {'pressure': {'memory': 0.01}},
        ('some thread of the machine waited for memory 0.5 % of the time: free memory'),
    ),
    'pressure_io': (
        {'pressure': {'io': 0.2}},
        (
            'some thread of the machine waited for a disk 10 % of the time: stop other '
            'programs that read or write'
        ),
    ),
    'compaction': (
        {'compactions': 2},
        (
            'some thread of the machine had to wait 2 times until memory for a huge '
            'page was together: set transparent_hugepage/defrag to never, or free '
            'memory'
        ),
    ),
    'numa_migration': (
        {'numa_migrated': 1},
        (
            'the kernel moved 4.00 KiB between NUMA nodes: bind the code to one node '
            '(numactl --cpunodebind=0 --membind=0)'
        ),
    ),
    'others': (
        {'others': 0.4},
        (
            'other programs kept 0.2 of 2 CPUs busy: stop them, or run the code on '
            'other CPUs (taskset)'
        ),
    ),
    'governor': (
        {'governor': 'powersave'},
        (
            'the governor powersave changes the frequency with the load: choose '
            'performance (cpupower frequency-set -g performance)'
        ),
    ),
    'turbo': (
        {'turbo': True},
        (
            'turbo is on, so the frequency depends on heat and on other cores: turn it '
            'off (intel_pstate/no_turbo, cpufreq/boost)'
        ),
    ),
    'smt': (
        {'smt': True},
        (
            'SMT is on, so what runs on the other thread of a core slows this one down:'
            ' leave it idle (taskset), or turn SMT off '
            '(/sys/devices/system/cpu/smt/control)'
        ),
    ),
    'aslr': (
        {'aslr': True},
        (
            'ASLR is on, so each process has other addresses, which can change its '
            'speed: compare many processes, or turn it off (setarch -R)'
        ),
    ),
    'huge_pages': (
        {'huge_pages': 'always'},
        (
            'memory gets huge pages if some are free, so the speed depends on how '
            'fragmented it is: set transparent_hugepage/enabled to madvise'
        ),
    ),
    'numa': (
        {'numa_nodes': 2},
        (
            'the code may run on 2 NUMA nodes, and memory of another node is slower: '
            'bind it to one node (numactl --cpunodebind=0 --membind=0)'
        ),
    ),
    'clock_source': (
        {'clock_source': 'hpet'},
        (
            'the kernel keeps time by hpet, which is slow to read: have it use tsc '
            '(current_clocksource)'
        ),
    ),
}
QUIET = {
    'run_queue_delay': 0.009,
    'preempted': 20,
    'steal': 0.019,
    'throttled': 0.0,
    'memory_limit_hits': 0,
    'thermal_throttles': 0,
    'cpu_mhz': [1000.0, 3600.0],
    'cpu_max_mhz': 4000.0,
    'swapped_in': 0,
    'swapped_out': 0,
    'major_faults': 0,
    'block_delay': 0.0,
    'pressure': {'cpu': 0.1, 'memory': 0.009, 'io': 0.1},
    'compactions': 0,
    'numa_migrated': 0,
    'others': 0.3,
    'governor': 'performance',
    'turbo': False,
    'smt': False,
    'aslr': False,
    'huge_pages': 'madvise',
    'numa_nodes': 1,
    'clock_source': 'tsc',
}
RUN = {'elapsed': 2.0, 'cpus': 2}


def said(fields, silenced=()):
    """Return the warnings about a run with these fields."""
    return list(advice.warnings({**RUN, **fields}, silenced))


def test_the_table_is_complete():
    """Each warning has its sentence above."""
    assert list(SAID) == list(advice.NAMES)


@pytest.mark.parametrize('name', SAID)
def test_each_sentence(name):
    """Cause and remedy; the name of the warning silences it."""
    fields, sentence = SAID[name]
    assert said(fields) == [(name, sentence)]
    assert said(fields, [name]) == []


@pytest.mark.parametrize('fields', [{}, QUIET], ids=['nothing is known', 'quiet'])
def test_no_sentence(fields):
    """A value that is unknown, or below what counts, is no reason to warn."""
    assert said(fields) == []


def test_a_run_without_time():
    """It has no shares."""
    fields = {'elapsed': 0.0, 'run_queue_delay': 0.0, 'pressure': {'memory': 0.0}}
    assert said(fields) == []


def test_several_pages():
    """The plural."""
    [(_, sentence)] = said({'major_faults': 2})
    assert sentence.startswith('2 pages had to be read from a disk: ')

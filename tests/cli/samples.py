"""Records such as the record schema shows them."""

import json

SOLVE = {
    'experiment': 'baseline',
    'mb': {'duration_counter': 'perf_counter', 'version': '2.1.0'},
    'call': {
        'invocation': 'Python',
        'name': 'solve',
        'args': [12],
        'durations': [0.0412, 0.0398],
        'start_time': '2026-03-01T09:30:00.120000+00:00',
        'timings': [
            {'name': 'factorise', 'duration': 0.011},
            {'name': 'iterate', 'duration': 0.040},
            {'name': 'factorise', 'duration': 0.010},
            {'name': 'iterate', 'duration': 0.039},
        ],
        'capture_errors': [{'method': 'capture_it', 'error': "KeyError: 'IT'"}],
    },
    'host': {
        'hostname': 'node07',
        'os': 'linux',
        'cpu_cores_logical': 64,
        'cpu_cores_physical': 32,
        'ram_total': 270582939648,
    },
    'resource_usage': [
        {'utime': 0.041, 'stime': 0.0, 'nivcsw': 2},
        {'utime': 0.039, 'stime': 0.001, 'nivcsw': 1},
    ],
}

PIPELINE = {
    'mb': {'record_id': '00000000000000aa-0000000000000001'},
    'call': {
        'name': 'pipeline',
        'durations': [1.734],
        'start_time': '2026-03-01T09:31:10.000100+00:00',
        'timings': [
            {'name': 'read', 'duration': 0.512},
            {'name': 'fit', 'duration': 1.221},
        ],
    },
    'python': {'version': '3.12.4', 'executable': '/opt/envs/sim/bin/python'},
    'exception': {'type': 'ValueError', 'message': 'matrix is singular'},
}

SIMULATION = {
    'mb': {'record_id': '00000000000000ab-0000000000000002'},
    'call': {
        'name': 'simulation',
        'durations': [95.301],
        'start_time': '2026-03-01T10:00:00.009000+00:00',
        'monitor': [{'timestamp': 'x', 'rss': 94371840}, {'rss': 199229440}],
        'open_timings': [{'name': 'setup', 'duration': 12.25}],
    },
    'slurm': {'job_id': '884120', 'job_partition': 'short', 'nodelist': 'n[1-2]'},
    'exit_signal': 'SIGTERM',
}

MODEL = {
    'mb': {'record_id': '00000000000000ab-0000000000000003'},
    'call': {
        'name': 'model.sh',
        'command': ['./model.sh', '--steps', '100 000'],
        'working_dir': '/scratch/runs/42',
        'durations': [1.204, 3.011],
        'start_time': '2026-03-01T11:00:00.000000+00:00',
        'returncode': [0, -15],
        'timed_out': True,
        'timed_out_iterations': [False, True],
        'monitor': [[{'cpu_percent': 98.7, 'rss_bytes': 41943040}], []],
    },
    'host': {'hostname': 'node08', 'os': 'linux', 'cpu_cores_logical': 8},
    'git': {'commit': '4f0c2a3', 'branch': 'main', 'dirty': True},
    'resource_usage': [
        {'utime': 1.17, 'stime': 0.02, 'maxrss': 63963136},
        {'utime': 2.95, 'stime': 0.03, 'maxrss': 58720256},
    ],
}

SEVERAL = [SOLVE, PIPELINE, SIMULATION, MODEL]


def write(path, records):
    """Write a result file, and return its name."""
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    path.write_text(''.join(f'{line}\n' for line in lines), 'utf-8')
    return str(path)

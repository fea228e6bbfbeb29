"""Check what README.md says of other tools: run each as its users do.

    python tools/peers.py DIRECTORY

installs them into an environment in DIRECTORY, runs the checks there and prints a line for
each; the exit status is 1 if one fails. hyperfine has to be in PATH. It takes a minute, and
runs by hand: before a release, and after a change of the table.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

PACKAGES = [
    'pyperf',
    'pytest-benchmark',
    'codetiming',
    'mlflow-skinny',
    'prometheus_client',
]

# Cells of the table, and the scripts of bash that end with 0 if they are true.
CHECKS = {
    'pyperf: functions and commands, in processes of their own': """
        echo 'import pyperf; open("pids", "a").write("x\\n")' > f.py
        echo 'pyperf.Runner().bench_func("f", sum, range(9))' >> f.py
        python f.py --fast -q -o f.json && [ $(wc -l < pids) -gt 5 ] &&
        python -m pyperf command --fast -q -o c.json -- true
        """,
    'pyperf: means of loops; machine, versions, load': """
        python -m pyperf timeit --fast -q -o f.json pass
        python - <<'END'
        import pyperf
        bench = pyperf.Benchmark.load('f.json')
        metadata = bench.get_metadata()
        assert metadata['loops'] > 1000
        assert {'hostname', 'cpu_count', 'python_version'} <= set(metadata)
        assert 'load_avg_1min' in bench.get_runs()[-1].get_metadata()
        END
        """,
    'pyperf: nothing': """
        timeout -s KILL 3 python -m pyperf timeit -q -o f.json 'sum(range(10**6))'
        [ ! -e f.json ]
        """,
    'pyperf: a test of significance': """
        python -m pyperf timeit --fast -q -o a.json 'sum(range(100))'
        python -m pyperf timeit --fast -q -o b.json 'sum(range(200))'
        python -m pyperf compare_to -v a.json b.json | grep Significant
        """,
    'hyperfine: commands; durations and exit codes': """
        hyperfine -N -r 3 -i --export-json h.json false
        python - <<'END'
        import json
        [result] = json.load(open('h.json'))['results']
        assert len(result['times']) == 3 and result['exit_codes'] == [1] * 3
        assert not {'host', 'hostname', 'machine', 'version'} & set(result)
        END
        """,
    'hyperfine: commands that had finished': """
        timeout -s KILL 3 hyperfine -N -r 3 --export-json h.json 'sleep 0.1' 'sleep 9'
        grep -q 'sleep 0.1' h.json && ! grep -q 'sleep 9' h.json
        """,
    (
        'pytest-benchmark: functions, in tests; durations, statistics; '
        'machine, versions, commit'
    ): """
        echo 'def test(benchmark): benchmark(sum, [1])' > test_b.py
        python -m pytest -q --benchmark-max-time=0.1 --benchmark-json=b.json test_b.py
        python - <<'END'
        import json
        report = json.load(open('b.json'))
        assert {'node', 'cpu', 'python_version'} <= set(report['machine_info'])
        assert 'id' in report['commit_info']
        stats = report['benchmarks'][0]['stats']
        assert stats['median'] and len(stats['data']) == stats['rounds']
        END
        """,
    'pytest-benchmark: nothing': """
        echo 'import time' > test_b.py
        echo 'def test(benchmark):' >> test_b.py
        echo '    benchmark.pedantic(time.sleep, (0.2,), rounds=99)' >> test_b.py
        timeout -s KILL 4 python -m pytest -q --benchmark-json=b.json test_b.py
        [ ! -s b.json ]
        """,
    'pytest-benchmark: let CI fail when a function gets slower': """
        python -m pytest --help | grep -q benchmark-compare-fail
        """,
    'codetiming: functions, blocks; a printed line; totals in memory': """
        python - <<'END' | grep -q 'Elapsed time'
        from codetiming import Timer
        with Timer('block'):
            pass
        @Timer('function')
        def f():
            pass
        f()
        assert Timer.timers['block'] > 0 < Timer.timers['function']
        END
        """,
    'codetiming: what was printed': """
        python -u - <<'END' > printed || true
        import os
        from codetiming import Timer
        with Timer():
            pass
        with Timer():
            os.kill(os.getpid(), 9)
        END
        [ $(wc -l < printed) = 1 ]
        """,
    (
        'MLflow: functions, as traces; else you log numbers; '
        'what you log; user, program, commit'
    ): """
        git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a
        cat > m.py <<'END'
        import mlflow
        @mlflow.trace
        def f():
            pass
        with mlflow.start_run() as run:
            mlflow.log_metric('seconds', 1.5)
            f()
        found = mlflow.get_run(run.info.run_id).data
        assert found.metrics == {'seconds': 1.5}
        names = ('user', 'source.name', 'source.git.commit')
        assert {f'mlflow.{name}' for name in names} <= set(found.tags)
        assert mlflow.get_last_active_trace_id()
        END
        python m.py
        """,
    'MLflow: what was logged; the run counts as running': """
        python - <<'END' || true
        import mlflow, os
        mlflow.start_run()
        mlflow.log_metric('seconds', 1.5)
        os.kill(os.getpid(), 9)
        END
        python - <<'END'
        import mlflow
        [run] = mlflow.search_runs(output_format='list')
        assert (run.info.status, run.data.metrics) == ('RUNNING', {'seconds': 1.5})
        END
        """,
    'Prometheus: functions, blocks; nothing: it counts by bucket': """
        python - <<'END'
        from prometheus_client import REGISTRY, Histogram
        seconds = Histogram('f_seconds', 'of f')
        @seconds.time()
        def f():
            pass
        f()
        with seconds.time():
            pass
        assert REGISTRY.get_sample_value('f_seconds_count') == 2
        assert REGISTRY.get_sample_value('f_seconds_bucket', {'le': '10.0'}) == 2
        END
        """,
    'Prometheus: what was scraped; with multiprocess mode, all finished calls': """
        mkdir p && export PROMETHEUS_MULTIPROC_DIR=p
        python - <<'END' || true
        import os
        from prometheus_client import Histogram
        seconds = Histogram('f_seconds', 'of f')
        with seconds.time():
            pass
        with seconds.time():
            os.kill(os.getpid(), 9)
        END
        python - <<'END' | grep -q '^f_seconds_count 1.0$'
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        print(generate_latest(registry).decode())
        END
        """,
}


def holds(script: str, commands: Path) -> bool:
    """Return whether a script ends with 0, in a directory of its own."""
    environment = {
        **os.environ,
        'PATH': f'{commands}{os.pathsep}{os.environ["PATH"]}',
        'MLFLOW_ALLOW_FILE_STORE': 'true',
    }
    with TemporaryDirectory() as directory:
        environment['MLFLOW_TRACKING_URI'] = f'file:{directory}/mlruns'
        done = subprocess.run(
            ['bash', '-c', dedent(script)],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 0


def main(directory: Path) -> int:
    """Install the tools, and check all cells."""
    commands = directory / 'peers' / 'bin'
    if not commands.exists():
        subprocess.run([sys.executable, '-m', 'venv', commands.parent], check=True)
    pip = [commands / 'python', '-m', 'pip', 'install', '--quiet', *PACKAGES, 'pytest']
    subprocess.run(pip, check=True)
    failed = 0
    for cell, script in CHECKS.items():
        is_true = holds(script, commands)
        failed += not is_true
        print('true ' if is_true else 'FALSE', cell, flush=True)
    return int(failed > 0)


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1])))

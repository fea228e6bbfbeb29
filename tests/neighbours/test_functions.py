"""Frameworks that inspect functions see and call the same with `@bench`."""

import subprocess
import sys

import pytest

from tests.fakes import CELERY_TASKS

CELERY_BEGIN = """
from celery import Celery, shared_task
app = Celery('reports', broker='memory://', backend='cache+memory://')
app.conf.task_always_eager = True
app.conf.task_store_eager_result = True
"""
CELERY_CALLS = """
@shared_task
@bench
def shared(x):
    return x

print(add.name, flaky.name, add.delay(1, y=2).get(), flaky.delay(5).get())
print(shared.s(3).apply().get(), app.tasks[add.name](1))
"""


def test_celery(benched):
    """Tasks work, bound ones too, by name and eager, with retries and results."""
    pytest.importorskip('celery')
    ran = benched(CELERY_BEGIN + CELERY_TASKS + CELERY_CALLS)
    assert ran.names == ['add', *['flaky'] * 3, 'shared', 'add']


def test_pydantic(benched):
    """Methods of models, validators, `validate_call` and forward references work."""
    pytest.importorskip('pydantic')
    ran = benched("""
        from __future__ import annotations
        import pydantic

        class Job(pydantic.BaseModel):
            n: int
            other: Job | None = None

            @bench
            def work(self):
                return self.n * 2

            @pydantic.field_validator('n')
            @classmethod
            @bench
            def positive(cls, value: int) -> int:
                assert value > 0, 'not positive'
                return value

            @pydantic.computed_field
            @property
            @bench
            def square(self) -> int:
                return self.n ** 2

            @pydantic.model_validator(mode='after')
            @bench
            def whole(self) -> Job:
                return self

        @pydantic.validate_call(validate_return=True)
        @bench
        def double(n: int, *, job: Job | None = None) -> int:
            return n * 2

        print(Job(n=2, other=Job(n=3)).work(), Job(n=2).model_dump())
        print(double('2', job=Job(n=1)))
        for mistaken in (lambda: Job(n=-1), lambda: double('x'), lambda: double()):
            try:
                mistaken()
            except pydantic.ValidationError as error:
                print(str(error).splitlines()[:3])
        print(Job.model_json_schema(mode='serialization')['properties'])
    """)
    assert {'work', 'positive', 'square', 'whole', 'double'} == set(ran.names)


def test_fastapi(benched):
    """Routes and dependencies of each kind work, with annotations that are text."""
    pytest.importorskip('fastapi')
    ran = benched("""
        from __future__ import annotations
        import asyncio, json
        from typing import Annotated
        from fastapi import Depends, FastAPI
        from pydantic import BaseModel

        app = FastAPI()

        class Item(BaseModel):
            name: str

        @bench
        def session():
            yield 'session'

        @app.get('/plain/{number}')
        @bench
        def plain(number: int, word: str = 'x') -> dict[str, int | str]:
            return {'number': number, 'word': word}

        @app.post('/item')
        @bench
        async def item(item: Item, session: Annotated[str, Depends(session)]):
            return [item.name, session]

        async def ask(method, path, body=b''):
            sent = []
            async def receive():
                return {'type': 'http.request', 'body': body}
            async def send(message):
                sent.append(message)
            path, _, query = path.partition('?')
            await app({
                'type': 'http', 'method': method, 'path': path,
                'query_string': query.encode(),
                'headers': [(b'content-type', b'application/json')], 'http_version': '1.1',
                'raw_path': path.encode(), 'root_path': '', 'scheme': 'http',
                'client': None, 'server': None, 'asgi': {'version': '3.0'},
            }, receive, send)
            print(sent[0]['status'], b''.join(m.get('body', b'') for m in sent[1:]))

        async def main():
            await ask('GET', '/plain/3?word=y')
            await ask('GET', '/plain/three')
            await ask('POST', '/item', b'{"name": "n"}')

        asyncio.run(main())
        print(json.dumps(app.openapi()['paths'], sort_keys=True))
    """)
    assert ran.names == ['plain', 'item', 'session']


def test_hooks_of_pytest(same):
    """Hooks in conftest.py and plugin classes, fixtures and tests work."""
    ran = same("""
import pathlib, subprocess, sys
pathlib.Path('conftest.py').write_text('''
from microbench import MicroBench
import pytest
bench = MicroBench('records.jsonl')
@bench
def pytest_report_header(config):
    return 'said by the hook'
class Plugin:
    @bench
    def pytest_collection_modifyitems(self, session, items):
        items.reverse()
    @pytest.hookimpl(wrapper=True)
    @bench
    def pytest_pyfunc_call(self, pyfuncitem):
        return (yield)
    @bench
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        print('finished by the plugin')
def pytest_configure(config):
    config.pluginmanager.register(Plugin())
@pytest.fixture
@bench
def number():
    yield 5
''')
pathlib.Path('test_it.py').write_text('''
import pytest
from conftest import bench
@bench
def test_first(number): assert number == 5
class TestThem:
    @pytest.mark.parametrize('n', [1, 2])
    @bench
    def test_second(self, n, tmp_path): assert n
''')
done = subprocess.run(
    [sys.executable, '-m', 'pytest', '-v', '-p', 'no:cacheprovider', '.'],
    capture_output=True, text=True)
lines = [line for line in done.stdout.splitlines()
         if 'said' in line or '::' in line or 'finished' in line]
print(done.returncode, *lines, sep='\\n')
""")
    assert 'said by the hook' in ran.out
    assert 'finished by the plugin' in ran.out
    expected = {'pytest_report_header', 'pytest_collection_modifyitems', 'test_first'}
    expected |= {'pytest_pyfunc_call', 'pytest_sessionfinish', 'number', 'test_second'}
    assert set(ran.names) == expected


def test_invoke(benched):
    """A task has arguments from the command line, and its help."""
    pytest.importorskip('invoke')
    ran = benched("""
        from invoke import Collection, Program, task

        @task
        @bench
        def build(context, target='all', jobs=1, quiet=False):
            '''Build the target.'''
            print(target, jobs, quiet)

        program = Program(namespace=Collection(build), version='1')
        for words in (['build', '--target=x', '-j', '3', '--quiet'], ['--help', 'build']):
            program.run(['prog', *words], exit=False)
    """)
    assert ran.names == ['build']


def test_click_and_typer(benched):
    """Commands have options from parameters and annotations."""
    pytest.importorskip('typer')
    click = pytest.importorskip('click')
    assert click
    ran = benched("""
        import click, typer
        from typer.testing import CliRunner

        @click.command()
        @click.option('--count', default=1)
        @bench
        def repeat(count):
            '''Repeat.'''
            click.echo('x' * count)

        app = typer.Typer()

        @app.command()
        @bench
        def greet(name: str, times: int = 1, loud: bool = False):
            '''Greet.'''
            typer.echo(f'{name} {times} {loud}')

        repeat.main(['--count', '3'], standalone_mode=False)
        for words in (['me', '--times', '2', '--loud'], ['--help'], ['me', '--times', 'x']):
            done = CliRunner().invoke(app, words)
            print(done.exit_code, done.output)
    """)
    assert ran.names == ['repeat', 'greet']


def test_apscheduler(benched):
    """A job has the name of its function."""
    pytest.importorskip('apscheduler')
    ran = benched("""
        import threading
        from apscheduler.schedulers.background import BackgroundScheduler
        from apscheduler.util import obj_to_ref, ref_to_obj

        done = threading.Event()

        @bench
        def tick(word, *, times=1):
            print(word, times)
            done.set()

        class Thing:
            @bench
            def method(self): pass

        for func in (tick, Thing.method):
            print(obj_to_ref(func), ref_to_obj(obj_to_ref(func)) is func)
        scheduler = BackgroundScheduler(timezone='UTC')
        scheduler.start()
        scheduler.add_job(tick, args=['a'], kwargs={'times': 2})
        print(done.wait(60))
        scheduler.shutdown()
    """)
    assert ran.names == ['tick']


def test_hypothesis(benched):
    """`@given` works above and below, with strategies from annotations."""
    ran = benched(
        """
        from hypothesis import given, settings, strategies as st

        @settings(max_examples=5, database=None, derandomize=True)
        @given(st.integers(), st.data())
        @bench
        def above(n, data):
            data.draw(st.booleans())

        @bench
        @settings(max_examples=5, database=None, derandomize=True)
        @given(n=st.integers())
        def below(n): pass

        @bench
        def build(a: int, b: str = 'x'):
            return type(a), type(b)

        above()
        below()
        print(st.builds(build).example())
        try:
            given(st.integers(), st.integers())(bench(lambda n: None))()
        except Exception as error:
            print(type(error).__name__, str(error)[:40])
    """,
        flags=['-W', 'ignore'],
    )
    assert {'above', 'below', 'build'} == set(ran.names)


def test_line_profiler(benched):
    """A function is profiled below the decorator, or as `__wrapped__` of the other."""
    pytest.importorskip('line_profiler')
    ran = benched("""
        import inspect
        from line_profiler import LineProfiler

        above, below, added = LineProfiler(), LineProfiler(), LineProfiler()

        @bench
        def work(x):
            y = x + 1
            return y

        @above
        @bench
        def profiled(x):
            return x

        @bench
        @below
        def recorded(x):
            return x

        added.add_callable(inspect.unwrap(work))
        print(added.runcall(work, 1), profiled(2), recorded(3))
        for profiler in (added, below):
            for (_, _, name), lines in profiler.get_stats().timings.items():
                print(name.split('.')[-1], len(lines))
    """)
    assert ran.out == '2 2 3\nwork 2\nrecorded 1\n'
    assert ran.names == ['work', 'profiled', 'recorded']


def test_numba(benched):
    """`@bench` works above a compiled function, and within one in object mode."""
    pytest.importorskip('numba')
    ran = benched(
        """
        import numba

        @bench
        @numba.njit
        def compiled(x): return x * 2

        @bench
        @numba.vectorize
        def element(x): return x + 1

        @bench
        def python(x): return x + 1

        @numba.njit
        def mixed(x):
            with numba.objmode(y='int64'):
                y = python(x)
            return y

        print(compiled(4), element(4), mixed(4))
    """,
        flags=['-W', 'ignore'],
    )
    assert ran.names == ['compiled', 'element', 'python']


def test_cython(benched, tmp_path):
    """Functions and methods that Cython compiled are decorated as others are."""
    (tmp_path / 'compiled.pyx').write_text('''
# cython: binding=True
def work(int a, b=2, *, c=3) -> int:
    """Add."""
    return a + b + c
class Thing:
    def method(self, x): return x
''')
    built = subprocess.run(
        [sys.executable, '-m', 'Cython.Build.Cythonize', '-i', '-q', 'compiled.pyx'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    ran = benched("""
        import compiled, inspect
        work, method = bench(compiled.work), bench(compiled.Thing.method)
        compiled.Thing.method = method
        print(work(1, c=1), compiled.Thing().method(4))
        print(inspect.signature(work), work.__doc__)
    """)
    assert ran.names == ['work', 'method']

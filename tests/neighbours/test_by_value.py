"""Decorated functions that are sent to other processes, or kept for later."""

import pytest

from tests.neighbours.conftest import needs


@pytest.mark.parametrize('pickler', ['dill', 'cloudpickle'])
def test_functions_by_value(benched, pickler):
    """Functions of `__main__`, and of no module, work in another process."""
    needs(pickler)
    ran = benched(
        """
        import PICKLER as pickler, asyncio, functools, subprocess, sys, textwrap

        FACTOR = 2

        @bench
        def plain(x, *, y=1): return x * FACTOR + y

        @bench
        def factorial(n): return 1 if n == 0 else n * factorial(n - 1)

        @bench
        async def waits(x): return x * FACTOR

        @bench
        def yields(x): yield x * FACTOR

        @bench
        async def both(x): yield x * FACTOR

        class Thing:
            @bench
            def method(self): return FACTOR

            @bench
            @classmethod
            def made(cls): return cls.__name__

        def local():
            n = 3
            @bench
            def nested(x): return x + n
            return nested, bench(lambda x: x - n), bench(functools.partial(max, n))

        sent = [plain, factorial, waits, yields, both, Thing, Thing(), Thing().method]
        sent += local()
        options = {'recurse': True} if 'PICKLER' == 'dill' else {}
        open('sent', 'wb').write(pickler.dumps(sent, **options))
        there = '''
        import PICKLER as pickler, asyncio
        plain, factorial, waits, yields, both, Thing, thing, method, *local = pickler.load(
            open('sent', 'rb'))
        async def joined(): return [x async for x in both(4)]
        print(plain(4), plain(4, y=2), factorial(3), asyncio.run(waits(4)))
        print(list(yields(4)), asyncio.run(joined()), thing.method(), method())
        print(Thing.made(), Thing().method())
        print(*[f(9) for f in local], plain.__name__, plain.__doc__)
        '''
        command = [sys.executable, '-W', 'ignore', '-c', textwrap.dedent(there)]
        done = subprocess.run(command, capture_output=True, text=True)
        print(done.stdout, done.stderr)
    """.replace('PICKLER', pickler)
    )
    assert ran.status == 0, ran.err
    assert 'Error' not in ran.out
    expected = {'plain', 'factorial', 'waits', 'yields', 'both', 'method', 'made'}
    assert set(ran.names) == expected | {'nested', '<lambda>', 'max'}


def test_joblib_and_dask(benched):
    """Delayed functions work, in processes too, and caches by source."""
    pytest.importorskip('joblib')
    pytest.importorskip('dask')
    ran = benched(
        """
        import dask, joblib, tempfile

        @bench
        def double(x): return x * 2

        @dask.delayed
        @bench
        def add(*values): return sum(values)

        print(joblib.Parallel(n_jobs=2)(joblib.delayed(double)(n) for n in range(4)))
        print(add(1, dask.delayed(double)(2)).compute(scheduler='sync'))
        print(dask.delayed(double)(1).key.split('-')[0], add.key.split('-')[0])
        memory = joblib.Memory(tempfile.mkdtemp(), verbose=0)
        cached = memory.cache(double)
        print(cached(5), cached(5), cached.check_call_in_cache(5))
    """,
        flags=['-W', 'ignore'],
    )
    assert ran.names.count('double') == 6  # four in processes
    assert ran.names.count('add') == 1

"""Coverage of a program is the same with `@bench` as without."""

import json
import subprocess
import sys

import pytest

pytest.importorskip('coverage')

PROGRAM = """
import asyncio, contextlib

@bench
def plain(x):
    if x:
        return 1
    return 2

@bench
def yields(n):
    for i in range(n):
        if i == 5:
            yield 'never'
        yield i

@bench
async def waits(x):
    if x:
        await asyncio.sleep(0)
    else:
        x = 3
    return x

@bench
async def both(n):
    for i in range(n):
        yield i

class Thing:
    @bench
    def method(self):
        while True:
            break
        return 1

    @classmethod
    @bench
    def made(cls): return 1

@bench
def fails():
    raise KeyError

one = bench(lambda x: x + 1)

@bench
def never():
    return 1

@bench
async def never_awaited():
    return 1

@bench
def never_begun():
    yield 1

@bench
async def never_asked():
    yield 1

async def main():
    async for _ in both(3):
        pass
    await waits(1)
    async for _ in both(3):
        break
    async with bench.arecord(), bench.time('part'):
        never_begun()

plain(1); list(yields(3)); asyncio.run(main()); Thing().method(); Thing.made(); one(2)
begun = yields(2); next(begun); begun.close()
with contextlib.suppress(KeyError):
    fails()
with bench.record(), bench.time('part'):
    for i in range(3):
        if i == 1:
            break
if bench.iterations == 2:
    never()
"""
SYSMON = pytest.param(
    'sysmon',
    marks=pytest.mark.skipif(
        sys.version_info < (3, 14), reason='runs from CPython 3.14 on: branches too'
    ),
)


@pytest.mark.parametrize('core', ['ctrace', 'pytrace', SYSMON])
def test_lines_and_branches(benched, tmp_path, core):
    """No line or branch is lost or added, however coverage observes the program."""
    found = []

    def measured(ran):
        command = [sys.executable, '-m', 'coverage', 'json', '-q', '-o', '-']
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, check=True, timeout=120
        )
        return json.loads(done.stdout)['files']['prog.py']

    for off in (True, False):
        env = {'COVERAGE_CORE': core} | ({'MICROBENCH': 'off'} if off else {})
        flags = ('-W', 'error', '-m', 'coverage', 'run', '--branch', '--include=prog.py')
        ran = benched(PROGRAM, flags=flags, env=env)
        assert ran.status == 0, ran.err
        found.append(measured(ran))
    assert len(found[0]['executed_lines']) > 40
    assert len(found[0]['missing_branches']) > 3
    assert found[0] == found[1]

"""Each task of another event loop has its own record, with its own phases."""

import pytest

# What runs `main`, a coroutine function with a function that runs others at once.
LOOPS = {
    'asyncio': ('asyncio', """
async def together(*functions):
    await asyncio.gather(*(function() for function in functions))
sleep, run = asyncio.sleep, asyncio.run
"""),
    'uvloop': ('uvloop', """
import asyncio
async def together(*functions):
    await asyncio.gather(*(function() for function in functions))
sleep, run = asyncio.sleep, uvloop.run
"""),
    'trio': ('trio', """
async def together(*functions):
    async with trio.open_nursery() as nursery:
        for function in functions:
            nursery.start_soon(function)
sleep = trio.sleep
def run(coroutine):
    async def main():
        await coroutine
    trio.run(main)
"""),
    'anyio': ('anyio', """
async def together(*functions):
    async with anyio.create_task_group() as group:
        for function in functions:
            group.start_soon(function)
sleep = anyio.sleep
def run(coroutine):
    async def main():
        await coroutine
    anyio.run(main)
"""),
}  # fmt: skip
PROGRAM = """
import functools

@bench
async def work(number):
    for step in range(3):
        async with bench.time(f'{number}.{step}'):
            await sleep(0)

@bench
async def items():
    for number in range(3):
        with bench.time('item'):
            await sleep(0)
        yield number

async def part(name):
    with bench.time(name):
        await sleep(0)

async def main():
    async with bench.arecord('outer'):
        await together(*(functools.partial(work, number) for number in range(5)))
        await together(*(functools.partial(part, name) for name in 'abc'))
        print([number async for number in items()])

run(main())
"""


@pytest.mark.parametrize('loop', LOOPS)
def test_a_loop(benched, loop):
    """Tasks that run at once keep apart; those without a record share the one around."""
    module, text = LOOPS[loop]
    pytest.importorskip(module)
    ran = benched(f'import {module}\n{text}{PROGRAM}', flags=('-W', 'error'))
    assert ran.status == 0, ran.err
    assert ran.out == '[0, 1, 2]\n'
    found = sorted(
        (r['call']['name'], sorted(t['name'] for t in r['call']['timings']))
        for r in ran.records
    )
    assert found == [
        ('items', ['item'] * 3),
        ('outer', ['a', 'b', 'c']),
        *(('work', [f'{number}.{step}' for step in range(3)]) for number in range(5)),
    ]

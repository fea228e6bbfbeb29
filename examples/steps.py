"""Sixty calls, of which one phase takes longer each time; they are in steps.jsonl."""

from microbench import MicroBench

bench = MicroBench('steps.jsonl')
seen = []


@bench
def step(number):
    """Load, solve, and look through all results so far."""
    with bench.time('load'):
        numbers = [number * n % 9973 for n in range(100_000)]
    with bench.time('solve'):
        total = sum(n * n for n in numbers)
    with bench.time('history'):
        seen.append(total)
        return sorted(seen * 1000)


if __name__ == '__main__':
    for number in range(60):
        step(number)

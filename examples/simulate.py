"""A job that runs until it is killed; its record is in job.jsonl."""

from microbench import MicroBench

bench = MicroBench('job.jsonl')

with bench.record('simulate', cells=1_000_000, step=0) as record:
    with bench.time('setup'):
        grid = [0.0] * 1_000_000
    with bench.time('solve'):
        print('solving', flush=True)
        for step in range(1_000_000):
            grid = [cell + 1.0 for cell in grid]
            record.annotate(step=step)

"""The output of `make demo`."""

import json
import re

PARTS = [
    'A program that is killed: what was it doing?',
    'Sixty calls: which phase dominates, and is it getting slower?',
    'Four processes: which one was slow, and why?',
    'Any command: `sort`, 5 times',
    'A record is a line of JSON. One with a dozen mixins, broken up to be read:',
]


def parts_of(printed):
    """Return the text of each part; they come in this order."""
    places = [printed.index(f'\n{part}\n') for part in PARTS]
    assert places == sorted(places)
    ends = [*places[1:], len(printed)]
    return [printed[begin:end] for begin, end in zip(places, ends, strict=True)]


def test_the_demo_answers_each_question(run_module):
    """Each part shows a program, what is typed, and the answer; the kill comes first."""
    printed = run_module('examples.demo')
    assert not [x for x in printed.splitlines() if len(x) > 130 and '/' not in x]
    killed, steps, ranks, program, record = parts_of(printed)
    assert printed.index(killed) == 0
    check_killed(killed)
    assert '\n$ python -m examples.steps\n$ microbench show steps.jsonl ' in steps
    assert re.search(r'\n  history +60 .* slower\n', steps)
    assert '\n$ python -m examples.ranks\n$ microbench diff ranks.jsonl\n' in ranks
    assert re.search(r"\nof 12 runs of 'simulate', #\d+ is the slowest ", ranks)
    assert '\n$ microbench -n 5 -o programs.jsonl -- sort ' in program
    assert '\n$ microbench show programs.jsonl\nsort  ok\n' in program
    check_record(record)


def check_killed(text):
    """The job is shown while it runs, and after SIGKILL with the phase that was open."""
    assert '\n$ python simulate.py &\nsolving\n' in text
    running, _, after = text.partition('\n$ kill -9 ')
    assert re.search(r'\nsimulate .* solve  cells=1000000, step=\d+ ', running)
    assert '\nKilled by signal 9: it could not write job.jsonl. Its record:\n' in after
    assert '\n$ microbench show job.jsonl\nsimulate  lost and recovered' in after
    assert '\n    solve (not ended)  ' in after
    assert ': 1 record of process ' in after


def check_record(text):
    """It has what its mixins capture, and is JSON."""
    record = json.loads(text[text.index('\n{\n') :])
    assert record['call']['args'] == [100_000]
    assert record['call']['return_value'] == sum(i * i for i in range(100_000))
    assert {'host', 'slurm', 'loaded_modules', 'cgroups', 'file_hashes'} <= set(record)
    assert {'working_dir', 'peak_memory_bytes'} <= set(record['call'])

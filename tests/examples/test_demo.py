"""The output of `make demo`."""

import json
import re


def test_the_demo_shows_a_pipeline_a_program_and_a_record(run_module):
    """The parts have no long lines, and the record is the program's."""
    printed = run_module('examples.demo')
    assert not [x for x in printed.splitlines() if len(x) > 110 and '/' not in x]
    assert '  pipeline_in_threads ' in printed
    assert '\n    tokenise ' in printed
    assert '\n$ microbench -n 5 -o programs.jsonl -- sort ' in printed
    assert '\n$ microbench show programs.jsonl\nsort  ok\n' in printed
    records = printed[printed.index('\n{\n') :]
    record, end = json.JSONDecoder().raw_decode(records.lstrip())
    assert record['call']['name'] == 'sort'
    assert record['call']['returncode'] == [0] * 5
    assert len(record['call']['durations']) == len(record['resource_usage']) == 5
    rest = records.lstrip()[end:]
    explained, _ = json.JSONDecoder().raw_decode(rest[rest.index('{\n') :])
    assert explained['call']['args'] == [100_000]
    assert explained['call']['return_value'] == sum(i * i for i in range(100_000))
    captured = {'host', 'slurm', 'loaded_modules', 'cgroups', 'file_hashes'}
    assert captured <= set(explained)
    assert {'working_dir', 'peak_memory_bytes'} <= set(explained['call'])
    assert '\nKilled by signal 9: it never came to write killed.jsonl.\n' in printed
    assert re.search(r'\$ ls -A\n\.killed\.jsonl\.\d+-\w+\.journal\n', printed)
    assert '\n$ microbench show killed.jsonl\nsimulation  lost and recovered' in printed
    assert '\n    steps (not ended)  ' in printed
    assert ': 1 record of process ' in printed
    assert printed.endswith('$ ls -A\nkilled.jsonl\n\n')

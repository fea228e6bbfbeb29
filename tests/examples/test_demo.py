"""What `make demo` shows."""

import json


def test_the_demo_shows_a_pipeline_a_program_and_a_record(run_module):
    """Its parts are there, without long lines, and the record is the program's."""
    printed = run_module('examples.demo')
    assert not [x for x in printed.splitlines() if len(x) > 88 and '/' not in x]
    assert '  pipeline_in_threads ' in printed
    assert '\n  $ microbench -n 5 -o programs.jsonl -- sort ' in printed
    assert '\n  n=5  min=' in printed
    record = json.loads(printed[printed.index('\n{\n') :])
    assert record['call']['name'] == 'sort'
    assert record['call']['returncode'] == [0] * 5
    assert len(record['call']['durations']) == len(record['resource_usage']) == 5

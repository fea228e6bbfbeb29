#!/bin/sh
# line_profiler 5.0.2, CPython 3.11
#
# Each LineProfiler that gets a function replaces its code object by one that is two bytes
# longer, even if the earlier profilers are gone. In a program that makes a profiler for each
# call, functions grow with the number of calls. 4.2.0 does not change the code; 5.1.0 adds two
# bytes once.
#
# Seen:
#     4.2.0: bytes added after 1, 2, 10, 100 profilers: 0 0 0 0
#     5.0.2: bytes added after 1, 2, 10, 100 profilers: 0 2 18 198
#     5.1.0: bytes added after 1, 2, 10, 100 profilers: 2 2 2 2
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/seen.py" <<'PROGRAM'
from importlib.metadata import version

from line_profiler import LineProfiler


def work():
    return 1


before = len(work.__code__.co_code)
added = []
for number in range(1, 101):
    profiler = LineProfiler()
    profiler.add_function(work)
    profiler.enable_by_count()
    work()
    profiler.disable_by_count()
    del profiler
    if number in (1, 2, 10, 100):
        added.append(len(work.__code__.co_code) - before)
release = version('line_profiler')
print(f'{release}: bytes added after 1, 2, 10, 100 profilers:', *added)
PROGRAM
"${PYTHON:-python3}" -m venv "$place/venv"
for release in line_profiler==4.2.0 line_profiler==5.0.2 line_profiler==5.1.0; do
    "$place/venv/bin/pip" install -q --disable-pip-version-check "$release"
    "$place/venv/bin/python" -W ignore "$place/seen.py"
done >"$place/seen"
cat "$place/seen"
diff "$place/seen" - <<'EXPECTED'
4.2.0: bytes added after 1, 2, 10, 100 profilers: 0 0 0 0
5.0.2: bytes added after 1, 2, 10, 100 profilers: 0 2 18 198
5.1.0: bytes added after 1, 2, 10, 100 profilers: 2 2 2 2
EXPECTED

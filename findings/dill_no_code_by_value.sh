#!/bin/sh
# dill 0.4.1 (which pathos and multiprocess use), on Linux, CPython 3.15
#
# dill pickles no function of __main__, no lambda and no class with a method any more: it reads
# co_lnotab of a code object, which CPython 3.15 has removed. On 3.14 all of it works. The
# package installs on 3.15 without a word; functions of modules, by name, are still pickled.
#
# Seen:
#     function of __main__: AttributeError 'code' object has no attribute 'co_lnotab'
#     lambda: AttributeError 'code' object has no attribute 'co_lnotab'
#     function of a module: pickled
set -eu
python=${PYTHON:-python3}
if [ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" != 3.15 ]; then
    echo 'SKIP: for CPython 3.15'
    exit 0
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$python" -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check dill==0.4.1
cat >"$place/seen.py" <<'PROGRAM'
import json

import dill


def work():
    return 1


for name, function in (
    ('function of __main__', work),
    ('lambda', lambda: 1),
    ('function of a module', json.dumps),
):
    try:
        dill.loads(dill.dumps(function))
    except AttributeError as error:
        print(f'{name}: AttributeError {error}')
    else:
        print(f'{name}: pickled')
PROGRAM
"$place/venv/bin/python" "$place/seen.py" >"$place/seen"
cat "$place/seen"
diff "$place/seen" - <<'EXPECTED'
function of __main__: AttributeError 'code' object has no attribute 'co_lnotab'
lambda: AttributeError 'code' object has no attribute 'co_lnotab'
function of a module: pickled
EXPECTED

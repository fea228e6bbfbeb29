#!/bin/sh
# dill 0.4.1, on CPython 3.15
#
# dill cannot pickle a function of a script: it reads `co_lnotab` of the code, which code
# objects no longer have from CPython 3.15 on. So pools of multiprocess and pathos, which
# pickle with dill, take no function of the script that uses them. On 3.14 all of it works.
#
# Seen:
#     AttributeError: 'code' object has no attribute 'co_lnotab'
set -eu
python=${PYTHON:-python3}
if [ "$("$python" -c 'import sys; print(*sys.version_info[:2])')" != '3 15' ]; then
    echo 'SKIP: it is about CPython 3.15'
    exit 0
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$python" -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check dill==0.4.1
cat >"$place/script.py" <<'PROGRAM'
import dill


def double(number):
    return 2 * number


try:
    print(dill.loads(dill.dumps(double))(2))
except Exception as error:
    print(f'{type(error).__name__}: {error}')
PROGRAM
"$place/venv/bin/python" "$place/script.py" >"$place/seen"
cat "$place/seen"
echo "AttributeError: 'code' object has no attribute 'co_lnotab'" | diff "$place/seen" -

#!/bin/sh
# CPython 3.14 and 3.15: concurrent.futures.InterpreterPoolExecutor, on Linux
# Packages of Debian: python3.14_3.14.10-1_amd64.deb, python3.15_3.15.2-1_amd64.deb
#
# To find a function of a script, the pool runs the script again in its interpreter. If the
# script raises there, for example since it imports an extension module that serves only the
# main interpreter, that error is lost. What is raised instead says that the script has no
# such function, although it has. The module below stands for such an extension module.
#
# Seen:
#     'only for the main interpreter' in the report: False
#     AttributeError: module '__main__' has no attribute 'work'
set -eu
python=${PYTHON:-python3}
case $("$python" -c 'import sys; print(*sys.version_info[:2])') in
'3 14' | '3 15') ;;
*)
    echo 'SKIP: it is about CPython 3.14 and 3.15'
    exit 0
    ;;
esac
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/extension.py" <<'PROGRAM'
from concurrent import interpreters

if interpreters.get_current() != interpreters.get_main():
    raise ImportError('only for the main interpreter')
PROGRAM
cat >"$place/script.py" <<'PROGRAM'
import traceback
from concurrent.futures import InterpreterPoolExecutor

import extension


def double(number):
    return 2 * number


def work(number):
    return double(number)


if __name__ == '__main__':
    with InterpreterPoolExecutor(1) as pool:
        try:
            print(pool.submit(work, 1).result())
        except Exception:
            report = traceback.format_exc()
            text = 'only for the main interpreter'
            print(f'{text!r} in the report:', text in report)
            print(*[line.removeprefix('Exception: ') for line in report.splitlines()
                    if 'AttributeError' in line], sep='\n')
PROGRAM
"$python" "$place/script.py" >"$place/seen"
cat "$place/seen"
diff "$place/seen" - <<'EXPECTED'
'only for the main interpreter' in the report: False
AttributeError: module '__main__' has no attribute 'work'
EXPECTED

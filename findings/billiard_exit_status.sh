#!/bin/sh
# billiard 4.3.2 (the process pools of Celery), on Linux, CPython 3.11
#
# Exit statuses of a process of billiard are the other way round than those of
# multiprocessing, which it is a fork of, and of the interpreter: sys.exit() without an
# argument, which says that all is well, ends it with 1; sys.exit('message'), which says
# that something is wrong, with 0.
#
# Seen:
#     multiprocessing sys.exit() 0
#     multiprocessing sys.exit('message') 1
#     billiard sys.exit() 1
#     billiard sys.exit('message') 0
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check billiard==4.3.2
cat >"$place/seen.py" <<'PROGRAM'
import importlib
import sys


def bare():
    sys.exit()


def message():
    sys.exit('message')


if __name__ == '__main__':
    for package in ('multiprocessing', 'billiard'):
        context = importlib.import_module(package).get_context('fork')
        for target, call in ((bare, 'sys.exit()'), (message, "sys.exit('message')")):
            process = context.Process(target=target)
            process.start()
            process.join()
            print(package, call, process.exitcode)
PROGRAM
"$place/venv/bin/python" "$place/seen.py" 2>/dev/null >"$place/seen"
cat "$place/seen"
diff "$place/seen" - <<'EXPECTED'
multiprocessing sys.exit() 0
multiprocessing sys.exit('message') 1
billiard sys.exit() 1
billiard sys.exit('message') 0
EXPECTED

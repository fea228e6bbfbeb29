#!/bin/sh
# glibc 2.43 (Debian sid, with its CPython 3.14 and 3.15), on Linux
# Packages of Debian: libc6_2.43-7_amd64.deb, python3.14_3.14.10-1_amd64.deb
#
# abort() does not call the handler of SIGABRT in a thread that blocks this signal: the process
# just ends by it. Up to glibc 2.36 at least the handler was called, since abort() unblocked
# the signal before it sent it; POSIX says that abort() overrides blocking. So a crash handler,
# such as faulthandler, is silent where a runtime calls abort() in its own handler of SIGSEGV,
# which usually blocks all signals.
#
# Seen, with CPython 3.14.10 on glibc 2.43:
#     open: ends by SIGABRT, traceback printed
#     blocked: ends by SIGABRT, nothing printed
set -eu
python=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [ "$("$python" -c 'import os; print(os.confstr("CS_GNU_LIBC_VERSION"))')" != 'glibc 2.43' ]; then
    echo 'SKIP: for glibc 2.43'
    exit 0
fi
cat >"$place/seen.py" <<'PROGRAM'
import resource
import signal
import subprocess
import sys

PROGRAM = """
import faulthandler, os, signal
faulthandler.enable()
{}
os.abort()
"""
BLOCKS = 'signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGABRT])'

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for name, text in (('open', ''), ('blocked', BLOCKS)):
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM.format(text)], capture_output=True, text=True
    )
    printed = 'traceback' if 'most recent call first' in done.stderr else 'nothing'
    print(f'{name}: ends by {signal.Signals(-done.returncode).name}, {printed} printed')
PROGRAM
"$python" "$place/seen.py" >"$place/seen"
cat "$place/seen"
diff "$place/seen" - <<'EXPECTED'
open: ends by SIGABRT, traceback printed
blocked: ends by SIGABRT, nothing printed
EXPECTED

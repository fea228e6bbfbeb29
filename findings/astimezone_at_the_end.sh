#!/bin/sh
# CPython 3.14.10 on Linux; other versions are skipped
# Packages of Debian: python3.14_3.14.10-1_amd64.deb
#
# A generator that is suspended when the interpreter ends is closed then, and its `finally`
# runs. There, datetime.astimezone() raises ImportError, although the module was imported and
# its objects are at hand: since 3.14 the method looks its own module up, and imports it anew
# if it has been freed. CPython 3.11 and 3.15 convert the time.
#
# Seen:
#     ImportError: sys.meta_path is None, Python is likely shutting down
set -eu
python=${PYTHON:-python3}
case $("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') in
3.14) ;;
*)
    echo 'SKIP: another version'
    exit 0
    ;;
esac
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/seen.py" <<'PROGRAM'
from datetime import datetime, timezone


def steps(moment=datetime(2026, 1, 1, tzinfo=timezone.utc)):
    try:
        yield
    finally:
        try:
            moment.astimezone()
            print('converted')
        except ImportError as error:
            print('ImportError:', error)


suspended = steps()
next(suspended)
PROGRAM
"$python" "$place/seen.py" >"$place/seen"
cat "$place/seen"
echo 'ImportError: sys.meta_path is None, Python is likely shutting down' |
    diff "$place/seen" -

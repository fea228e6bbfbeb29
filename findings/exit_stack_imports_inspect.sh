#!/bin/sh
# CPython 3.15.2 on Linux; other versions are skipped
# Packages of Debian: python3.15_3.15.2-1_amd64.deb
#
# The first use of contextlib.ExitStack.enter_context() or push() imports `inspect` with `ast`,
# `dis`, `annotationlib` and `tokenize`: some 5 ms. callback() does not. In CPython 3.14 and
# before, none of the three imports anything.
#
# Seen:
#     callback() imports []
#     push() imports ['ast', 'dis', 'inspect']
#     enter_context() imports ['ast', 'dis', 'inspect']
set -eu
python=${PYTHON:-python3}
case $("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') in
3.15) ;;
*)
    echo 'SKIP: another version'
    exit 0
    ;;
esac
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/seen.py" <<'PROGRAM'
import contextlib
import sys

HEAVY = {'ast', 'dis', 'inspect'}
assert not HEAVY & set(sys.modules)
with contextlib.ExitStack() as stack:
    used = getattr(stack, sys.argv[1])
    used(bool if sys.argv[1] == 'callback' else contextlib.nullcontext())
    print(f'{sys.argv[1]}() imports {sorted(HEAVY & set(sys.modules))}')
PROGRAM
for method in callback push enter_context; do
    "$python" -I -S "$place/seen.py" "$method"
done >"$place/seen"
cat "$place/seen"
diff "$place/seen" - <<'EXPECTED'
callback() imports []
push() imports ['ast', 'dis', 'inspect']
enter_context() imports ['ast', 'dis', 'inspect']
EXPECTED

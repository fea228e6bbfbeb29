#!/bin/sh
# CPython 3.14 and 3.15, on Linux
# Packages of Debian: python3.14_3.14.10-1_amd64.deb, python3.15_3.15.2-1_amd64.deb
#
# functools.wraps() copies __annotate__ and no longer __annotations__. So a wrapper has none
# of the annotations that were assigned to the function, or added to its dictionary; and
# typing.get_type_hints() of the wrapper lacks them too. Up to 3.13 it has all of them.
#
# Seen:
#     assigned {'a': <class 'int'>} wrapper {}
#     added {'a': <class 'int'>, 'b': <class 'str'>} wrapper {'a': <class 'int'>}
#     hints {'a': <class 'int'>} wrapper {}
set -eu
python=${PYTHON:-python3}
case $("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') in
    3.14 | 3.15) ;;
    *) echo 'SKIP: this is about CPython 3.14 and 3.15'; exit 0 ;;
esac
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/seen.py" <<'PROGRAM'
import functools
import typing


def wrapper_of(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def assigned(a): ...
def added(a: int): ...


assigned.__annotations__ = {'a': int}
added.__annotations__['b'] = str
for function in (assigned, added):
    print(function.__name__, function.__annotations__, end=' ')
    print('wrapper', wrapper_of(function).__annotations__)
hints = typing.get_type_hints
print('hints', hints(assigned), 'wrapper', hints(wrapper_of(assigned)))
PROGRAM
"$python" "$place/seen.py" >"$place/seen"
cat "$place/seen"
sed -n 's/^#     //p' "$0" | diff - "$place/seen"

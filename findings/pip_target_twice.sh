#!/bin/sh
# pip 25.2 and 26.3, on Linux, CPython 3.11
#
# `pip install --target DIR` of another version of a package in DIR warns that the folders
# exist, keeps the code, and ends with 0. But it adds the metadata of the new version next to
# the old metadata: DIR then holds the code of one version and the metadata of two, and
# `pip list --path DIR` and importlib.metadata report one version or the other, whichever
# the file system lists first.
#
# Seen:
#     status 0
#     six.__version__ 1.16.0
#     six-1.16.0.dist-info six-1.17.0.dist-info
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
for pip in pip==25.2 pip==26.3; do
    "$place/venv/bin/python" -m pip install -q --disable-pip-version-check "$pip"
    rm -rf "$place/target"
    for version in six==1.16.0 six==1.17.0; do
        status=0
        "$place/venv/bin/python" -m pip install -q --disable-pip-version-check \
            --target "$place/target" "$version" 2>/dev/null || status=$?
    done
    {
        echo "status $status"
        PYTHONPATH=$place/target "$place/venv/bin/python" -c '
import six
print("six.__version__", six.__version__)'
        (cd "$place/target" && echo six-*.dist-info)
    } >"$place/seen"
    cat "$place/seen"
    diff "$place/seen" - <<'EXPECTED'
status 0
six.__version__ 1.16.0
six-1.16.0.dist-info six-1.17.0.dist-info
EXPECTED
done

#!/usr/bin/env bash
# Unpacks the newest CPython releases, 3.14 and 3.15, from Debian's packages into a folder.
#
#   usage: tools/interpreters.sh FOLDER PATCHELF
#
# Leaves FOLDER/usr/bin/python3.14 and python3.15, with headers and venv, from Debian sid.
# Nothing is installed on the system, and no privilege is needed: see tools/unpack.sh.
#
# They need a newer C library than a stable Debian has, so PATCHELF, a path of patchelf(1),
# makes each interpreter load the one in FOLDER. It stores absolute paths: do not move FOLDER.
# Programs that these interpreters start are the system's own.
set -euo pipefail

versions=(3.14 3.15)
folder=$(realpath -m "$1")
patchelf=$(realpath "$2")

packages=()
for version in "${versions[@]}"; do
    packages+=("python$version-dev" "python$version-venv")
done
"$(dirname "$0")/unpack.sh" "$folder" sid "$(dpkg --print-architecture)" "${packages[@]}"

libraries=$(dirname "$folder"/usr/lib/*/libc.so.6)
triplet=$(basename "$libraries")
loader=$(ls "$libraries"/ld-linux*)
for version in "${versions[@]}"; do
    python=$folder/usr/bin/python$version
    "$patchelf" --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$python"
    # Debian's header includes this one, by a path that begins at /usr/include.
    cp "$folder/usr/include/$triplet/python$version/pyconfig.h" \
        "$folder/usr/include/python$version/pyconfig.h"
    # Where PyInstaller looks for it, since the system's linker does not know it.
    ln -s "$triplet/libpython$version.so.1.0" "$folder/usr/lib/"
    # Where ensurepip finds pip.
    sed -i "s#/usr/share/python-wheels#$folder&#" \
        "$folder/usr/lib/python$version"/{ensurepip/__init__,_sysconfigdata__*}.py
    "$python" -c 'import sys; print("CPython", sys.version.split()[0], "in", sys.executable)'
done

#!/usr/bin/env bash
# Runs tests on aarch64, emulated: `make test-aarch64`.
#
#   usage: tools/aarch64.sh FOLDER PYTHON [ARGUMENT OF PYTEST]...
#
# Unpacks an arm64 Debian with CPython 3.13 and the wheels that the tests need into FOLDER, once.
# Cross-compiles the extension of this tree, with the setuptools and Cython of PYTHON, and runs
# pytest in FOLDER by qemu-user. Needs root (chroot, mount, binfmt_misc), a Debian, and the
# packages qemu-user-static and gcc-aarch64-linux-gnu.
#
# tools/aarch64.txt lists the tests that the emulator cannot run, each with its reason.
set -euo pipefail

folder=$(realpath -m "$1") python=$(realpath -s "$2")
shift 2
cd "$(dirname "$0")/.."
root=$folder/root version=3.13

missing=()
for command in qemu-aarch64-static aarch64-linux-gnu-gcc; do
    command -v "$command" >/dev/null || missing+=("$command")
done
if ((${#missing[@]} || EUID)); then
    echo "aarch64: needs root, and the packages qemu-user-static and gcc-aarch64-linux-gnu" \
        "${missing[*]:+(missing: ${missing[*]})}" >&2
    exit 1
fi

# What runs an aarch64 program; F keeps the emulator open, so that a chroot needs no copy.
formats=/proc/sys/fs/binfmt_misc
[ -e "$formats/register" ] || mount -t binfmt_misc binfmt_misc "$formats"
if ! [ -e "$formats/qemu-aarch64" ]; then
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":qemu-aarch64:M::$magic:$mask:$(command -v qemu-aarch64-static):F" >"$formats/register"
    trap 'echo -1 >"$formats/qemu-aarch64"' EXIT
fi

if ! [ -e "$folder/.ready" ]; then
    echo 'unpacking an arm64 Debian and its wheels ...'
    tools/unpack.sh "$root" trixie arm64 base-files base-passwd bash binutils coreutils dash \
        findutils gcc git grep hostname libc6-dev make mawk procps "python$version-dev" \
        "python$version-venv" python3-minimal sed util-linux
    # What the scripts of these packages would do.
    for file in passwd group; do
        cp "$root/usr/share/base-passwd/$file.master" "$root/etc/$file"
    done
    ln -sf mawk "$root/usr/bin/awk"
    ln -sf gcc "$root/usr/bin/cc"
    "$python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 \
        --python-version "$version" --implementation cp --abi "cp${version/./}" --abi abi3 \
        --abi none --target "$root/site" \
        psutil orjson 'pytest>=8.2' 'pytest-asyncio>=0.24' 'pytest-xdist>=3.7' 'hypothesis>=6.60' \
        cloudpickle jsonschema virtualenv
    touch "$folder/.ready"
fi

# A copy of the tree, whose extension this machine compiles: the emulated compiler takes long.
rm -rf "$root/work"
mkdir -p "$root/work"
tar -cf - --exclude=./build --exclude='./.venv*' --exclude='./.interpreters*' --exclude=./.git \
    --exclude='*.so' . | tar -xf - -C "$root/work"
data=_sysconfigdata__aarch64-linux-gnu
mkdir -p "$folder/data"
cp "$root/usr/lib/python$version/$data.py" "$folder/data/"
echo 'compiling the extension for aarch64 ...'
(
    cd "$root/work"
    export MICROBENCH_WERROR=0 _PYTHON_HOST_PLATFORM=linux-aarch64 \
        _PYTHON_SYSCONFIGDATA_NAME=$data PYTHONPATH=$folder/data \
        CFLAGS="-I$root/usr/include/python$version -idirafter $root/usr/include"
    "$python" setup.py --quiet build_ext --inplace
)

deselected=()
while read -r name _; do
    case $name in '#'* | '') ;; *) deselected+=("--deselect=$name") ;; esac
done <tools/aarch64.txt

# shellcheck disable=SC2016 # the shell inside expands them
unshare --mount --propagation private bash -euc '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/bin:/usr/sbin:/site/bin LANG=C.UTF-8 \
        PYTHONPATH=/site MICROBENCH_DEADLINE=1800 sh -c "cd /work && exec \"\$@\"" sh "$@"
' bash "$root" python3 -m pytest -p no:cacheprovider --assert=plain "${deselected[@]}" "$@" </dev/null

#!/usr/bin/env bash
# Unpacks the newest CPython releases, 3.14 and 3.15, from Debian's packages into a folder.
#
#   usage: tools/interpreters.sh FOLDER PATCHELF
#
# Leaves FOLDER/usr/bin/python3.14 and python3.15, with headers and venv. Nothing is installed
# on the system, and no privilege is needed. The packages come from Debian sid by way of the
# mirror that apt uses on this machine, and apt checks their signatures.
#
# They need a newer C library than a stable Debian has, so PATCHELF, a path of patchelf(1),
# makes each interpreter load the one in FOLDER. It stores absolute paths: do not move FOLDER.
# Programs that these interpreters start are the system's own.
set -euo pipefail

versions=(3.14 3.15)
folder=$(realpath -m "$1")
patchelf=$(realpath "$2")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

for command in apt-get dpkg-deb; do
    command -v "$command" >/dev/null || {
        echo "interpreters: $command is missing; this works on Debian only" >&2
        exit 1
    }
done
[ -e "$keyring" ] || {
    echo "interpreters: $keyring is missing; install debian-archive-keyring" >&2
    exit 1
}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep -m 1 '/debian/$') || {
    echo 'interpreters: apt knows no Debian mirror; run apt-get update once' >&2
    exit 1
}

# An apt of its own, which believes that nothing is installed yet.
rm -rf "$folder"
apt=$folder/apt
mkdir -p "$apt"/lists/partial "$apt"/archives/partial
touch "$apt/status"
echo "deb [signed-by=$keyring] $mirror sid main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/none";
APT::Sandbox::User "$(id -un)";
APT::Install-Recommends "false";
END
export APT_CONFIG=$apt/apt.conf
apt-get -qq update
packages=()
for version in "${versions[@]}"; do
    packages+=("python$version-dev" "python$version-venv")
done
apt-get -qq install --yes --download-only -o Debug::NoLocking=true "${packages[@]}" >/dev/null
for package in "$apt"/archives/*.deb; do
    dpkg-deb -x "$package" "$folder"
done
rm -rf "$apt"

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

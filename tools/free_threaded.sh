#!/usr/bin/env bash
# Builds a free-threaded CPython from the sources in Debian's packages, into a folder.
#
#   usage: tools/free_threaded.sh FOLDER VERSION... [--thread-sanitizer]
#
# Takes the first VERSION, such as 3.14, of which the mirror has sources. Leaves FOLDER/python, a
# link to the interpreter, which has headers, venv and pip; with the option, one that
# ThreadSanitizer watches, and the reports of CPython's own that it leaves out, FOLDER/tsan.
#
# Nothing is installed on the system, and no privilege is needed. The packages come from Debian
# sid by way of the mirror that apt uses on this machine, and apt checks their signatures. It
# takes some minutes, and needs the headers of zlib, OpenSSL and libffi: zlib1g-dev, libssl-dev
# and libffi-dev. It stores absolute paths: do not move FOLDER.
set -euo pipefail

folder=$(realpath -m "$1")
shift
watched=
versions=()
for word; do
    if [ "$word" = --thread-sanitizer ]; then watched=$word; else versions+=("$word"); fi
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

command -v apt-get >/dev/null || {
    echo 'free_threaded: apt-get is missing; this works on Debian only' >&2
    exit 1
}
[ -e "$keyring" ] || {
    echo "free_threaded: $keyring is missing; install debian-archive-keyring" >&2
    exit 1
}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep -m 1 '/debian/$') || {
    echo 'free_threaded: apt knows no Debian mirror; run apt-get update once' >&2
    exit 1
}

# An apt of its own, which reads the list of sources only.
rm -rf "$folder"
apt=$folder/apt
mkdir -p "$apt"/lists/partial "$apt"/archives/partial "$folder/source"
touch "$apt/status"
echo "deb-src [signed-by=$keyring] $mirror sid main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/none";
APT::Sandbox::User "$(id -un)";
END
export APT_CONFIG=$apt/apt.conf
apt-get -qq update

# The newest first: a mirror may have lost a release that its index still names.
fetch() { # fetch VERSION: its sources into the folder of archives
    local release
    for release in $(apt-cache showsrc "python$1" | sed -n 's/^Version: //p' | sort -rVu); do
        (cd "$apt/archives" &&
            apt-get -qq source --download-only "python$1=$release" 2>/dev/null) && return
    done
    echo "free_threaded: the mirror has no sources of CPython $1" >&2
    return 1
}
version=
for version in "${versions[@]}" none; do
    [ "$version" = none ] || ! fetch "$version" || break
done
[ "$version" != none ] || exit 1
unset APT_CONFIG
tar -xf "$apt"/archives/*.orig.tar.* -C "$folder/source" --strip-components=1
rm -rf "$apt"

log=$folder/build.log
cd "$folder/source"
make_it() {
    make -s -j"${JOBS:-2}" "$@" >>"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        exit 1
    }
}
# A test suite of its own is half of an installation.
./configure --quiet --prefix="$folder" --disable-gil --disable-test-modules \
    ${watched:+--with-thread-sanitizer} CFLAGS=-O2 >"$log" 2>&1
make_it
make_it altinstall
cp -r Tools/tsan "$folder/tsan"
cd "$folder"
rm -rf source
ln -s "bin/python${version}t" python
./python -c 'import sys; print("CPython", sys.version.split()[0], "in", sys.executable)'

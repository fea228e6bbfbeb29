#!/usr/bin/env bash
# Unpacks Debian packages, and all that they depend on, into a folder.
#
#   usage: tools/unpack.sh FOLDER SUITE ARCHITECTURE PACKAGE...
#
# Nothing is installed on the system, and no privilege is needed. The packages come by way of
# the mirror that apt uses on this machine, and apt checks their signatures. Their own scripts
# do not run: what those leave behind (users, caches, alternatives) is missing.
set -euo pipefail

folder=$(realpath -m "$1") suite=$2 architecture=$3
packages=("${@:4}")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

for command in apt-get dpkg-deb; do
    command -v "$command" >/dev/null || {
        echo "unpack: $command is missing; this works on Debian only" >&2
        exit 1
    }
done
[ -e "$keyring" ] || {
    echo "unpack: $keyring is missing; install debian-archive-keyring" >&2
    exit 1
}
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep -m 1 '/debian/$') || {
    echo 'unpack: apt knows no Debian mirror; run apt-get update once' >&2
    exit 1
}

# An apt of its own, which believes that nothing is installed yet.
rm -rf "$folder"
apt=$folder/apt
mkdir -p "$apt"/lists/partial "$apt"/archives/partial
touch "$apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
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
apt-get -qq install --yes --download-only -o Debug::NoLocking=true "${packages[@]}" >/dev/null
for package in "$apt"/archives/*.deb; do
    dpkg-deb -x "$package" "$folder"
done
rm -rf "$apt"

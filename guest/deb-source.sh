#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deb-source.sh PACKAGE: unpacks a Debian source package with Debian's patches; prints its folder.
#
# The machine's own apt sources say where from: its "deb" lines are read as "deb-src" lines from a list in
# the cache, so /etc/apt and apt's lists stay as they are.
. "$(dirname "$0")/lib.sh"
[ $# = 1 ] || die "usage: deb-source.sh PACKAGE"
package=$1
recipe "source-$package" "$0"
"$guest_dir/packages.sh" initramfs

private_apt() {
    apt-get -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts="$work/apt/parts" \
        -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" \
        -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=true "$@"
}

source_lists() {
    local file

    rm -rf apt
    mkdir -p apt/parts apt/lists/partial apt/cache/archives/partial
    touch apt/sources.list
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$file" ] || sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" >>apt/sources.list
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"apt/parts/${file##*/}"
    done
    # A third party's archive may have no sources; what counts is whether the package is found.
    private_apt -q update || true
}

fetch() {
    rm -rf fetched
    mkdir fetched
    cd fetched
    private_apt -q source "$package"
}

step "read the source package lists" source_lists
step "fetch and unpack" fetch
publish "$(find "$work/fetched" -mindepth 1 -maxdepth 1 -type d)"

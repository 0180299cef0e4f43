#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# busybox.sh NAME...|all: an image with busybox and its own tests. A NAME is an applet, or a folder of its shells' tests.
. "$(dirname "$0")/image.sh"
[ $# != 0 ] || die "usage: busybox.sh NAME...|all"
names="$*"
image_recipe "busybox-tests-$(echo "$names" | tr -c 'a-z0-9\n' - | cut -c1-40)" \
    "$tests_dir/programs/busybox-test" "$guest_dir/busybox.sh" "$guest_dir/deb-source.sh"
busybox=$("$guest_dir/busybox.sh")

all_names() {
    find "$busybox/testsuite" -mindepth 1 -maxdepth 1 \( -type d -o -name '*.tests' \) -printf '%f\n' | sed 's/\.tests$//'
    find "$busybox"/shell/*_test -mindepth 1 -maxdepth 1 -type d -printf '%f\n'
}

collect() {
    local name

    rm -rf tests files
    mkdir -p tests files/bin files/etc files/usr
    cp -a "$busybox" files/busybox
    ln -s ../busybox/busybox files/bin/busybox
    while read -r name; do
        [ -e "files/bin/${name##*/}" ] || ln -s ../busybox/busybox "files/bin/${name##*/}"
    done <"$busybox/busybox.links"
    ln -s ../bin files/busybox/runtest-tempdir-links
    ln -s bin files/sbin
    ln -s ../bin files/usr/bin
    ln -s ../bin files/usr/sbin
    echo 'root:x:0:0:root:/root:/bin/sh' >files/etc/passwd
    echo 'root:x:0:' >files/etc/group
    echo '127.0.0.1 localhost' >files/etc/hosts
    install -m 755 "$tests_dir/programs/busybox-test" tests/
    if [ "$names" = all ]; then all_names; else printf '%s\n' $names; fi | sort -u | while read -r name; do
        case $name in
        all_sourcecode) echo "- $name looks at busybox's source" ;;
        wget) echo "- $name needs the internet" ;;
        ash-* | hush-* | busybox) echo "3600 $name busybox-test $name" ;;
        *)
            if grep -q "/$name\$" "$busybox/busybox.links"; then
                echo "3600 $name busybox-test $name"
            else
                echo "- $name is not in this busybox"
            fi
            ;;
        esac
    done >tests/list
}

step "collect" collect
step "pack" pack_image
publish "$work/new"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# busybox.sh: builds Debian's busybox for ia64, static, with nearly everything; prints its folder.
#
# The folder has busybox, busybox.links (the names it goes by), .config, and its tests: testsuite/ of the applets, shell/
# of the shells with the programs these need. The compiler, with a C library, is that of $KIA_LIBC_TOOLCHAIN.
. "$(dirname "$0")/lib.sh"
toolchain=${KIA_LIBC_TOOLCHAIN:-$("$guest_dir/toolchain.sh" libc)}
key_words=$toolchain
recipe busybox "$0" "$guest_dir/deb-source.sh"
"$guest_dir/packages.sh" initramfs
source=$("$guest_dir/deb-source.sh" busybox)
PATH=$toolchain/bin:$PATH

busybox_make() { make -C "$source" O="$work/build" ARCH=ia64 CROSS_COMPILE=ia64-linux-gnu- "$@"; }

# Its tc does not compile against the headers of a Linux as new as 6.1's.
configure() {
    rm -rf build
    mkdir build
    busybox_make defconfig
    sed -i -e 's/^# CONFIG_STATIC is not set/CONFIG_STATIC=y/' -e '/^CONFIG_\(FEATURE_\)\?TC[_=]/d' build/.config
    printf '# CONFIG_TC is not set\n' >>build/.config
    busybox_make oldconfig < <(yes '')
    grep -qx CONFIG_STATIC=y build/.config
}

compile() { busybox_make -j"$jobs" busybox busybox.links; }

collect() {
    local program

    rm -rf new
    mkdir -p new/shell
    cp build/busybox build/busybox.links build/.config new/
    cp -a "$source/testsuite" new/
    cp -a "$source"/shell/*_test new/shell/
    for program in recho zecho; do
        ia64-linux-gnu-gcc -O2 -w -static -s -o "new/shell/$program" "$source/shell/ash_test/$program.c"
    done
}

step "configure" configure
step "compile" compile
step "collect" collect
publish "$work/new"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# klibc.sh: builds Debian's klibc for ia64: a small static C library, a shell (dash) and utilities.
#
# Prints its folder: bin/ has the programs, include/ and lib/ what guest programs compile and link with
# (see initramfs.sh).
. "$(dirname "$0")/lib.sh"
key_words=${KIA_TOOLCHAIN:-}
recipe klibc "$0" "$guest_dir/deb-source.sh" "$guest_dir/linux-source.sh"
"$guest_dir/packages.sh" initramfs linux
toolchain=$("$guest_dir/toolchain.sh")
linux=$("$guest_dir/linux-source.sh")
source=$("$guest_dir/deb-source.sh" klibc)
PATH=$toolchain/bin:$PATH

kernel_headers() {
    make -C "$linux" O="$work/headers-build" ARCH=ia64 INSTALL_HDR_PATH="$work/headers" headers_install
}

klibc_make() {
    make -C "$work/build" -f ../src/Makefile KBUILD_SRC="$work/src" ARCH=ia64 \
        CROSS_COMPILE=ia64-linux-gnu- KLIBCKERNELSRC="$work/headers" INSTALLROOT="$work/install" "$@"
}

# The shell gets job control, which klibc leaves out for early boot.
prepare() {
    rm -rf src build
    cp -a "$source" src
    sed -i 's/-DJOBS=0/-DJOBS=1/' src/usr/dash/Kbuild
    mkdir build
}

compile() { klibc_make -j"$jobs" all; }

collect() {
    local file

    rm -rf install new
    klibc_make install
    mkdir -p new/bin
    cp -a install/usr/lib/klibc/include install/usr/lib/klibc/lib new/
    for file in build/usr/utils/static/* build/usr/dash/static/sh build/usr/gzip/gzip; do
        case $file in *.g) ;; *) cp -a "$file" new/bin/ ;; esac
    done
}

step "kernel headers" kernel_headers
step "prepare" prepare
step "compile" compile
step "collect" collect
publish "$work/new"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# glibc.sh SET COUNT: builds glibc's own tests, the SET base or math, COUNT of them or "all" (see build_glibc.py).
. "$(dirname "$0")/image.sh"
[ $# = 2 ] || die "usage: glibc.sh base|math COUNT|all"
set=$1 count=$2
image_recipe "glibc-$set-$count" "$tests_dir/build_glibc.py" "$guest_dir/busybox.sh" "$guest_dir/deb-source.sh"
busybox=
[ "$set" = math ] || busybox=$("$guest_dir/busybox.sh")
sources=$("$guest_dir/deb-source.sh" glibc)

# The C library takes the unwinder of pthread_cancel and backtrace from libgcc_s.so.1, which a compiler without shared
# libraries lacks: here made of its static one, whose names are hidden, with a jump from the visible name of each function.
unwinder() {
    local library names name

    rm -rf eh
    mkdir eh
    cd eh
    library=$(dirname "$("$compiler" -print-libgcc-file-name)")
    ia64-linux-gnu-ar x "$library/libgcc.a" unwind-ia64.o unwind-c.o fde-glibc.o ||
        ia64-linux-gnu-ar x "$library/libgcc_eh.a" unwind-ia64.o unwind-c.o fde-glibc.o
    names=$(ia64-linux-gnu-nm -g --defined-only ./*.o | sed -nE 's/.* T (_Unwind_[A-Z][a-z]+[A-Za-z_]*|__gcc_.*)/\1/p' | sort -u)
    for name in $names; do
        echo "$name the_$name" >>renamed
        printf '.text\n.global %s#\n.proc %s#\n%s:\nbr.many the_%s#\n.endp %s#\n' "$name" "$name" "$name" "$name" "$name" >>jumps.s
    done
    for name in *.o; do ia64-linux-gnu-objcopy --redefine-syms renamed "$name"; done
    "$compiler" -shared -nostdlib -s -Wl,-soname,libgcc_s.so.1 -o libgcc_s.so.1 jumps.s ./*.o \
        "$("$compiler" -print-sysroot)/lib/libc.so.6.1"
}

# Some of the base set run commands with a shell, and look up users.
system_files() {
    local name

    rm -rf files
    mkdir -p files/bin files/etc files/lib files/usr
    cp -a "$("$compiler" -print-sysroot)"/lib/*.so* eh/libgcc_s.so.1 files/lib/
    [ -n "$busybox" ] || return 0
    cp "$busybox/busybox" files/bin/
    for name in $(grep -v '/busybox$' "$busybox/busybox.links"); do ln -sf busybox "files/bin/${name##*/}"; done
    ln -s ../bin files/usr/bin
    echo 'root:x:0:0:root:/tmp:/bin/sh' >files/etc/passwd
    echo 'root:x:0:' >files/etc/group
    echo '127.0.0.1 localhost' >files/etc/hosts
}

compile() {
    rm -rf tests
    mkdir tests
    /usr/bin/python3 "$tests_dir/build_glibc.py" "$compiler" "$sources" tests "$set" "$count"
}

step "unwinder" unwinder
step "system files" system_files
step "compile" compile
step "pack" pack_image
publish "$work/new"

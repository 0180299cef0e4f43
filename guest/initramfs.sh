#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# initramfs.sh NAME: builds the initramfs image initramfs/NAME; prints the image's path.
#
# small: klibc's shell and utilities, the programs under programs/ and initramfs/init.
# full: the same with the modules of the kernel configuration "full" and initramfs/modprobe.
# $KIA_INITRAMFS_EXTRA may name a folder whose files go into the image as well, over the others.
. "$(dirname "$0")/lib.sh"
case ${1:-} in
small) linux= ;;
full) linux=$("$guest_dir/linux.sh" full) ;;
*) die "usage: initramfs.sh small|full" ;;
esac
extra=${KIA_INITRAMFS_EXTRA:-}
mapfile -t programs < <(find "$guest_dir/programs" -name '*.c' | LC_ALL=C sort)
key_words=${KIA_TOOLCHAIN:-}$linux
[ -z "$extra" ] || key_words+=$(tar -C "$extra" --sort=name --mtime=@0 --owner=0 --group=0 -cf - . | sha256sum)
recipe "initramfs-$1" "$0" "$guest_dir/klibc.sh" "$guest_dir"/initramfs/* "${programs[@]}"
"$guest_dir/packages.sh" initramfs
toolchain=$("$guest_dir/toolchain.sh")
klibc=$("$guest_dir/klibc.sh")
PATH=$toolchain/bin:$PATH

# klibc is not position-independent: a function pointer is the entry's address, with no descriptor.
compile_programs() {
    local file

    rm -rf programs
    mkdir programs
    for file in "$guest_dir"/programs/*.c; do
        ia64-linux-gnu-gcc -std=gnu17 -Os -Wall -Wextra -Werror -mno-pic -fno-PIE -fcommon -fwrapv \
            -fno-stack-protector -D__KLIBC__=2 -D__KLIBC_MINOR__=0 -D_BITSIZE=64 -nostdinc \
            -isystem "$klibc/include/arch/ia64" -isystem "$klibc/include/bits64" -isystem "$klibc/include" \
            -isystem "$(ia64-linux-gnu-gcc -print-file-name=include)" \
            -nostdlib -static -Wl,-s -o "programs/$(basename "$file" .c)" \
            "$klibc/lib/crt0.o" "$file" "$klibc/lib/libc.a"
    done
}

pack() {
    rm -rf root new
    mkdir -p root/bin root/dev root/etc root/proc root/root root/sys root/tmp root/mnt new
    cp -a "$klibc"/bin/* root/bin/
    cp -a programs/* root/bin/
    ln -s minips root/bin/ps
    ln -s gzip root/bin/gunzip
    ln -s gzip root/bin/zcat
    install -m 755 "$guest_dir/initramfs/init" root/init
    if [ -n "$linux" ]; then
        mkdir -p root/sbin root/lib
        install -m 755 "$guest_dir/initramfs/modprobe" root/bin/modprobe
        ln -s ../bin/modprobe root/sbin/modprobe
        cp -a "$linux/modules/lib/modules" root/lib/
    fi
    [ -z "$extra" ] || cp -a "$extra"/. root/
    find root -exec touch -h -d @0 {} +
    (cd root && find . | sort | cpio --quiet -o -H newc --owner 0:0 --reproducible) | gzip -9n >new/initramfs.cpio.gz
}

step "programs" compile_programs
step "pack" pack
publish "$work/new"

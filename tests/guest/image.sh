# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the image recipes (sourced, bash, after guest/lib.sh): packs /init, /tests and what else the programs need.
# shellcheck shell=bash

tests_dir=$guest_dir/../tests/guest

# guest_compiler: sets $compiler, a C compiler with a C library, and $key_words to what names it.
guest_compiler() {
    toolchain=${KIA_LIBC_TOOLCHAIN:-$("$guest_dir/toolchain.sh" libc)}
    compiler=$toolchain/bin/ia64-linux-gnu-gcc
    key_words="$toolchain $*"
}

# pack_image: packs $work/tests, with the list, as /tests, and what is in $work/files, beside a new /init.
pack_image() {
    rm -rf root new
    mkdir -p root/tests root/dev root/bin new
    "$compiler" -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -s -o root/init "$tests_dir/programs/init.c"
    [ ! -d files ] || cp -a files/. root/
    cp -a tests/. root/tests/
    grep -v '^-' tests/list >root/tests/list
    cp tests/list new/list
    find root -exec touch -h -d @0 {} +
    (cd root && find . | sort | cpio --quiet -o -H newc --owner 0:0 --reproducible) | gzip -1n >new/image.cpio.gz
}

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libraries.sh: builds zstd and SQLite from Debian's sources, for host and guest alike; prints the folder,
# which has include/, host/lib*.a and guest/lib*.a.
. "$(dirname "$0")/../guest/lib.sh"
key_words=${KIA_TOOLCHAIN:-}
recipe bench-libraries "$0"
"$guest_dir/packages.sh" bench
toolchain=$("$guest_dir/toolchain.sh")
zstd=$("$guest_dir/deb-source.sh" zstd)
sqlite=$("$guest_dir/deb-source.sh" sqlite3)
PATH=$toolchain/bin:$PATH
flags=(-O2 -g0 -w -ffp-contract=off)

amalgamate_sqlite() {
    rm -rf sqlite new
    mkdir -p sqlite new/include
    cd sqlite
    "$sqlite/configure" --disable-tcl --disable-readline --disable-shared --disable-load-extension
    make sqlite3.c
    cp sqlite3.h "$zstd/lib/zstd.h" ../new/include
}

# compile SIDE COMPILER: the same C on both sides, hence no assembly and no processor variants.
compile() {
    local side=$1 compiler=$2

    rm -rf "$side"
    mkdir -p "$side" "new/$side"
    cd "$side"
    "$compiler" "${flags[@]}" -DZSTD_DISABLE_ASM -DDYNAMIC_BMI2=0 -DZSTD_LEGACY_SUPPORT=0 -c \
        "$zstd"/lib/common/*.c "$zstd"/lib/compress/*.c "$zstd"/lib/decompress/*.c
    ar rcs "../new/$side/libzstd.a" ./*.o
    "$compiler" "${flags[@]}" -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -c ../sqlite/sqlite3.c
    ar rcs "../new/$side/libsqlite3.a" sqlite3.o
}

step "unite SQLite's sources" amalgamate_sqlite
step "compile for the host" compile host gcc
step "compile for the guest" compile guest ia64-linux-gnu-gcc
publish "$work/new"

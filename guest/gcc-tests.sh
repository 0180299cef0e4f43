#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# gcc-tests.sh: unpacks GCC's C torture tests from Debian's gcc-12-source; prints the folder with gcc.c-torture/.
. "$(dirname "$0")/lib.sh"
recipe gcc-tests "$0"
"$guest_dir/packages.sh" torture

unpack() {
    rm -rf new
    mkdir new
    tar -xf /usr/src/gcc-12/gcc-12.*-dfsg.tar.xz -C new --strip-components=3 --wildcards \
        '*/gcc/testsuite/gcc.c-torture/execute'
}

step "unpack" unpack
publish "$work/new"

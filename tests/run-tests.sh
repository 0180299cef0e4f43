#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests.sh BUILD [MESON-TEST-ARGUMENT...]: runs the tests of the build folder and closes with one line,
# "N passed, N failed, N skipped". Ends with status 1 if a test failed or none ran.
#
# Tests that boot a guest get a kernel and an initramfs in KIA_KERNEL and KIA_INITRD, and a compiler with a C
# library for guest programs in KIA_LIBC_TOOLCHAIN. They are built first where they are not given.
set -eu -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
shift

: "${KIA_KERNEL:=$("$here/../guest/linux.sh" small)/vmlinux.gz}"
: "${KIA_INITRD:=$("$here/../guest/initramfs.sh" small)/initramfs.cpio.gz}"
if [ -z "${KIA_LIBC_TOOLCHAIN:-}" ] && [ -n "${KIA_TOOLCHAIN:-}" ]; then
    KIA_LIBC_TOOLCHAIN=$("$here/../guest/toolchain.sh" libc)
fi
export KIA_KERNEL KIA_INITRD KIA_LIBC_TOOLCHAIN

log=$build/meson-logs/testlog.json
rm -f "$log"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=$?
/usr/bin/python3 "$here/count-results.py" "$log" || status=1
exit "$status"

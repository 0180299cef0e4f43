#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD [boot]: builds the program for an aarch64 host with Debian's cross compiler, in BUILD, and runs the
# engine's programs there under qemu-user; with "boot", Linux up to its end.
set -eu -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
run=qemu-aarch64-static
targets=(kvm-ia64 tests/engine/test_engine)

[ -f "$build/build.ninja" ] || meson setup "$build" "$here/../.." --cross-file "$here/aarch64.ini" -Dwerror=true
ninja -C "$build" "${targets[@]}"

file=$(od -An -tx2 -j18 -N2 "$build/kvm-ia64")
[ "$file" = " 00b7" ] || { echo "kvm-ia64 is for machine$file, not aarch64 (00b7)"; exit 1; }

if [ "${2:-}" != boot ]; then
    "$run" "$build/tests/engine/test_engine"
    exit
fi
out=$("$run" "$build/kvm-ia64" -m 512M -nographic -no-reboot -kernel "$KIA_KERNEL" -initrd "$KIA_INITRD" \
    -append "quiet run=uname+-m" < /dev/null | tee /dev/stderr)
grep -q ia64 <<< "$out"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD: builds with ThreadSanitizer in BUILD, runs the tests that have threads, boots Linux to its shell,
# interpreted and compiled, and runs a guest with four processors, a disk and a network under stress. A report that is
# not among the suppressions fails.
set -eu -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
# fork()s the machine again and again, and needs seconds each time here.
left_out='blk_kill'

[ -f "$build/build.ninja" ] || meson setup "$build" "$here/../.." -Db_sanitize=thread -Db_lundef=false
mapfile -t tests < <(ninja -C "$build" -t targets all |
    sed -nE 's,^(tests/(dev|mem)/test_[a-z0-9_]+|tests/arch/test_arch_tlb_s[a-z]+|tests/engine/test_places): .*,\1,p' | grep -v "$left_out")
[ "${#tests[@]}" -gt 0 ]
ninja -C "$build" kvm-ia64 "${tests[@]}"

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export TSAN_OPTIONS="exitcode=66 log_path=$logs/report suppressions=$here/suppressions"
failed=0
# The sanitizer wants the addresses where they are without randomization.
for test in "${tests[@]}"; do
    setarch -R timeout 600 "$build/$test" >"$logs/output" 2>&1 || { failed=1; echo "failed: $test"; tail -n 20 "$logs/output"; }
done
printf '#!/bin/sh\nexec setarch -R "%s" "$@"\n' "$build/kvm-ia64" >"$logs/program"
chmod +x "$logs/program"
export KIA_PROGRAM=$logs/program
if [ -n "${KIA_KERNEL:-}" ] && [ -n "${KIA_INITRD:-}" ]; then
    # The interpreter gets virtual time: on a busy host a tick of the clock takes longer here than it is to the next one.
    for options in 'jit=off,deterministic=on' 'jit=on' 'jit=on,jit-after=0 -smp 2'; do
        KIA_MEMORY=256M KIA_OPTIONS="-accel soft,$options" \
            timeout 1800 "$here/../../guest/boot.sh" 'uname -m; exit 7' >"$logs/output" 2>&1 && status=0 || status=$?
        [ "$status" = 7 ] || { failed=1; echo "failed: boot with $options, status $status"; tail -n 20 "$logs/output"; }
    done
fi
if [ -n "${KIA_KERNEL:-}" ] && [ -n "${KIA_LIBC_TOOLCHAIN:-}" ]; then
    "$here/../guest/stress.py" 30 -- -smp 4 -accel soft,places=2 || failed=1
fi
cat "$logs"/report.* 2>/dev/null && failed=1
exit "$failed"

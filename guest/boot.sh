#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot.sh [COMMAND]: boots Linux on kvm-ia64, to a shell on this terminal or to run COMMAND in the guest.
#
# With COMMAND it ends with COMMAND's exit status, or 125 where the guest came to no end of it. Variables:
# KIA_PROGRAM (build/kvm-ia64), KIA_KERNEL, KIA_INITRD (built if unset), KIA_MEMORY (512M), KIA_OPTIONS
# (more options of kvm-ia64), KIA_APPEND (more kernel arguments).
. "$(dirname "$0")/lib.sh"

program=${KIA_PROGRAM:-$guest_dir/../build/kvm-ia64}
[ -x "$program" ] || die "there is no $program: build it first ('make boot' does), or set KIA_PROGRAM"
kernel=${KIA_KERNEL:-$("$guest_dir/linux.sh" small)/vmlinux.gz}
initrd=${KIA_INITRD:-$("$guest_dir/initramfs.sh" small)/initramfs.cpio.gz}
read -r -a options <<<"${KIA_OPTIONS:-}"
# swiotlb: 4 MiB of bounce buffers, which no virtio device needs, in place of 64 MiB that Linux/ia64 clears at start.
arguments="console=ttyS0 swiotlb=2048${KIA_APPEND:+ $KIA_APPEND}"
machine=("$program" -m "${KIA_MEMORY:-512M}" -nographic -kernel "$kernel" -initrd "$initrd"
    -device virtio-rng-pci ${options[@]+"${options[@]}"})

# The kernel argument run= has + for a space; initramfs/init undoes this.
encode() {
    local text=$1 result='' byte i

    for ((i = 0; i < ${#text}; i++)); do
        byte=${text:i:1}
        case $byte in
        ' ') result+=+ ;;
        [!!-~] | [+%\"]) result+=$(printf '%%%03o' $(($(printf '%d' "'$byte") & 255))) ;;
        *) result+=$byte ;;
        esac
    done
    printf '%s' "$result"
}

[ $# != 0 ] || exec "${machine[@]}" -append "$arguments"

# A kernel that panics ends the machine instead of waiting for somebody to look.
arguments+=" quiet panic=-1 run=$(encode "$*")"
[ ${#arguments} -lt 2000 ] || die "the command is too long for a kernel command line"
console=$(mktemp)
trap 'rm -f "$console"' EXIT
"${machine[@]}" -no-reboot -append "$arguments" </dev/null | tee "$console" || say "error: $program ended with status $?"
# An image of another make may say "guest: exit N".
status=$(sed -nE 's/.*guest: (run exited with status|exit) ([0-9]+).*/\2/p' "$console" | tail -n 1)
if [ -z "$status" ]; then
    say "error: the guest ended without finishing the command"
    exit 125
fi
exit "$status"

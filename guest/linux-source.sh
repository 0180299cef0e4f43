#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# linux-source.sh: unpacks Debian's Linux 6.1 source; prints its folder, which stays unchanged (built with O=).
. "$(dirname "$0")/lib.sh"
recipe linux-source "$0"
"$guest_dir/packages.sh" linux

# What no ia64 build reads is nearly half of the tree. The Kconfig files stay, since others name them.
unpack() {
    local top=linux-source-6.1

    rm -rf new
    mkdir new
    tar -xf /usr/src/linux-source-6.1.tar.xz -C new --strip-components=1 --wildcards \
        --exclude="$top/Documentation/*/*" --exclude="$top/tools/testing" --exclude="$top/tools/perf" \
        --exclude="$top/drivers/gpu/drm/amd/include" --exclude="$top/arch/*/boot/dts"
}

step "unpack Debian's Linux 6.1" unpack
publish "$work/new"

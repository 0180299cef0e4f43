#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# linux.sh NAME: builds Linux 6.1 for ia64 with linux/NAME.config; prints its folder.
#
# The folder has vmlinux.gz (what boots), vmlinux (the same with symbols), System.map and config, and
# modules/ where the configuration has modules. The first lines of a configuration file say
# "# base: TARGET" (allnoconfig, alldefconfig ...) and, optionally, "# with: FILE" to come before it.
. "$(dirname "$0")/lib.sh"
[ $# = 1 ] || die "usage: linux.sh NAME, where linux/NAME.config is one of: $(cd "$guest_dir/linux" && echo ./*.config)"
config=$guest_dir/linux/$1.config
[ -f "$config" ] || die "no kernel configuration '$1': there is no $config"
base=$(sed -n 's/^# base: //p' "$config")
fragments=("$config")
with=$(sed -n 's/^# with: //p' "$config")
[ -z "$with" ] || fragments=("$guest_dir/linux/$with" "${fragments[@]}")

key_words=${KIA_TOOLCHAIN:-}
recipe "linux-$1" "$0" "$guest_dir/linux-source.sh" "${fragments[@]}"
"$guest_dir/packages.sh" linux
toolchain=$("$guest_dir/toolchain.sh")
source=$("$guest_dir/linux-source.sh")

PATH=$toolchain/bin:$PATH
KBUILD_BUILD_TIMESTAMP=$(date -u -r "$source/Makefile" '+%F %T')
export KBUILD_BUILD_TIMESTAMP KBUILD_BUILD_USER=kvm-ia64 KBUILD_BUILD_HOST=guest

kernel_make() { make -C "$source" O="$work/build" ARCH=ia64 CROSS_COMPILE=ia64-linux-gnu- "$@"; }

configure() {
    local lost

    mkdir -p build
    # The last line about an option holds.
    cat "${fragments[@]}" | grep -E '^(CONFIG_|# CONFIG_)' | tac |
        awk '{ option = $1 == "#" ? $2 : $1; sub(/=.*/, "", option) } !seen[option]++' >fragments
    kernel_make KCONFIG_ALLCONFIG="$work/fragments" "$base"
    lost=$(grep -vxFf build/.config fragments || true)
    if [ -n "$lost" ]; then
        echo "Kconfig did not take these lines of ${fragments[*]}:"
        echo "$lost"
        return 1
    fi
}

compile() { kernel_make -j"$jobs" compressed; }

modules() {
    kernel_make -j"$jobs" modules
    kernel_make INSTALL_MOD_PATH="$work/modules" INSTALL_MOD_STRIP=1 modules_install
}

collect() {
    rm -rf new
    mkdir new
    cp build/vmlinux.gz build/vmlinux build/System.map new/
    cp build/.config new/config
    [ ! -d modules ] || cp -a modules new/modules
}

step "configure" configure
step "compile" compile
if grep -qx CONFIG_MODULES=y "$work/build/.config"; then step "modules" modules; fi
step "collect" collect
publish "$work/new"

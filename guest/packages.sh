#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh PURPOSE...: installs the Debian packages that packages.list names for them, if missing.
. "$(dirname "$0")/lib.sh"

native=$(dpkg --print-architecture)

# A name may be installed for several architectures; without ":arch" the machine's own one is meant.
is_installed() {
    local arch=$native

    [[ $1 != *:* ]] || arch=${1#*:}
    dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null | grep -Eqx "($arch|all) installed"
}

missing=()
for purpose; do
    wanted=$(sed -n "s/^$purpose:[[:space:]]*//p" "$guest_dir/packages.list")
    [ -n "$wanted" ] || die "packages.list has no purpose '$purpose'"
    for package in $wanted; do
        is_installed "$package" || missing+=("$package")
    done
done
[ ${#missing[@]} != 0 ] || exit 0

install=(apt-get install -y --no-install-recommends)
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
if [ "$(id -u)" != 0 ]; then
    say "These Debian packages are missing. Install them, then run this again:"
    say "    sudo ${install[*]} ${missing[*]}"
    exit 1
fi

name=packages log=$cache/logs/packages.log work=$cache/work/packages
export DEBIAN_FRONTEND=noninteractive
mkdir -p "$cache/logs" "$work"
rm -f "$work"/.done-*
exec 9>&- # a service that a package starts must not keep the caller's lock

# The second architecture of packages named like "libzstd-dev:arm64".
add_architectures() {
    for package in "${missing[@]}"; do
        [[ $package != *:* ]] || [ "${package#*:}" = all ] || dpkg --add-architecture "${package#*:}"
    done
}

install_missing() {
    add_architectures
    "${install[@]}" -q "${missing[@]}" || { apt-get -q update && "${install[@]}" -q "${missing[@]}"; }
}
step "install ${missing[*]}" install_missing

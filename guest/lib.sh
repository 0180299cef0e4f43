# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the recipes (sourced, bash): the cache folder, resumable steps, logs and messages.
#
# A recipe is a script whose standard output is the folder of its finished result and nothing else;
# progress goes to standard error. Results are named after a hash of what they are made from, built in
# a work folder and renamed into place, so an interrupted recipe goes on at the step it was in.
# shellcheck shell=bash

set -eu -o pipefail

guest_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C

# Where the results live: outside the checkout, so that every checkout shares them.
cache_folder() {
    local home=${HOME:-}

    if [ -n "${KIA_CACHE:-}" ]; then
        echo "$KIA_CACHE"
    elif [ -n "${XDG_CACHE_HOME:-}" ]; then
        echo "$XDG_CACHE_HOME/kvm-ia64"
    else
        [ -n "$home" ] && [ "$home" != / ] || home=$(getent passwd "$(id -u)" | cut -d: -f6)
        echo "${home:-/var/tmp/user-$(id -u)}/.cache/kvm-ia64"
    fi
}

cache=$(cache_folder)
jobs=${KIA_JOBS:-$(nproc)}

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

duration() {
    if [ "$1" -lt 60 ]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi
}

# hash_of FILE...: a short hash of the files' contents and of the words in $key_words.
hash_of() {
    { cat "$@" && echo "${key_words:-}"; } | sha256sum | cut -c1-12
}

# recipe NAME FILE...: names the result by the FILEs it is made from, and ends the script when that
# result is already there. Sets $out (the result, absent), $work (kept between runs), $log.
recipe() {
    name=$1
    shift
    out=$cache/$name-$(hash_of "$@")
    work=$cache/work/${out##*/}
    log=$cache/logs/${out##*/}.log
    [ ! -e "$out" ] || finish
    mkdir -p "$cache/logs" "$work"
    exec 9>"$cache/work/.lock-$name"
    if ! flock -n 9; then
        say "$name: another build of it is running, waiting for it"
        flock 9
    fi
    [ ! -e "$out" ] || finish
    mkdir -p "$work"
}

finish() {
    echo "$out"
    exit 0
}

# step WHAT COMMAND...: runs COMMAND in a subshell in $work, once; its output goes to the log.
step() {
    local what=$1 stamp=$work/.done-${1//[^a-z0-9]/-} from=$SECONDS status
    shift

    [ ! -e "$stamp" ] || return 0
    printf '%-12s %s ... ' "$name:" "$what" >&2
    echo "== $name: $what ($(date -u '+%F %T'))" >>"$log"
    set +e # or the subshell's own set -e would have no effect
    (set -e; cd "$work"; "$@") >>"$log" 2>&1 </dev/null
    status=$?
    set -e
    if [ "$status" != 0 ]; then
        say "failed after $(duration $((SECONDS - from))), status $status. End of $log:"
        tail -n 25 "$log" | sed 's/^/    /' >&2
        exit 1
    fi
    touch "$stamp"
    say "$(duration $((SECONDS - from)))"
}

# publish FOLDER: makes FOLDER (inside $work) the result, and ends the script.
publish() {
    mv -T "$1" "$out"
    [ -n "${KIA_KEEP_WORK:-}" ] || rm -rf "$work"
    finish
}

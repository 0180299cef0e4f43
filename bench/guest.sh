#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the guest: the programs of /bench/list, one a line with its arguments; then sits idle for a while.
# run.py reads what this prints, line by line.
read -r uptime rest </proc/uptime
echo "bench: up $uptime"
while read -r name arguments; do
    # shellcheck disable=SC2086 # they are several words
    /bench/bench "$name" $arguments </dev/null
    echo "bench: end $name $?"
done </bench/list
read -r idle </bench/idle
if [ "$idle" != 0 ]; then
    echo "bench: start idle $idle"
    sleep "$idle"
    echo "bench: done idle $idle 0 0 0"
fi
echo "bench: over"

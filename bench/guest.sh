#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the guest: the commands of /bench/list, one a line; then sits idle for a while.
# run.py reads what this prints, line by line.
read -r uptime rest </proc/uptime
echo "bench: up $uptime"
# The first reader of random numbers waits a second until the kernel has gathered them; SQLite is one.
dd if=/dev/urandom of=/dev/null bs=1 count=1 2>/dev/null
while read -r program name arguments; do
    # shellcheck disable=SC2086 # they are several words
    "/bench/$program" "$name" $arguments </dev/null
    echo "bench: end $name $?"
done </bench/list
read -r idle </bench/idle
if [ "$idle" != 0 ]; then
    sleep 2 # until what the programs have left to do is done
    for window in 1 2 3 4 5 6 7 8 9 10; do
        echo "bench: start idle $window"
        sleep "$idle"
        echo "bench: done idle $window 0 0 0"
    done
fi
echo "bench: over"

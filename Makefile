# SPDX-License-Identifier: GPL-2.0-or-later
# The front door. Meson builds the program, the scripts under guest/ the guest software; each target here
# sets itself up from nothing. docs/guest.md names the variables.

BUILD ?= build
# The command as typed: make does not expand a $ in it.
KIA_RUN := $(value RUN)
KIA_PROGRAM ?= $(BUILD)/kvm-ia64
export KIA_RUN KIA_PROGRAM

.PHONY: all program boot check check-long bench clean

all: program

program:
	@guest/packages.sh build test
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) $(KIA_MESON)
	@ninja -C $(BUILD)

# make boot: a shell in the guest. make boot RUN="command": runs it there, fails if it fails.
boot: program
	@guest/boot.sh $${KIA_RUN:+"$$KIA_RUN"}

check: program
	@tests/run-tests.sh $(BUILD) --no-suite long

check-long: program
	@tests/run-tests.sh $(BUILD)

bench: program
	@bench/run.py

clean:
	rm -rf $(BUILD)

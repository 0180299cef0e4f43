/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of compiled code for perf(1): the guest's address and privilege level. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "accel/soft.h"
#include "accel/symbols.h"
#include "vmm/log.h"

int soft_perf_open(struct kia_vm *vm)
{
    char path[64];
    int fd;

    if (!vm->jit)
        return kia_err(0, "-accel: perf-map needs compiled code"), -EINVAL;
    snprintf(path, sizeof(path), "/tmp/perf-%ld.map", (long)getpid());
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600); /* /tmp is everybody's */
    vm->perf_map = fd < 0 ? NULL : fdopen(fd, "w");
    return vm->perf_map ? 0 : kia_err(-errno, "cannot write '%s'", path);
}

void soft_perf_note(struct kia_vcpu *vcpu, const void *code)
{
    struct kia_vm *vm = vcpu->vm;
    uint64_t bytes = jit_stats(vm->jit)->bytes;
    const struct vcpu *v = vcpu->v;
    char name[256] = "";

    if (!vcpu_cpl(v) && !(v->psr & PSR_VM))
        symbols_text(vm->symbols, v->ip, name, sizeof(name));
    fprintf(vm->perf_map, "%" PRIxPTR " %" PRIx64 " guest-cpl%u-%016" PRIx64 "%s%s\n", (uintptr_t)code,
            bytes - vm->perf_bytes, vcpu_cpl(v), v->ip | v->ri, *name ? ":" : "", name);
    vm->perf_bytes = bytes;
}

void soft_perf_close(struct kia_vm *vm)
{
    if (vm->perf_map)
        fclose(vm->perf_map);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A deterministic machine's time is its processors': the event loop's timers go by it (docs/deterministic.md). */
#include "accel/accel.h"
#include "dev/loop.h"
#include "vmm/machine.h"

static int64_t loop_now(void *opaque)
{
    struct kia_board *board = opaque;

    return (int64_t)kia_vm_now(board->info.vm);
}

static int64_t loop_alarm(void *opaque, int64_t deadline)
{
    struct kia_board *board = opaque;

    return (int64_t)kia_vm_alarm(board->info.vm, (uint64_t)deadline);
}

static uint64_t timers_next(void *opaque)
{
    struct kia_board *board = opaque;
    int64_t next = kia_loop_next_timer(board->loop);

    return next == KIA_TIMER_OFF ? UINT64_MAX : (uint64_t)next;
}

static void timers_run(void *opaque)
{
    struct kia_board *board = opaque;

    kia_loop_run_timers(board->loop);
}

/** virtual_time_start - see the header */
void virtual_time_start(struct kia_board *board)
{
    struct kia_loop_clock clock = { loop_now, loop_alarm, board };
    struct kia_vm_timers timers = { timers_next, timers_run, board };

    kia_loop_set_clock(board->loop, &clock);
    kia_vm_set_timers(board->info.vm, &timers);
}

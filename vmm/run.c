/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's life: a thread for each vcpu, and the main thread that serves the event loop and their
 * requests. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "accel/accel.h"
#include "dev/loop.h"
#include "fw/fw.h"
#include "vmm/gdb.h"
#include "vmm/log.h"
#include "vmm/machine.h"

enum {
    KICK_AGAIN_NS = 10000000,
    STATUS_ERROR = 1,
    STATUS_STUCK = 2,
};

static void kick_all(struct kia_board *board)
{
    for (unsigned i = 0; i < board->info.n_vcpus; i++)
        kia_vcpu_kick(board->vcpus[i]);
}

/**
 * machine_request - keeps every vcpu out of the guest and wakes the main thread
 * A later request replaces an earlier one only if it is a stronger one.
 * Thread: any, device locks may be held.
 */
void machine_request(struct kia_board *board, enum machine_request request)
{
    pthread_mutex_lock(&board->run_lock);
    if (request > board->request)
        board->request = request;
    board->pause = true;
    pthread_mutex_unlock(&board->run_lock);
    kick_all(board);
    kia_loop_stop(board->loop);
}

static void stuck(struct kia_board *board, struct kia_vcpu *vcpu, const char *why)
{
    pthread_mutex_lock(&board->run_lock);
    if (board->request != REQUEST_STUCK) {
        kia_err(0, "processor %u cannot go on: %s", kia_vcpu_index(vcpu), why);
        kia_vcpu_dump(vcpu, stderr);
    }
    pthread_mutex_unlock(&board->run_lock);
    machine_request(board, REQUEST_STUCK);
}

static void after_firmware(struct vcpu_thread *thread, struct kia_vcpu *vcpu, enum kia_fw_next next,
                           const char *why)
{
    if (next == KIA_FW_HALT)
        thread->halted = true;
    else if (next == KIA_FW_STUCK)
        stuck(thread->board, vcpu, why);
}

/* Stops every processor, and tells gdb why this one did. */
static void debug_stop(struct vcpu_thread *thread, enum kia_stop stop, uint64_t address)
{
    thread->stop = stop;
    thread->stop_address = address;
    machine_request(thread->board, REQUEST_DEBUG);
}

static void run_once(struct vcpu_thread *thread)
{
    struct kia_board *board = thread->board;
    struct kia_vcpu *vcpu = board->vcpus[thread->index];
    const char *why = "";
    struct kia_run run;

    switch (thread->step ? kia_vcpu_step(vcpu, &run) : kia_vcpu_run(vcpu, &run)) {
    case KIA_EXIT_GATE:
        after_firmware(thread, vcpu, kia_fw_gate(board->fw, vcpu, run.gate, &why), why);
        break;
    case KIA_EXIT_INIT:
        after_firmware(thread, vcpu, kia_fw_init(board->fw, vcpu), why);
        break;
    case KIA_EXIT_PMI:
        after_firmware(thread, vcpu, kia_fw_pmi(board->fw, vcpu), why);
        break;
    case KIA_EXIT_STUCK:
        stuck(board, vcpu, run.why);
        break;
    case KIA_EXIT_DEBUG:
        debug_stop(thread, run.stop, run.address);
        break;
    case KIA_EXIT_KICKED:
    case KIA_EXIT_TURN:
        break;
    }
    /* A step that leads through firmware is done when firmware is. */
    if (thread->step && run.exit != KIA_EXIT_DEBUG && run.exit != KIA_EXIT_KICKED)
        debug_stop(thread, KIA_STOP_STEP, 0);
}

static bool all_halted(const struct kia_board *board)
{
    unsigned i = 0;

    while (i < board->info.n_vcpus && board->threads[i].halted)
        i++;
    return i == board->info.n_vcpus;
}

/* The thread has nothing to run until a reset. */
static bool is_halted(const struct vcpu_thread *thread)
{
    return kia_vm_is_deterministic(thread->board->info.vm) ? all_halted(thread->board) : thread->halted;
}

/* Waits until the vcpu may run; false at the machine's end. */
static bool wait_to_run(struct vcpu_thread *thread)
{
    struct kia_board *board = thread->board;
    bool end;

    pthread_mutex_lock(&board->run_lock);
    board->n_running--;
    pthread_cond_broadcast(&board->run_cond);
    while ((board->pause || is_halted(thread) || thread->held) && !board->end)
        pthread_cond_wait(&board->run_cond, &board->run_lock);
    board->n_running++;
    end = board->end;
    pthread_mutex_unlock(&board->run_lock);
    return !end;
}

static void *vcpu_main(void *opaque)
{
    struct vcpu_thread *thread = opaque;

    while ((!thread->board->pause && !thread->halted && !thread->held) || wait_to_run(thread))
        run_once(thread);
    return NULL;
}

/* Nothing would ever happen again: no input is on its way to a deterministic machine. */
static void never_again(struct kia_board *board)
{
    if (all_halted(board))
        return;
    kia_err(0, "every processor sleeps, and nothing that could wake one will happen: the machine ends");
    machine_request(board, REQUEST_STUCK);
}

static void take_turns(struct kia_board *board)
{
    struct kia_vcpu *vcpu;

    for (unsigned i = 0; i < board->info.n_vcpus; i++)
        if (board->threads[i].halted)
            kia_vcpu_park(board->vcpus[i]);
    for (;;) {
        switch (kia_vm_next(board->info.vm, &vcpu)) {
        case KIA_TURN_RUN:
            run_once(&board->threads[kia_vcpu_index(vcpu)]);
            if (board->threads[kia_vcpu_index(vcpu)].halted)
                kia_vcpu_park(vcpu);
            break;
        case KIA_TURN_STOP:
            return;
        case KIA_TURN_NEVER:
            never_again(board);
            return;
        }
    }
}

/* A deterministic machine's thread for all its processors (docs/deterministic.md). */
static void *all_vcpus_main(void *opaque)
{
    struct vcpu_thread *thread = opaque;

    while (wait_to_run(thread))
        take_turns(thread->board);
    return NULL;
}

/* Returns when every vcpu thread is parked. */
static void pause_all(struct kia_board *board)
{
    pthread_mutex_lock(&board->run_lock);
    board->pause = true;
    while (board->n_running) {
        struct timespec until;

        pthread_mutex_unlock(&board->run_lock);
        kick_all(board);
        pthread_mutex_lock(&board->run_lock);
        if (!board->n_running)
            break;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += KICK_AGAIN_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&board->run_cond, &board->run_lock, &until);
    }
    pthread_mutex_unlock(&board->run_lock);
}

static void resume_all(struct kia_board *board)
{
    pthread_mutex_lock(&board->run_lock);
    board->pause = false;
    pthread_cond_broadcast(&board->run_cond);
    pthread_mutex_unlock(&board->run_lock);
}

static int start_threads(struct kia_board *board)
{
    bool one = kia_vm_is_deterministic(board->info.vm);

    for (unsigned i = 0; i < board->info.n_vcpus; i++) {
        struct vcpu_thread *thread = &board->threads[i];
        char name[16];
        int err;

        thread->board = board;
        thread->index = i;
        if (one && i)
            continue;
        pthread_mutex_lock(&board->run_lock);
        board->n_running++;
        pthread_mutex_unlock(&board->run_lock);
        err = pthread_create(&thread->thread, NULL, one ? all_vcpus_main : vcpu_main, thread);
        if (err) {
            board->n_running--;
            return kia_err(-err, "cannot start a thread for processor %u", i);
        }
        snprintf(name, sizeof(name), "vcpu %u", i); /* top -H shows it */
        pthread_setname_np(thread->thread, name);
        board->n_threads++;
    }
    return 0;
}

static void end_threads(struct kia_board *board)
{
    pause_all(board);
    pthread_mutex_lock(&board->run_lock);
    board->end = true;
    pthread_cond_broadcast(&board->run_cond);
    pthread_mutex_unlock(&board->run_lock);
    for (unsigned i = 0; i < board->n_threads; i++)
        pthread_join(board->threads[i].thread, NULL);
    board->n_threads = 0;
}

static enum machine_request take_request(struct kia_board *board)
{
    enum machine_request request;

    pthread_mutex_lock(&board->run_lock);
    request = board->request;
    board->request = REQUEST_NONE;
    pthread_mutex_unlock(&board->run_lock);
    return request;
}

/* Carries out a request with all vcpus parked: true to go on, false with the exit status. */
static bool serve(struct kia_board *board, enum machine_request request, int *status)
{
    *status = 0;
    switch (request) {
    case REQUEST_NONE:
        break;
    case REQUEST_DEBUG:
        gdb_stopped(board->gdb);
        break;
    case REQUEST_RESET:
        if (board->options->no_reboot)
            return false;
        if (machine_reset(board)) {
            *status = STATUS_ERROR;
            return false;
        }
        break;
    case REQUEST_POWEROFF:
        kia_log(KIA_LOG_LIFE, "power off");
        if (!board->options->no_shutdown)
            return false;
        for (unsigned i = 0; i < board->info.n_vcpus; i++)
            board->threads[i].halted = true;
        break;
    case REQUEST_QUIT:
        return false;
    case REQUEST_STUCK:
        *status = STATUS_STUCK;
        return false;
    }
    return true;
}

/** machine_run - see the header */
int machine_run(struct kia_board *board)
{
    int status = STATUS_ERROR;

    if (!start_threads(board)) {
        kia_log(KIA_LOG_LIFE, "processors start");
        do {
            if (!board->held)
                resume_all(board);
            kia_loop_run(board->loop);
            pause_all(board);
        } while (serve(board, take_request(board), &status));
    }
    end_threads(board);
    return status;
}

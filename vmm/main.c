/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm-ia64: the program. The only place that ends the process. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "accel/accel.h"
#include "dev/loop.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/options.h"

enum { STATUS_OK = 0, STATUS_BAD = 1 };

static short signal_events(void *opaque)
{
    (void)opaque;
    return POLLIN;
}

struct signals {
    struct kia_watch watch;
    struct kia_board *board;
};

static void signal_ready(void *opaque, short revents)
{
    struct signals *signals = opaque;
    struct signalfd_siginfo info;

    (void)revents;
    if (read(signals->watch.fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGCONT) {
        kia_console_resume(signals->board->console);
        return;
    }
    kia_err(0, "terminating on signal %u", info.ssi_signo);
    machine_request(signals->board, REQUEST_QUIT);
}

/* Signals come through a descriptor, so that the machine ends in order; every thread inherits the mask. */
static int signals_open(struct signals *signals)
{
    static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT };
    sigset_t set;

    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        sigaddset(&set, ours[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals->watch =
        (struct kia_watch){ signalfd(-1, &set, SFD_CLOEXEC), signal_events, signal_ready, signals, NULL };
    if (signals->watch.fd < 0)
        return kia_err(-errno, "cannot watch for signals");
    return 0;
}

static int run(const struct kia_options *options)
{
    struct signals signals = { .watch.fd = -1 };
    int status = STATUS_BAD;

    if (!signals_open(&signals)) {
        if (!machine_create(&signals.board, options)) {
            kia_loop_add(signals.board->loop, &signals.watch);
            status = machine_run(signals.board);
        }
        machine_destroy(signals.board);
        close(signals.watch.fd);
    }
    return status;
}

static int start(const struct kia_options *options)
{
    int err = kia_log_open(options->log_items, options->log_file);

    if (err)
        return err < 0 ? STATUS_BAD : STATUS_OK;
    return run(options);
}

int main(int argc, char **argv)
{
    struct kia_options options;
    int status = STATUS_BAD;

    switch (kia_options_parse(&options, argc, argv)) {
    case KIA_OPTIONS_RUN:
        status = start(&options);
        break;
    case KIA_OPTIONS_DONE:
        status = STATUS_OK;
        break;
    case KIA_OPTIONS_CPU_HELP:
        kia_cpu_help(stdout);
        status = STATUS_OK;
        break;
    case KIA_OPTIONS_BAD:
        break;
    }
    kia_log_close();
    kia_options_free(&options);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial back ends: the terminal with its C-a keys, and files. */
#include "vmm/console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "dev/loop.h"
#include "vmm/log.h"

enum { ESCAPE = 0x01 }; /* C-a */

struct kia_console {
    struct kia_chr *chr; /* the serial port's */
    struct kia_chr *terminal; /* on standard input and output: the serial port's, or -chardev stdio's */
    bool has_keys; /* C-a is ours */
    bool deaf; /* a deterministic machine's: nothing that is typed reaches the guest */
    bool escaped; /* the last character was C-a */
    struct kia_console_keys keys;
};

/* The terminal's own mode, for the way out; global because signal handlers need it. */
static struct termios saved_mode;
static volatile sig_atomic_t mode_saved;

static const int fatal_signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

static void restore_terminal(void)
{
    if (mode_saved)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved_mode);
}

/* A crash must not leave the terminal raw. The action was reset, so the signal kills when the handler
 * returns. */
static void fatal_signal(int sig)
{
    restore_terminal();
    raise(sig);
}

static void set_raw(const struct kia_console *console)
{
    struct termios mode = saved_mode;

    mode.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    mode.c_oflag |= OPOST;
    mode.c_lflag &= ~(ECHO | ECHONL | ICANON | IEXTEN);
    if (console->has_keys)
        mode.c_lflag &= ~ISIG; /* C-c belongs to the guest */
    mode.c_cflag = (mode.c_cflag & ~(CSIZE | PARENB)) | CS8;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

static void terminal_open(struct kia_console *console)
{
    struct sigaction action = { .sa_handler = fatal_signal, .sa_flags = SA_RESETHAND | SA_NODEFER };

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved_mode))
        return;
    mode_saved = 1;
    for (unsigned i = 0; i < sizeof(fatal_signals) / sizeof(fatal_signals[0]); i++)
        sigaction(fatal_signals[i], &action, NULL);
    set_raw(console);
}

static void say(struct kia_console *console, const char *text)
{
    kia_chr_write(console->terminal, (const uint8_t *)text, strlen(text));
}

static void say_deaf(struct kia_console *console)
{
    say(console, "\nkvm-ia64: a deterministic machine takes no input\n");
}

/* A key after C-a. */
static void escape_key(struct kia_console *console, uint8_t key)
{
    if (console->deaf && (key == 'p' || key == 'b')) {
        say_deaf(console);
        return;
    }
    switch (key) {
    case 'x':
        say(console, "\nkvm-ia64: terminated\n");
        console->keys.quit(console->keys.opaque);
        break;
    case 'p':
        console->keys.power_button(console->keys.opaque);
        break;
    case 'b':
        kia_chr_inject_break(console->terminal);
        break;
    case 'c':
        say(console, "\nkvm-ia64: there is no monitor\n");
        break;
    case 's':
        say(console, "\nkvm-ia64: nothing to save: disks are written as the guest says\n");
        break;
    case 't':
        say(console, "\nkvm-ia64: there are no timestamps here\n");
        break;
    case 'h':
    case '?':
        say(console,
            "\nC-a h    this help\nC-a x    end the virtual machine\nC-a p    press the power button\n"
            "C-a b    send a break\nC-a C-a  send C-a\n");
        break;
    }
}

static size_t filter_keys(void *opaque, uint8_t *data, size_t len)
{
    struct kia_console *console = opaque;
    size_t left = 0;

    for (size_t i = 0; i < len; i++) {
        if (console->escaped) {
            console->escaped = false;
            if (data[i] == ESCAPE)
                data[left++] = ESCAPE;
            else
                escape_key(console, data[i]);
        } else if (data[i] == ESCAPE) {
            console->escaped = true;
        } else {
            data[left++] = data[i];
        }
    }
    if (console->deaf && left) {
        say_deaf(console);
        left = 0;
    }
    return left;
}

static int open_file(struct kia_loop *loop, const char *path, struct kia_chr **chr)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return kia_err(-errno, "cannot write the serial port's file '%s'", path);
    *chr = kia_chr_create(loop, -1, fd, true, NULL);
    if (!*chr) {
        close(fd);
        return kia_err(-ENOMEM, "cannot open the serial port");
    }
    return 0;
}

static int open_stdio(struct kia_loop *loop, struct kia_console *console)
{
    struct kia_chr_filter filter = { filter_keys, console };

    console->terminal =
        kia_chr_create(loop, console->deaf && !console->has_keys ? -1 : STDIN_FILENO, STDOUT_FILENO, false,
                       console->has_keys ? &filter : NULL);
    if (!console->terminal)
        return kia_err(-ENOMEM, "cannot open the terminal");
    terminal_open(console);
    return 0;
}

static int open_serial_stdio(struct kia_loop *loop, struct kia_console *console)
{
    int err = open_stdio(loop, console);

    console->chr = console->terminal;
    return err;
}

/** kia_console_open - see the header */
int kia_console_open(struct kia_loop *loop, const struct kia_options *options,
                     const struct kia_console_keys *keys, struct kia_console **console)
{
    struct kia_console *c = calloc(1, sizeof(*c));
    int err = 0;

    if (!c)
        return kia_err(-ENOMEM, "cannot open the serial port");
    c->keys = *keys;
    c->deaf = kia_loop_is_virtual(loop);
    c->has_keys = options->serial == KIA_SERIAL_CONSOLE || options->stdio_mux;
    if (options->serial == KIA_SERIAL_FILE)
        err = open_file(loop, options->serial_path, &c->chr);
    else if (options->serial == KIA_SERIAL_CONSOLE || options->serial == KIA_SERIAL_STDIO)
        err = open_serial_stdio(loop, c);
    if (!err && options->stdio_chardev)
        err = open_stdio(loop, c);
    if (err) {
        kia_chr_destroy(c->chr);
        free(c);
        return err;
    }
    *console = c;
    return 0;
}

/** kia_console_chr - the back end for the serial port, or NULL */
struct kia_chr *kia_console_chr(struct kia_console *console)
{
    return console->chr;
}

/** kia_console_terminal - the back end on standard input and output, or NULL */
struct kia_chr *kia_console_terminal(struct kia_console *console)
{
    return console->terminal;
}

/** kia_console_close - see the header; the loop no longer runs */
void kia_console_close(struct kia_console *console)
{
    if (!console)
        return;
    if (console->terminal != console->chr)
        kia_chr_destroy(console->terminal);
    kia_chr_destroy(console->chr);
    restore_terminal();
    free(console);
}

/** kia_console_resume - raw mode again after the process was stopped and continued */
void kia_console_resume(struct kia_console *console)
{
    if (mode_saved)
        set_raw(console);
}

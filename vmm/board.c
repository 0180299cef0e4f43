/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generic board: memory map, devices, reset, and firmware's questions. */
#include "vmm/board.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "accel/accel.h"
#include "dev/acpi_pm.h"
#include "dev/dev.h"
#include "dev/iosapic.h"
#include "dev/loop.h"
#include "dev/pci.h"
#include "dev/pib.h"
#include "dev/uart16550.h"
#include "fw/fw.h"
#include "mem/mem.h"
#include "vmm/gdb.h"
#include "vmm/log.h"
#include "vmm/machine.h"

#define ITC_HZ 400000000 /* Montecito's: the front-side bus's clock rate */
#define NS_PER_S INT64_C(1000000000)
#define DETERMINISTIC_DATE INT64_C(1577836800) /* 2020-01-01 */

static_assert((int)KIA_RESET_VALUE == (int)KIA_ACPI_PM_RESET_VALUE, "the FADT says what the device takes");

/** kia_board_info - see the header */
const struct kia_board_info *kia_board_info(const struct kia_board *board)
{
    return &board->info;
}

/** kia_board_vcpu - see the header */
struct kia_vcpu *kia_board_vcpu(const struct kia_board *board, unsigned index)
{
    assert(index < board->info.n_vcpus);
    return board->vcpus[index];
}

/** kia_board_lid - see the header */
uint16_t kia_board_lid(const struct kia_board *board, unsigned index)
{
    assert(index < board->info.n_vcpus);
    return index << 8;
}

/** kia_board_request - see the header */
void kia_board_request(struct kia_board *board, enum kia_board_request request)
{
    machine_request(board, request == KIA_REQUEST_RESET ? REQUEST_RESET : REQUEST_POWEROFF);
}

/** kia_board_pci_read - see the header */
uint32_t kia_board_pci_read(struct kia_board *board, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                            unsigned reg, unsigned size)
{
    return kia_pci_config_read(board->pci, seg, bus, dev, fn, reg, size);
}

/** kia_board_pci_write - see the header */
void kia_board_pci_write(struct kia_board *board, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                         unsigned reg, unsigned size, uint32_t value)
{
    kia_pci_config_write(board->pci, seg, bus, dev, fn, reg, size, value);
}

static int64_t clock_ns(struct kia_board *board)
{
    struct timespec now;

    if (kia_vm_is_deterministic(board->info.vm))
        return (int64_t)kia_vm_now(board->info.vm);
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/** kia_board_get_time - see the header */
void kia_board_get_time(struct kia_board *board, struct timespec *now)
{
    int64_t ns = clock_ns(board) + board->clock_offset;

    now->tv_sec = ns / NS_PER_S;
    now->tv_nsec = ns % NS_PER_S;
    if (now->tv_nsec < 0) {
        now->tv_nsec += NS_PER_S;
        now->tv_sec--;
    }
}

/** kia_board_set_time - see the header; the host's clock stays as it is. Years past 2262 are not kept. */
void kia_board_set_time(struct kia_board *board, const struct timespec *now)
{
    int64_t ns;

    if (!__builtin_mul_overflow(now->tv_sec, NS_PER_S, &ns) && !__builtin_add_overflow(ns, now->tv_nsec, &ns))
        board->clock_offset = ns - clock_ns(board);
}

static void on_interrupt(void *opaque, uint16_t lid, unsigned dm, uint8_t vector)
{
    struct kia_board *board = opaque;

    if (kia_log_wanted[KIA_LOG_IRQ])
        kia_log(KIA_LOG_IRQ, "lid 0x%04x delivery mode %u vector 0x%02x", lid, dm, vector);
    kia_vm_interrupt(board->info.vm, lid, dm, vector);
}

static void on_event(void *opaque, enum kia_platform_event event)
{
    machine_request(opaque, event == KIA_PLATFORM_RESET ? REQUEST_RESET : REQUEST_POWEROFF);
}

static void on_quit(void *opaque)
{
    machine_request(opaque, REQUEST_QUIT);
}

static void on_power_button(void *opaque)
{
    struct kia_board *board = opaque;

    kia_acpi_pm_power_button(board->pm);
}

static int add_ram(struct kia_board *board)
{
    uint64_t size = board->options->ram_size, low = size < KIA_LOW_RAM_LIMIT ? size : KIA_LOW_RAM_LIMIT;
    int err = kia_mem_add_ram(board->info.mem, 0, low);

    if (!err && size > low)
        err = kia_mem_add_ram(board->info.mem, KIA_HIGH_RAM_GPA, size - low);
    if (err)
        kia_err(err, "cannot get %llu MiB of guest memory", (unsigned long long)(size >> 20));
    return err;
}

static int attach_serial_ports(struct kia_board *board)
{
    const struct kia_options *o = board->options;
    struct kia_chr *chr =
        o->serial == KIA_SERIAL_CHARDEV ? chardev_chr(board, o->serial_chardev) : kia_console_chr(board->console);
    int err = 0;

    if (board->info.has_uart0)
        err = kia_uart_attach(board->platform, KIA_UART0_GPA, KIA_GSI_UART0, chr);
    for (unsigned i = 1; !err && i < board->info.n_uarts; i++) {
        int chardev = o->more_serials[i - 1];

        err = kia_uart_attach(board->platform, KIA_UART_GPA(i), KIA_GSI_UART0 + i,
                              chardev >= 0 ? chardev_chr(board, chardev) : NULL);
    }
    return err ? kia_err(err, "cannot make a serial port") : 0;
}

/* Every device of the board; those that the user chose are in devices.c. */
static int attach_devices(struct kia_board *board)
{
    static const struct kia_pci_config pci = {
        .mem32_gpa = KIA_PCI_MEM32_GPA, .mem32_size = KIA_PCI_MEM32_SIZE,
        .mem64_gpa = KIA_PCI_MEM64_GPA, .mem64_size = KIA_PCI_MEM64_SIZE,
        .io_base = KIA_PORT_PCI_BASE, .gsi = KIA_GSI_PCI,
    };
    struct kia_platform *p = board->platform;
    int err;

    if ((err = kia_platform_map_port_space(p, KIA_IO_PORTS_GPA)) ||
        (err = kia_pib_attach(p, KIA_PIB_GPA)) ||
        (err = kia_iosapic_attach(p, KIA_IOSAPIC_GPA, 0, KIA_IOSAPIC_PINS)) ||
        (err = kia_acpi_pm_attach(p, KIA_PORT_PM1_EVT, KIA_GSI_SCI, &board->pm)) ||
        (err = kia_pci_attach(p, &pci, &board->pci)))
        return kia_err(err, "cannot make the board's devices");
    err = attach_serial_ports(board);
    return err ? err : devices_attach(board);
}

static int create_platform(struct kia_board *board)
{
    struct kia_platform_config config = {
        .mem = board->info.mem, .loop = board->loop, .pib_gpa = KIA_PIB_GPA,
        .interrupt = on_interrupt, .event = on_event, .opaque = board,
    };

    if (kia_platform_create(&config, &board->platform))
        return kia_err(-ENOMEM, "cannot make the machine");
    return attach_devices(board);
}

static int create_vm(struct kia_board *board)
{
    struct kia_vm_config config = {
        .accel = board->options->accel, .cpu = board->options->cpu, .mem = board->info.mem,
        .max_vcpus = board->options->cpus, .itc_hz = ITC_HZ,
    };
    int err = kia_vm_create(&config, &board->info.vm);

    for (unsigned i = 0; !err && i < board->info.n_vcpus; i++) {
        err = kia_vcpu_create(board->info.vm, i, kia_board_lid(board, i) >> 8, kia_board_lid(board, i),
                              &board->vcpus[i]);
        if (err)
            kia_err(err, "cannot make processor %u", i);
    }
    return err;
}

/*
 * What the guest's clock shows at the start. A deterministic machine's timers go by its own time (docs/deterministic.md),
 * and its clock starts on a day that is the same in every run.
 */
static int start_clock(struct kia_board *board)
{
    const struct kia_options *o = board->options;

    board->clock_offset = o->rtc_offset * NS_PER_S;
    if (!kia_vm_is_deterministic(board->info.vm))
        return 0;
    if (o->rtc_is_host)
        return kia_err(0, "a deterministic machine's clock is not the host's: use -rtc base=DATE"), -EINVAL;
    if (o->gdb)
        return kia_err(0, "gdb stops a machine at places that differ: -gdb does not go with deterministic=on"), -EINVAL;
    board->clock_offset = (o->rtc_date ? o->rtc_date : DETERMINISTIC_DATE) * NS_PER_S;
    virtual_time_start(board);
    return 0;
}

/* Programs that start processors themselves may lie where firmware would; then there is none. */
static bool wants_firmware(const struct kia_board *board)
{
    for (unsigned i = 0; i < board->info.n_images && !board->info.has_kernel; i++) {
        const struct kia_board_image *image = &board->images[i];

        if (image->gpa < KIA_FW_GPA + KIA_FW_SIZE && KIA_FW_GPA < image->gpa + image->size)
            return false;
    }
    return true;
}

/** machine_reset - see the header */
int machine_reset(struct kia_board *board)
{
    int err;

    kia_log(KIA_LOG_LIFE, "%s", board->was_on ? "reset" : "power on");
    kia_platform_reset(board->platform);
    for (unsigned i = 0; i < board->info.n_vcpus; i++)
        kia_vcpu_reset(board->vcpus[i]);
    if (board->was_on)
        kia_mem_clear_ram(board->info.mem);
    board->was_on = true;
    err = load_images(board);
    if (err)
        return err;
    err = kia_pci_assign(board->pci);
    if (err)
        return kia_err(err, "cannot place the PCI devices' registers");
    board->fw_ready = wants_firmware(board);
    err = board->fw_ready ? kia_fw_setup(board->fw) : 0;
    if (err)
        return err;
    load_finish(board);
    return 0;
}

/** machine_create - see the header; machine_destroy() afterwards in any case */
int machine_create(struct kia_board **out, const struct kia_options *options)
{
    struct kia_board *board = calloc(1, sizeof(*board));
    struct kia_console_keys keys = { on_quit, on_power_button, board };
    int err;

    *out = board;
    if (!board)
        return kia_err(-ENOMEM, "cannot make the machine");
    board->options = options;
    board->pause = true;
    pthread_mutex_init(&board->run_lock, NULL);
    pthread_cond_init(&board->run_cond, NULL);
    board->info.n_vcpus = options->cpus;
    board->info.images = board->images;
    board->info.cmdline = options->append ? options->append : "";
    board->info.has_uart0 = options->serial != KIA_SERIAL_NONE;
    board->info.n_uarts = options->n_serials > 1 ? options->n_serials : 1;
    board->loop = kia_loop_create();
    board->info.mem = kia_mem_create();
    if (!board->loop || !board->info.mem)
        return kia_err(-ENOMEM, "cannot make the machine");

    if ((err = add_ram(board)) || (err = create_vm(board)) || (err = start_clock(board)) ||
        (err = kia_fw_create(board, &board->fw)))
        return err;
    /* The terminal goes raw last, when little is left that can fail. */
    if ((err = kia_console_open(board->loop, options, &keys, &board->console)) ||
        (err = chardevs_open(board)) || (err = create_platform(board)))
        return err;
    if (options->gdb && kia_vm_is_deterministic(board->info.vm))
        return kia_err(-EINVAL, "-gdb does not go with deterministic=on: a debugger's stops are not the machine's own");
    if (options->gdb && (err = gdb_open(board, options->gdb, &board->gdb)))
        return err;
    board->held = options->stopped;
    return machine_reset(board);
}

/** machine_destroy - ends a machine whose vcpu threads have ended; NULL and half-made ones are fine */
void machine_destroy(struct kia_board *board)
{
    if (!board)
        return;
    gdb_close(board->gdb);
    kia_platform_destroy(board->platform);
    kia_fw_destroy(board->fw);
    if (board->info.vm)
        kia_vm_destroy(board->info.vm);
    netdevs_close(board);
    chardevs_close(board);
    kia_console_close(board->console);
    kia_mem_destroy(board->info.mem);
    kia_loop_destroy(board->loop);
    pthread_cond_destroy(&board->run_cond);
    pthread_mutex_destroy(&board->run_lock);
    free(board);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */
#include "vmm/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/keyval.h"
#include "vmm/log.h"
#include "vmm/opt.h"
#include "vmm/sock.h"

#define MIB (UINT64_C(1) << 20)
#define MIN_RAM (128 * MIB)
#define MAX_RAM (256 * 1024 * MIB)
#define DEFAULT_RAM (1024 * MIB)

/** opt_set_string - see the header */
int opt_set_string(char **to, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return kia_err(-ENOMEM, "cannot read the command line");
    free(*to);
    *to = copy;
    return 0;
}

static int opt_m(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    const char *size = NULL;
    int err = kia_keyval_parse(&kv, "-m", value, "size");

    if (!err && !(size = kia_keyval_get(&kv, "size")))
        err = BAD("-m %s: give the size, for example -m 1G", value);
    if (!err && !kia_parse_size(size, MIB, &o->ram_size))
        err = BAD("-m %s: '%s' is not a size (use for example 512M or 4G)", value, size);
    if (!err && (o->ram_size < MIN_RAM || o->ram_size > MAX_RAM))
        err = BAD("-m %s: memory must be from 128M to 256G", value);
    if (!err) {
        o->ram_size = (o->ram_size + MIB - 1) & -MIB;
        err = kia_keyval_check_used(&kv);
    }
    kia_keyval_free(&kv);
    return err;
}

static int opt_smp(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    uint64_t cpus = 1;
    int err = kia_keyval_parse(&kv, "-smp", value, "cpus");

    if (!err)
        err = kia_keyval_u64(&kv, "cpus", &cpus);
    if (!err && (cpus < 1 || cpus > KIA_MAX_CPUS))
        err = BAD("-smp %s: there can be 1 to %d processors", value, KIA_MAX_CPUS);
    if (!err)
        err = kia_keyval_check_used(&kv);
    o->cpus = cpus;
    kia_keyval_free(&kv);
    return err;
}

static int opt_accel(struct kia_options *o, const char *value)
{
    return opt_set_string(&o->accel, value);
}

static int opt_cpu(struct kia_options *o, const char *value)
{
    return opt_set_string(&o->cpu, value);
}

static int opt_kernel(struct kia_options *o, const char *value)
{
    return opt_set_string(&o->kernel, value);
}

static int opt_initrd(struct kia_options *o, const char *value)
{
    return opt_set_string(&o->initrd, value);
}

static int opt_append(struct kia_options *o, const char *value)
{
    return opt_set_string(&o->append, value);
}

static int opt_machine(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    const char *type, *accel;
    int err = kia_keyval_parse(&kv, "-machine", value, "type");

    type = err ? NULL : kia_keyval_get(&kv, "type");
    if (type && !strcmp(type, "help")) {
        printf("generic    Itanium machine with ACPI and PCI (the default)\n");
        kia_keyval_free(&kv);
        return OPT_DONE;
    }
    if (type && strcmp(type, "generic"))
        err = BAD("-machine %s: there is one machine, 'generic'", value);
    if (!err && (accel = kia_keyval_get(&kv, "accel")))
        err = opt_set_string(&o->accel, accel);
    if (!err)
        err = kia_keyval_check_used(&kv);
    kia_keyval_free(&kv);
    return err;
}

/* The first serial port; the terminal can be only its. */
static int first_serial(struct kia_options *o, const char *value)
{
    static const struct { const char *name; enum kia_serial serial; } kinds[] = {
        { "mon:stdio", KIA_SERIAL_CONSOLE }, { "stdio", KIA_SERIAL_STDIO },
        { "null", KIA_SERIAL_NULL }, { "none", KIA_SERIAL_NONE },
    };

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!strcmp(value, kinds[i].name)) {
            o->serial = kinds[i].serial;
            return 0;
        }
    }
    if (!strncmp(value, "file:", 5) && value[5]) {
        o->serial = KIA_SERIAL_FILE;
        return opt_set_string(&o->serial_path, value + 5);
    }
    o->serial = KIA_SERIAL_CHARDEV;
    return opt_serial_chardev(o, value, &o->serial_chardev);
}

static int opt_serial(struct kia_options *o, const char *value)
{
    int *chardev = &o->more_serials[o->n_serials ? o->n_serials - 1 : 0], err = 0;

    if (o->n_serials == KIA_MAX_SERIALS)
        return BAD("-serial: there can be %d serial ports", KIA_MAX_SERIALS);
    *chardev = -1;
    if (!o->n_serials)
        err = first_serial(o, value);
    else if (strcmp(value, "null"))
        err = opt_serial_chardev(o, value, chardev);
    o->n_serials++;
    return err;
}

static int opt_nographic(struct kia_options *o, const char *value)
{
    (void)o;
    (void)value; /* the serial port on the terminal is the default; there is no display to leave out */
    return 0;
}

static int opt_no_reboot(struct kia_options *o, const char *value)
{
    (void)value;
    o->no_reboot = true;
    return 0;
}

static int opt_no_shutdown(struct kia_options *o, const char *value)
{
    (void)value;
    o->no_shutdown = true;
    return 0;
}

/* Seconds from the host's UTC to what the guest's clock shows. */
static int rtc_base(struct kia_options *o, const char *base)
{
    time_t now = time(NULL);
    struct tm tm = { 0 };
    const char *end;

    o->rtc_date = 0;
    o->rtc_is_host = true;
    if (!strcmp(base, "utc")) {
        o->rtc_offset = 0;
        return 0;
    }
    if (!strcmp(base, "localtime")) {
        localtime_r(&now, &tm);
        o->rtc_offset = tm.tm_gmtoff;
        return 0;
    }
    end = strptime(base, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!end)
        end = strptime(base, "%Y-%m-%d", &tm);
    if (!end || *end)
        return BAD("-rtc base=%s: use utc, localtime or a date like 2006-06-17T16:01:21", base);
    o->rtc_is_host = false;
    o->rtc_date = timegm(&tm);
    o->rtc_offset = o->rtc_date - now;
    return 0;
}

static int opt_rtc(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    const char *base, *clock;
    int err = kia_keyval_parse(&kv, "-rtc", value, NULL);

    if (!err && (base = kia_keyval_get(&kv, "base")))
        err = rtc_base(o, base);
    if (!err && (clock = kia_keyval_get(&kv, "clock")) && strcmp(clock, "host"))
        err = BAD("-rtc clock=%s: the only clock is 'host'", clock);
    if (!err)
        err = kia_keyval_check_used(&kv);
    kia_keyval_free(&kv);
    return err;
}

static int opt_d(struct kia_options *o, const char *value)
{
    if (!strcmp(value, "help")) {
        kia_log_open(value, NULL);
        return OPT_DONE;
    }
    return opt_set_string(&o->log_items, value);
}

static int opt_D(struct kia_options *o, const char *value)
{
    return opt_set_string(&o->log_file, value);
}

static int opt_gdb(struct kia_options *o, const char *value)
{
    if (!kia_sock_is(value))
        return BAD("-gdb %s: use tcp:HOST:PORT or unix:PATH", value);
    return opt_set_string(&o->gdb, value);
}

static int opt_s(struct kia_options *o, const char *value)
{
    (void)value;
    return opt_set_string(&o->gdb, "tcp::1234");
}

static int opt_S(struct kia_options *o, const char *value)
{
    (void)value;
    o->stopped = true;
    return 0;
}

static const struct option {
    const char *name;
    const char *arg; /* NULL: none */
    int (*set)(struct kia_options *o, const char *value);
    const char *help;
} options_table[] = {
    { "m", "SIZE", opt_m, "guest memory, 128M to 256G (MiB without suffix; default 1G)" },
    { "smp", "N", opt_smp, "number of processors (default 1)" },
    { "cpu", "MODEL", opt_cpu, "processor model and features; 'help' lists them" },
    { "accel", "NAME[,OPTION=VALUE]", opt_accel,
      "what runs the processors: soft[,jit=on|off][,jit-after=RUNS][,tb-size=MIB][,places=N][,perf-map=on]"
      "[,profile=FILE][,symbols=FILE][,deterministic=on[,trace=FILE[,trace-every=N][,trace-from=N][,trace-to=N]"
      "[,trace-memory=N][,trace-full=on]]]" },
    { "machine", "NAME", opt_machine, "the machine: generic" },
    { "M", "NAME", opt_machine, "the same" },
    { "kernel", "FILE", opt_kernel, "IA-64 ELF kernel to boot, plain or packed with gzip, xz or zstd" },
    { "initrd", "FILE", opt_initrd, "initial ramdisk for the kernel" },
    { "append", "TEXT", opt_append, "the kernel's command line" },
    { "drive", "file=FILE[,format=raw][,if=virtio|none][,id=ID][,readonly=on]"
      "[,cache=writeback|none|writethrough|directsync|unsafe][,discard=unmap|ignore]", opt_drive,
      "a disk image or block device" },
    { "chardev",
      "null|stdio[,mux=on]|file,path=F|pipe,path=F|pty|socket,path=F|socket,host=A,port=P[,server=on],id=ID",
      opt_chardev, "where a port leads" },
    { "device", "virtio-balloon-pci[,deflate-on-oom=on][,free-page-reporting=on][,addr=SLOT]", opt_device,
      "memory that the guest can give back" },
    { "device", "virtio-blk-pci,drive=ID[,serial=TEXT][,addr=SLOT][,num-queues=N]", opt_device, "a disk" },
    { "device", "virtio-net-pci,netdev=ID[,mac=MAC][,host_mtu=N][,addr=SLOT]", opt_device, "a network card" },
    { "device", "virtio-9p-pci,fsdev=ID,mount_tag=TAG[,addr=SLOT]", opt_device, "a folder for the guest" },
    { "device", "virtio-rng-pci[,rng=ID][,addr=SLOT]", opt_device, "random numbers of the host's" },
    { "object", "rng-random,id=ID[,filename=FILE]", opt_object, "a source for them (default: getrandom)" },
    { "device", "loader,file=FILE[,addr=A][,force-raw=on][,cpu-num=N]", opt_device,
      "put a file into memory" },
    { "device", "loader,data=V,data-len=L,addr=A[,data-be=on]", opt_device, "put 1 to 8 bytes into memory" },
    { "device", "loader,addr=A,cpu-num=N", opt_device, "start a processor there" },
    { "nic", "user|tap|socket|none[,mac=MAC][,PROPERTY=VALUE...]", opt_nic,
      "a network card and what it leads to" },
    { "netdev", "user,id=ID[,hostfwd=tcp|udp:[ADDR]:PORT-[ADDR]:PORT][,restrict=on][,ipv4=off][,ipv6=off]"
      "[,net=ADDR/BITS][,host=ADDR][,dns=ADDR][,dhcpstart=ADDR][,hostname=NAME][,domainname=NAME]"
      "[,dnssearch=NAME][,tftp=DIR][,bootfile=FILE]", opt_netdev,
      "a network behind the host's sockets" },
    { "netdev", "tap,id=ID[,ifname=NAME][,script=FILE|no][,downscript=FILE|no] | tap,id=ID,fd=N", opt_netdev,
      "a network interface of the host's" },
    { "netdev", "socket,id=ID,listen=[HOST]:PORT | connect=HOST:PORT | udp=HOST:PORT,localaddr=HOST:PORT | "
      "mcast=ADDRESS:PORT[,localaddr=ADDRESS]", opt_netdev, "another virtual machine" },
    { "device", "virtio-serial-pci[,id=ID][,max_ports=N][,addr=SLOT]", opt_device, "a card with ports" },
    { "device", "virtconsole,chardev=ID[,name=NAME][,bus=ID.0]", opt_device, "a console on it: /dev/hvc0" },
    { "device", "virtserialport,chardev=ID[,name=NAME][,bus=ID.0]", opt_device,
      "a port: /dev/virtio-ports/NAME" },
    { "virtfs",
      "local,path=DIR,mount_tag=TAG[,security_model=none|passthrough|mapped-xattr][,readonly=on][,id=ID]",
      opt_virtfs, "share a folder of the host (mount -t 9p -o trans=virtio,version=9p2000.L TAG /mnt)" },
    { "fsdev", "local,id=ID,path=DIR[,security_model=...][,readonly=on]", opt_fsdev,
      "a folder for virtio-9p-pci" },
    { "serial", "stdio|mon:stdio|file:PATH|pty|unix:PATH[,server=on]|tcp:HOST:PORT[,server=on]|chardev:ID|null|none",
      opt_serial, "where the serial port leads (default mon:stdio); again for a second one, up to 4" },
    { "nographic", NULL, opt_nographic, "serial port on the terminal, C-a h for its keys (the default)" },
    { "rtc", "base=utc|localtime|DATE", opt_rtc, "the guest's clock at start" },
    { "no-reboot", NULL, opt_no_reboot, "end instead of resetting" },
    { "no-shutdown", NULL, opt_no_shutdown, "stop instead of ending at power-off" },
    { "gdb", "tcp:HOST:PORT|unix:PATH", opt_gdb, "wait for gdb there" },
    { "s", NULL, opt_s, "the same as -gdb tcp::1234" },
    { "S", NULL, opt_S, "run nothing before gdb says so" },
    { "d", "ITEM,...", opt_d, "log these; 'help' lists them" },
    { "D", "FILE", opt_D, "log to this file instead of stderr" },
};

enum { N_OPTIONS = sizeof(options_table) / sizeof(options_table[0]) };

static void print_help(void)
{
    printf("usage: kvm-ia64 [options]\nAn Itanium (IA-64) virtual machine.\n\n");
    for (unsigned i = 0; i < N_OPTIONS; i++) {
        const struct option *opt = &options_table[i];

        printf("  -%s%s%s\n        %s\n", opt->name, opt->arg ? " " : "", opt->arg ? opt->arg : "",
               opt->help);
    }
    printf("  -h, -help, -version\n\nExample: kvm-ia64 -m 1G -kernel vmlinux.gz -initrd initramfs.cpio.xz "
           "-append console=ttyS0 -nographic\n");
}

static const struct option *find_option(const char *arg)
{
    const char *name = arg[1] == '-' ? arg + 2 : arg + 1;

    for (unsigned i = 0; i < N_OPTIONS; i++)
        if (!strcmp(name, options_table[i].name))
            return &options_table[i];
    return NULL;
}

static bool is(const char *arg, const char *name)
{
    return *arg == '-' && !strcmp(arg + (arg[1] == '-' ? 2 : 1), name);
}

/* What only shows when all options are known. */
static int check_together(const struct kia_options *o)
{
    bool starts = o->kernel;

    if (!o->kernel && (o->initrd || o->append))
        return BAD("-%s needs -kernel", o->initrd ? "initrd" : "append");
    for (unsigned i = 0; i < o->n_loaders; i++) {
        if (o->loaders[i].cpu >= (int)o->cpus)
            return BAD("-device loader,cpu-num=%d: there is no such processor with -smp %u",
                       o->loaders[i].cpu, o->cpus);
        starts |= o->loaders[i].cpu >= 0;
    }
    if (o->stdio_chardev && (o->serial == KIA_SERIAL_CONSOLE || o->serial == KIA_SERIAL_STDIO))
        return BAD("-chardev stdio: the serial port has the terminal; add -serial none");
    opt_warn_unused(o);
    if (!starts)
        return BAD("nothing to boot: give a kernel with -kernel FILE");
    if (o->stopped && !o->gdb)
        return BAD("-S needs -gdb: nobody else can set the machine off");
    return 0;
}

/** kia_options_parse - see the header; prints help or one line of complaint itself */
enum kia_options_result kia_options_parse(struct kia_options *options, int argc, char **argv)
{
    memset(options, 0, sizeof(*options));
    options->ram_size = DEFAULT_RAM;
    options->cpus = 1;
    if (opt_set_string(&options->accel, "soft") || opt_set_string(&options->cpu, "montecito"))
        return KIA_OPTIONS_BAD;

    for (int i = 1; i < argc; i++) {
        const struct option *opt;
        int err;

        if (is(argv[i], "h") || is(argv[i], "help")) {
            print_help();
            return KIA_OPTIONS_DONE;
        }
        if (is(argv[i], "version")) {
            printf("kvm-ia64 " KIA_VERSION "\n");
            return KIA_OPTIONS_DONE;
        }
        opt = argv[i][0] == '-' ? find_option(argv[i]) : NULL;
        if (!opt) {
            kia_err(0, "%s: no such option; kvm-ia64 -h lists them", argv[i]);
            return KIA_OPTIONS_BAD;
        }
        if (opt->arg && ++i == argc) {
            kia_err(0, "-%s needs a value: %s", opt->name, opt->arg);
            return KIA_OPTIONS_BAD;
        }
        err = opt->set(options, opt->arg ? argv[i] : NULL);
        if (err)
            return err == OPT_DONE ? KIA_OPTIONS_DONE : KIA_OPTIONS_BAD;
        if (options->cpu && !strcmp(options->cpu, "help"))
            return KIA_OPTIONS_CPU_HELP;
    }
    return check_together(options) ? KIA_OPTIONS_BAD : KIA_OPTIONS_RUN;
}

/** kia_options_free - frees every string */
void kia_options_free(struct kia_options *options)
{
    free(options->accel);
    free(options->cpu);
    free(options->kernel);
    free(options->initrd);
    free(options->append);
    for (unsigned i = 0; i < options->n_drives; i++) {
        free(options->drives[i].id);
        free(options->drives[i].file);
        free(options->drives[i].serial);
    }
    for (unsigned i = 0; i < options->n_loaders; i++)
        free(options->loaders[i].file);
    for (unsigned i = 0; i < options->n_devices; i++) {
        free(options->devices[i].bus);
        free(options->devices[i].mount_tag);
        for (unsigned p = 0; p < options->devices[i].n_ports; p++)
            free(options->devices[i].ports[p].name);
        free(options->devices[i].rng_path);
    }
    for (unsigned i = 0; i < options->n_chardevs; i++) {
        free(options->chardevs[i].address);
        kia_keyval_free(&options->chardevs[i].kv);
    }
    for (unsigned i = 0; i < options->n_fsdevs; i++)
        kia_keyval_free(&options->fsdevs[i].kv);
    for (unsigned i = 0; i < options->n_netdevs; i++)
        kia_keyval_free(&options->netdevs[i].kv);
    for (unsigned i = 0; i < options->n_rngs; i++) {
        free(options->rngs[i].id);
        free(options->rngs[i].path);
    }
    free(options->serial_path);
    free(options->gdb);
    free(options->log_items);
    free(options->log_file);
    memset(options, 0, sizeof(*options));
}

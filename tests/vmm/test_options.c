/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line's parser. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/keyval.h"
#include "vmm/options.h"

static struct kia_options o;

/* Parses a line cut at blanks; stderr is kept away from the test's output. */
static enum kia_options_result parse(const char *line)
{
    char text[512], *argv[64], *save;
    int argc = 1, err = dup(STDERR_FILENO);
    enum kia_options_result result;

    assert_non_null(freopen("/dev/null", "w", stderr));
    snprintf(text, sizeof(text), "%s", line);
    argv[0] = (char *)"kvm-ia64";
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    kia_options_free(&o);
    result = kia_options_parse(&o, argc, argv);
    fflush(stderr);
    dup2(err, STDERR_FILENO);
    close(err);
    return result;
}

static int teardown(void **state)
{
    (void)state;
    kia_options_free(&o);
    return 0;
}

static void good(const char *line)
{
    assert_int_equal(parse(line), KIA_OPTIONS_RUN);
}

static void bad(const char *line)
{
    if (parse(line) != KIA_OPTIONS_BAD)
        fail_msg("accepted: %s", line);
}

static void test_sizes(void **state)
{
    static const struct { const char *text; uint64_t size;
    } sizes[] = {
        { "512", 512ull << 20 },    { "512M", 512ull << 20 },       { "1G", 1ull << 30 },
        { "1.5G", 3ull << 29 },     { "256G", 256ull << 30 },       { "128M", 128ull << 20 },
        { "1048576K", 1ull << 30 }, { "1GiB", 1ull << 30 },         { "size=2G", 2ull << 30 },
        { "0x200", 512ull << 20 },  { "134217729B", 129ull << 20 },
    };
    char line[64];

    (void)state;
    good("-kernel k");
    assert_true(o.ram_size == 1ull << 30 && o.cpus == 1);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(line, sizeof(line), "-kernel k -m %s", sizes[i].text);
        good(line);
        assert_true(o.ram_size == sizes[i].size);
    }
    bad("-kernel k -m 127M");
    bad("-kernel k -m 257G");
    bad("-kernel k -m 1T");
    bad("-kernel k -m 1X");
    bad("-kernel k -m 1Gx");
    bad("-kernel k -m -1");
    bad("-kernel k -m 99999999999999999999999999G");
    bad("-kernel k -m 1G,slots=3");
    bad("-kernel k -m ,");
    bad("-kernel k -m");
}

static void test_general(void **state)
{
    (void)state;
    good("--kernel k -initrd i -append a=b -smp 4 -cpu madison -accel soft,jit=on -nographic -no-reboot "
         "-machine generic");
    assert_string_equal(o.kernel, "k");
    assert_string_equal(o.initrd, "i");
    assert_string_equal(o.append, "a=b");
    assert_string_equal(o.cpu, "madison");
    assert_string_equal(o.accel, "soft,jit=on");
    assert_true(o.cpus == 4 && o.no_reboot && !o.no_shutdown);
    good("-kernel k -smp cpus=128");
    assert_int_equal(o.cpus, 128);
    bad("-kernel k -smp 0");
    bad("-kernel k -smp 129");
    bad("-kernel k -smp x");
    bad("-kernel k -smp 2,sockets=1");
    bad("-kernel k -machine pc");
    bad("-kernel k extra");
    bad("-nosuch");
    bad("-initrd i");
    bad("-append a");
    bad("");
    assert_int_equal(parse("-cpu help"), KIA_OPTIONS_CPU_HELP);
}

static void test_serial(void **state)
{
    (void)state;
    good("-kernel k");
    assert_int_equal(o.serial, KIA_SERIAL_CONSOLE);
    good("-kernel k -serial stdio");
    assert_int_equal(o.serial, KIA_SERIAL_STDIO);
    good("-kernel k -serial mon:stdio");
    assert_int_equal(o.serial, KIA_SERIAL_CONSOLE);
    good("-kernel k -serial file:/tmp/x");
    assert_int_equal(o.serial, KIA_SERIAL_FILE);
    assert_string_equal(o.serial_path, "/tmp/x");
    good("-kernel k -serial null");
    assert_int_equal(o.serial, KIA_SERIAL_NULL);
    good("-kernel k -serial none");
    assert_int_equal(o.serial, KIA_SERIAL_NONE);
    bad("-kernel k -serial file:");
    good("-kernel k -serial pty -serial tcp:[::1]:77,server=on -serial null -serial unix:/tmp/y");
    assert_int_equal(o.serial, KIA_SERIAL_CHARDEV);
    assert_int_equal(o.chardevs[o.serial_chardev].kind, KIA_CHARDEV_PTY);
    assert_int_equal(o.n_serials, 4);
    assert_string_equal(o.chardevs[o.more_serials[0]].address, "tcp:[::1]:77");
    assert_true(o.chardevs[o.more_serials[0]].server);
    assert_int_equal(o.more_serials[1], -1);
    assert_string_equal(o.chardevs[o.more_serials[2]].address, "unix:/tmp/y");
    assert_false(o.chardevs[o.more_serials[2]].server);
    good("-kernel k -chardev file,id=f,path=/x -serial none -serial chardev:f");
    assert_int_equal(o.more_serials[0], 0);
    bad("-kernel k -serial chardev:f");
    bad("-kernel k -chardev file,id=f,path=/x -serial chardev:f -serial chardev:f");
    bad("-kernel k -serial pty -serial stdio");
    bad("-kernel k -serial null -serial null -serial null -serial null -serial null");
    bad("-kernel k -serial tcp:77");
    bad("-kernel k -serial unix:");
}

static void test_drives(void **state)
{
    (void)state;
    good("-kernel k -drive file=a,,b.img,format=raw,if=virtio -drive file=c,if=none,id=d1,readonly=on "
         "-device virtio-blk-pci,drive=d1,serial=S1,addr=5,num-queues=2");
    assert_int_equal(o.n_drives, 2);
    assert_string_equal(o.drives[0].file, "a,b.img");
    assert_true(o.drives[0].has_device && !o.drives[0].readonly && o.drives[0].slot == -1);
    assert_true(o.drives[1].has_device && o.drives[1].readonly && o.drives[1].slot == 5);
    assert_int_equal(o.drives[1].queues, 2);
    assert_string_equal(o.drives[1].serial, "S1");
    good("-kernel k -drive file=a,cache=none -drive file=b,cache=writethrough,discard=ignore -drive file=c,cache=unsafe");
    assert_true(o.drives[0].direct && !o.drives[0].writethrough && !o.drives[0].no_flush && !o.drives[0].no_discard);
    assert_true(!o.drives[1].direct && o.drives[1].writethrough && o.drives[1].no_discard);
    assert_true(o.drives[2].no_flush);
    bad("-kernel k -drive file=a,discard=maybe");
    bad("-kernel k -drive format=raw");
    bad("-kernel k -drive file=a,format=qcow2");
    bad("-kernel k -drive file=a,if=ide");
    bad("-kernel k -drive file=a,cache=weird");
    bad("-kernel k -drive file=a,readonly=perhaps");
    bad("-kernel k -drive file=a,id=x -drive file=b,id=x");
    bad("-kernel k -drive file=a,id=x -device virtio-blk-pci,drive=x");
    bad("-kernel k -device virtio-blk-pci,drive=x");
    bad("-kernel k -device virtio-blk-pci");
    bad("-kernel k -drive file=a,id=x,if=none -device virtio-blk-pci,drive=x,addr=32");
    bad("-kernel k -drive file=a,id=x,if=none -device virtio-blk-pci,drive=x,num-queues=0");
    bad("-kernel k -drive file=a,id=x,if=none -device virtio-blk-pci,drive=x,serial=123456789012345678901");
    bad("-kernel k -device e1000");
    bad("-kernel k -device drive=x");
}

static void test_devices(void **state)
{
    (void)state;
    good("-kernel k -object rng-random,id=r,filename=/dev/zero -device virtio-rng-pci,rng=r,addr=4,id=dev "
         "-drive file=a -device virtio-rng-pci -object rng-builtin,id=b -device virtio-rng-pci,rng=b");
    assert_int_equal(o.n_devices, 4);
    assert_int_equal(o.devices[0].kind, KIA_DEVICE_RNG);
    assert_string_equal(o.devices[0].rng_path, "/dev/zero");
    assert_int_equal(o.devices[0].slot, 4);
    assert_int_equal(o.devices[1].kind, KIA_DEVICE_BLK);
    assert_true(o.devices[2].slot == -1 && !o.devices[2].rng_path && !o.devices[3].rng_path);
    good("-kernel k -device virtio-rng-pci,packed=off,event_idx=off -device virtio-rng-pci,indirect_desc=off,packed=on");
    assert_int_equal(o.devices[0].withheld, UINT64_C(1) << 34 | 1 << 29);
    assert_int_equal(o.devices[1].withheld, 1 << 28);
    bad("-kernel k -device virtio-rng-pci,packed=perhaps");
    bad("-kernel k -device virtio-rng-pci,rng=r");
    bad("-kernel k -device virtio-rng-pci,addr=32");
    bad("-kernel k -device virtio-rng-pci,bogus=1");
    bad("-kernel k -object rng-random");
    bad("-kernel k -object rng-random,id=a -object rng-random,id=a");
    bad("-kernel k -object weird,id=a");
}

static void test_networks(void **state)
{
    const struct kia_net_user_config *user;

    (void)state;
    good("-kernel k -nic user,mac=52:54:00:aa:BB:01,hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.1:53-10.0.2.20:5353 "
         "-netdev user,id=n,net=192.168.76.0/24,dhcpstart=192.168.76.9,restrict=on,ipv6=off,hostname=box,dnssearch=a,"
         "dnssearch=b -device virtio-net-pci,netdev=n,addr=7,host_mtu=9000 -nic none -device virtio-net-pci");
    assert_int_equal(o.n_devices, 3);
    assert_int_equal(o.n_netdevs, 2);
    assert_memory_equal(o.devices[0].mac, "\x52\x54\x00\xaa\xbb\x01", 6);
    assert_memory_equal(o.devices[1].mac, "\x52\x54\x00\x12\x34\x57", 6);
    assert_true(o.devices[0].of == 0 && o.devices[1].of == 1 && o.devices[2].of == -1);
    assert_true(o.devices[1].slot == 7 && o.devices[1].mtu == 9000);
    user = &o.netdevs[0].user;
    assert_true(user->ipv4 && user->ipv6 && !user->restricted && user->n_forwards == 2);
    assert_true(user->net.s_addr == htonl(0x0a000200) && user->host.s_addr == htonl(0x0a000202) &&
                user->dns.s_addr == htonl(0x0a000203) && user->dhcp_start.s_addr == htonl(0x0a00020f));
    assert_true(!user->forwards[0].udp && user->forwards[0].host_port == 2222 &&
                user->forwards[0].guest_port == 22 && !user->forwards[0].guest_addr.s_addr);
    assert_true(user->forwards[1].udp && user->forwards[1].host_addr.s_addr == htonl(0x7f000001) &&
                user->forwards[1].guest_addr.s_addr == htonl(0x0a000214));
    user = &o.netdevs[1].user;
    assert_true(!user->ipv6 && user->restricted && user->net.s_addr == htonl(0xc0a84c00) &&
                user->host.s_addr == htonl(0xc0a84c02) && user->dhcp_start.s_addr == htonl(0xc0a84c09));
    assert_string_equal(user->hostname, "box");
    assert_string_equal(user->search[1], "b");
    good("-kernel k -nic tap,ifname=tap7,script=no,downscript=/d -netdev socket,id=s,connect=h:5 -nic tap,fd=9 "
         "-nic socket,mcast=230.0.0.1:1234,localaddr=127.0.0.1");
    assert_true(o.netdevs[0].kind == KIA_NETDEV_TAP && o.netdevs[0].tap.fd == -1 && o.netdevs[2].tap.fd == 9);
    assert_string_equal(o.netdevs[0].tap.name, "tap7");
    assert_true(o.netdevs[1].kind == KIA_NETDEV_SOCKET && !o.netdevs[1].socket.listen);
    assert_string_equal(o.netdevs[1].socket.connect, "h:5");
    assert_string_equal(o.netdevs[3].socket.mcast, "230.0.0.1:1234");
    bad("-kernel k -nic tap,ifname=1234567890123456");
    bad("-kernel k -nic tap,fd=x");
    bad("-kernel k -nic socket");
    bad("-kernel k -nic socket,listen=:1,connect=a:2");
    bad("-kernel k -nic socket,udp=a:1");
    bad("-kernel k -nic weird");
    bad("-kernel k -nic user,model=e1000");
    bad("-kernel k -nic user,mac=52:54:00:12:34");
    bad("-kernel k -nic user,mac=53:54:00:12:34:56");
    bad("-kernel k -nic user,mac=52:54:00:12:34:5g");
    bad("-kernel k -nic user,hostfwd=tcp::22");
    bad("-kernel k -nic user,hostfwd=tcp::70000-:22");
    bad("-kernel k -nic user,hostfwd=tcp::22-:0");
    bad("-kernel k -nic user,hostfwd=icmp::22-:22");
    bad("-kernel k -nic user,hostfwd=tcp:nowhere:22-:22");
    bad("-kernel k -nic user,net=10.0.0.0/31");
    bad("-kernel k -nic user,net=10.0.0.0/255.0.255.0");
    bad("-kernel k -nic user,dns=a");
    bad("-kernel k -nic user,ipv4=off,ipv6=off");
    bad("-kernel k -nic user,bogus=1");
    bad("-kernel k -nic none,bogus=1");
    bad("-kernel k -netdev user");
    bad("-kernel k -netdev user,id=a -netdev user,id=a");
    bad("-kernel k -device virtio-net-pci,netdev=a");
    bad("-kernel k -netdev user,id=a -device virtio-net-pci,netdev=a -device virtio-net-pci,netdev=a");
    bad("-kernel k -device virtio-net-pci,host_mtu=10");
}

static void test_folders(void **state)
{
    (void)state;
    good("-kernel k -virtfs local,path=/a,,b,mount_tag=t,security_model=mapped-xattr,readonly=on "
         "-fsdev local,id=f,path=/c,security_model=passthrough -device virtio-9p-pci,fsdev=f,mount_tag=u,addr=9");
    assert_int_equal(o.n_fsdevs, 2);
    assert_string_equal(o.fsdevs[0].p9.path, "/a,b");
    assert_true(o.fsdevs[0].p9.readonly && o.fsdevs[0].p9.security == KIA_P9_MAPPED_XATTR);
    assert_true(!o.fsdevs[1].p9.readonly && o.fsdevs[1].p9.security == KIA_P9_PASSTHROUGH);
    assert_true(o.devices[0].kind == KIA_DEVICE_9P && o.devices[0].of == 0 && o.devices[1].of == 1);
    assert_string_equal(o.devices[0].mount_tag, "t");
    assert_string_equal(o.devices[1].mount_tag, "u");
    assert_int_equal(o.devices[1].slot, 9);
    bad("-kernel k -virtfs local,path=/a");
    bad("-kernel k -virtfs local,mount_tag=t");
    bad("-kernel k -virtfs proxy,path=/a,mount_tag=t");
    bad("-kernel k -virtfs local,path=/a,mount_tag=t,security_model=weird");
    bad("-kernel k -virtfs local,path=/a,mount_tag=t,bogus=1");
    bad("-kernel k -virtfs local,path=/a,mount_tag=123456789012345678901234567890123");
    bad("-kernel k -fsdev local,path=/a");
    bad("-kernel k -fsdev local,id=f,path=/a -fsdev local,id=f,path=/b");
    bad("-kernel k -device virtio-9p-pci,fsdev=f,mount_tag=t");
    bad("-kernel k -fsdev local,id=f,path=/a -device virtio-9p-pci,fsdev=f");
}

static void test_consoles(void **state)
{
    (void)state;
    good("-kernel k -serial none -chardev stdio,id=t,mux=on -chardev file,id=f,path=/x -chardev socket,id=s,path=/y,server=on "
         "-chardev socket,id=c,host=::1,port=5 -device virtio-serial-pci,id=a,addr=3 -device virtconsole,chardev=t "
         "-device virtio-serial-pci,id=b,max_ports=2 -device virtserialport,chardev=f,name=org.x,bus=a.0 "
         "-device virtserialport,chardev=s -device virtio-balloon-pci,deflate-on-oom=on");
    assert_true(o.stdio_chardev && o.stdio_mux && o.n_chardevs == 4 && o.n_devices == 3);
    assert_string_equal(o.chardevs[2].address, "unix:/y");
    assert_true(o.chardevs[2].server && o.chardevs[2].wait && !o.chardevs[3].server);
    assert_string_equal(o.chardevs[3].address, "tcp:::1:5");
    assert_true(o.devices[0].kind == KIA_DEVICE_CONSOLE && o.devices[0].n_ports == 2 && o.devices[0].slot == 3);
    assert_true(o.devices[0].ports[0].is_console && o.devices[0].ports[0].chardev == 0);
    assert_string_equal(o.devices[0].ports[1].name, "org.x");
    assert_true(o.devices[1].n_ports == 1 && !o.devices[1].ports[0].is_console && o.devices[1].max_ports == 2);
    assert_true(o.devices[2].balloon.deflate_on_oom && !o.devices[2].balloon.free_page_reporting);
    good("-kernel k -serial tcp::4321,server=on,wait=off");
    assert_string_equal(o.chardevs[0].address, "tcp::4321");
    assert_true(o.chardevs[0].server && !o.chardevs[0].wait);
    bad("-kernel k -serial tcp::4321,wait=off");
    bad("-kernel k -chardev stdio,id=t");
    bad("-kernel k -chardev null");
    bad("-kernel k -chardev weird,id=a");
    bad("-kernel k -chardev null,id=a -chardev null,id=a");
    bad("-kernel k -chardev file,id=a");
    bad("-kernel k -chardev socket,id=a");
    bad("-kernel k -chardev socket,id=a,path=/x,wait=off");
    bad("-kernel k -chardev null,id=a -device virtconsole,chardev=a");
    bad("-kernel k -device virtio-serial-pci -device virtconsole,chardev=a");
    bad("-kernel k -device virtio-serial-pci,max_ports=8");
    bad("-kernel k -chardev null,id=a -device virtio-serial-pci -device virtconsole,chardev=a -device virtconsole,chardev=a");
    bad("-kernel k -chardev null,id=a -device virtio-serial-pci,id=x -device virtconsole,chardev=a,bus=y.0");
    bad("-kernel k -device virtio-balloon-pci -device virtio-balloon-pci");
}

static void test_loader(void **state)
{
    (void)state;
    good("-device loader,file=f,addr=0x100000,cpu-num=0,force-raw=on");
    assert_true(o.loaders[0].addr == 0x100000 && o.loaders[0].cpu == 0 && o.loaders[0].force_raw);
    good("-device loader,addr=4096,cpu-num=1 -smp 2");
    assert_true(o.loaders[0].addr == 4096 && o.loaders[0].cpu == 1 && !o.loaders[0].file);
    good("-kernel k -device loader,data=0x1122334455667788,data-len=8,addr=16");
    assert_true(o.loaders[0].data == UINT64_C(0x1122334455667788) && o.loaders[0].data_len == 8);
    good("-kernel k -device loader,data=0x1122,data-len=2,addr=16,data-be=on");
    assert_true(o.loaders[0].data == 0x2211);
    good("-kernel k -device loader,data=0x112233,data-len=3,addr=16,data-be=true");
    assert_true(o.loaders[0].data == 0x332211);
    good("-kernel k -device loader,file=f");
    assert_true(o.loaders[0].cpu == -1 && o.loaders[0].addr == 0);
    bad("-kernel k -device loader");
    bad("-kernel k -device loader,addr=0");
    bad("-kernel k -device loader,cpu-num=0");
    bad("-kernel k -device loader,data=1");
    bad("-kernel k -device loader,data=1,addr=0");
    bad("-kernel k -device loader,data=1,data-len=1");
    bad("-kernel k -device loader,data=1,data-len=9,addr=0");
    bad("-kernel k -device loader,data=1,data-len=0,addr=0");
    bad("-kernel k -device loader,data=1,data-len=1,addr=0,file=f");
    bad("-kernel k -device loader,data=1,data-len=1,addr=0,cpu-num=0");
    bad("-kernel k -device loader,data-len=1,addr=0");
    bad("-kernel k -device loader,file=f,addr=0x,cpu-num=0");
    bad("-kernel k -device loader,file=f,addr=0x10000000000000000");
    bad("-kernel k -device loader,file=f,bogus=1");
    bad("-device loader,addr=0,cpu-num=1");
    bad("-device loader,addr=0,cpu-num=99999999999");
}

static void test_rtc(void **state)
{
    (void)state;
    good("-kernel k -rtc base=utc,clock=host");
    assert_true(o.rtc_offset == 0);
    good("-kernel k -rtc base=2006-06-17T16:01:21");
    assert_true(o.rtc_offset < 0);
    good("-kernel k -rtc base=localtime");
    bad("-kernel k -rtc base=yesterday");
    bad("-kernel k -rtc clock=vm");
    bad("-kernel k -rtc utc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_sizes, teardown),   cmocka_unit_test_teardown(test_general, teardown),
        cmocka_unit_test_teardown(test_serial, teardown),  cmocka_unit_test_teardown(test_drives, teardown),
        cmocka_unit_test_teardown(test_devices, teardown),
        cmocka_unit_test_teardown(test_networks, teardown),
        cmocka_unit_test_teardown(test_folders, teardown),
        cmocka_unit_test_teardown(test_consoles, teardown),
        cmocka_unit_test_teardown(test_loader, teardown),  cmocka_unit_test_teardown(test_rtc, teardown),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

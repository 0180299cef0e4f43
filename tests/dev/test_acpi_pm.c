/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI fixed hardware through the sparse I/O port space. */
#include "tests/dev/fixture.h"

#include <unistd.h>

#include "dev/acpi_pm.h"

enum { PORT = 0x400, VECTOR = 0x39, GSI = 9 };

static struct kia_acpi_pm *pm;

static int setup(void **state)
{
    struct machine *m;

    if (machine_setup(state))
        return -1;
    m = *state;
    iosapic_route(m, GSI, VECTOR, 0, RTE_LEVEL);
    return kia_acpi_pm_attach(m->platform, PORT, GSI, &pm);
}

static void test_control(void **state)
{
    struct machine *m = *state;

    assert_int_equal(port_read(m, PORT + 4, 2), 1); /* SCI_EN: ACPI mode always */
    port_write(m, PORT + 4, 2, 0xffff & ~(1 << 13));
    assert_int_equal(port_read(m, PORT + 4, 2), 0x1c03);
    assert_int_equal(n_poweroffs(), 0);
    port_write(m, PORT + 4, 2, 7 << 10 | 1 << 13); /* a sleep state there is not */
    assert_int_equal(n_poweroffs(), 0);
    port_write(m, PORT + 4, 2, 0);
    port_write(m, PORT + 4, 2, 1 << 13);
    assert_int_equal(n_poweroffs(), 1);
    assert_int_equal(port_read(m, PORT + 4, 2), 1);
}

static void test_reset(void **state)
{
    struct machine *m = *state;

    port_write(m, PORT + 12, 1, 0);
    assert_int_equal(n_resets(), 0);
    port_write(m, PORT + 12, 1, KIA_ACPI_PM_RESET_VALUE);
    assert_int_equal(n_resets(), 1);
}

static void test_power_button(void **state)
{
    struct machine *m = *state;
    struct irq irq;

    kia_acpi_pm_power_button(pm);
    assert_false(take_irq(&irq, 0)); /* not enabled */
    assert_int_equal(port_read(m, PORT, 2), 0x100);
    port_write(m, PORT + 2, 2, 0xffff);
    assert_int_equal(port_read(m, PORT + 2, 2), 0x121); /* timer, global, power button */
    assert_true(take_irq(&irq, 0));
    assert_int_equal(irq.vector, VECTOR);
    port_write(m, PORT, 2, 0x001); /* another bit: stays */
    iosapic_eoi(m, VECTOR);
    assert_true(take_irq(&irq, 0));
    port_write(m, PORT, 2, 0x100); /* write one to clear */
    iosapic_eoi(m, VECTOR);
    assert_false(take_irq(&irq, 0));
    assert_int_equal(port_read(m, PORT, 4), 0x121 << 16);
    /* Byte accesses reach the halves. */
    port_write(m, PORT + 3, 1, 0);
    assert_int_equal(port_read(m, PORT + 2, 2), 0x21);
    kia_platform_reset(m->platform);
    assert_int_equal(port_read(m, PORT, 4), 0);
}

static void test_timer(void **state)
{
    struct machine *m = *state;
    uint32_t before = port_read(m, PORT + 8, 4), after;
    int64_t start = kia_now(), ns;

    usleep(50000);
    after = port_read(m, PORT + 8, 4);
    ns = kia_now() - start;
    /* 3.579545 MHz; the second reading came at most ns after the first. */
    assert_in_range(after - before, 50000ull * 3579545 / 1000000, (uint64_t)ns * 3579545 / 1000000000 + 1);
}

static void test_ports(void **state)
{
    struct machine *m = *state;

    assert_int_equal(port_read(m, PORT + 16, 4), 0xffffffff);
    assert_int_equal(port_read(m, 0, 1), 0xff);
    port_write(m, 0xffff, 1, 0);
    /* Eight bytes are no port access. */
    assert_true(kia_mmio_read(m->mem, PORTS_GPA + (PORT >> 2 << 12) + PORT, 8) == UINT64_MAX);
    /* The upper address bits alone choose among ports that are multiples of 4. */
    assert_int_equal(kia_mmio_read(m->mem, PORTS_GPA + ((PORT + 4) >> 2 << 12), 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_control, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_power_button, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_timer, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_ports, setup, machine_teardown),
    };

    return cmocka_run_group_tests_name("acpi_pm", tests, NULL, NULL);
}

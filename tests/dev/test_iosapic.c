/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O SAPIC, interrupt lines that several outputs share, the interrupt block and device messages. */
#include "tests/dev/fixture.h"

#include "dev/pib.h"

static void assert_irq(uint16_t lid, unsigned dm, uint8_t vector)
{
    struct irq irq = { 0 };

    assert_true(take_irq(&irq, 0));
    assert_int_equal(irq.lid, lid);
    assert_int_equal(irq.dm, dm);
    assert_int_equal(irq.vector, vector);
}

static void assert_no_irq(void)
{
    struct irq irq;

    assert_false(take_irq(&irq, 0));
}

static void test_registers(void **state)
{
    struct machine *m = *state;

    assert_int_equal(iosapic_get(m, 1) >> 16 & 0xff, 63); /* the last entry's number */
    for (unsigned pin = 0; pin < 64; pin++) {
        assert_int_equal(iosapic_get(m, 0x10 + 2 * pin), RTE_MASK);
        assert_int_equal(iosapic_get(m, 0x11 + 2 * pin), 0);
    }
    iosapic_set(m, 0x10 + 2 * 5, 0xffffffff);
    iosapic_set(m, 0x11 + 2 * 5, 0xffffffff);
    /* Delivery status {12} and remote IRR {14} are read-only; {31:17} and the high word's {15:0} are
     * reserved. */
    assert_int_equal(iosapic_get(m, 0x10 + 2 * 5), 0x1a7ff);
    assert_int_equal(iosapic_get(m, 0x11 + 2 * 5), 0xffff0000);
    assert_int_equal(iosapic_get(m, 0x10 + 2 * 64), 0);
    iosapic_set(m, 0x10 + 2 * 64, 1);
    iosapic_set(m, 0xff, 1);
    kia_platform_reset(m->platform);
    assert_int_equal(iosapic_get(m, 0x10 + 2 * 5), RTE_MASK);
}

static void test_edge(void **state)
{
    struct machine *m = *state;
    struct kia_irq line;

    kia_irq_init(&line, m->platform, 9);
    kia_irq_set(&line, true); /* masked: lost */
    assert_no_irq();
    iosapic_route(m, 9, 0x41, 0x0300, 0);
    assert_no_irq();
    kia_irq_set(&line, false);
    kia_irq_set(&line, true);
    assert_irq(0x0300, 0, 0x41);
    kia_irq_set(&line, true); /* no edge */
    assert_no_irq();
    kia_irq_set(&line, false);
    kia_irq_set(&line, true); /* edges need no EOI */
    assert_irq(0x0300, 0, 0x41);
    iosapic_route(m, 9, 0x02, 0x0100, 4 << 8); /* NMI */
    kia_irq_set(&line, false);
    kia_irq_set(&line, true);
    assert_irq(0x0100, 4, 2);
}

static void test_level(void **state)
{
    struct machine *m = *state;
    struct kia_irq line;

    kia_irq_init(&line, m->platform, 20);
    kia_irq_set(&line, true);
    iosapic_route(m, 20, 0x50, 0, RTE_LEVEL); /* asserted when it is unmasked: sent */
    assert_irq(0, 0, 0x50);
    assert_int_equal(iosapic_get(m, 0x10 + 40) >> 14 & 1, 1); /* remote IRR */
    kia_irq_set(&line, false);
    kia_irq_set(&line, true); /* not again before the EOI */
    assert_no_irq();
    iosapic_eoi(m, 0x51); /* another vector's */
    assert_no_irq();
    iosapic_eoi(m, 0x50); /* still asserted: again */
    assert_irq(0, 0, 0x50);
    kia_irq_set(&line, false);
    iosapic_eoi(m, 0x50);
    assert_no_irq();
    assert_int_equal(iosapic_get(m, 0x10 + 40) >> 14 & 1, 0);

    /* Masked, moved to another processor, unmasked: comes there, once. */
    iosapic_route(m, 20, 0x50, 0, RTE_LEVEL | RTE_MASK);
    kia_irq_set(&line, true);
    assert_no_irq();
    iosapic_route(m, 20, 0x60, 0x0200, RTE_LEVEL);
    assert_irq(0x0200, 0, 0x60);
    kia_irq_set(&line, false);
    iosapic_eoi(m, 0x60);
    assert_no_irq();
}

static void test_shared_eoi(void **state)
{
    struct machine *m = *state;
    struct kia_irq a, b;

    /* Two lines with one vector: an EOI counts for both. */
    kia_irq_init(&a, m->platform, 16);
    kia_irq_init(&b, m->platform, 17);
    iosapic_route(m, 16, 0x55, 0, RTE_LEVEL);
    iosapic_route(m, 17, 0x55, 0, RTE_LEVEL);
    kia_irq_set(&a, true);
    assert_irq(0, 0, 0x55);
    kia_irq_set(&b, true);
    assert_irq(0, 0, 0x55);
    kia_irq_set(&a, false);
    iosapic_eoi(m, 0x55);
    assert_irq(0, 0, 0x55); /* b's */
    assert_no_irq();
}

static void test_shared_line(void **state)
{
    struct machine *m = *state;
    struct kia_irq a, b;

    kia_irq_init(&a, m->platform, 18);
    kia_irq_init(&b, m->platform, 18);
    iosapic_route(m, 18, 0x70, 0, RTE_LEVEL);
    kia_irq_set(&a, true);
    assert_irq(0, 0, 0x70);
    kia_irq_set(&b, true);
    kia_irq_set(&a, false); /* b still holds it */
    iosapic_eoi(m, 0x70);
    assert_irq(0, 0, 0x70);
    kia_irq_set(&b, false);
    iosapic_eoi(m, 0x70);
    assert_no_irq();
}

static void test_no_pin(void **state)
{
    struct machine *m = *state;
    struct kia_irq line;

    kia_irq_init(&line, m->platform, 200);
    kia_irq_set(&line, true);
    kia_irq_set(&line, false);
    assert_no_irq();
}

static void test_messages(void **state)
{
    struct machine *m = *state;
    uint32_t word = 0;

    assert_int_equal(kia_pib_attach(m->platform, PIB_GPA), 0);
    /* Processors: 8-byte stores, {19:12} id, {11:4} eid (SDM 2:127). */
    kia_mmio_write(m->mem, PIB_GPA + (0x12 << 12) + (0x34 << 4), 8, 0x0fe);
    assert_irq(0x1234, 0, 0xfe);
    kia_mmio_write(m->mem, PIB_GPA + (0x01 << 12) + (1 << 3), 8,
                   5 << 8); /* INIT, with the redirection hint */
    assert_irq(0x0100, 5, 0);
    kia_mmio_write(m->mem, PIB_GPA, 4, 0xfe);
    kia_mmio_write(m->mem, PIB_GPA + 4, 8, 0xfe);
    kia_mmio_write(m->mem, PIB_GPA + 0x1e0008, 1, 0xf);
    kia_mmio_write(m->mem, PIB_GPA + 0x100000, 8, 0xfe);
    assert_no_irq();
    assert_true(kia_mmio_read(m->mem, PIB_GPA + 0x1e0000, 1) == 0x0f);

    /* Devices: 4-byte messages; anything else is a store to RAM or lost. */
    kia_platform_msi(m->platform, PIB_GPA + (0x02 << 12), 0x4000 + 0x31);
    assert_irq(0x0200, 0, 0x31);
    kia_platform_msi(m->platform, 0x1000, 0x12345678);
    kia_mem_read(m->mem, 0x1000, &word, 4);
    assert_int_equal(word, 0x12345678);
    kia_platform_msi(m->platform, UINT64_C(0x700000000), 1);
    assert_no_irq();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_registers, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_edge, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_level, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_shared_eoi, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_shared_line, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_no_pin, machine_setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_messages, machine_setup, machine_teardown),
    };

    return cmocka_run_group_tests_name("iosapic", tests, NULL, NULL);
}

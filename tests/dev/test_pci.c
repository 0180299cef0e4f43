/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space, BAR sizing and moving, INTx, MSI-X, on a device of the test's own. */
#include "tests/dev/fixture.h"

#include <errno.h>
#include <stdlib.h>

struct toy {
    struct kia_pci_dev pdev;
    uint64_t last_offset, last_value;
};

static struct toy *toy;

static uint64_t toy_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)opaque;
    (void)size;
    return 0x70 + offset;
}

static void toy_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct toy *t = opaque;

    (void)size;
    t->last_offset = offset;
    t->last_value = value;
}

static const struct kia_mmio_ops toy_bar = { "toy", toy_read, toy_write };

static void toy_reset(struct kia_dev *dev)
{
    kia_pci_dev_reset((struct kia_pci_dev *)dev);
}

static void toy_detach(struct kia_dev *dev)
{
    kia_pci_dev_detach((struct kia_pci_dev *)dev);
    free(dev);
}

static const struct kia_dev_ops toy_ops = { .name = "toy", .reset = toy_reset, .detach = toy_detach };
static const struct kia_pci_id toy_id = {
    .vendor = 0x1234,
    .device = 0x5678,
    .subsystem_vendor = 0xabcd,
    .subsystem = 0xef01,
    .class_code = 0x0c0330,
    .revision = 2,
};

static int setup(void **state)
{
    struct machine *m;

    if (machine_setup(state))
        return -1;
    m = *state;
    toy = calloc(1, sizeof(*toy));
    if (kia_pci_add(m->pci, &toy->pdev, 3, &toy_id, true, &toy_ops))
        return -1;
    kia_pci_add_bar(&toy->pdev, 0, KIA_PCI_BAR_MEM32, 0x100, &toy_bar, toy);
    kia_pci_add_bar(&toy->pdev, 1, KIA_PCI_BAR_IO, 0x20, &toy_bar, toy);
    kia_pci_add_bar(&toy->pdev, 2, KIA_PCI_BAR_MEM64, 0x10000, &toy_bar, toy);
    if (kia_pci_msix_init(&toy->pdev, 4, 3))
        return -1;
    kia_platform_reset(m->platform);
    return kia_pci_assign(m->pci);
}

static uint32_t get(struct machine *m, unsigned reg, unsigned size)
{
    return kia_pci_config_read(m->pci, 0, 0, 3, 0, reg, size);
}

static void set(struct machine *m, unsigned reg, unsigned size, uint32_t value)
{
    kia_pci_config_write(m->pci, 0, 0, 3, 0, reg, size, value);
}

static void test_header(void **state)
{
    struct machine *m = *state;

    assert_int_equal(get(m, 0, 4), 0x56781234);
    assert_int_equal(get(m, 8, 4), 0x0c033002);
    assert_int_equal(get(m, 0x0e, 1), 0);
    assert_int_equal(get(m, 0x2c, 4), 0xef01abcd);
    assert_int_equal(get(m, 0x3d, 1), 1);
    assert_int_equal(get(m, 0x3c, 1), 16 + 3); /* GSI of slot 3's INTA# */
    set(m, 0, 4, 0);
    assert_int_equal(get(m, 0, 2), 0x1234);
    /* Nobody: other slots, functions, buses, segments, unaligned or outside. */
    assert_int_equal(kia_pci_config_read(m->pci, 0, 0, 4, 0, 0, 4), 0xffffffff);
    assert_int_equal(kia_pci_config_read(m->pci, 0, 0, 3, 1, 0, 2), 0xffff);
    assert_int_equal(kia_pci_config_read(m->pci, 0, 1, 3, 0, 0, 1), 0xff);
    assert_int_equal(kia_pci_config_read(m->pci, 1, 0, 3, 0, 0, 4), 0xffffffff);
    assert_int_equal(kia_pci_config_read(m->pci, 0, 0, 300, 0, 0, 4), 0xffffffff);
    assert_int_equal(get(m, 1, 2), 0xffff);
    assert_int_equal(get(m, 0x100, 4), 0xffffffff);
    assert_int_equal(get(m, 0xfff, 4), 0xffffffff);
    set(m, 0xffffff, 4, 0);
    /* Slot 0 is the bridge. */
    assert_int_equal(kia_pci_config_read(m->pci, 0, 0, 0, 0, 0x0a, 2), 0x0600);
}

static void test_slots(void **state)
{
    struct machine *m = *state;
    struct toy *other = calloc(1, sizeof(*other));

    assert_int_equal(kia_pci_add(m->pci, &other->pdev, 3, &toy_id, true, &toy_ops), -EBUSY);
    assert_int_equal(kia_pci_add(m->pci, &other->pdev, -1, &toy_id, false, &toy_ops), 0);
    assert_int_equal(kia_pci_config_read(m->pci, 0, 0, 1, 0, 0, 4), 0x56781234);
    assert_int_equal(kia_pci_config_read(m->pci, 0, 0, 1, 0, 0x3d, 1), 0);
}

static void test_bar_sizing(void **state)
{
    struct machine *m = *state;
    uint32_t bars[6];

    set(m, PCI_COMMAND, 2, 0);
    for (unsigned i = 0; i < 6; i++) {
        bars[i] = get(m, 0x10 + 4 * i, 4);
        set(m, 0x10 + 4 * i, 4, 0xffffffff);
    }
    assert_int_equal(get(m, 0x10, 4), 0xffffff00);
    assert_int_equal(get(m, 0x14, 4), 0xffffffe1);
    assert_int_equal(get(m, 0x18, 4), 0xffff000c);
    assert_int_equal(get(m, 0x1c, 4), 0xffffffff);
    assert_int_equal(get(m, 0x20, 4), 0xfffff000);
    assert_int_equal(get(m, 0x24, 4), 0);
    assert_int_equal(bars[0], MEM32_GPA);
    assert_int_equal(bars[1], 0x1001);
    assert_int_equal(bars[2], (uint32_t)MEM64_GPA | 0xc);
    assert_int_equal(bars[3], MEM64_GPA >> 32);
    for (unsigned i = 0; i < 6; i++)
        set(m, 0x10 + 4 * i, 4, bars[i]);
    set(m, PCI_COMMAND, 2, 3);
    assert_int_equal(kia_mmio_read(m->mem, MEM64_GPA, 1), 0x70);
}

static void test_decoding(void **state)
{
    struct machine *m = *state;

    assert_int_equal(get(m, PCI_COMMAND, 2), 3);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 5, 1), 0x75);
    assert_int_equal(kia_mmio_read(m->mem, MEM64_GPA + 6, 1), 0x76);
    assert_int_equal(port_read(m, 0x1007, 1), 0x77);
    port_write(m, 0x101c, 4, 0x12345678);
    assert_true(toy->last_offset == 0x1c && toy->last_value == 0x12345678);
    set(m, PCI_COMMAND, 2, 1);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 5, 1), 0xff);
    assert_int_equal(port_read(m, 0x1007, 1), 0x77);
    set(m, PCI_COMMAND, 2, 2);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 5, 1), 0x75);
    assert_int_equal(port_read(m, 0x1007, 1), 0xff);
    /* Moving. */
    set(m, 0x10, 4, MEM32_GPA + 0x5000);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 5, 1), 0xff);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 0x5005, 1), 0x75);
    /* Over another BAR, over RAM, over the IOSAPIC: not decoded, and what was there stays. */
    set(m, 0x10, 4, get(m, 0x20, 4));
    assert_int_equal(kia_mmio_read(m->mem, get(m, 0x20, 4) + 12, 4), 1); /* MSI-X: masked */
    set(m, 0x10, 4, 0);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 0x5005, 1), 0xff);
    set(m, 0x10, 4, IOSAPIC_GPA);
    assert_int_equal(iosapic_get(m, 1) >> 16, 63);
    set(m, 0x10, 4, MEM32_GPA + 0x100);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 0x105, 1), 0x75);
    kia_platform_reset(m->platform);
    assert_int_equal(get(m, 0x10, 4), 0);
    assert_int_equal(kia_mmio_read(m->mem, MEM32_GPA + 0x105, 1), 0xff);
}

static void test_intx(void **state)
{
    struct machine *m = *state;
    struct irq irq;

    iosapic_route(m, 19, 0x66, 0, RTE_LEVEL);
    kia_pci_set_intx(&toy->pdev, true);
    assert_true(take_irq(&irq, 0));
    assert_int_equal(irq.vector, 0x66);
    assert_int_equal(get(m, PCI_STATUS, 2) & 8, 8);
    assert_int_equal(get(m, PCI_COMMAND, 4) >> 16 & 8, 8);
    set(m, PCI_COMMAND, 2, 3 | PCI_COMMAND_INTX_DISABLE);
    iosapic_eoi(m, 0x66);
    assert_false(take_irq(&irq, 0));
    assert_int_equal(get(m, PCI_STATUS, 2) & 8, 8); /* the pin is kept off the line, not lowered */
    set(m, PCI_COMMAND, 2, 3);
    assert_true(take_irq(&irq, 0));
    kia_pci_set_intx(&toy->pdev, false);
    iosapic_eoi(m, 0x66);
    assert_false(take_irq(&irq, 0));
    assert_int_equal(get(m, PCI_STATUS, 2) & 8, 0);
}

static void set_entry(struct machine *m, unsigned i, uint64_t address, uint32_t data, uint32_t control)
{
    uint64_t at = get(m, 0x20, 4) + 16 * i;

    kia_mmio_write(m->mem, at, 8, address);
    kia_mmio_write(m->mem, at + 8, 4, data);
    kia_mmio_write(m->mem, at + 12, 4, control);
}

static void test_msix(void **state)
{
    struct machine *m = *state;
    unsigned cap = get(m, 0x34, 1);
    uint64_t table = get(m, 0x20, 4);
    struct irq irq;

    assert_int_equal(get(m, PCI_STATUS, 2) & 0x10, 0x10);
    assert_int_equal(get(m, cap, 1), 0x11);
    assert_int_equal(get(m, cap + 2, 2), 2); /* three vectors */
    assert_int_equal(get(m, cap + 4, 4), 4);
    assert_int_equal(get(m, cap + 8, 4), 2048 | 4);

    set_entry(m, 0, PIB_GPA + (5 << 12), 0x4031, 0);
    set_entry(m, 1, PIB_GPA + (6 << 12), 0x4032, 1);
    assert_true(kia_mmio_read(m->mem, table, 8) == PIB_GPA + (5 << 12));
    kia_pci_msix_notify(&toy->pdev, 0); /* not enabled */
    assert_false(take_irq(&irq, 0));
    set(m, cap + 2, 2, 0x8000);
    assert_true(kia_pci_msix_enabled(&toy->pdev));
    kia_pci_msix_notify(&toy->pdev, 0); /* no bus master: waits */
    assert_false(take_irq(&irq, 0));
    assert_true(kia_mmio_read(m->mem, table + 2048, 8) == 1);
    set(m, PCI_COMMAND, 2, 7);
    assert_true(take_irq(&irq, 0));
    assert_true(irq.lid == 0x0500 && irq.vector == 0x31 && irq.dm == 0);

    kia_pci_msix_notify(&toy->pdev, 1); /* masked */
    assert_false(take_irq(&irq, 0));
    assert_true(kia_mmio_read(m->mem, table + 2048, 4) == 2);
    kia_mmio_write(m->mem, table + 2048, 4, 0); /* read-only */
    kia_mmio_write(m->mem, table + 16 + 12, 4, 0);
    assert_true(take_irq(&irq, 0));
    assert_true(irq.lid == 0x0600 && irq.vector == 0x32);
    assert_true(kia_mmio_read(m->mem, table + 2048, 4) == 0);

    set(m, cap + 2, 2, 0xc000); /* the function masked */
    kia_pci_msix_notify(&toy->pdev, 0);
    kia_pci_msix_notify(&toy->pdev, 1);
    assert_false(take_irq(&irq, 0));
    set(m, cap + 2, 2, 0x8000);
    assert_true(take_irq(&irq, 0) && take_irq(&irq, 0) && !take_irq(&irq, 0));
    kia_pci_msix_notify(&toy->pdev, 3);
    kia_pci_msix_notify(&toy->pdev, 0xffff);
    kia_mmio_write(m->mem, table + 48, 4, 0); /* past the table */
    kia_mmio_write(m->mem, table + 2, 2, 0xffff); /* too narrow */
    assert_true(kia_mmio_read(m->mem, table, 8) == PIB_GPA + (5 << 12));
    kia_platform_reset(m->platform);
    assert_false(kia_pci_msix_enabled(&toy->pdev));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_header, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_slots, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_bar_sizing, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_decoding, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_intx, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_msix, setup, machine_teardown),
    };

    return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}

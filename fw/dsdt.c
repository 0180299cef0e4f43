/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DSDT: sleep states, processors, the PCI root bridge, the serial port. */
#include "fw/dsdt.h"

#include "vmm/board.h"

#include <stdio.h>

enum {
    PCI_SLOTS = 32,
    PCI_PINS = 4,
    UART_REGISTERS = 8,
    IO_ENTIRE_RANGE = 3,
    MEMORY_READ_WRITE = 1,
    MEMORY_PREFETCHABLE = 6, /* type flags: _RNG; _RW; _MEM {2:1} = 3 */
    IRQ_CONSUMER = 1,
    IRQ_LOW = 4,
    IRQ_SHARED = 8,
    STA_WORKING = 0xf,
};

/* \_Sx: SLP_TYP of PM1a and PM1b control. The board takes SLP_TYP 0 for S5. */
static void put_sleep_state(struct aml *aml, const char *name)
{
    aml_name(aml, name);
    aml_open_package(aml, 4);
    for (unsigned i = 0; i < 4; i++)
        aml_integer(aml, 0);
    aml_close(aml);
}

/* _PIC: the system tells that it uses the IOSAPIC; routing is the same in every mode. */
static void put_pic(struct aml *aml)
{
    aml_open_method(aml, "\\_PIC", 1);
    aml_close(aml);
}

static void put_processors(struct aml *aml, unsigned n_vcpus)
{
    for (unsigned i = 0; i < n_vcpus; i++) {
        char name[5];

        snprintf(name, sizeof(name), "C%03X", i & 0xfff);
        aml_open_processor(aml, name, (uint8_t)i);
        aml_name_integer(aml, "_STA", STA_WORKING);
        aml_close(aml);
    }
}

/* _PRT: { device address, pin, source 0, GSI }. */
static void put_routing(struct aml *aml)
{
    aml_name(aml, "_PRT");
    aml_open_package(aml, PCI_SLOTS * PCI_PINS);
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        for (unsigned pin = 0; pin < PCI_PINS; pin++) {
            aml_open_package(aml, 4);
            aml_integer(aml, slot << 16 | 0xffff);
            aml_integer(aml, pin);
            aml_integer(aml, 0);
            aml_integer(aml, KIA_GSI_PCI + ((slot + pin) & 3));
            aml_close(aml);
        }
    }
    aml_close(aml);
}

static void put_pci(struct aml *aml)
{
    aml_open_device(aml, "PCI0");
    aml_name(aml, "_HID");
    aml_eisaid(aml, "PNP0A03");
    aml_name_integer(aml, "_UID", 0);
    aml_name_integer(aml, "_SEG", 0);
    aml_name_integer(aml, "_BBN", 0);
    aml_name_integer(aml, "_CCA", 1);
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_word_space(aml, AML_BUS, 0, 0, 255);
    aml_qword_space(aml, AML_IO, false, IO_ENTIRE_RANGE, KIA_PORT_PCI_BASE, 0xffff);
    aml_qword_space(aml, AML_MEMORY, false, MEMORY_READ_WRITE, KIA_PCI_MEM32_GPA,
                    KIA_PCI_MEM32_GPA + KIA_PCI_MEM32_SIZE - 1);
    aml_qword_space(aml, AML_MEMORY, false, MEMORY_READ_WRITE | MEMORY_PREFETCHABLE, KIA_PCI_MEM64_GPA,
                    KIA_PCI_MEM64_GPA + KIA_PCI_MEM64_SIZE - 1);
    aml_close_resources(aml);
    put_routing(aml);
    aml_close(aml);
}

static void put_uart(struct aml *aml, unsigned n)
{
    const char name[] = { 'C', 'O', 'M', (char)('0' + n), 0 };

    aml_open_device(aml, name);
    aml_name(aml, "_HID");
    aml_eisaid(aml, "PNP0501");
    aml_name_integer(aml, "_UID", n);
    aml_name_integer(aml, "_STA", STA_WORKING);
    aml_name(aml, "_CRS");
    aml_open_resources(aml);
    aml_qword_space(aml, AML_MEMORY, true, MEMORY_READ_WRITE, KIA_UART_GPA(n), KIA_UART_GPA(n) + UART_REGISTERS - 1);
    aml_interrupt(aml, IRQ_CONSUMER | IRQ_LOW | IRQ_SHARED, KIA_GSI_UART0 + n);
    aml_close_resources(aml);
    aml_close(aml);
}

void dsdt_put(struct aml *aml, unsigned n_vcpus, bool has_uart0, unsigned n_uarts)
{
    put_sleep_state(aml, "\\_S5");
    put_pic(aml);
    aml_open_scope(aml, "\\_SB");
    put_processors(aml, n_vcpus);
    put_pci(aml);
    if (has_uart0)
        put_uart(aml, 0);
    for (unsigned i = 1; i < n_uarts; i++)
        put_uart(aml, i);
    aml_close(aml);
}

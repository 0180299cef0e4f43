/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EFI status codes (EFI 1.10, appendix D) and how a service reads and writes its caller's memory. */
#ifndef KIA_FW_EFI_STATUS_H
#define KIA_FW_EFI_STATUS_H

#include "fw/internal.h"

#include <errno.h>

#define EFI_ERROR(n)          (UINT64_C(1) << 63 | (n))
#define EFI_SUCCESS           UINT64_C(0)
#define EFI_INVALID_PARAMETER EFI_ERROR(2)
#define EFI_UNSUPPORTED       EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL  EFI_ERROR(5)
#define EFI_DEVICE_ERROR      EFI_ERROR(7)
#define EFI_WRITE_PROTECTED   EFI_ERROR(8)
#define EFI_OUT_OF_RESOURCES  EFI_ERROR(9)
#define EFI_NOT_FOUND         EFI_ERROR(14)
#define EFI_NO_MAPPING        EFI_ERROR(17)

/* No status: a fault was delivered and the guest calls again. Nothing has changed yet. */
#define EFI_RETRY (UINT64_C(1) << 62)

/* EFI_SUCCESS, EFI_RETRY, or EFI_INVALID_PARAMETER where the address is not RAM. */
static inline uint64_t efi_read(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len)
{
    int err = kia_vcpu_read_va(vcpu, gva, buf, len);

    return err == 0 ? EFI_SUCCESS : err == KIA_RETRY ? EFI_RETRY : EFI_INVALID_PARAMETER;
}

static inline uint64_t efi_write(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    int err = kia_vcpu_write_va(vcpu, gva, buf, len);

    return err == 0 ? EFI_SUCCESS : err == KIA_RETRY ? EFI_RETRY : EFI_INVALID_PARAMETER;
}

#endif

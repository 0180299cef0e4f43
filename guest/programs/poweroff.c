/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poweroff [-f]: waits until the terminal has sent everything, writes out the file systems, powers off. */
#include <stdio.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
    fflush(stdout);
    tcdrain(1);
    sync();
    reboot(LINUX_REBOOT_CMD_POWER_OFF, NULL);
    perror("poweroff");
    return 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gdb server of a machine: its socket, and how processors stop for it. Main thread, the loop's. */
#ifndef KIA_GDB_H
#define KIA_GDB_H

struct kia_board;
struct kia_gdb;

/* Listens where -gdb says. 0, or negative errno with a message. The loop does not run yet. */
int gdb_open(struct kia_board *board, const char *address, struct kia_gdb **gdb);
/* The machine ends: gdb is told. NULL is fine. */
void gdb_close(struct kia_gdb *gdb);
/* All processors are parked because one of them, or gdb, asked for it. */
void gdb_stopped(struct kia_gdb *gdb);

#endif

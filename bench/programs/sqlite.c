/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite: a unit of work fills a table in memory, indexes it and asks it questions. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

static uint64_t n_rows;

static void sqlite_prepare(uint64_t size)
{
    n_rows = size;
}

static int add_row(void *sum, int n, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < n; i++)
        for (const char *c = values[i]; c && *c; c++)
            *(uint64_t *)sum = bench_mix(*(uint64_t *)sum, (uint8_t)*c);
    return 0;
}

static void execute(sqlite3 *db, const char *statement, uint64_t *sum)
{
    char *message;

    if (sqlite3_exec(db, statement, add_row, sum, &message)) {
        fprintf(stderr, "sqlite: %s\n", message);
        exit(1);
    }
}

static void insert_rows(sqlite3 *db, uint64_t seed)
{
    sqlite3_stmt *insert;

    if (sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?, ?, ?)", -1, &insert, NULL))
        bench_fail("sqlite3_prepare_v2");
    for (uint64_t i = 0; i < n_rows; i++) {
        char name[24];

        snprintf(name, sizeof(name), "name %llu", (unsigned long long)(bench_random(&seed) % 10000));
        sqlite3_bind_int64(insert, 1, (int64_t)i);
        sqlite3_bind_int64(insert, 2, (int64_t)(bench_random(&seed) % 1000));
        sqlite3_bind_text(insert, 3, name, -1, SQLITE_TRANSIENT);
        bench_check(sqlite3_step(insert) == SQLITE_DONE, "sqlite3_step");
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
}

static uint64_t sqlite_run(uint64_t count)
{
    uint64_t sum = 0;

    while (count--) {
        sqlite3 *db;

        bench_check(!sqlite3_open(":memory:", &db), "sqlite3_open");
        execute(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, number INTEGER, name TEXT); BEGIN", &sum);
        insert_rows(db, count + 1);
        execute(db, "COMMIT; CREATE INDEX by_name ON t (name)", &sum);
        execute(db, "SELECT number % 10, count(*), sum(number), max(name) FROM t GROUP BY 1", &sum);
        execute(db, "SELECT a.id, b.name FROM t a JOIN t b ON b.id = a.number WHERE a.id % 7 = 0 ORDER BY 1",
                &sum);
        execute(db, "UPDATE t SET name = upper(name) WHERE number < 100; DELETE FROM t WHERE number > 900",
                &sum);
        execute(db, "SELECT count(*), min(name), sum(length(name)) FROM t WHERE name > 'name 5'", &sum);
        sqlite3_close(db);
    }
    return sum;
}

const struct program program_sqlite = {
    .name = "sqlite", .size = 500, .prepare = sqlite_prepare, .run = sqlite_run,
};

/*
 * depot_clickhouse_encode.h: records as ClickHouse takes them (RowBinary).  Private to
 * depot_clickhouse*.c.
 */
#pragma once

#include "fleet/depot_rows.h"

/* Appends the INSERT of such rows. */
void clickhouse_insert(struct buf *sql, enum record_kind kind);

/* A depot_encode. */
char *clickhouse_encode(char *out, enum record_kind kind, const void *record,
			const struct depot_place *place);

/*
 * query_out.h: rows of a query as a table for people, as NDJSON, or as CSV (RFC 4180).
 *
 * The table looks at the first rows to find its widths, and writes the rest as it
 * comes: memory has a bound, however many rows there are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/table.h"
#include "store/store.h"

enum query_format { QUERY_TABLE, QUERY_JSON, QUERY_CSV };

struct query_out;

/* NULL without memory. */
struct query_out *query_out_new(enum query_format format, const struct look *look);

/* As struct store_sql wants them; self is the struct query_out.  False: no memory, or
 * nobody reads. */
bool query_out_columns(void *self, const char *const *names, size_t count);
bool query_out_row(void *self, const struct store_value *values, size_t count);

/* Writes what waits.  How many rows there were. */
uint64_t query_out_end(struct query_out *out);
void query_out_free(struct query_out *out);

/*
 * query_tables.h: which tables there are to ask in SQL, and their columns: of a
 * machine's store, and of the depot of a fleet.
 */
#pragma once

#include <stdbool.h>

/* depot: its kind, as depot_kind(); NULL: the store.  On standard output. */
void query_print_tables(const char *depot, bool json);
void query_print_schema(const char *depot, bool json);

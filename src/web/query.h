/*
 * query.h: what a client asks of records: filters, order, how many.
 *
 * One set of words for every kind of record; which of them apply is found from the
 * record's schema.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "record/record.h"

enum { QUERY_LIMIT = 1000, QUERY_LIMIT_MAX = 100000, QUERY_ERROR_MAX = 512 };

struct query {
	const struct schema *schema;
	/* Fields that the filters look at; NULL: this kind of record has none. */
	const struct field *port, *client, *server, *transport, *begin, *end, *interval;
	const struct field
		*sort[2]; /* the sum of both; [1] may be NULL, [0] too: as it comes */
	bool ascending;
	bool has_port, has_host;
	bool array; /* one JSON array instead of lines */
	uint16_t wanted_port;
	struct prefix wanted_host;
	char wanted_transport[8]; /* "": any */
	int64_t since_us, until_us;
	size_t limit;
};

void query_init(struct query *query, enum record_kind kind);

/* One parameter of the address. False and one line in error if it can't be used. */
bool query_set(struct query *query, const char *key, const char *value, int64_t now_us,
	       char error[static QUERY_ERROR_MAX]);

bool query_wants(const struct query *query, const void *record);

/* < 0: a comes before b in the order asked for; unknown values come last. */
int query_order(const struct query *query, const void *a, const void *b);

/*
 * fuzz_query.c: parameters of the HTTP API, as whoever reaches the port may write them.
 *
 * The first byte chooses the kind of record, the rest is "key=value&key=value".  What
 * is taken must be usable: a record is judged and ordered by it.
 */
#include <stdlib.h>
#include <string.h>

#include "web/form.h"
#include "web/query.h"

#define NOW_US INT64_C(1800000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_parameter(struct query *query, char *pair)
{
	char error[QUERY_ERROR_MAX];
	char *value = strchr(pair, '=');
	if (value == NULL)
		return;
	*value++ = '\0';
	bool taken = query_set(query, pair, value, NOW_US, error);
	if (!taken && memchr(error, '\0', sizeof(error)) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query query;
	if (size == 0)
		return 0;
	enum record_kind kind = (enum record_kind)(data[0] % RECORD_KINDS);
	char *text = malloc(size);
	void *record = calloc(2, schemas[kind].size);
	if (text == NULL || record == NULL)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	char value[FORM_VALUE_MAX] = "";
	if (form_value(text, "msg", value) && strlen(value) >= sizeof(value))
		abort();
	query_init(&query, kind);
	for (char *rest = text, *pair; (pair = strsep(&rest, "&")) != NULL;)
		try_parameter(&query, pair);
	void *other = (char *)record + schemas[kind].size;
	record_init(kind, other);
	query_wants(&query, other);
	if (query.limit == 0 || query.limit > QUERY_LIMIT_MAX)
		abort();
	/* An order is one: turned round, it is the other way. */
	int order = query_order(&query, record, other);
	int back = query_order(&query, other, record);
	if ((order > 0) != (back < 0) || (order < 0) != (back > 0))
		abort();
	free(record);
	free(text);
	return 0;
}

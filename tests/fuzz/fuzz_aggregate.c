/*
 * fuzz_aggregate.c: parameters of /api/v1/aggregate, as whoever reaches the port may
 * write them, and an answer made with those that are taken.
 *
 * The first byte chooses the kind of record, the rest is "key=value&key=value".
 */
#include <stdlib.h>
#include <string.h>

#include "web/aggregate_json.h"

#define NOW_US INT64_C(1800000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take_parameters(struct aggregate_ask *ask, char *text)
{
	char error[AGGREGATE_ERROR_MAX];
	for (char *pair; (pair = strsep(&text, "&")) != NULL;) {
		char *value = strchr(pair, '=');
		if (value == NULL)
			continue;
		*value++ = '\0';
		if (aggregate_ask_set(ask, pair, value, NOW_US, error))
			continue;
		if (memchr(error, '\0', sizeof(error)) == NULL)
			abort();
		return false;
	}
	return aggregate_ask_close(ask, NOW_US, error);
}

static void answer(const struct aggregate_ask *ask)
{
	struct aggregate aggregate;
	struct buf text = { 0 };
	void *record = malloc(ask->query.schema->size);
	if (record == NULL || !aggregate_open(&aggregate, ask))
		abort();
	record_init(ask->query.kind, record);
	for (int i = 0; i < 3; i++)
		aggregate_take(&aggregate, record);
	const struct aggregate_answer asked = { &aggregate, NULL, NULL, "" };
	aggregate_write(&text, &asked);
	if (!buf_ok(&text) || text.at[0] != '{' || text.at[text.len - 1] != '\n')
		abort();
	buf_free(&text);
	aggregate_close(&aggregate);
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[AGGREGATE_ERROR_MAX];
	struct aggregate_ask ask;
	if (size == 0)
		return 0;
	char *text = malloc(size);
	if (text == NULL)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (aggregate_ask_open(&ask, schemas[data[0] % RECORD_KINDS].name, error) &&
	    take_parameters(&ask, text))
		answer(&ask);
	free(text);
	return 0;
}

/*
 * fuzz_targets.c: any bytes as a file of targets, as one target, and as an answer of
 * the process that asks: no crash, no leak, a message for every refusal.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/event.h"
#include "probe/target_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *to, struct target *target, const struct round_rules *rules)
{
	(void)to;
	if (rules->interval_s == 0 || target->timeout_ms == 0)
		abort();
	target_free(target);
	return true;
}

static void parse_file(const uint8_t *data, size_t size)
{
	static const struct round_rules usual = { .interval_s = 30 };
	struct parents parents = { 0 };
	const struct target_sink sink = { .take = take, .parents = &parents };
	struct buf errors = { 0 };
	bool good = target_file_parse((const char *)data, size, "f", &usual, &sink,
				      &errors);
	good &= parents_check(&parents, &errors);
	parents_free(&parents);
	if (good != (errors.len == 0))
		abort();
	buf_free(&errors);
}

static void parse_one(const uint8_t *data, size_t size)
{
	struct target target;
	char why[TARGET_WHY_MAX] = "";
	char *text = calloc(1, size + 1);
	if (text == NULL)
		return;
	memcpy(text, data, size);
	if (target_parse(&target, text, why))
		target_free(&target);
	else if (why[0] == '\0')
		abort();
	free(text);
}

static void read_event(const uint8_t *data, size_t size)
{
	struct probe_record record;
	struct buf json = { 0 };
	if (probe_event_read(data, size, &record))
		record_json(&json, RECORD_probe, &record);
	buf_free(&json);
	struct probe_push push;
	if (probe_push_read(data, size, &push) &&
	    strlen(push.push.message) >= HEARTBEAT_MESSAGE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_file(data, size);
	parse_one(data, size);
	read_event(data, size);
	return 0;
}

/*
 * sinks_told.c: see sinks_told.h.
 */
#include "cli/sinks_told.h"

#include <string.h>

#include "cli/store_look.h"

enum { READ_MS = 1000, RECALLED_MAX = 4096, STATUS_HTTP_OK = 200 };

/* ---- what came last ---- */

static struct sink_told *find(struct sinks_told *told, const char *name)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->at[i].name, name) == 0)
			return &told->at[i];
	return NULL;
}

/* Names that are configured no more go when there are too many, the oldest first. */
static struct sink_told *find_or_add(struct sinks_told *told, const char *name)
{
	struct sink_told *found = find(told, name);
	if (found != NULL)
		return found;
	if (told->count == SPOOL_SINKS_MAX) {
		memmove(&told->at[0], &told->at[1],
			(SPOOL_SINKS_MAX - 1) * sizeof(told->at[0]));
		told->count--;
	}
	found = &told->at[told->count++];
	*found = (struct sink_told){ .sent_us = UNKNOWN_TIME,
				     .failed_us = UNKNOWN_TIME };
	record_text(found->name, sizeof(found->name), name);
	return found;
}

const struct sink_told *sinks_told_of(const struct sinks_told *told, const char *name)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->at[i].name, name) == 0)
			return &told->at[i];
	return NULL;
}

static bool was_sent(const struct notification_record *notification)
{
	return notification->state != NULL && strcmp(notification->state, "sent") == 0;
}

struct recalling {
	struct sinks_told *told;
	size_t count;
};

/* The newest come first: of each sink the first of either kind counts. */
static bool recall(void *to, const void *record)
{
	struct recalling *r = to;
	const struct notification_record *n = record;
	struct sink_told *sink = find_or_add(r->told, n->sink);
	if (was_sent(n)) {
		if (sink->sent_us == UNKNOWN_TIME)
			sink->sent_us = n->at;
	} else {
		if (sink->failed_us == UNKNOWN_TIME) {
			sink->failed_us = n->at;
			memcpy(sink->error, n->error, sizeof(sink->error));
		}
		sink->failures += sink->sent_us == UNKNOWN_TIME;
	}
	return ++r->count < RECALLED_MAX;
}

void sinks_told_recall(struct sinks_told *told, const char *folder)
{
	struct recalling r = { .told = told };
	told->count = 0;
	store_look_back(folder, RECORD_notification, READ_MS, recall, &r);
}

/* Who waits for what comes of a test goes on waiting. */
void sinks_told_take_over(struct sinks_told *told, const struct sinks_told *recalled)
{
	memcpy(told->at, recalled->at, sizeof(told->at));
	told->count = recalled->count;
}

/* ---- tests ---- */

static struct sink_test *test_of(struct sinks_told *told, const char *key)
{
	for (size_t i = 0; i < SINK_TESTS_MAX; i++)
		if (strcmp(told->tests[i].key, key) == 0)
			return &told->tests[i];
	return NULL;
}

bool sinks_told_wait(struct sinks_told *told, const struct sink_test *test)
{
	struct sink_test *place = test_of(told, "");
	if (place == NULL)
		return false;
	*place = *test;
	return true;
}

void sinks_told_forget(struct sinks_told *told, const char *key)
{
	struct sink_test *test = test_of(told, key);
	if (test != NULL)
		test->key[0] = '\0';
}

static void end(struct sink_test *test, const char *state, const char *why)
{
	struct buf text = { 0 };
	test->key[0] = '\0'; /* first: what is answered may ask again */
	buf_printf(&text, "{\"state\":\"%s\",\"sink\":\"", state);
	buf_json_text(&text, test->sink);
	buf_text(&text, "\",\"error\":\"");
	buf_json_text(&text, why);
	buf_text(&text, "\"}\n");
	test->answer(test->to, STATUS_HTTP_OK, "application/json", &text);
}

void sinks_told_take(struct sinks_told *told,
		     const struct notification_record *notification)
{
	bool sent = was_sent(notification);
	struct sink_told *sink = find_or_add(told, notification->sink);
	if (sent) {
		sink->sent_us = notification->at;
		sink->failures = 0;
	} else {
		sink->failed_us = notification->at;
		sink->failures++;
		memcpy(sink->error, notification->error, sizeof(sink->error));
	}
	struct sink_test *test =
		notification->key[0] != '\0' ? test_of(told, notification->key) : NULL;
	if (test != NULL)
		end(test, sent ? "sent" : "failed", sent ? "" : notification->error);
}

void sinks_told_tick(struct sinks_told *told, int64_t now_us)
{
	for (size_t i = 0; i < SINK_TESTS_MAX; i++)
		if (told->tests[i].key[0] != '\0' && now_us >= told->tests[i].end_us)
			end(&told->tests[i], "waiting",
			    "not tried yet: other messages to it come first, or failed "
			    "lately; what comes of it is among the notifications");
}

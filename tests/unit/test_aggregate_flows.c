/*
 * test_aggregate_flows.c: groups of connections are the same whether all are read, or
 * those of ranges of rows were added up before; with those that memory has beside them,
 * of which the store has got some meanwhile.
 */
#include "store_check.h"

#include "store/settled.h"
#include "web/aggregate_json.h"
#include "web/aggregate_read.h"

#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

enum { FLOWS = 6000, ROUNDS = 4, QUESTIONS = 12, ACTIVE = 40, RECENT = 4500 };

static const struct web_past plain = { .read = store_read }, over = {
	.read = store_read,
	.settled = store_settled,
};

static int64_t now_us;
static struct flow_record known[ACTIVE + RECENT]; /* memory's: active, then ended */
static size_t recent_count;

static struct flow_record some_flow(int64_t end_us)
{
	static const char *const processes[] = { "nginx", "sshd", "postgres" };
	struct flow_record flow;
	const uint8_t client[4] = { 10, 0, 0, (uint8_t)some(30) };
	record_init(RECORD_flow, &flow);
	flow.end = end_us;
	flow.start = end_us - (int64_t)some(some(500) == 0 ? 20 * HOUR : MINUTE);
	flow.transport = "tcp";
	flow.client_ip = addr_v4(client);
	flow.client_port = (uint32_t)some(UINT32_MAX - 1);
	flow.server_ip = addr_v4(client);
	flow.server_port = 80 + (uint32_t)some(3);
	flow.client_bytes = some(100000);
	flow.server_bytes = some(3) == 0 ? UNKNOWN_U64 : some(100000);
	record_text(flow.process, sizeof(flow.process), processes[some(2)]);
	return flow;
}

static void put(struct store *store, const struct flow_record *flow)
{
	assert_true(store_put(store, RECORD_flow, flow));
	known[ACTIVE + recent_count++ % RECENT] = *flow;
}

/* Hours of flows, of which some are written late. */
static void put_some(struct store *store)
{
	for (int i = 0; i < FLOWS; i++) {
		now_us += (int64_t)some(2 * SECOND);
		int64_t late_us = some(200) == 0 ? (int64_t)some(2 * HOUR) : 0;
		struct flow_record flow = some_flow(now_us - late_us);
		put(store, &flow);
	}
	wait_written(store);
}

static void begin_active(void)
{
	for (size_t i = 0; i < ACTIVE; i++)
		known[i] = some_flow(now_us - (int64_t)some(5 * MINUTE));
}

/* What memory listed as active goes on, ends, and is written before the store is asked.
 */
static void end_active(struct store *store)
{
	for (size_t i = 0; i < ACTIVE; i++) {
		struct flow_record flow = known[i];
		flow.end += (int64_t)some(MINUTE);
		flow.client_bytes += some(1000);
		if (some(1) == 0)
			assert_true(store_put(store, RECORD_flow, &flow));
	}
	wait_written(store);
}

/* ---- questions ---- */

static void set(struct aggregate_ask *ask, const char *key, const char *value,
		struct buf *filters)
{
	char error[AGGREGATE_ERROR_MAX] = "";
	if (!aggregate_ask_set(ask, key, value, INT64_MAX, error))
		fail_msg("%s=%s: %s", key, value, error);
	buf_printf(filters, "%s=%s&", key, value);
}

static void random_ask(struct aggregate_ask *ask, struct buf *filters)
{
	static const char *const by[] = { "client_ip", "server_port", "process" };
	static const char *const steps[] = { "5m", "1h" };
	static const char *const measured[] = { "client_bytes", "server_bytes",
						"bytes" };
	char error[AGGREGATE_ERROR_MAX] = "";
	assert_true(aggregate_ask_open(ask, "flow", error));
	set(ask, "by", by[some(2)], filters);
	if (some(1) == 0)
		set(ask, "step", steps[some(1)], filters);
	set(ask, "sum", measured[some(2)], filters);
	set(ask, some(1) == 0 ? "max" : "min", measured[some(2)], filters);
	set(ask, "mean", "server_bytes", filters);
	if (some(3) == 0)
		set(ask, "port", "81", filters);
	if (some(3) == 0)
		set(ask, "host", "10.0.0.0/28", filters);
	if (some(3) == 0)
		set(ask, "process", "sshd", filters);
	/* No two groups share it: equal answers are equal texts. */
	snprintf(ask->sort, sizeof(ask->sort), "%s", ask->by[0]->name);
	ask->query.has_time = true;
	ask->query.since_us = now_us - (int64_t)some(8 * HOUR);
	ask->query.until_us = some(1) == 0
				      ? now_us + HOUR
				      : ask->query.since_us + (int64_t)some(6 * HOUR);
	assert_true(aggregate_ask_close(ask, now_us, error));
}

/* As aggregates.c: memory first, then what the store has beside it. */
static char *answer_of(struct aggregate_ask *ask, const struct aggregate_read *how,
		       const struct flow_record *memory, size_t count)
{
	struct aggregate groups;
	struct buf text = { 0 };
	assert_true(aggregate_open(&groups, ask));
	for (size_t i = 0; i < count; i++)
		aggregate_take(&groups, &memory[i]);
	assert_int_equal(aggregate_read(&groups, how), 0);
	aggregate_write(&text,
			&(struct aggregate_answer){ .now = &groups, .incomplete = "" });
	char *answer = strdup(buf_cstr(&text));
	assert_non_null(answer);
	buf_free(&text);
	aggregate_close(&groups);
	return answer;
}

static void ask_both_ways(struct store_reader *reader, struct settled *settled,
			  const struct flow_record *memory, size_t count)
{
	char problem[STORE_ERROR_MAX] = "";
	struct aggregate_ask ask;
	struct buf filters = { 0 };
	struct seen seen;
	random_ask(&ask, &filters);
	seen_init(&seen, ask.query.schema);
	for (size_t i = 0; i < count; i++)
		if (query_wants(&ask.query, &memory[i]))
			seen_add(&seen, &memory[i]);
	struct aggregate_read how = { .store = &plain,
				      .reader = reader,
				      .seen = &seen,
				      .filters = &filters,
				      .problem = problem };
	char *expected = answer_of(&ask, &how, memory, count);
	how.store = &over;
	how.settled = settled;
	for (int i = 0; i < 2; i++) { /* to keep, and from what is kept */
		char *answer = answer_of(&ask, &how, memory, count);
		assert_string_equal(answer, expected);
		free(answer);
	}
	free(expected);
	buf_free(&filters);
	seen_free(&seen);
}

/* The same questions again, of a time that has moved on. */
static void ask_all(struct settled *settled, uint64_t questions_seed)
{
	char error[STORE_ERROR_MAX];
	int status;
	uint64_t goes_on = seed;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	seed = questions_seed;
	for (int i = 0; i < QUESTIONS; i++)
		ask_both_ways(reader, settled, known, i % 3 == 0 ? 0 : ACTIVE + RECENT);
	seed = goes_on;
	store_reader_close(reader);
}

static void what_is_settled_changes_no_answer(void **state)
{
	(void)state;
	struct settled *settled = settled_new();
	struct store *store = store_open(folder, &store_no_limits);
	uint64_t questions_seed = random64();
	assert_non_null(settled);
	now_us = START_US + 20 * HOUR; /* so that midnight is among it */
	recent_count = 0;
	for (int i = 0; i < ROUNDS; i++) {
		put_some(store);
		begin_active();
		ask_all(settled, questions_seed);
		end_active(store);
		ask_all(settled, questions_seed);
		now_us += 10 * SECOND;
		ask_all(settled, questions_seed);
	}
	store_close(store);
	settled_free(settled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_settled_changes_no_answer,
						new_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

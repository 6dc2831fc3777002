/*
 * test_aggregate_read.c: groups of the store are the same whether all of it is read
 * with all that there is, or only what is asked and was not added up before; also when
 * seconds come late, and services get new names.
 */
#include "store_check.h"

#include "store/settled.h"
#include "web/aggregate_json.h"
#include "web/aggregate_read.h"

#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

enum { SERVICES = 6, SECONDS = 800, ROUNDS = 3, QUESTIONS = 25, LATE = 5 };

static const struct web_past plain = { .read = store_read }, over = {
	.read = store_read,
	.settled = store_settled,
};

static unsigned name_turn; /* which services have which protocol */

static uint64_t below(uint64_t value, uint64_t limit)
{
	return value == UNKNOWN_U64 ? value : value % limit;
}

static void put_port(struct store *store, int64_t at_us)
{
	static const char *const protocols[] = { "http", "tls", "ssh" };
	static struct histogram response;
	struct port_record port;
	unsigned service = (unsigned)some(SERVICES - 1);
	uint8_t bytes[4] = { 10, 0, 0, (uint8_t)service };
	random_record(RECORD_port, &port, false);
	port.start = at_us;
	port.server_ip = addr_v4(bytes);
	port.port = 80 + service / 2;
	port.transport = service % 2 == 0 ? "tcp" : "udp";
	record_text(port.protocol, sizeof(port.protocol),
		    protocols[(service + name_turn) % 3]);
	port.client_bytes = below(port.client_bytes, 1 << 20);
	port.server_bytes = below(port.server_bytes, 1 << 20);
	port.flows = below(port.flows, 1000);
	histogram_reset(&response);
	for (uint64_t i = 1 + some(9); i > 0; i--)
		histogram_add(&response, some(1 << some(20)));
	assert_true(store_put_port(store, &port, NULL, &response, NULL));
}

/* Hours of seconds, of which some come late. */
static void put_some(struct store *store, int64_t *at_us)
{
	for (int i = 0; i < SECONDS; i++) {
		bool is_late = some(400) == 0;
		*at_us += (int64_t)some(20) * SECOND;
		put_port(store, is_late ? *at_us - (int64_t)some(3 * HOUR) : *at_us);
		if (i % 400 == 399)
			wait_written(store);
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

/* In an order that no two groups share, so that equal answers are equal texts. */
static void random_ask(struct aggregate_ask *ask, struct buf *filters, int64_t now_us)
{
	static const char *const by[] = { "server_ip", "port", "transport", "protocol",
					  "state" };
	static const char *const steps[] = { "1m", "5m", "1h" };
	static const char *const sums[] = { "bytes", "client_bytes", "flows" };
	static const char *const greatest[] = { "response_p95_us", "error_ratio",
						"active_max", "clients", "start" };
	char error[AGGREGATE_ERROR_MAX] = "";
	assert_true(aggregate_ask_open(ask, "port", error));
	if (some(3) > 0)
		set(ask, "by", by[some(4)], filters);
	set(ask, "step", steps[some(2)], filters);
	set(ask, "sum", sums[some(2)], filters);
	set(ask, some(1) == 0 ? "max" : "min", greatest[some(4)], filters);
	set(ask, "mean", sums[some(2)], filters);
	if (some(3) == 0)
		set(ask, "transport", "tcp", filters);
	if (some(3) == 0)
		set(ask, "host", "10.0.0.0/31", filters);
	if (some(3) == 0)
		set(ask, "protocol", "http", filters);
	if (some(5) == 0)
		set(ask, "port", "81", filters);
	if (ask->by_count > 0)
		snprintf(ask->sort, sizeof(ask->sort), "%s", ask->by[0]->name);
	ask->query.has_time = true;
	ask->query.since_us = now_us - (int64_t)some(9 * HOUR);
	ask->query.until_us = now_us - (int64_t)(some(1) == 0 ? 0 : some(2 * HOUR));
	if (ask->query.until_us < ask->query.since_us)
		ask->query.until_us = ask->query.since_us + HOUR;
	assert_true(aggregate_ask_close(ask, now_us, error));
}

static char *answer_of(struct aggregate_ask *ask, const struct aggregate_read *how)
{
	struct aggregate groups;
	struct buf text = { 0 };
	assert_true(aggregate_open(&groups, ask));
	assert_int_equal(aggregate_read(&groups, how), 0);
	aggregate_write(&text,
			&(struct aggregate_answer){ .now = &groups, .incomplete = "" });
	assert_true(buf_ok(&text));
	char *answer = strdup(buf_cstr(&text));
	assert_non_null(answer);
	buf_free(&text);
	aggregate_close(&groups);
	return answer;
}

static void ask_both_ways(struct store_reader *reader, struct settled *settled,
			  struct aggregate_ask *ask, const struct buf *filters)
{
	char problem[STORE_ERROR_MAX] = "";
	struct seen seen;
	seen_init(&seen, ask->query.schema);
	struct aggregate_read how = { .store = &plain,
				      .reader = reader,
				      .seen = &seen,
				      .filters = filters,
				      .problem = problem };
	char *expected = answer_of(ask, &how);
	how.store = &over;
	how.settled = settled;
	for (int i = 0; i < 2; i++) { /* to keep, and from what is kept */
		char *answer = answer_of(ask, &how);
		assert_string_equal(answer, expected);
		free(answer);
	}
	free(expected);
	seen_free(&seen);
}

/* The same questions in each round, and no more than are kept: they are asked for
 * again.
 */
static void ask_all(struct settled *settled, uint64_t questions_seed, int64_t now_us)
{
	char error[STORE_ERROR_MAX];
	int status;
	uint64_t goes_on = seed;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	seed = questions_seed;
	for (int i = 0; i < QUESTIONS; i++) {
		struct aggregate_ask ask;
		struct buf filters = { 0 };
		random_ask(&ask, &filters, now_us);
		ask_both_ways(reader, settled, &ask, &filters);
		buf_free(&filters);
	}
	seed = goes_on;
	store_reader_close(reader);
}

/* Until when minutes are over. */
static int64_t settled_until(void)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_filter filter;
	struct store_settled part = { .until_us = INT64_MIN };
	store_filter_init(&filter);
	filter.since_us = START_US;
	filter.step_s = 60;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	bool is_known = store_settled(reader, RECORD_port, &filter, INT64_MAX, &part);
	store_reader_close(reader);
	return is_known ? part.until_us : INT64_MIN;
}

/* Late seconds, and others behind them until what they belong to is made anew. */
static void put_late(struct store *store, int64_t *at_us)
{
	int64_t until_us = settled_until();
	assert_true(until_us > START_US);
	for (int i = 0; i < LATE; i++)
		put_port(store, *at_us - (int64_t)some(4 * HOUR));
	wait_written(store);
	for (int i = 0; i < 100 && settled_until() < until_us; i++) {
		*at_us += SECOND;
		put_port(store, *at_us);
		wait_written(store);
	}
	assert_true(settled_until() >= until_us);
}

static void what_is_kept_changes_no_answer(void **state)
{
	(void)state;
	struct settled *settled = settled_new();
	struct store *store = store_open(folder, &store_no_limits);
	int64_t at_us = START_US;
	uint64_t questions_seed = random64();
	assert_non_null(settled);
	for (int i = 0; i < ROUNDS; i++) {
		put_some(store, &at_us);
		ask_all(settled, questions_seed, at_us);
	}
	/* Late once more, into what was asked for. */
	int64_t asked_us = at_us;
	for (int i = 0; i < ROUNDS; i++) {
		put_late(store, &at_us);
		ask_all(settled, questions_seed, asked_us);
	}
	name_turn++;
	for (int i = 0; i < 10 * SERVICES; i++)
		put_port(store, at_us);
	wait_written(store);
	ask_all(settled, questions_seed, asked_us);
	store_close(store);
	settled_free(settled);
}

/* ---- what is kept ---- */

static void take_ports(struct aggregate *groups, unsigned count)
{
	struct port_record port;
	record_init(RECORD_port, &port);
	port.start = START_US;
	for (port.port = 0; port.port < count; port.port++)
		aggregate_take(groups, &port);
}

static void what_is_too_large_or_not_exact_is_not_kept(void **state)
{
	(void)state;
	struct settled *settled = settled_new();
	struct buf filters = { 0 }, key = { 0 };
	struct aggregate_ask ask;
	struct aggregate groups, copy;
	char error[AGGREGATE_ERROR_MAX];
	assert_true(aggregate_ask_open(&ask, "port", error));
	set(&ask, "by", "port", &filters);
	assert_true(aggregate_ask_close(&ask, START_US, error));
	assert_true(aggregate_open(&groups, &ask));
	assert_true(aggregate_open(&copy, &ask));
	take_ports(&groups, 1000);
	buf_text(&key, "few");
	assert_false(settled_take(settled, &key, &copy));
	settled_keep(settled, &key, &groups, settled_age(settled));
	assert_true(settled_take(settled, &key, &copy));
	assert_int_equal(copy.group_count, 1000);
	groups.merged = 1;
	buf_text(&key, ", merged");
	settled_keep(settled, &key, &groups, settled_age(settled));
	assert_false(settled_take(settled, &key, &copy));
	groups.merged = 0;
	take_ports(&groups, 500000);
	buf_text(&key, ", many");
	settled_keep(settled, &key, &groups, settled_age(settled));
	assert_false(settled_take(settled, &key, &copy));
	aggregate_close(&groups);
	aggregate_close(&copy);
	buf_free(&filters);
	buf_free(&key);
	settled_free(settled);
}

/* More than there is room for: those asked for last are there. */
static void what_was_asked_for_longest_ago_goes_first(void **state)
{
	(void)state;
	enum { KEPT = 100 };
	struct settled *settled = settled_new();
	struct buf filters = { 0 }, key = { 0 };
	struct aggregate_ask ask;
	struct aggregate groups;
	char error[AGGREGATE_ERROR_MAX];
	assert_true(aggregate_ask_open(&ask, "port", error));
	set(&ask, "by", "port", &filters);
	assert_true(aggregate_ask_close(&ask, START_US, error));
	assert_true(aggregate_open(&groups, &ask));
	take_ports(&groups, 50000);
	for (int i = 0; i < KEPT; i++) {
		struct aggregate copy;
		buf_clear(&key);
		buf_printf(&key, "%d", i);
		settled_keep(settled, &key, &groups, settled_age(settled));
		assert_true(aggregate_open(&copy, &ask));
		buf_clear(&key);
		buf_text(&key, "0");
		assert_true(settled_take(settled, &key, &copy));
		aggregate_close(&copy);
	}
	struct aggregate copy;
	assert_true(aggregate_open(&copy, &ask));
	buf_clear(&key);
	buf_text(&key, "1");
	assert_false(settled_take(settled, &key, &copy));
	aggregate_close(&copy);
	aggregate_close(&groups);
	buf_free(&filters);
	buf_free(&key);
	settled_free(settled);
}

/* An address was erased: nothing that is kept names it, nor what was being added up. */
static void what_is_forgotten_is_not_there(void **state)
{
	(void)state;
	struct settled *settled = settled_new();
	struct buf filters = { 0 }, key = { 0 };
	struct aggregate_ask ask;
	struct aggregate groups, copy;
	char error[AGGREGATE_ERROR_MAX];
	assert_true(aggregate_ask_open(&ask, "port", error));
	set(&ask, "by", "port", &filters);
	assert_true(aggregate_ask_close(&ask, START_US, error));
	assert_true(aggregate_open(&groups, &ask));
	assert_true(aggregate_open(&copy, &ask));
	take_ports(&groups, 10);
	buf_text(&key, "few");
	uint64_t age = settled_age(settled);
	settled_keep(settled, &key, &groups, age);
	assert_true(settled_take(settled, &key, &copy));
	settled_forget(settled);
	assert_false(settled_take(settled, &key, &copy));
	settled_keep(settled, &key, &groups, age);
	assert_false(settled_take(settled, &key, &copy));
	settled_keep(settled, &key, &groups, settled_age(settled));
	assert_true(settled_take(settled, &key, &copy));
	aggregate_close(&copy);
	aggregate_close(&groups);
	buf_free(&filters);
	buf_free(&key);
	settled_free(settled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_kept_changes_no_answer,
						new_folder, remove_folder),
		cmocka_unit_test(what_is_too_large_or_not_exact_is_not_kept),
		cmocka_unit_test(what_is_forgotten_is_not_there),
		cmocka_unit_test(what_was_asked_for_longest_ago_goes_first),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

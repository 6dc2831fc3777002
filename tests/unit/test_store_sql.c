/*
 * test_store_sql.c: reading by filter and by SQL gives what a look at every record
 * would, nothing but reading is possible, and it ends in time.
 */
#include "store/sql_check.h"
#include "store_check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { FLOWS = 600, DAYS = 5 };

static struct flow_record put[FLOWS];

static void make_flow(struct flow_record *flow)
{
	static const uint8_t net[4] = { 10, 0, 0, 0 };
	uint8_t bytes[4];
	random_record(RECORD_flow, flow, false);
	memcpy(bytes, net, 4);
	bytes[2] = (uint8_t)some(3);
	bytes[3] = (uint8_t)some(3);
	flow->client_ip = addr_v4(bytes);
	bytes[2] = (uint8_t)some(3);
	flow->server_ip = addr_v4(bytes);
	flow->server_port = (uint32_t)(some(2) == 0 ? 443 : some(5));
	flow->transport = some(2) == 0 ? "udp" : "tcp";
	flow->end = START_US + (int64_t)some(DAYS * DAY - 1);
	flow->start = flow->end - (int64_t)some(some(1) == 0 ? DAY : SECOND);
}

static int fill(void **state)
{
	if (new_folder(state) != 0)
		return -1;
	struct store *store = store_open(folder, &store_no_limits);
	for (unsigned i = 0; i < FLOWS; i++) {
		make_flow(&put[i]);
		if (!store_put(store, RECORD_flow, &put[i]))
			return -1;
	}
	wait_written(store);
	store_close(store);
	return 0;
}

/* ---- filters ---- */

static bool passes(const struct flow_record *flow, const struct store_filter *f)
{
	if (flow->end < f->since_us || flow->start > f->until_us)
		return false;
	if (f->has_port && flow->server_port != f->port)
		return false;
	if (f->transport != NULL && strcmp(f->transport, flow->transport) != 0)
		return false;
	return !f->has_host || prefix_holds(&f->host, &flow->client_ip) ||
	       prefix_holds(&f->host, &flow->server_ip);
}

static struct store_filter random_filter(void)
{
	struct store_filter f;
	store_filter_init(&f);
	if (some(1) == 0)
		f.since_us = START_US + (int64_t)some(DAYS * DAY);
	if (some(1) == 0)
		f.until_us = START_US + (int64_t)some(DAYS * DAY);
	f.has_port = some(2) == 0;
	f.port = some(1) == 0 ? 443 : 3;
	if (some(2) == 0)
		f.transport = "udp";
	f.has_host = some(2) == 0;
	prefix_parse(some(1) == 0 ? "10.0.1.0/24" : "10.0.2.3", &f.host);
	return f;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **texts_of(const void *records, size_t size, size_t count)
{
	char **texts = calloc(count + 1, sizeof(*texts));
	struct buf json = { 0 };
	for (size_t i = 0; i < count; i++) {
		to_json(RECORD_flow, (const char *)records + i * size, &json);
		texts[i] = strdup(buf_cstr(&json));
	}
	buf_free(&json);
	qsort(texts, count, sizeof(*texts), by_text);
	return texts;
}

static void assert_same_flows(const struct flow_record *flows, size_t count)
{
	char **wanted = texts_of(flows, sizeof(*flows), count);
	char **have = texts_of(got, sizeof(*got), got_count);
	assert_int_equal(got_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(have[i], wanted[i]);
		free(have[i]);
		free(wanted[i]);
	}
	free(have);
	free(wanted);
}

static void a_filter_gives_what_passes_it(void **state)
{
	(void)state;
	static struct flow_record wanted[FLOWS];
	for (int round = 0; round < 60; round++) {
		struct store_filter f = random_filter();
		size_t count = 0;
		for (unsigned i = 0; i < FLOWS; i++)
			if (passes(&put[i], &f))
				wanted[count++] = put[i];
		read_well(RECORD_flow, &f);
		assert_same_flows(wanted, count);
	}
}

static bool take_two(void *to, const void *record)
{
	(void)record;
	return ++*(int *)to < 2;
}

static void the_reader_ends_when_it_is_told(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX];
	int status, count = 0;
	atomic_bool cancel = false;
	struct store_filter f;
	store_filter_init(&f);
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_int_equal(store_read(reader, RECORD_flow, &f, take_two, &count, error),
			 0);
	assert_int_equal(count, 2);
	f.cancel = &cancel;
	atomic_store(&cancel, true);
	assert_int_equal(store_read(reader, RECORD_flow, &f, take_two, &count, error),
			 -ECANCELED);
	store_reader_close(reader);
}

/* ---- SQL ---- */

static struct seen {
	size_t columns, rows;
	char names[512], last[4096];
	unsigned told;
	int64_t end_after_us;
} seen;

static bool take_columns(void *self, const char *const *names, size_t count)
{
	(void)self;
	seen.columns = count;
	for (size_t i = 0; i < count; i++)
		snprintf(seen.names + strlen(seen.names),
			 sizeof(seen.names) - strlen(seen.names), "%s ", names[i]);
	return true;
}

static void add_value(const struct store_value *value)
{
	size_t len = strlen(seen.last);
	char *at = seen.last + len;
	size_t size = sizeof(seen.last) - len;
	switch (value->type) {
	case STORE_NULL:
		snprintf(at, size, "-|");
		break;
	case STORE_INTEGER:
		snprintf(at, size, "%lld|", (long long)value->integer);
		break;
	case STORE_REAL:
		snprintf(at, size, "%g|", value->real);
		break;
	default:
		snprintf(at, size, "%.*s|", (int)value->len,
			 (const char *)value->bytes);
		break;
	}
}

static bool take_row(void *self, const struct store_value *values, size_t count)
{
	(void)self;
	seen.last[0] = '\0';
	for (size_t i = 0; i < count && i < 40; i++)
		add_value(&values[i]);
	seen.rows++;
	return true;
}

static bool take_progress(void *self, uint64_t rows, int64_t elapsed_us)
{
	(void)self;
	(void)rows;
	seen.told++;
	return seen.end_after_us == 0 || elapsed_us < seen.end_after_us;
}

static int ask(const char *sql, uint32_t limit_ms, char error[static STORE_ERROR_MAX])
{
	const struct store_sql to = { .columns = take_columns,
				      .row = take_row,
				      .progress = take_progress };
	int status;
	memset(&seen, 0, offsetof(struct seen, end_after_us));
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	int result = store_sql(reader, sql, limit_ms, &to, error);
	store_reader_close(reader);
	return result;
}

static const char *answer(const char *sql)
{
	char error[STORE_ERROR_MAX];
	if (ask(sql, 0, error) != 0)
		fail_msg("%s: %s", sql, error);
	return seen.last;
}

static void sql_sees_all_days_as_one_table(void **state)
{
	(void)state;
	char sql[512], wanted[64];
	assert_string_equal(answer("SELECT count(*) FROM flow"), "600|");
	for (int round = 0; round < 60; round++) {
		int64_t since = START_US + (int64_t)some(DAYS * DAY);
		int64_t until = START_US + (int64_t)some(DAYS * DAY);
		unsigned port = some(1) == 0 ? 443 : 2;
		uint64_t count = 0, bytes = 0;
		for (unsigned i = 0; i < FLOWS; i++) {
			const struct flow_record *f = &put[i];
			if (f->end < since || f->start >= until ||
			    f->server_port != port)
				continue;
			count++;
			bytes += f->server_tcp_flags == UNKNOWN_U16
					 ? 0
					 : f->server_tcp_flags;
		}
		snprintf(sql, sizeof(sql),
			 "SELECT count(*),ifnull(sum(server_tcp_flags),0) FROM flow "
			 "WHERE \"end\">=%lld AND start<%lld AND server_port=%u",
			 (long long)since, (long long)until, port);
		snprintf(wanted, sizeof(wanted), "%llu|%llu|",
			 (unsigned long long)count, (unsigned long long)bytes);
		assert_string_equal(answer(sql), wanted);
	}
}

static void a_condition_on_time_opens_no_other_day(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX], sql[256];
	unsigned count = 0;
	for (unsigned i = 0; i < FLOWS; i++)
		count += put[i].end >= START_US + 3 * DAY;
	/* A day that can't be read shows whether it was opened. */
	int fd = open(in_folder("flows-2026-02-01.db"), O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "no database, but as long as one needs to be", 43),
			 43);
	close(fd);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM flow WHERE \"end\">=%lld",
		 (long long)(START_US + 3 * DAY));
	assert_int_equal(ask(sql, 0, error), 0);
	assert_int_equal(strtoll(seen.last, NULL, 10), count);
	assert_int_equal(ask("SELECT count(*) FROM flow", 0, error), -EIO);
	assert_non_null(strstr(error, "flows-2026-02-01.db"));
	assert_true(seen.rows == 1 && strtoll(seen.last, NULL, 10) < FLOWS);
}

static void functions_know_networks_and_times(void **state)
{
	(void)state;
	assert_string_equal(
		answer("SELECT in_net('10.1.2.3','10.0.0.0/8'),"
		       "in_net('fd00::1','fd00::/8'),in_net('1.2.3.4','10.0."
		       "0.0/8'),in_net(NULL,'::/0')"),
		"1|1|0|-|");
	assert_string_equal(answer("SELECT time_text(1769817600000000)"),
			    "2026-01-31T00:00:00.000000Z|");
	assert_string_equal(answer("SELECT time_us('2026-01-31T00:00:00Z')"),
			    "1769817600000000|");
	assert_string_equal(
		answer("SELECT abs(time_us('2h')-(unixepoch()-7200)*1000000)"
		       "<10000000"),
		"1|");
	char error[STORE_ERROR_MAX];
	assert_int_equal(ask("SELECT in_net('1.2.3.4','x')", 0, error), -EINVAL);
	assert_non_null(strstr(error, "network"));
	assert_int_equal(ask("SELECT time_us('x')", 0, error), -EINVAL);
}

static void only_one_statement_that_reads_is_run(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"",
		" -- nothing\n;",
		"SELECT 1; SELECT 2",
		"SELECT 1; garbage",
		"DELETE FROM gap",
		"INSERT INTO gap(start,reason) VALUES(1,'x')",
		"UPDATE gap SET count=1",
		"DROP TABLE gap",
		"CREATE TABLE x(y)",
		"CREATE TEMP TABLE x(y)",
		"CREATE TEMP VIEW x AS SELECT 1",
		"ATTACH '/tmp/store-attached.db' AS x",
		"DETACH main",
		"PRAGMA user_version=3",
		"PRAGMA journal_mode=DELETE",
		"PRAGMA query_only=0",
		"PRAGMA wal_checkpoint",
		"VACUUM",
		"VACUUM INTO '/tmp/store-vacuum.db'",
		"REINDEX",
		"ANALYZE",
		"BEGIN",
		"SELECT load_extension('x')",
		"SELECT * FROM no_such_table",
		"SELECT writefile('/tmp/x','y')",
		"EXPLAIN",
	};
	char error[STORE_ERROR_MAX];
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int result = ask(refused[i], 0, error);
		if (result != -EINVAL)
			fail_msg("%s: %d %s", refused[i], result, error);
		assert_true(error[0] != '\0');
		assert_int_equal(seen.rows, 0);
	}
	assert_int_equal(access("/tmp/store-attached.db", F_OK), -1);
	answer("SELECT 1; -- and no more\n ;");
	answer("WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM n LIMIT 3) "
	       "SELECT sum(x) FROM n");
	assert_string_equal(seen.last, "6|");
	answer("EXPLAIN QUERY PLAN SELECT * FROM flow");
	answer("PRAGMA table_info(port_1m)");
	assert_true(seen.rows > 30);
	answer("SELECT start,end,client_ip FROM flow LIMIT 1");
	assert_string_equal(seen.names, "start end client_ip ");
}

static void a_statement_is_checked_without_a_store(void **state)
{
	(void)state;
	static const char *const names[] = { ":since", ":until" };
	static const struct {
		const char *sql, *error;
	} wrong[] = {
		{ "SELECT 1 FROM flow WHERE start > :sicne",
		  "the parameter :sicne has no value; allowed are :since, :until" },
		{ "SELECT ?", "the parameter ? has no value" },
		{ "SELECT colour FROM flow", "no such column: colour" },
		{ "SELECT * FROM no_such_table", "no such table" },
		{ "DELETE FROM gap", "only reading is allowed" },
		{ "SELECT 1; SELECT 2", "one statement at a time" },
		{ "", "there is no statement" },
	};
	char error[STORE_ERROR_MAX];
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(store_sql_check(wrong[i].sql, names, 2, error),
				 -EINVAL);
		if (strstr(error, wrong[i].error) == NULL)
			fail_msg("%s: %s", wrong[i].sql, error);
	}
	/* Tables of both kinds of file, a view of ports, and functions. */
	static const char *const right[] = {
		"SELECT 1 FROM flow WHERE end >= :since AND in_net(client_ip,'::/0')",
		"SELECT time_text(at) FROM audit WHERE at <= :until ORDER BY seq",
		"SELECT service,flows FROM port_1d",
	};
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (store_sql_check(right[i], names, 2, error) != 0 || error[0] != '\0')
			fail_msg("%s: %s", right[i], error);
}

#define FOREVER                                                                        \
	"WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM n) "              \
	"SELECT count(*) FROM n"

static void a_long_statement_tells_and_ends(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX];
	seen.end_after_us = 0;
	assert_int_equal(ask(FOREVER, 350, error), -ETIME);
	assert_non_null(strstr(error, "longer than allowed"));
	assert_true(seen.told >= 1);
	seen.end_after_us = 200000;
	assert_int_equal(ask(FOREVER, 0, error), -ECANCELED);
	seen.end_after_us = 0;
	/* Over the files of days as well. */
	assert_int_equal(
		ask("SELECT count(*) FROM flow a,flow b,flow c,flow d", 300, error),
		-ETIME);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX];
	assert_int_equal(ask("SELECT zeroblob(100000000)", 0, error), -EIO);
	assert_int_equal(ask("WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x+1 "
			     "FROM n) SELECT x,randomblob(1000000) b FROM n ORDER BY b",
			     20000, error),
			 -EBUSY);
	assert_non_null(strstr(error, "memory"));
}

/* A writer that has much is no reason why nothing can be read. */
static void memory_of_others_is_theirs(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX];
	void *others = sqlite3_malloc64(700 << 20);
	assert_non_null(others);
	assert_int_equal(ask("WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x+1 "
			     "FROM n WHERE x<100000) SELECT sum(x) FROM n",
			     20000, error),
			 0);
	sqlite3_free(others);
}

static void a_store_is_read_while_it_is_written(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	size_t before = FLOWS;
	for (int round = 0; round < 5; round++) {
		struct flow_record flow;
		make_flow(&flow);
		assert_true(store_put(store, RECORD_flow, &flow));
		wait_written(store);
		read_well(RECORD_flow, NULL);
		assert_int_equal(got_count, ++before);
	}
	store_close(store);
}

/* At midnight the writer makes a day's file, and a moment later what is in it. */
static void a_day_that_is_only_begun_is_empty(void **state)
{
	(void)state;
	int fd = open(in_folder("flows-2026-02-05.db"), O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	read_well(RECORD_flow, NULL);
	assert_int_equal(got_count, FLOWS);
	assert_string_equal(answer("SELECT count(*) FROM flow"), "600|");
}

static void where_nothing_is_the_status_says_so(void **state)
{
	char error[STORE_ERROR_MAX];
	int status;
	assert_int_equal(new_folder(state), 0);
	assert_null(store_reader_open(folder, error, &status));
	assert_int_equal(status, 2);
	assert_non_null(strstr(error, "no records"));
	assert_null(store_reader_open(in_folder("missing"), error, &status));
	assert_int_equal(status, 2);
	remove_folder(state);
}

/* A user of nothing: whether the writer ended well, was killed, or goes on. */
static void who_may_only_read_can_read(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX];
	if (geteuid() != 0) {
		print_message("# skipped: another user needs root\n");
		skip();
	}
	assert_int_equal(chmod(folder, 0755), 0);
	for (int i = 0; i < DAYS; i++) {
		char name[32];
		snprintf(name, sizeof(name), "flows-2026-%s.db",
			 i == 0 ? "01-31"
				: (const char *[]){ "02-01", "02-02", "02-03",
						    "02-04" }[i - 1]);
		assert_int_equal(chmod(in_folder(name), 0644), 0);
	}
	assert_int_equal(chmod(in_folder("breakwater.db"), 0644), 0);
	assert_int_equal(seteuid(65534), 0);
	int result = read_all(RECORD_flow, NULL, error);
	size_t count = got_count;
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(result, 0);
	assert_int_equal(count, FLOWS);
	assert_int_equal(chmod(folder, 0700), 0);
	assert_int_equal(seteuid(65534), 0);
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_int_equal(seteuid(0), 0);
	assert_null(reader);
	assert_int_equal(status, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fill, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_filter_gives_what_passes_it),
		TEST(the_reader_ends_when_it_is_told),
		TEST(sql_sees_all_days_as_one_table),
		TEST(a_condition_on_time_opens_no_other_day),
		TEST(functions_know_networks_and_times),
		TEST(only_one_statement_that_reads_is_run),
		TEST(a_statement_is_checked_without_a_store),
		TEST(a_long_statement_tells_and_ends),
		TEST(memory_is_bounded),
		TEST(memory_of_others_is_theirs),
		TEST(a_store_is_read_while_it_is_written),
		TEST(a_day_that_is_only_begun_is_empty),
		TEST(who_may_only_read_can_read),
		cmocka_unit_test(where_nothing_is_the_status_says_so),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

/*
 * test_store_ports.c: whatever order seconds come in, and however often the writer
 * starts anew, ports read back are what the seconds add up to.
 */
#include "store/past.h"
#include "store_check.h"

enum { SERVICES = 6, SECONDS_MAX = 6000 };

/* What was put. */
static struct second {
	unsigned service;
	struct port_record record;
	struct histogram *handshake, *response;
	struct cardinality *clients;
} * seconds;
static size_t second_count;

static struct addr address_of(unsigned service)
{
	uint8_t bytes[4] = { 10, 0, 0, (uint8_t)(1 + service) };
	return addr_v4(bytes);
}

static void make_record(struct second *s, int64_t at_us)
{
	struct port_record *r = &s->record;
	record_init(RECORD_port, r);
	r->start = at_us;
	r->interval_s = 1;
	r->server_ip = address_of(s->service);
	r->port = 80 + s->service / 2;
	r->transport = s->service % 2 == 0 ? "tcp" : "udp";
	r->class = "well-known";
	record_text(r->service, sizeof(r->service), "http");
	r->flows = some(9);
	r->active = r->active_min = r->active_max = some(100);
	r->rejected = some(3);
	r->unanswered = some(3);
	r->resets = some(3);
	r->client_bytes = some(1000);
	r->server_bytes = some(100000);
	r->client_packets = 1 + some(10);
	r->server_packets = 1 + some(100);
	r->second_min_bytes = r->second_max_bytes = r->client_bytes + r->server_bytes;
	if (some(3) > 0) {
		r->ended = 9 + some(3);
		r->errors = some(9);
	}
	if (r->transport[0] == 't') {
		r->data_packets = 100 + some(9);
		r->retransmits = some(5);
		r->payload_bytes = some(1000);
		r->lost_bytes = some(10);
	}
}

static void make_detail(struct second *s)
{
	s->handshake = calloc(1, sizeof(*s->handshake));
	s->response = calloc(1, sizeof(*s->response));
	s->clients = calloc(1, sizeof(*s->clients));
	for (uint64_t i = some(4); i > 0; i--)
		histogram_add(s->handshake, some(5000));
	for (uint64_t i = some(40); i > 0; i--)
		histogram_add(s->response, 100 + some(1 << some(20)));
	for (uint64_t i = 1 + some(9); i > 0; i--)
		cardinality_add(s->clients, some(200) * 0x9e3779b97f4a7c15u);
	s->record.responses = s->response->total;
	s->record.clients = cardinality_estimate(s->clients);
	if (s->response->total == 0)
		return;
	s->record.response_min_us = histogram_quantile(s->response, 0);
	s->record.response_max_us = histogram_quantile(s->response, 1);
	s->record.response_mean_us = histogram_mean(s->response);
}

static void put_second(struct store *store, int64_t at_us, unsigned service)
{
	struct second *s = &seconds[second_count++];
	*s = (struct second){ .service = service };
	make_record(s, at_us);
	/* Each service answers at first, so that it has rows of its own. */
	if (second_count <= SERVICES || some(2) > 0)
		make_detail(s);
	if (second_count <= SERVICES)
		cardinality_add(s->clients, 1), histogram_add(s->handshake, 10);
	assert_true(store_put_port(store, &s->record, s->handshake, s->response,
				   s->clients));
}

static int begin(void **state)
{
	seconds = calloc(SECONDS_MAX, sizeof(*seconds));
	second_count = 0;
	return new_folder(state);
}

static int end(void **state)
{
	for (size_t i = 0; i < second_count; i++) {
		free(seconds[i].handshake);
		free(seconds[i].response);
		free(seconds[i].clients);
	}
	free(seconds);
	return remove_folder(state);
}

/* ---- what it should be ---- */

static struct sum {
	struct port_record record;
	struct histogram handshake, response;
	struct cardinality clients;
	unsigned count;
} expected;

static void add(uint64_t *sum, uint64_t value)
{
	if (value != UNKNOWN_U64)
		*sum = (*sum == UNKNOWN_U64 ? 0 : *sum) + value;
}

static void least(uint64_t *kept, uint64_t value)
{
	if (value < *kept)
		*kept = value;
}

static void most(uint64_t *kept, uint64_t value)
{
	if (value != UNKNOWN_U64 && (*kept == UNKNOWN_U64 || value > *kept))
		*kept = value;
}

static void expect_second(const struct second *s)
{
	const struct schema *schema = &schemas[RECORD_port];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *f = &schema->fields[i];
		if (f->role == ROLE_COUNTER)
			add((uint64_t *)((char *)&expected.record + f->offset),
			    *(const uint64_t *)((const char *)&s->record + f->offset));
	}
	least(&expected.record.active_min, s->record.active_min);
	most(&expected.record.active_max, s->record.active_max);
	least(&expected.record.second_min_bytes, s->record.second_min_bytes);
	most(&expected.record.second_max_bytes, s->record.second_max_bytes);
	least(&expected.record.response_min_us, s->record.response_min_us);
	most(&expected.record.response_max_us, s->record.response_max_us);
	if (s->handshake != NULL)
		histogram_merge(&expected.handshake, s->handshake);
	if (s->response != NULL)
		histogram_merge(&expected.response, s->response);
	if (s->clients != NULL)
		cardinality_merge(&expected.clients, s->clients);
	expected.count++;
}

static int64_t floor_of(int64_t at_us, int64_t length)
{
	return at_us - at_us % length;
}

/* All seconds of a service whose ten seconds begin in [from, to). */
static void expect(unsigned service, int64_t from, int64_t to)
{
	memset(&expected, 0, sizeof(expected));
	record_init(RECORD_port, &expected.record);
	for (size_t i = 0; i < second_count; i++) {
		int64_t ten = floor_of(seconds[i].record.start, 10 * SECOND);
		if (seconds[i].service == service && ten >= from && ten < to)
			expect_second(&seconds[i]);
	}
}

static void assert_quantile(const struct histogram *h, double q, uint64_t got_us)
{
	assert_int_equal(got_us, histogram_quantile(h, q));
}

static void assert_ratio(double ratio, uint64_t part, uint64_t whole)
{
	if (part == UNKNOWN_U64 || whole == UNKNOWN_U64 || whole == 0)
		assert_true(isnan(ratio));
	else
		assert_true(fabs(ratio - (double)part / (double)whole) < 1e-9);
}

static void assert_is_expected(const struct port_record *r)
{
	const struct schema *schema = &schemas[RECORD_port];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *f = &schema->fields[i];
		if (f->role == ROLE_COUNTER)
			assert_int_equal(
				*(const uint64_t *)((const char *)r + f->offset),
				*(const uint64_t *)((const char *)&expected.record +
						    f->offset));
	}
	assert_int_equal(r->active_min, expected.record.active_min);
	assert_int_equal(r->active_max, expected.record.active_max);
	assert_true(r->active >= r->active_min && r->active <= r->active_max);
	assert_int_equal(r->second_max_bytes, expected.record.second_max_bytes);
	assert_true(r->second_min_bytes == 0 ||
		    r->second_min_bytes == expected.record.second_min_bytes);
	assert_quantile(&expected.handshake, 0.5, r->handshake_p50_us);
	assert_quantile(&expected.handshake, 0.95, r->handshake_p95_us);
	assert_quantile(&expected.response, 0.5, r->response_p50_us);
	assert_quantile(&expected.response, 0.95, r->response_p95_us);
	assert_quantile(&expected.response, 0.99, r->response_p99_us);
	assert_int_equal(r->response_min_us, expected.record.response_min_us);
	assert_int_equal(r->response_max_us, expected.record.response_max_us);
	assert_int_equal(r->response_mean_us, histogram_mean(&expected.response));
	if (expected.clients.count > 0)
		assert_int_equal(r->clients, cardinality_estimate(&expected.clients));
	uint64_t payload = expected.record.payload_bytes;
	add(&payload, expected.record.lost_bytes);
	assert_ratio(r->retransmit_ratio, expected.record.retransmits,
		     expected.record.data_packets);
	assert_ratio(r->lost_ratio, expected.record.lost_bytes, payload);
	assert_ratio(r->error_ratio, expected.record.errors, expected.record.ended);
	assert_string_equal(r->service, "http");
}

static unsigned service_of(const struct port_record *r)
{
	for (unsigned i = 0; i < SERVICES; i++) {
		struct addr addr = address_of(i);
		if (addr_equal(&addr, &r->server_ip))
			return i;
	}
	fail_msg("a record of no service");
	return 0;
}

static int64_t first_second(void)
{
	int64_t first = INT64_MAX;
	for (size_t i = 0; i < second_count; i++)
		if (seconds[i].record.start < first)
			first = seconds[i].record.start;
	return first;
}

/* Every step that has seconds gives one record, and no other does. */
static void assert_steps(uint32_t step_s, int64_t since, int64_t until)
{
	struct store_filter filter;
	store_filter_init(&filter);
	filter.step_s = step_s;
	filter.since_us = since;
	filter.until_us = until;
	read_well(RECORD_port, &filter);
	int64_t step = step_s * SECOND;
	int64_t from = since > first_second() ? since : first_second();
	from = floor_of(from, step);
	size_t wanted = 0;
	for (unsigned service = 0; service < SERVICES; service++)
		for (int64_t at = from; at <= until && at < START_US + 2 * DAY;
		     at += step) {
			int64_t to = at + step <= until ? at + step : until + 1;
			expect(service, at, to);
			wanted += expected.count > 0;
		}
	assert_int_equal(got_count, wanted);
	for (size_t i = 0; i < got_count; i++) {
		const struct port_record *r = &got[i].port;
		int64_t to = r->start + step <= until ? r->start + step : until + 1;
		assert_int_equal(r->interval_s, step_s);
		assert_int_equal(r->start % step, 0);
		if (i > 0 && service_of(&got[i - 1].port) == service_of(r))
			assert_true(got[i - 1].port.start < r->start);
		expect(service_of(r), r->start, to);
		assert_is_expected(r);
	}
}

static void assert_whole(void)
{
	read_well(RECORD_port, NULL);
	assert_int_equal(got_count, SERVICES);
	for (size_t i = 0; i < got_count; i++) {
		expect(service_of(&got[i].port), INT64_MIN, INT64_MAX);
		assert_is_expected(&got[i].port);
	}
}

/* ---- tests ---- */

static void in_order_every_step_is_the_sum_of_its_seconds(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	int64_t at = START_US + (int64_t)some(3600) * SECOND;
	for (unsigned i = 0; i < SERVICES; i++)
		put_second(store, at, i);
	for (int t = 0; t < 2500; t++) {
		at += SECOND * (1 + (int64_t)some(6));
		put_second(store, at, (unsigned)some(SERVICES - 1));
	}
	wait_written(store);
	store_close(store);
	assert_whole();
	assert_steps(10, at - 600 * SECOND, INT64_MAX);
	assert_steps(60, at - 3600 * SECOND, INT64_MAX);
	assert_steps(3600, INT64_MIN + 1, INT64_MAX);
	assert_steps(300, at - 3600 * SECOND, at - 1234 * SECOND);
	assert_steps(86400, INT64_MIN + 1, INT64_MAX);
}

/* Forth and back, in and out of order, with starts in between. */
static void in_any_order_it_is_the_same(void **state)
{
	(void)state;
	int64_t at = START_US + DAY / 2;
	struct store *store = store_open(folder, &store_no_limits);
	for (unsigned i = 0; i < SERVICES; i++)
		put_second(store, at, i);
	for (int t = 0; t < 1500; t++) {
		uint64_t what = some(99);
		if (what == 0) /* the clock is set back, also before the first second */
			at -= (int64_t)some(5000) * SECOND;
		else if (what == 1)
			at += (int64_t)some(7000) * SECOND;
		else
			at += (int64_t)some(12) * SECOND;
		if (at < START_US)
			at = START_US;
		int64_t early = some(5) == 0 ? (int64_t)some(70) * SECOND : 0;
		put_second(store, at - early, (unsigned)some(SERVICES - 1));
		if (some(100) == 0)
			wait_written(store);
		if (some(300) == 0) {
			store_close(store);
			store = store_open(folder, &store_no_limits);
		}
	}
	wait_written(store);
	store_close(store);
	assert_whole();
	assert_steps(60, at - 7200 * SECOND, INT64_MAX);
	assert_steps(3600, INT64_MIN + 1, INT64_MAX);
	assert_steps(86400, INT64_MIN + 1, INT64_MAX);
}

/* The tables themselves, as SQL sees them. */
static int64_t number_of(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_open_v2(in_folder("breakwater.db"), &db,
					 SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

static void intervals_that_are_over_are_rolled_up(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	int64_t at = START_US + 10 * 3600 * SECOND;
	for (unsigned i = 0; i < SERVICES; i++)
		put_second(store, at, i);
	put_second(store, at + 61 * SECOND, 0);
	wait_written(store);
	assert_int_equal(number_of("SELECT count(*) FROM port_1m"), SERVICES);
	assert_int_equal(number_of("SELECT count(*) FROM port_1h"), 0);
	/* Two days without a second, and a start in between. */
	store_close(store);
	store = store_open(folder, &store_no_limits);
	put_second(store, at + 2 * DAY, 0);
	wait_written(store);
	store_close(store);
	assert_int_equal(number_of("SELECT count(*) FROM port_1m"), SERVICES + 1);
	assert_int_equal(number_of("SELECT count(*) FROM port_1h"), SERVICES);
	assert_int_equal(number_of("SELECT count(*) FROM port_1d"), SERVICES);
	assert_int_equal(number_of("SELECT sum(flows) FROM port_10s"),
			 number_of("SELECT (SELECT sum(flows) FROM port_1d)+"
				   "(SELECT flows FROM port_10s WHERE \"start\">="
				   "(SELECT max(\"start\") FROM port_10s))"));
	assert_whole();
}

static struct port_record scanned(unsigned number, int64_t at_us, bool answers)
{
	struct port_record port;
	uint8_t bytes[4] = { 10, 1, (uint8_t)(number >> 16), (uint8_t)(number >> 8) };
	record_init(RECORD_port, &port);
	port.start = at_us;
	port.server_ip = addr_v4(bytes);
	port.port = number % 65536;
	port.transport = "tcp";
	port.client_packets = port.flows = 1;
	port.rejected = answers ? 0 : 1;
	port.server_packets = 1;
	port.payload_bytes = answers ? 5 : 0;
	return port;
}

static void ports_that_nobody_answers_on_are_one_row(void **state)
{
	(void)state;
	enum { SCANNED = 20000 };
	struct store *store = store_open(folder, &store_no_limits);
	for (unsigned i = 0; i < SCANNED; i++) {
		struct port_record port =
			scanned(i, START_US + i / 5000 * SECOND, i == 4321);
		assert_true(store_put_port(store, &port, NULL, NULL, NULL));
	}
	wait_written(store);
	/* One that is asked again and again is meant. */
	for (unsigned i = 0; i < 20; i++) {
		struct port_record port =
			scanned(77, START_US + (20 + i) * SECOND, false);
		assert_true(store_put_port(store, &port, NULL, NULL, NULL));
	}
	wait_written(store);
	store_close(store);
	assert_int_equal(number_of("SELECT count(*) FROM service"), 3);
	read_well(RECORD_port, NULL);
	assert_int_equal(got_count, 3);
	uint64_t flows = 0;
	for (size_t i = 0; i < got_count; i++)
		flows += got[i].port.flows;
	assert_int_equal(flows, SCANNED + 20);
	assert_int_equal(got[0].port.port, UNKNOWN_U32); /* all others, first */
	assert_true(got[0].port.flows > SCANNED);
}

static void a_second_is_silent_unless_nobody_watched(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	int64_t at = START_US;
	for (int t = 0; t < 60; t++) /* two seconds without a sample */
		if (t != 7 && t != 8)
			put_second(store, at + t * SECOND, 0);
	wait_written(store);
	store_close(store);
	store = store_open(folder, &store_no_limits);
	for (int t = 90; t < 180; t++) /* stopped for half a minute */
		put_second(store, at + t * SECOND, 0);
	wait_written(store);
	store_close(store);
	struct store_filter filter;
	store_filter_init(&filter);
	filter.step_s = 60;
	read_well(RECORD_port, &filter);
	assert_int_equal(got_count, 3);
	assert_int_equal(got[0].port.second_min_bytes, 0);
	expect(0, at + 60 * SECOND, at + 120 * SECOND);
	assert_int_equal(got[1].port.second_min_bytes,
			 expected.record.second_min_bytes);
	expect(0, at + 120 * SECOND, at + 180 * SECOND);
	assert_int_equal(got[2].port.second_min_bytes,
			 expected.record.second_min_bytes);
	read_well(RECORD_gap, NULL);
	assert_int_equal(got_count, 1);
	assert_string_equal(got[0].gap.reason, "stopped");
	assert_int_equal(got[0].gap.start, at + 60 * SECOND);
	assert_int_equal(got[0].gap.end, at + 90 * SECOND);
}

/* A past that is over: its last day is, too. */
static void what_is_settled_is_rolled_up_to_its_last_day(void **state)
{
	(void)state;
	enum { DAYS = 40 };
	int64_t at = 20000 * DAY;
	uint64_t flows = 0;
	struct store *store = store_open(folder, &store_no_limits);
	for (int day = 0; day < DAYS; day++) {
		put_second(store, at + day * DAY, 0);
		flows += seconds[second_count - 1].record.flows;
	}
	assert_true(store_settle(store, at + DAYS * DAY, 20000));
	store_close(store);
	assert_int_equal(number_of("SELECT sum(flows) FROM port_1d"), flows);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order_every_step_is_the_sum_of_its_seconds),
		TEST(in_any_order_it_is_the_same),
		TEST(intervals_that_are_over_are_rolled_up),
		TEST(ports_that_nobody_answers_on_are_one_row),
		TEST(a_second_is_silent_unless_nobody_watched),
		TEST(what_is_settled_is_rolled_up_to_its_last_day),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

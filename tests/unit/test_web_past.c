/*
 * test_web_past.c: questions about the past: answered from a store that a test makes
 * up, slow or broken, while the loop goes on.
 */
#include "web_client.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { MINUTE_US = 60 * 1000000, FEW = 8 };

/* What the store does; read by the thread. */
static struct {
	int flows, gaps;    /* how many it holds */
	bool disordered;    /* written in another order than they ended */
	atomic_bool hold;   /* reads wait until this is false or they are cancelled */
	atomic_int reading; /* reads that have begun */
	atomic_int cancelled;
	atomic_bool absent, slow, broken;
	struct store_filter filter; /* of the last read that was not of gaps */
} stored;

static struct store_reader *open_stored(const char *path,
					char error[static STORE_ERROR_MAX], int *status)
{
	assert_string_equal(path, "/nowhere");
	*status = 2;
	snprintf(error, STORE_ERROR_MAX, "no store in /nowhere");
	return atomic_load(&stored.absent) ? NULL : (struct store_reader *)&stored;
}

static void close_stored(struct store_reader *reader)
{
	assert_ptr_equal(reader, &stored);
}

/* The same flow as give_flows() of memory makes, which has the first of them. */
static void fake_flow(struct flow_record *flow, int i, int64_t at_us)
{
	record_init(RECORD_flow, flow);
	const uint8_t client[4] = { 10, 0, 0, (uint8_t)i };
	const uint8_t server[4] = { 192, 0, 2, 1 };
	flow->client_ip = addr_v4(client);
	flow->server_ip = addr_v4(server);
	flow->client_port = (uint16_t)(50000 + i);
	flow->server_port = 443;
	flow->transport = "tcp";
	flow->start = at_us - (int64_t)i * MINUTE_US;
	flow->end = flow->start + 1000000;
	flow->end_reason = "closed";
}

static pthread_mutex_t filter_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t began_us; /* of flow 0 */

static void give_known_flows(void *self, web_emit emit, void *to)
{
	(void)self;
	for (int i = 0; i < fake.flows; i++) {
		struct flow_record flow;
		fake_flow(&flow, i, began_us);
		emit(to, &flow);
	}
}

static bool is_cancelled(const struct store_filter *filter)
{
	return filter->cancel != NULL && atomic_load(filter->cancel);
}

static int wait_if_held(const struct store_filter *filter)
{
	atomic_fetch_add(&stored.reading, 1);
	while (atomic_load(&stored.hold)) {
		if (is_cancelled(filter)) {
			atomic_fetch_add(&stored.cancelled, 1);
			return -ECANCELED;
		}
		usleep(1000);
	}
	return 0;
}

static void read_flows(const struct store_filter *filter, store_emit emit, void *to)
{
	static const int disorder[FEW] = { 4, 7, 6, 5, 3, 2, 1, 0 };
	for (int i = 0; i < stored.flows; i++) {
		struct flow_record flow;
		fake_flow(&flow, stored.disordered ? disorder[i] : i, began_us);
		if (flow.end >= filter->since_us && !emit(to, &flow))
			return;
	}
}

static void read_ports(store_emit emit, void *to)
{
	struct port_record port;
	fake_port(&port, 6);
	port.start = now_us() - 90 * (int64_t)MINUTE_US;
	port.interval_s = 3600;
	emit(to, &port);
}

/* Of one finding, the newest first, as the store gives them. */
static void read_packets(const struct store_filter *filter, store_emit emit, void *to)
{
	struct packet_record packet;
	for (unsigned i = 3; i > 0; i--) {
		record_init(RECORD_packet, &packet);
		packet.at = began_us + i;
		packet.number = i;
		packet.link = 101;
		packet.wire_bytes = 60;
		packet.data.len = 40;
		memset(packet.data.at, 0x40 + (int)i, 40);
		snprintf(packet.id, sizeof(packet.id), "%s", filter->id);
		emit(to, &packet);
	}
}

static struct incident_record fake_incident(const char *state)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	incident.first = incident.at = began_us;
	incident.state = state;
	record_text(incident.id, sizeof(incident.id), "1dea");
	return incident;
}

/* One that memory knows to be over; the store does not yet. */
static void give_known_incidents(void *self, web_emit emit, void *to)
{
	const struct incident_record over = fake_incident("resolved");
	(void)self;
	emit(to, &over);
}

static void read_incidents(store_emit emit, void *to)
{
	const struct incident_record firing = fake_incident("firing");
	emit(to, &firing);
}

static int read_stored(struct store_reader *reader, enum record_kind kind,
		       const struct store_filter *filter, store_emit emit, void *to,
		       char error[static STORE_ERROR_MAX])
{
	assert_ptr_equal(reader, &stored);
	if (kind == RECORD_gap) {
		const struct gap_record gap = { began_us - MINUTE_US, began_us,
						"stopped", UNKNOWN_U64, "" };
		for (int i = 0; i < stored.gaps; i++)
			emit(to, &gap);
		return 0;
	}
	pthread_mutex_lock(&filter_lock); /* two threads may ask at a time */
	stored.filter = *filter;
	pthread_mutex_unlock(&filter_lock);
	int result = wait_if_held(filter);
	if (result != 0)
		return result;
	snprintf(error, STORE_ERROR_MAX, "the disk\nis broken");
	if (atomic_load(&stored.broken))
		return -EIO;
	if (kind == RECORD_flow)
		read_flows(filter, emit, to);
	else if (kind == RECORD_port)
		read_ports(emit, to);
	else if (kind == RECORD_finding)
		for (int i = 0; i < FEW; i++) {
			struct finding_record finding;
			fake_finding(&finding, i);
			if (finding.last >= filter->since_us)
				emit(to, &finding);
		}
	else if (kind == RECORD_packet)
		read_packets(filter, emit, to);
	else if (kind == RECORD_incident)
		read_incidents(emit, to);
	snprintf(error, STORE_ERROR_MAX, "the store took longer than 30 s");
	return atomic_load(&stored.slow) ? -ETIME : 0;
}

static const struct web_past made_up = { "/nowhere",   open_stored, read_stored,
					 close_stored, NULL,        NULL };
static struct web_source known;

static int set_up_past(void **state)
{
	char error[WEB_ERROR_MAX];
	int status;
	past = &made_up;
	set_up(state);
	tear_down(state);
	memset(&stored, 0, sizeof(stored));
	stored.flows = FEW;
	began_us = now_us();
	fake.memory_since_us = began_us - 3 * (int64_t)MINUTE_US;
	known = source;
	known.flows = give_known_flows;
	known.incidents = give_known_incidents;
	const struct web_options options = { .listen = "127.0.0.1:0",
					     .socket_path = socket_path,
					     .version = "1.2.3",
					     .source = &known,
					     .past = past };
	web = web_open(&options, error, &status);
	assert_non_null(web);
	return 0;
}

/* Lets go of reads, so that a test that failed does not hang the next. */
static int tear_down_past(void **state)
{
	atomic_store(&stored.hold, false);
	return tear_down(state);
}

static void expect_rows(const char *path, int rows, const char *text)
{
	struct buf answer = get(path);
	if (code_of(&answer) != 200 || lines_in(body_of(&answer)) != rows)
		fail_msg("%s, not %d rows: %s", path, rows, buf_cstr(&answer));
	assert_has(&answer, text);
	buf_free(&answer);
}

static void what_memory_and_store_both_have_is_shown_once(void **state)
{
	(void)state;
	expect_rows("/api/v1/flows", 3, "Breakwater-Total: 3\r\n");
	assert_int_equal(atomic_load(&stored.reading), 0);
	expect_rows("/api/v1/flows?since=1h", FEW, "Breakwater-Total: 8\r\n");
	expect_rows("/api/v1/flows?since=2h&host=10.0.0.5", 1, "10.0.0.5");
	expect_rows("/api/v1/findings?since=1h", FEW, "\"id\":\"f7\"");
	expect_rows("/api/v1/findings?since=1h&state=closed", FEW / 2, "\"f1\"");
}

static void what_memory_knows_better_is_not_shown_as_it_was(void **state)
{
	(void)state;
	expect_rows("/api/v1/incidents?since=1h", 1, "\"state\":\"resolved\"");
	expect_rows("/api/v1/incidents?since=1h&state=firing", 0,
		    "Breakwater-Total: 0\r\n");
}

static void a_time_that_memory_reaches_is_answered_without_the_store(void **state)
{
	(void)state;
	atomic_store(&stored.absent, true);
	expect_rows("/api/v1/flows?since=90s", 2, "Breakwater-Total: 2\r\n");
	expect_rows("/api/v1/ports?since=90s", 3, "Breakwater-Total: 3\r\n");
	expect_rows("/api/v1/findings", 2, "Breakwater-Total: 2\r\n");
}

static void the_store_is_told_what_is_wanted(void **state)
{
	(void)state;
	expect_rows("/api/v1/ports?since=2h&until=1h&port=7&host=192.0.2.0/"
		    "24&transport=tcp&step=1h",
		    1, "\"interval_s\":3600");
	const struct store_filter *f = &stored.filter;
	int64_t span_us = f->until_us - f->since_us;
	assert_in_range(span_us, 3600 * INT64_C(1000000) - 1000000,
			3600 * INT64_C(1000000) + 1000000);
	assert_true(f->has_port && f->has_host);
	assert_int_equal(f->port, 7);
	assert_int_equal(f->host.len, 120);
	assert_int_equal(f->step_s, 3600);
	assert_true(f->time_limit_ms > 0);
}

static void the_limit_ends_the_reading_of_the_newest(void **state)
{
	(void)state;
	stored.flows = 50;
	expect_rows("/api/v1/flows?since=1h&limit=4", 4, "Breakwater-More: 1\r\n");
	expect_rows("/api/v1/flows?since=1h&limit=4&sort=end:asc", 4,
		    "Breakwater-Total: 50\r\n");
}

static void flows_written_out_of_order_are_in_order_and_all_there(void **state)
{
	(void)state;
	stored.disordered = true;
	expect_rows("/api/v1/flows?since=1h&limit=4", 4, "Breakwater-Total: 8\r\n");
	struct buf answer = get("/api/v1/flows?since=1h&limit=4");
	assert_has(&answer, "10.0.0.3");
	assert_null(strstr(buf_cstr(&answer), "10.0.0.4"));
	buf_free(&answer);
}

static void groups_are_of_memory_and_store_once(void **state)
{
	(void)state;
	stored.gaps = 1;
	expect("/api/v1/aggregate?record=flow&by=server_port&since=1h", 200,
	       "\"rows\":[{\"server_port\":443,\"count\":8}],\"groups\":1,"
	       "\"gaps\":[{\"since\":\"");
	expect("/api/v1/aggregate?record=flow&by=server_port&since=1h", 200,
	       "\"why\":\"stopped\"}]}");
	expect("/api/v1/aggregate?record=finding&by=state&since=1h", 200,
	       "\"count\":4},");
	expect("/api/v1/aggregate?record=incident&by=state&since=1h", 200,
	       "[{\"state\":\"resolved\",\"count\":1}]");
	expect("/api/v1/aggregate?record=port&by=port&step=1h&since=2h", 200,
	       "\"port\":7,\"at\":\"");
	assert_int_equal(stored.filter.step_s, 3600);
	expect("/api/v1/aggregate?record=flow&by=server_port&since=150s&previous=1",
	       200, "\"previous\":[{\"server_port\":443,\"count\":3}]");
	/* What is there now is no matter of the store. */
	int read = atomic_load(&stored.reading);
	expect("/api/v1/aggregate?record=flow&by=server_port", 200, "\"count\":3}");
	expect("/api/v1/aggregate?record=port&sum=flows", 200, "\"sum_flows\":");
	assert_int_equal(atomic_load(&stored.reading), read);
	expect("/api/v1/aggregate?record=flow&by=colour", 400,
	       "by: \\\"colour\\\" is no field of flow; one of start,");
	expect("/api/v1/aggregate", 400, "record: of what, is missing");
	atomic_store(&stored.broken, true);
	expect("/api/v1/aggregate?record=port&sum=flows&since=2h", 503, "the disk");
	expect("/api/v1/aggregate?record=flow&since=1h", 200,
	       "\"incomplete\":\"the disk");
}

static void gaps_are_counted_and_listed(void **state)
{
	(void)state;
	expect("/api/v1/ports?since=2h", 200, "Breakwater-Gaps: 0\r\n");
	stored.gaps = 2;
	expect("/api/v1/ports?since=2h", 200, "Breakwater-Gaps: 2\r\n");
	expect_rows("/api/v1/gaps?since=2h", 2, "\"reason\":\"stopped\"");
}

static void the_loop_answers_others_while_the_store_is_read(void **state)
{
	(void)state;
	atomic_store(&stored.hold, true);
	int slow = connect_local();
	say(slow, "GET /api/v1/flows?since=1h HTTP/1.1\r\nHost: a\r\n"
		  "Connection: close\r\n\r\n");
	while (atomic_load(&stored.reading) == 0)
		turn(1);
	expect_rows("/api/v1/ports", 3, "Breakwater-Total: 3\r\n");
	expect("/health", 200, "\"ok\"");
	atomic_store(&stored.hold, false);
	struct buf answer = { 0 };
	hear(slow, NULL, &answer);
	assert_int_equal(code_of(&answer), 200);
	assert_int_equal(lines_in(body_of(&answer)), FEW);
	buf_free(&answer);
	close(slow);
}

static void too_many_questions_are_told_to_come_again(void **state)
{
	(void)state;
	enum { QUESTIONS = 64 /* of one client */ };
	int asked[QUESTIONS];
	atomic_store(&stored.hold, true);
	for (int i = 0; i < QUESTIONS; i++) {
		asked[i] = connect_tcp();
		say(asked[i], "GET /api/v1/ports?since=1h HTTP/1.1\r\n"
			      "Host: localhost\r\nConnection: close\r\n\r\n");
		for (int j = 0; j < 20; j++)
			turn(1);
	}
	expect("/api/v1/ports?since=1h", 503, "busy");
	atomic_store(&stored.hold, false);
	for (int i = 0; i < QUESTIONS; i++) {
		struct buf answer = { 0 };
		hear(asked[i], NULL, &answer);
		assert_int_equal(code_of(&answer), 200);
		buf_free(&answer);
		close(asked[i]);
	}
	expect("/api/v1/ports?since=1h", 200, "\"record\":\"port\"");
}

static void who_leaves_ends_the_reading(void **state)
{
	(void)state;
	for (int local = 0; local < 2; local++) {
		atomic_store(&stored.hold, true);
		atomic_store(&stored.reading, 0);
		atomic_store(&stored.cancelled, 0);
		int fd = local ? connect_local() : connect_tcp();
		say(fd, "GET /api/v1/ports?since=1h HTTP/1.1\r\nHost: localhost\r\n"
			"\r\n");
		while (atomic_load(&stored.reading) == 0)
			turn(1);
		close(fd);
		for (int i = 0; i < STEPS_MAX && atomic_load(&stored.cancelled) == 0;
		     i++)
			turn(1);
		assert_int_equal(atomic_load(&stored.cancelled), 1);
		atomic_store(&stored.hold, false);
		expect("/api/v1/ports?since=1h", 200, "\"record\":\"port\"");
	}
}

static void the_end_does_not_wait_for_the_store(void **state)
{
	(void)state;
	int fds[3];
	atomic_store(&stored.hold, true);
	for (int i = 0; i < 3; i++) {
		fds[i] = connect_local();
		say(fds[i], "GET /api/v1/ports?since=1h HTTP/1.1\r\nHost: a\r\n\r\n");
	}
	while (atomic_load(&stored.reading) == 0)
		turn(1);
	int64_t began = now_us();
	web_close(web);
	web = NULL;
	assert_true(now_us() - began < 2 * 1000000);
	/* What was not read is not told as nothing. */
	for (int i = 0; i < 3; i++) {
		char answer[4096] = "";
		ssize_t len = recv(fds[i], answer, sizeof(answer) - 1, MSG_DONTWAIT);
		if (len > 0)
			assert_null(strstr(answer, "HTTP/1.1 200"));
		close(fds[i]);
	}
}

/* What clients said before the end is still read once; by then nobody reads the store.
 */
static void a_question_that_comes_with_the_end_is_refused(void **state)
{
	(void)state;
	static const char ask[] = "GET /api/v1/ports?since=1h HTTP/1.1\r\n"
				  "Host: localhost\r\n\r\n";
	int fds[2];
	for (int i = 0; i < 2; i++) {
		struct buf first = { 0 };
		fds[i] = i == 0 ? connect_local() : connect_tcp();
		say(fds[i], "GET /api/v1/self HTTP/1.1\r\nHost: localhost\r\n\r\n");
		hear(fds[i], "12345", &first);
		buf_free(&first);
		turn(1);
	}
	for (int i = 0; i < 2; i++)
		say(fds[i], ask);
	web_close(web);
	web = NULL;
	for (int i = 0; i < 2; i++) {
		char answer[4096] = "";
		ssize_t len = recv(fds[i], answer, sizeof(answer) - 1, MSG_DONTWAIT);
		if (len > 0)
			assert_null(strstr(answer, "HTTP/1.1 200"));
		close(fds[i]);
	}
}

static void a_broken_store_is_said_and_what_memory_has_is_shown(void **state)
{
	(void)state;
	atomic_store(&stored.broken, true);
	expect("/api/v1/ports?since=1h", 503, "the disk");
	expect_rows("/api/v1/flows?since=1h", 3,
		    "Breakwater-Incomplete: the disk?is broken\r\n");
	atomic_store(&stored.broken, false);
	atomic_store(&stored.absent, true);
	expect("/api/v1/ports?since=1h", 503, "no store in /nowhere");
	expect_rows("/api/v1/flows?since=1h", 3, "Breakwater-Incomplete: no store");
	atomic_store(&stored.absent, false);
	atomic_store(&stored.slow, true);
	expect_rows("/api/v1/ports?since=1h", 1,
		    "Breakwater-Incomplete: the store took");
	atomic_store(&stored.slow, false);
	struct buf answer = get("/api/v1/flows?since=1h");
	assert_null(strstr(buf_cstr(&answer), "Incomplete"));
	buf_free(&answer);
}

/* ---- a real store ---- */

enum { REAL_FLOWS = 20000 };
static struct web_past real = { NULL,          store_reader_open,
				store_read,    store_reader_close,
				store_settled, store_listeners_at };

static void write_real_store(const char *path)
{
	struct store *store = store_open(path, &store_no_limits);
	assert_non_null(store);
	for (int i = 0; i < REAL_FLOWS; i++) {
		struct flow_record flow;
		fake_flow(&flow, i % FEW, began_us);
		flow.client_port = (uint32_t)(1 + i / FEW);
		flow.start -= 3600 * INT64_C(1000000);
		flow.end -= 3600 * INT64_C(1000000);
		while (!store_put(store, RECORD_flow, &flow))
			usleep(1000);
	}
	for (int i = 0; i < 4; i++) {
		struct finding_record finding;
		fake_finding(&finding, i);
		assert_true(store_put(store, RECORD_finding, &finding));
	}
	store_close(store);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static void a_real_store_is_read_while_the_loop_goes_on(void **state)
{
	(void)state;
	char path[64], error[WEB_ERROR_MAX];
	int status;
	web_close(web);
	snprintf(path, sizeof(path), "%s/store", folder);
	mkdir(path, 0700);
	write_real_store(path);
	real.folder = path;
	const struct web_options options = { .listen = "127.0.0.1:0",
					     .socket_path = socket_path,
					     .version = "1.2.3",
					     .source = &known,
					     .past = &real };
	web = web_open(&options, error, &status);
	assert_non_null(web);
	int slow = connect_local();
	say(slow,
	    "GET /api/v1/flows?since=3h&limit=100000&sort=client_port HTTP/1.1\r\n"
	    "Host: a\r\nConnection: close\r\n\r\n");
	expect_rows("/api/v1/ports", 3, "Breakwater-Total: 3\r\n");
	struct buf answer = { 0 };
	hear(slow, NULL, &answer);
	close(slow);
	assert_has(&answer, "Breakwater-Total: 20003\r\n"); /* 3 of memory */
	assert_int_equal(lines_in(body_of(&answer)), REAL_FLOWS + 3);
	buf_free(&answer);
	expect_rows("/api/v1/flows?since=3h&port=443&host=10.0.0.7&limit=10", 10,
		    "10.0.0.7");
	expect_rows("/api/v1/findings?since=1h", 4, "\"id\":\"f3\"");
	expect_rows("/api/v1/findings?id=f1", 1, "\"id\":\"f1\"");
	expect_rows("/api/v1/audit", 0, "Breakwater-Total: 0");
	web_close(web);
	web = NULL;
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define TEST_PAST(name)                                                                \
	cmocka_unit_test_setup_teardown(name, set_up_past, tear_down_past)

static void packets_of_a_finding_are_a_file_for_tcpdump(void **state)
{
	(void)state;
	struct buf answer = get("/api/v1/packets?id=f1&format=pcap");
	assert_has(&answer, "Content-Type: application/vnd.tcpdump.pcap\r\n");
	assert_has(&answer,
		   "Content-Disposition: attachment; filename=\"packets.pcap\"");
	const char *body = strstr(answer.at, "\r\n\r\n") + 4;
	size_t len = answer.len - (size_t)(body - (const char *)answer.at);
	uint32_t words[6 + 4];
	assert_int_equal(len, 24 + 3 * (16 + 40));
	memcpy(words, body, sizeof(words));
	assert_int_equal(words[0], 0xa1b2c3d4);
	assert_int_equal(words[5], 101);
	assert_int_equal(words[8], 40);
	assert_int_equal(words[9], 60);
	assert_int_equal(body[24 + 16], 0x41); /* in order of time */
	buf_free(&answer);
	expect_rows("/api/v1/packets?id=f1", 3, "\"number\":1");
	expect_rows("/api/v1/findings?incident=i1", 4, "\"id\":\"f7\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_PAST(packets_of_a_finding_are_a_file_for_tcpdump),
		TEST_PAST(what_memory_and_store_both_have_is_shown_once),
		TEST_PAST(what_memory_knows_better_is_not_shown_as_it_was),
		TEST_PAST(a_time_that_memory_reaches_is_answered_without_the_store),
		TEST_PAST(the_store_is_told_what_is_wanted),
		TEST_PAST(the_limit_ends_the_reading_of_the_newest),
		TEST_PAST(flows_written_out_of_order_are_in_order_and_all_there),
		TEST_PAST(gaps_are_counted_and_listed),
		TEST_PAST(groups_are_of_memory_and_store_once),
		TEST_PAST(the_loop_answers_others_while_the_store_is_read),
		TEST_PAST(too_many_questions_are_told_to_come_again),
		TEST_PAST(who_leaves_ends_the_reading),
		TEST_PAST(the_end_does_not_wait_for_the_store),
		TEST_PAST(a_question_that_comes_with_the_end_is_refused),
		TEST_PAST(a_real_store_is_read_while_the_loop_goes_on),
		TEST_PAST(a_broken_store_is_said_and_what_memory_has_is_shown),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/*
 * test_web_live.c: what the HTTP API makes of records as they happen: streams and
 * metrics.
 */
#include "web_client.h"

#include "web/live.h"

static void metrics_add_up_what_ports_did(void **state)
{
	(void)state;
	struct port_record port;
	fake_port(&port, 2);
	port.client_bytes = 700;
	web_live(web, RECORD_port, &port);
	web_live(web, RECORD_port, &port);
	struct buf answer = get("/metrics");
	assert_has(&answer, "Content-Type: text/plain; version=0.0.4");
	assert_has(&answer, "# TYPE breakwater_port_client_bytes_total counter\n");
	assert_has(&answer,
		   "\nbreakwater_port_client_bytes_total{port=\"3\",transport=\"tcp\","
		   "service=\"we\\\"ird\\\\<b>\",home=\"no\"} 1400\n");
	assert_has(&answer,
		   "\nbreakwater_port_response_p95_seconds{port=\"3\",transport="
		   "\"tcp\",service=\"we\\\"ird\\\\<b>\",home=\"no\"} 0.0015\n");
	assert_has(&answer, "\nbreakwater_packets_total 12345\n");
	assert_has(&answer, "\nbreakwater_build_info{version=\"1.2.3\"} 1\n");
	assert_has(&answer,
		   "\nbreakwater_undecoded_by_reason_total{reason=\"ip4_short\"} 7\n");
	assert_has(&answer, "\nbreakwater_uptime_seconds 61\n");
	buf_free(&answer);
	answer = get_with("/metrics",
			  "Accept: application/openmetrics-text;version=1.0.0\r\n");
	assert_has(&answer,
		   "Content-Type: application/openmetrics-text; version=1.0.0");
	assert_has(&answer, "# TYPE breakwater_port_client_bytes counter\n# UNIT "
			    "breakwater_port_client_bytes bytes\n");
	assert_string_equal(answer.at + answer.len - strlen("# EOF\n"), "# EOF\n");
	buf_free(&answer);
}

static void logins_count_by_protocol_and_outcome(void **state)
{
	(void)state;
	struct login_record login;
	record_init(RECORD_login, &login);
	struct buf answer = get("/metrics");
	assert_null(strstr(answer.at, "breakwater_logins"));
	buf_free(&answer);
	record_text(login.protocol, sizeof(login.protocol), "ssh");
	login.outcome = "failure";
	web_live(web, RECORD_login, &login);
	web_live(web, RECORD_login, &login);
	login.outcome = NULL;
	web_live(web, RECORD_login, &login);
	/* More protocols than have room are one. */
	for (int i = 0; i < 100; i++) {
		snprintf(login.protocol, sizeof(login.protocol), "strange%d", i);
		web_live(web, RECORD_login, &login);
	}
	answer = get("/metrics");
	assert_has(&answer, "# TYPE breakwater_logins_total counter\n");
	assert_has(&answer, "\nbreakwater_logins_total{protocol=\"ssh\",outcome="
			    "\"success\"} 0\n");
	assert_has(&answer, "\nbreakwater_logins_total{protocol=\"ssh\",outcome="
			    "\"failure\"} 2\n");
	assert_has(&answer, "\nbreakwater_logins_total{protocol=\"ssh\",outcome="
			    "\"unknown\"} 1\n");
	assert_has(&answer, "\nbreakwater_logins_total{protocol=\"other\",outcome="
			    "\"unknown\"} 38\n");
	buf_free(&answer);
}

static void a_port_scan_takes_no_place_in_the_metrics(void **state)
{
	(void)state;
	struct port_record port;
	for (int i = 0; i < 60000; i++) {
		fake_port(&port, i);
		port.rejected = port.flows;
		web_live(web, RECORD_port, &port);
	}
	fake_port(&port, 60001);
	web_live(web, RECORD_port, &port);
	struct buf answer = get("/metrics");
	assert_has(&answer,
		   "breakwater_port_flows_total{port=\"other\",transport=\"other\","
		   "service=\"\"} 60000\n");
	assert_has(&answer, "breakwater_port_flows_total{port=\"60002\",");
	assert_null(strstr(answer.at, "port=\"1\""));
	buf_free(&answer);
}

/*
 * The next place behind that one; from NULL: the first.  A sanitizer's strstr() goes to
 * the end of the text each time, which is minutes for megabytes.
 */
static const char *next_of(const struct buf *text, const char *from, const char *name)
{
	const char *at = from == NULL ? text->at : from + strlen(name);
	return memmem(at, text->len - (size_t)(at - text->at), name, strlen(name));
}

static int series_of(const struct buf *text, const char *name)
{
	int count = 0;
	for (const char *at = NULL; (at = next_of(text, at, name)) != NULL;)
		count++;
	return count;
}

static void the_number_of_series_has_a_bound(void **state)
{
	(void)state;
	struct port_record port;
	for (int i = 0; i < 5000; i++) {
		fake_port(&port, i);
		web_live(web, RECORD_port, &port);
	}
	struct buf answer = get("/metrics");
	assert_int_equal(series_of(&answer, "\nbreakwater_port_flows_total{"), 201);
	assert_has(&answer,
		   "breakwater_port_flows_total{port=\"other\",transport=\"other\","
		   "service=\"\"} 3976\n");
	assert_has(&answer, "breakwater_port_flows_total{port=\"1024\",");
	buf_free(&answer);
}

static void findings_are_counted_by_kind_and_how_soon_they_were_said(void **state)
{
	(void)state;
	struct finding_record finding;
	fake_finding(&finding, 1);
	web_live(web, RECORD_finding, &finding);
	struct buf answer = get("/metrics");
	assert_has(&answer, "breakwater_findings_open{kind=\"new_listener\","
			    "severity=\"low\"} 1\n");
	assert_has(&answer, "breakwater_findings_total{kind=\"new_listener\"} 3\n");
	assert_has(&answer, "breakwater_findings_total{kind=\"port_scan\"} 0\n");
	assert_has(&answer,
		   "breakwater_finding_latency_seconds_bucket{le=\"0.05\"} 1\n");
	assert_has(&answer,
		   "breakwater_finding_latency_seconds_bucket{le=\"+Inf\"} 2\n");
	assert_has(&answer, "breakwater_finding_latency_seconds_count 2\n");
	buf_free(&answer);
}

static void blocks_are_counted_with_what_they_stopped_and_how_soon(void **state)
{
	(void)state;
	struct block_record block;
	fake_block(&block, "active", 3);
	web_live(web, RECORD_block, &block);
	fake_block(&block, "expired", 5);
	web_live(web, RECORD_block, &block);
	struct buf answer = get("/metrics");
	assert_has(&answer, "breakwater_blocks{state=\"active\",action=\"drop\"} 1\n");
	assert_has(&answer,
		   "breakwater_blocks{state=\"observed\",action=\"drop\"} 1\n");
	assert_has(&answer, "breakwater_blocks_ended_total{state=\"expired\"} 1\n");
	assert_has(&answer, "breakwater_blocks_ended_total{state=\"vetoed\"} 0\n");
	assert_has(&answer, "breakwater_blocked_packets_total 15\n");
	assert_has(&answer, "breakwater_blocked_bytes_total 1500\n");
	assert_has(&answer, "breakwater_blocked_sessions_total 2\n");
	assert_has(&answer,
		   "breakwater_block_latency_seconds_bucket{le=\"0.0025\"} 0\n");
	assert_has(&answer,
		   "breakwater_block_latency_seconds_bucket{le=\"0.005\"} 2\n");
	assert_has(&answer, "breakwater_block_latency_seconds_count 2\n");
	buf_free(&answer);
}

static int listen_live(const char *path, struct buf *answer)
{
	char request[128];
	int fd = connect_tcp();
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
		 path);
	say(fd, request);
	hear(fd, "retry: 2000\n\n", answer);
	return fd;
}

static void live_readers_get_the_kinds_they_asked_for(void **state)
{
	(void)state;
	struct buf all = { 0 }, some = { 0 };
	int reader = listen_live("/api/v1/live", &all);
	int picky = listen_live("/api/v1/live?type=self", &some);
	assert_has(&all, "Content-Type: text/event-stream");
	struct port_record port;
	struct self_record self;
	fake_port(&port, 41);
	give_self(NULL, &self);
	web_live(web, RECORD_port, &port);
	web_live(web, RECORD_self, &self);
	hear(reader, "event: self\ndata: {\"record\":\"self\"", &all);
	hear(picky, "event: self\ndata: {\"record\":\"self\"", &some);
	assert_has(&all, "event: port\ndata: {\"record\":\"port\"");
	assert_null(strstr(some.at, "event: port"));
	close(reader);
	close(picky);
	buf_free(&all);
	buf_free(&some);
}

static void a_slow_reader_loses_events_and_is_told_how_many(void **state)
{
	(void)state;
	enum { SENT = 60000 };
	struct buf answer = { 0 };
	int fd = listen_live("/api/v1/live?type=port", &answer);
	struct port_record port;
	fake_port(&port, 1);
	for (int i = 0; i < SENT; i++) {
		web_live(web, RECORD_port, &port);
		if (i % 100 == 0)
			web_run(web);
	}
	/* Drain, then one more event: the gap is told before it. */
	char part[65536];
	for (int quiet = 0; quiet < 50;) {
		turn(1);
		ssize_t len = recv(fd, part, sizeof(part), MSG_DONTWAIT);
		if (len > 0)
			buf_add(&answer, part, (size_t)len);
		quiet = len > 0 ? 0 : quiet + 1;
	}
	port.port = 54321;
	web_live(web, RECORD_port, &port);
	hear(fd, "\"port\":54321", &answer);
	static const char event[] = "event: lost\ndata: {\"lost\":";
	int told = 0;
	for (const char *lost = NULL; (lost = next_of(&answer, lost, event)) != NULL;)
		told += (int)strtol(lost + strlen(event), NULL, 10);
	assert_true(told > 0);
	int got = series_of(&answer, "event: port\n");
	assert_int_equal(told + got, SENT + 1);
	close(fd);
	buf_free(&answer);
}

static void readers_are_bounded_and_leaving_makes_room(void **state)
{
	(void)state;
	enum { READERS = 256 };
	int fds[READERS];
	struct buf answer = { 0 };
	for (int i = 0; i < READERS; i++) {
		buf_clear(&answer);
		fds[i] = listen_live("/api/v1/live", &answer);
	}
	expect("/api/v1/live", 503, "too many live readers");
	for (int i = 0; i < READERS; i++)
		close(fds[i]);
	struct self_record self;
	give_self(NULL, &self);
	/* The first write after a close meets a RST, the second fails. */
	for (int i = 0; i < 20; i++) {
		web_live(web, RECORD_self, &self);
		turn(1);
	}
	buf_clear(&answer);
	close(listen_live("/api/v1/live", &answer));
	buf_free(&answer);
}

/* The id of the last event that came whole; to be freed. */
static char *last_id(const struct buf *answer)
{
	char *id = NULL;
	for (const char *at = answer->at; (at = strstr(at, "\nid: ")) != NULL;) {
		at += strlen("\nid: ");
		free(id);
		id = strndup(at, strcspn(at, "\n"));
	}
	assert_non_null(id);
	return id;
}

static void send_self(uint64_t packets)
{
	struct self_record self;
	give_self(NULL, &self);
	self.packets = packets;
	web_live(web, RECORD_self, &self);
}

/* Comes back behind that event, by parameter or as a browser does. */
static int come_back(const char *id, bool by_header, struct buf *answer)
{
	char request[256];
	int fd = connect_tcp();
	snprintf(request, sizeof(request),
		 by_header
			 ? "GET /api/v1/live?type=self HTTP/1.1\r\nHost: localhost\r\n"
			   "Last-Event-ID: %s\r\n\r\n"
			 : "GET /api/v1/live?type=self&last_event_id=%s HTTP/1.1\r\n"
			   "Host: localhost\r\n\r\n",
		 id);
	say(fd, request);
	hear(fd, "retry: 2000\n\n", answer);
	return fd;
}

static void who_comes_back_gets_what_was_missed(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	int fd = listen_live("/api/v1/live?type=self", &answer);
	send_self(1);
	hear(fd, "\"packets\":1,", &answer);
	hear(fd, "\n\n", &answer);
	char *id = last_id(&answer);
	close(fd);
	for (uint64_t i = 2; i < 5; i++) {
		struct port_record port; /* of no matter here */
		fake_port(&port, 1);
		web_live(web, RECORD_port, &port);
		send_self(i);
	}
	for (int by_header = 0; by_header < 2; by_header++) {
		buf_clear(&answer);
		fd = come_back(id, by_header, &answer);
		hear(fd, "\"packets\":4,", &answer);
		assert_has(&answer, "\"packets\":2,");
		assert_has(&answer, "\"packets\":3,");
		assert_null(strstr(answer.at, "\"packets\":1,"));
		assert_null(strstr(answer.at, "event: lost"));
		assert_null(strstr(answer.at, "event: port"));
		close(fd);
	}
	free(id);
	buf_free(&answer);
}

static void what_is_not_kept_any_more_is_told_as_lost(void **state)
{
	(void)state;
	enum { MISSED = 40000 };
	struct buf answer = { 0 };
	int fd = listen_live("/api/v1/live?type=self", &answer);
	send_self(1);
	hear(fd, "\"packets\":1,", &answer);
	hear(fd, "\n\n", &answer);
	char *id = last_id(&answer);
	close(fd);
	for (uint64_t i = 0; i < MISSED; i++)
		send_self(2);
	buf_clear(&answer);
	fd = come_back(id, true, &answer);
	hear(fd, "event: lost\ndata: {\"lost\":", &answer);
	long lost = strtol(strstr(answer.at, "{\"lost\":") + 8, NULL, 10);
	send_self(77);
	hear(fd, "\"packets\":77,", &answer);
	assert_int_equal(lost + series_of(&answer, "event: self\n"), MISSED + 1);
	close(fd);
	/* Of another run of the daemon nothing is known but that there is a gap. */
	buf_clear(&answer);
	fd = come_back("00000000-1", true, &answer);
	hear(fd, "event: lost\ndata: {\"lost\":1}", &answer);
	close(fd);
	buf_clear(&answer);
	fd = come_back("no%20id", false, &answer);
	hear(fd, "event: lost\ndata: {\"lost\":1}", &answer);
	close(fd);
	free(id);
	buf_free(&answer);
}

/* An address was erased that an event of before may name. */
static void what_was_forgotten_is_told_as_lost(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	int fd = listen_live("/api/v1/live?type=self", &answer);
	send_self(1);
	hear(fd, "\"packets\":1,", &answer);
	hear(fd, "\n\n", &answer);
	char *id = last_id(&answer);
	close(fd);
	send_self(2);
	send_self(3);
	web_forget(web);
	send_self(4);
	buf_clear(&answer);
	fd = come_back(id, true, &answer);
	hear(fd, "\"packets\":4,", &answer);
	assert_has(&answer, "event: lost\ndata: {\"lost\":2}");
	assert_null(strstr(answer.at, "\"packets\":2,"));
	assert_null(strstr(answer.at, "\"packets\":3,"));
	close(fd);
	free(id);
	buf_free(&answer);
}

static void batches_have_the_last_of_each_once_a_second(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	int fd = listen_live("/api/v1/live?type=port,finding&coalesce=1s", &answer);
	struct port_record port;
	struct finding_record finding;
	int64_t began = now_us();
	for (int i = 0; i < 10; i++) {
		fake_port(&port, i % 2);
		port.flows = 1000 + (uint64_t)i;
		web_live(web, RECORD_port, &port);
	}
	/* What somebody waits for does not wait. */
	fake_finding(&finding, 1);
	web_live(web, RECORD_finding, &finding);
	hear(fd, "event: finding\ndata: {", &answer);
	assert_null(strstr(answer.at, "event: batch"));
	hear(fd, "event: batch\ndata: [{\"record\":\"port\"", &answer);
	hear(fd, "}]\nid: ", &answer);
	assert_true(now_us() - began < 2 * 1000000);
	assert_int_equal(series_of(&answer, "\"record\":\"port\""), 2);
	assert_has(&answer, "\"flows\":1008,");
	assert_has(&answer, "\"flows\":1009,");
	close(fd);
	buf_free(&answer);
}

static void a_batch_has_a_bound_and_says_what_it_left_out(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	int fd = listen_live("/api/v1/live?type=port&coalesce=1s", &answer);
	for (int i = 0; i < 3000; i++) {
		struct port_record port;
		fake_port(&port, i);
		web_live(web, RECORD_port, &port);
	}
	hear(fd, "event: lost\ndata: {\"lost\":1976}\n", &answer);
	assert_int_equal(series_of(&answer, "\"record\":\"port\""), 1024);
	close(fd);
	expect("/api/v1/live?coalesce=2s", 400, "coalesce: is 1s or not there");
	buf_free(&answer);
}

static void one_address_has_no_more_than_its_share(void **state)
{
	(void)state;
	struct live *live = live_new();
	struct MHD_Response *streams[LIVE_ADDRESS_MAX + 2];
	const uint8_t far[4] = { 192, 0, 2, 7 }, other[4] = { 192, 0, 2, 8 };
	static const struct visitor somebody = { .by = BY_SESSION };
	struct live_asked asked = { .kinds = 1,
				    .reader = addr_v4(far),
				    .visitor = &somebody };
	for (int i = 0; i < LIVE_ADDRESS_MAX; i++) {
		streams[i] = live_open(live, NULL, &asked, 0);
		assert_non_null(streams[i]);
	}
	assert_null(live_open(live, NULL, &asked, 0));
	asked.reader = addr_v4(other);
	streams[LIVE_ADDRESS_MAX] = live_open(live, NULL, &asked, 0);
	assert_non_null(streams[LIVE_ADDRESS_MAX]);
	MHD_destroy_response(streams[0]);
	asked.reader = addr_v4(far);
	streams[0] = live_open(live, NULL, &asked, 0);
	assert_non_null(streams[0]);
	for (int i = 0; i <= LIVE_ADDRESS_MAX; i++)
		MHD_destroy_response(streams[i]);
	live_free(live);
}

static void live_readers_see_a_clean_end_when_the_daemon_stops(void **state)
{
	(void)state;
	struct buf answer = { 0 };
	char part[256];
	int fd = listen_live("/api/v1/live", &answer);
	for (int i = 0; i < 10; i++)
		turn(1); /* until the stream waits */
	web_close(web);
	web = NULL;
	buf_clear(&answer);
	for (ssize_t len; (len = recv(fd, part, sizeof(part), 0)) > 0;)
		buf_add(&answer, part, (size_t)len);
	assert_non_null(
		strstr(buf_cstr(&answer), "0\r\n\r\n")); /* RFC 9112 7.1: last chunk */
	close(fd);
	buf_free(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(metrics_add_up_what_ports_did),
		TEST(logins_count_by_protocol_and_outcome),
		TEST(a_port_scan_takes_no_place_in_the_metrics),
		TEST(findings_are_counted_by_kind_and_how_soon_they_were_said),
		TEST(blocks_are_counted_with_what_they_stopped_and_how_soon),
		TEST(the_number_of_series_has_a_bound),
		TEST(live_readers_get_the_kinds_they_asked_for),
		TEST(a_slow_reader_loses_events_and_is_told_how_many),
		TEST(readers_are_bounded_and_leaving_makes_room),
		TEST(who_comes_back_gets_what_was_missed),
		TEST(what_is_not_kept_any_more_is_told_as_lost),
		TEST(what_was_forgotten_is_told_as_lost),
		TEST(batches_have_the_last_of_each_once_a_second),
		TEST(a_batch_has_a_bound_and_says_what_it_left_out),
		TEST(one_address_has_no_more_than_its_share),
		TEST(live_readers_see_a_clean_end_when_the_daemon_stops),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

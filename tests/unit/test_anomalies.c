/*
 * test_anomalies.c: which values are watched for what is unusual, and what comes of it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/home.h"
#include "limit/anomalies.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)

enum { LEARNT = 3 * 24 * 60, MARKS_KEPT = 64, ALERTS_KEPT = 8 };

static struct anomalies *anomalies;
static struct home own;
static int64_t now;
static struct anomaly_record marks[MARKS_KEPT];
static size_t mark_count;
static struct alert_record alerts[ALERTS_KEPT];
static size_t alert_count;
static char folder[] = "/tmp/breakwater-anomalies-XXXXXX";
static char path[64];

/* What a service does in a minute; what is not said is as always. */
struct minute {
	const char *ip;
	uint32_t port;
	double load, response_us, errors;
};

static void take_mark(void *self, const struct anomaly_record *mark)
{
	(void)self;
	marks[mark_count++ % MARKS_KEPT] = *mark;
}

static void take_alert(void *self, const struct alert_record *alert)
{
	(void)self;
	alerts[alert_count++ % ALERTS_KEPT] = *alert;
}

static void open_anomalies(void)
{
	const struct anomalies_sink sink = { NULL, take_mark, take_alert };
	anomalies = anomalies_new(&sink, &own);
	assert_non_null(anomalies);
}

static int begin(void **state)
{
	struct prefix prefix;
	(void)state;
	now = INT64_C(1772323200) * SECOND_US;
	mark_count = alert_count = 0;
	own.count = 0;
	assert_true(prefix_parse("192.0.2.10", &prefix) && home_add(&own, &prefix));
	assert_true(prefix_parse("2001:db8::10", &prefix) && home_add(&own, &prefix));
	open_anomalies();
	srand(7);
	return 0;
}

static int end(void **state)
{
	(void)state;
	anomalies_free(anomalies);
	return 0;
}

/* Within a twentieth of it, evenly. */
static double about(double value)
{
	return value * (0.95 + 0.1 * rand() / RAND_MAX);
}

static void port_of(const struct minute *m, struct port_record *port)
{
	record_init(RECORD_port, port);
	assert_true(addr_parse(m->ip, &port->server_ip));
	port->port = m->port;
	port->transport = "tcp";
	record_text(port->service, sizeof(port->service), "https");
	port->interval_s = 60;
	port->client_bytes = (uint64_t)about(6e4 * m->load);
	port->server_bytes = (uint64_t)about(6e6 * m->load);
	port->flows = (uint64_t)about(600 * m->load);
	port->clients = (uint64_t)about(200 * m->load);
	port->server_packets = 1000;
	port->responses = 600;
	port->response_p95_us = (uint64_t)about(m->response_us);
	port->data_packets = 5000;
	port->retransmit_ratio = about(0.001);
	port->ended = 600;
	port->error_ratio = about(m->errors);
}

static void does(const char *ip, uint32_t port, double load, double response_us,
		 double errors)
{
	const struct minute m = { ip, port, load, response_us, errors };
	struct port_record record;
	port_of(&m, &record);
	anomalies_port(anomalies, &record, now);
}

static void minute_ends(void)
{
	anomalies_minute(anomalies, now);
	anomalies_tick(anomalies, now);
	now += MINUTE_US;
}

static void usual_minutes(int count, const char *ip)
{
	for (int i = 0; i < count; i++) {
		does(ip, 443, 1, 20000, 0.01);
		minute_ends();
	}
}

static const struct anomaly_record *marked(const char *metric)
{
	for (size_t i = 0; i < mark_count && i < MARKS_KEPT; i++)
		if (strcmp(marks[i].metric, metric) == 0)
			return &marks[i];
	return NULL;
}

static void learn(void)
{
	usual_minutes(LEARNT, "192.0.2.10");
	mark_count = alert_count = 0;
}

/* ---- marks ---- */

static void a_new_service_says_nothing(void **state)
{
	(void)state;
	usual_minutes(60, "192.0.2.10");
	does("192.0.2.10", 443, 10, 900000, 0.5);
	minute_ends();
	assert_int_equal(mark_count, 0);
}

static void what_is_odd_is_marked_with_what_is_usual(void **state)
{
	(void)state;
	learn();
	does("192.0.2.10", 443, 1, 300000, 0.01);
	minute_ends();
	assert_int_equal(mark_count, 1);
	assert_string_equal(marks[0].target, "192.0.2.10:443/tcp");
	assert_string_equal(marks[0].metric, "port.response_p95_us");
	assert_true(marks[0].value > 280000 && marks[0].score >= 0.5);
	assert_true(marks[0].low > 18000 && marks[0].high < 22000);
	assert_int_equal(marks[0].at, now - MINUTE_US);
}

static void bytes_are_those_of_a_second(void **state)
{
	(void)state;
	learn();
	does("192.0.2.10", 443, 4, 20000, 0.01);
	minute_ends();
	const struct anomaly_record *mark = marked("port.server_bytes");
	assert_non_null(mark);
	assert_true(mark->value > 3.7e5 && mark->value < 4.3e5);
	assert_true(mark->high < 1.1e5);
}

static void silence_is_odd_for_who_always_speaks(void **state)
{
	(void)state;
	learn();
	does("192.0.2.11", 80, 1, 20000, 0.01);
	minute_ends();
	const struct anomaly_record *mark = marked("port.flows");
	assert_non_null(mark);
	assert_string_equal(mark->target, "192.0.2.10:443/tcp");
	assert_true(mark->value == 0);
	/* Of nobody a response time is known: not that it is 0. */
	assert_null(marked("port.response_p95_us"));
}

static void few_answers_say_nothing_of_their_time(void **state)
{
	const struct minute slow = { "192.0.2.10", 443, 1, 900000, 0.9 };
	struct port_record port;
	(void)state;
	learn();
	port_of(&slow, &port);
	port.responses = 5;
	port.ended = 5;
	anomalies_port(anomalies, &port, now);
	minute_ends();
	assert_int_equal(mark_count, 0);
}

static void probes_are_watched_while_they_are_answered(void **state)
{
	struct probe_record probe;
	(void)state;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), "https://shop.example/");
	assert_true(addr_parse("198.51.100.3", &probe.ip));
	probe.by = "probe";
	probe.state = "up";
	for (int i = 0; i < LEARNT; i++, now += MINUTE_US) {
		probe.total_us = (uint64_t)about(30000);
		anomalies_probe(anomalies, &probe, now);
	}
	mark_count = 0;
	probe.total_us = 5000000;
	probe.state = "down";
	anomalies_probe(anomalies, &probe, now);
	assert_int_equal(mark_count, 0);
	probe.state = "degraded";
	anomalies_probe(anomalies, &probe, now += MINUTE_US);
	assert_int_equal(mark_count, 1);
	assert_string_equal(marks[0].target, "https://shop.example/");
	assert_string_equal(marks[0].metric, "probe.total_us");
}

static void a_host_s_sum_is_a_series_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < LEARNT; i++) {
		does("192.0.2.10", 443, 1, 20000, 0.01);
		does("2001:db8::10", 443, 1, 20000, 0.01);
		minute_ends();
	}
	/* Both addresses are this machine. */
	assert_int_equal(anomalies_totals(anomalies).hosts, 1);
	assert_int_equal(anomalies_totals(anomalies).places, 3);
	mark_count = 0;
	does("192.0.2.10", 443, 3, 20000, 0.01);
	does("2001:db8::10", 443, 1, 20000, 0.01);
	minute_ends();
	bool is_told = false;
	for (size_t i = 0; i < mark_count; i++)
		is_told = is_told || strcmp(marks[i].target, "machine") == 0;
	assert_true(is_told);
}

/* ---- alerts ---- */

static void what_rises_together_is_one_thing(void **state)
{
	(void)state;
	learn();
	does("192.0.2.10", 443, 20, 20000, 0.01);
	minute_ends();
	assert_true(mark_count >= 4);
	assert_int_equal(alert_count, 0);
	does("192.0.2.10", 443, 1, 20000, 0.5);
	minute_ends();
	assert_int_equal(alert_count, 0);
}

static void three_things_at_once_are_an_alert(void **state)
{
	(void)state;
	learn();
	does("192.0.2.10", 443, 1, 900000, 0.01);
	minute_ends();
	does("192.0.2.10", 443, 10, 20000, 0.01);
	minute_ends();
	assert_int_equal(alert_count, 0);
	does("192.0.2.10", 443, 1, 20000, 0.5);
	minute_ends();
	assert_int_equal(alert_count, 1);
	const struct alert_record *alert = &alerts[0];
	assert_string_equal(alert->state, "firing");
	assert_string_equal(alert->kind, "anomaly");
	assert_string_equal(alert->rule, "anomaly");
	assert_string_equal(alert->severity, "low");
	assert_string_equal(alert->target, "192.0.2.10:443/tcp");
	assert_int_equal(alert->port, 443);
	assert_string_equal(alert->transport, "tcp");
	assert_true(alert->value == 3 && alert->limit == 3);
	assert_int_equal(alert->start, now - 3 * MINUTE_US);
	assert_non_null(strstr(alert->summary,
			       "response time of 192.0.2.10:443/tcp, traffic of "));
	/* It is over when it was calm for ten minutes. */
	usual_minutes(9, "192.0.2.10");
	assert_int_equal(alert_count, 1);
	usual_minutes(2, "192.0.2.10");
	assert_int_equal(alert_count, 2);
	assert_string_equal(alerts[1].state, "resolved");
	assert_string_equal(alerts[1].id, alerts[0].id);
	assert_true(alerts[1].end > alerts[1].start);
}

static void of_several_services_the_alert_is_their_host_s(void **state)
{
	(void)state;
	for (int i = 0; i < LEARNT; i++) {
		does("192.0.2.10", 443, 1, 20000, 0.01);
		does("2001:db8::10", 53, 1, 20000, 0.01);
		minute_ends();
	}
	does("192.0.2.10", 443, 10, 900000, 0.01);
	does("2001:db8::10", 53, 10, 20000, 0.01);
	minute_ends();
	assert_int_equal(alert_count, 1);
	assert_string_equal(alerts[0].target, "192.0.2.10");
	assert_int_equal(alerts[0].port, UNKNOWN_U32);
	assert_null(alerts[0].transport);
}

static void things_of_other_hosts_don_t_add_up(void **state)
{
	static const char *const hosts[] = { "198.51.100.1", "198.51.100.2",
					     "198.51.100.3" };
	(void)state;
	for (int i = 0; i < LEARNT; i++) {
		for (int j = 0; j < 3; j++)
			does(hosts[j], 443, 1, 20000, 0.01);
		minute_ends();
	}
	for (int j = 0; j < 3; j++)
		does(hosts[j], 443, 1, 900000, 0.01);
	minute_ends();
	assert_int_equal(alert_count, 0);
}

/* ---- room ---- */

static void what_answers_nobody_has_no_place(void **state)
{
	const struct minute m = { "192.0.2.10", 8080, 1, 20000, 0.01 };
	struct port_record port;
	(void)state;
	port_of(&m, &port);
	port.server_packets = 0;
	anomalies_port(anomalies, &port, now);
	port.server_packets = 10;
	port.unused = 1;
	anomalies_port(anomalies, &port, now);
	assert_int_equal(anomalies_totals(anomalies).places, 0);
}

static void who_has_learned_is_not_thrown_out(void **state)
{
	(void)state;
	learn();
	now += 24 * 60 * MINUTE_US;
	for (uint32_t port = 444; port <= 65535; port++)
		does("192.0.2.10", port, 1, 20000, 0.01);
	minute_ends();
	assert_true(anomalies_totals(anomalies).left_out > 60000);
	/* A day later others find room, where those are silent. */
	now += 24 * 60 * MINUTE_US;
	uint64_t before = anomalies_totals(anomalies).left_out;
	for (uint32_t port = 1; port <= 100; port++)
		does("198.51.100.1", port, 1, 20000, 0.01);
	assert_int_equal(anomalies_totals(anomalies).left_out, before);
	mark_count = 0;
	does("192.0.2.10", 443, 1, 900000, 0.01);
	assert_non_null(marked("port.response_p95_us"));
}

static void who_was_not_seen_for_weeks_is_forgotten(void **state)
{
	(void)state;
	learn();
	assert_int_equal(anomalies_totals(anomalies).places, 2);
	now += 33 * 24 * 60 * MINUTE_US;
	minute_ends();
	assert_int_equal(anomalies_totals(anomalies).places, 0);
	assert_int_equal(anomalies_totals(anomalies).hosts, 0);
}

/* ---- a restart ---- */

static int begin_folder(void **state)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/anomalies.bin", folder);
	return begin(state);
}

static int end_folder(void **state)
{
	end(state);
	unlink(path);
	return rmdir(folder);
}

static void keep(bool works)
{
	struct buf why = { 0 };
	assert_int_equal(anomalies_keep(anomalies, folder, now, &why), works);
	assert_int_equal(why.len == 0, works);
	buf_free(&why);
}

static void restart(int64_t after_us)
{
	anomalies_free(anomalies);
	now += after_us;
	open_anomalies();
	keep(true);
}

static void what_was_learned_outlives_a_restart(void **state)
{
	(void)state;
	keep(true);
	learn();
	restart(60 * MINUTE_US);
	assert_int_equal(anomalies_totals(anomalies).places, 2);
	does("192.0.2.10", 443, 1, 900000, 0.01);
	minute_ends();
	assert_non_null(marked("port.response_p95_us"));
	assert_string_equal(marks[0].target, "192.0.2.10:443/tcp");
}

static void an_alert_that_fired_ends_after_a_restart(void **state)
{
	(void)state;
	learn();
	does("192.0.2.10", 443, 10, 900000, 0.5);
	minute_ends();
	assert_int_equal(alert_count, 1);
	anomalies_free(anomalies);
	open_anomalies();
	assert_true(anomalies_recall(anomalies, &alerts[0], now));
	usual_minutes(9, "192.0.2.10");
	assert_int_equal(alert_count, 1);
	usual_minutes(3, "192.0.2.10");
	assert_int_equal(alert_count, 2);
	assert_string_equal(alerts[1].state, "resolved");
	assert_string_equal(alerts[1].id, alerts[0].id);
	assert_string_equal(alerts[1].target, "192.0.2.10:443/tcp");
	assert_string_equal(alerts[1].transport, "tcp");
}

static void what_is_damaged_is_told_and_left(void **state)
{
	(void)state;
	keep(true);
	usual_minutes(100, "192.0.2.10");
	anomalies_free(anomalies);
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 300), 1);
	close(fd);
	open_anomalies();
	keep(false);
	assert_int_equal(anomalies_totals(anomalies).places, 0);
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, begin, end)
#define KEPT(test)  cmocka_unit_test_setup_teardown(test, begin_folder, end_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(a_new_service_says_nothing),
		PLAIN(what_is_odd_is_marked_with_what_is_usual),
		PLAIN(bytes_are_those_of_a_second),
		PLAIN(silence_is_odd_for_who_always_speaks),
		PLAIN(few_answers_say_nothing_of_their_time),
		PLAIN(probes_are_watched_while_they_are_answered),
		PLAIN(a_host_s_sum_is_a_series_of_its_own),
		PLAIN(what_rises_together_is_one_thing),
		PLAIN(three_things_at_once_are_an_alert),
		PLAIN(of_several_services_the_alert_is_their_host_s),
		PLAIN(things_of_other_hosts_don_t_add_up),
		PLAIN(what_answers_nobody_has_no_place),
		PLAIN(who_has_learned_is_not_thrown_out),
		PLAIN(who_was_not_seen_for_weeks_is_forgotten),
		KEPT(what_was_learned_outlives_a_restart),
		PLAIN(an_alert_that_fired_ends_after_a_restart),
		KEPT(what_is_damaged_is_told_and_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

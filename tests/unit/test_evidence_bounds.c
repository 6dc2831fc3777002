/*
 * test_evidence_bounds.c: what was before or after the time, or is about something
 * else, changes no row of any evidence; and what answers for a row, or is other than it
 * should be, changes just that one.
 */
#include "evidence_facts.h"

/* Outside of the time. */
#define BEFORE (START_US - 5 * DAY)
#define AFTER  (UNTIL + HOUR)

static const char target[] = "10.0.0.1:443/tcp";

/* ---- what is of another time, or about something else ---- */

static void put_other_findings(struct store *store)
{
	put_finding(store, "o1", "weak_protocol", "low", "10.0.1.8", BEFORE, 5000);
	put_finding(store, "o2", "cleartext_login", "high", "10.0.1.8", AFTER, 5000);
	PUT(block, TEXT(id, "b3"); r->at = r->start = AFTER;
	    r->address = scene_addr("10.0.1.6"); r->action = "drop";
	    r->state = "active"; TEXT(finding, "f2"); r->latency_us = 7);
	PUT(timeline, TEXT(incident, "f2"); r->at = START_US + DAY; r->kind = "state";
	    TEXT(actor, "bob"); TEXT(summary, "not a comment"));
	PUT(timeline, TEXT(incident, "f2"); r->at = AFTER; r->kind = "comment";
	    TEXT(actor, "bob"); TEXT(summary, "too late"));
}

/* As it was told first, and what came of it. */
static void put_answered(struct store *store, const char *id, const char *severity,
			 int64_t at, const char *closed_by, int64_t end)
{
	PUT(incident, TEXT(id, id); r->severity = severity; r->at = at; r->first = at;
	    r->detected = at + SECOND; r->state = "resolved";
	    TEXT(rule, "cleartext_login"); TEXT(summary, "seen"); r->end = end;
	    TEXT(closed_by, closed_by));
}

static void put_other_incidents(struct store *store)
{
	put_incident(store, "f2", "high", START_US + 2 * HOUR, AFTER);
	put_answered(store, "f3", "low", START_US + 3 * HOUR, "breakwater", AFTER);
	put_answered(store, "i4", "critical", START_US + 4 * HOUR, "late", AFTER);
	for (int i = 0; i < 2; i++)
		PUT(incident, TEXT(id, i == 0 ? "i6" : "i7"); r->severity = "critical";
		    r->at = r->first = r->detected = i == 0 ? BEFORE : AFTER;
		    TEXT(target, target); r->state = "firing");
	PUT(notification, r->at = BEFORE; TEXT(sink, "mail"); TEXT(incident, "i4");
	    r->state = "sent");
	PUT(notification, r->at = AFTER; TEXT(sink, "mail"); TEXT(incident, "i4");
	    r->state = "sent");
}

static void put_deployment(struct store *store, const char *name, int64_t at)
{
	PUT(deployment, r->at = at; TEXT(name, name); TEXT(actor, "mallory");
	    TEXT(summary, "another"));
}

static void put_other_changes(struct store *store)
{
	put_ruleset(store, AFTER, "changed", "dd", 9);
	put_deployment(store, "mail", START_US + 2 * DAY);
	put_deployment(store, "firewall", START_US + 2 * DAY - 30 * MINUTE);
	put_deployment(store, "firewall-review", AFTER);
	for (int i = 0; i < 2; i++)
		PUT(audit, r->at = i == 0 ? BEFORE : AFTER; TEXT(actor, "mallory");
		    r->action = "policy_apply");
	PUT(gap, r->start = AFTER; r->end = AFTER + HOUR; r->reason = "suspended");
}

static void put_other_values(struct store *store, int64_t at)
{
	PUT(anomaly, r->at = at; TEXT(target, target); TEXT(metric, "port.flows");
	    r->value = 99; r->low = 1; r->high = 4; r->score = 1);
	PUT(forecast, r->at = at; TEXT(subject, "store"); r->metric = "store_bytes";
	    r->limit = 100; r->now = 1; r->predicted = 1; r->probability = 1;
	    r->crosses_at = UNTIL);
	PUT(scan, r->at = at; r->ip = scene_addr("10.0.2.9"); r->port = 80;
	    r->transport = "tcp"; r->state = "open"; TEXT(service, "http"));
}

static void put_other_queues(struct store *store, int64_t at)
{
	PUT(listener, r->at = at; r->transport = "tcp"; r->ip = scene_addr("0.0.0.0");
	    r->port = 444; r->backlog = 127; r->backlog_max = 128; r->overflow_at = at;
	    r->change = "changed"; r->since = at);
	PUT(listener, r->at = START_US + HOUR; r->transport = "tcp";
	    r->ip = scene_addr("0.0.0.0"); r->port = 445; r->backlog = 1;
	    r->backlog_max = 128; r->overflow_at = at; r->change = "changed");
}

static void put_others(struct store *store)
{
	put_other_findings(store);
	put_other_incidents(store);
	put_other_changes(store);
	put_conversation(store, -3, "10.0.9.0/24", 7, 7);
	for (int i = 0; i < 2; i++) {
		put_other_values(store, i == 0 ? BEFORE : AFTER);
		put_other_queues(store, i == 0 ? BEFORE : AFTER);
	}
	PUT(forecast, r->at = START_US + 2 * DAY; TEXT(subject, "hidden");
	    r->metric = "store_bytes"; r->limit = 100; r->now = 99; r->predicted = 101;
	    r->crosses_at = UNTIL; r->probability = 1; TEXT(hidden, "alike"));
	PUT(block, TEXT(id, "b4"); r->at = r->start = AFTER; r->until = AFTER + HOUR;
	    r->address = scene_addr("10.0.1.6"); r->action = "limit";
	    r->state = "active"; r->packets = 7);
}

/* ---- a store ---- */

static int open_empty(void **state)
{
	return new_folder(state) != 0 || open_compliance(state) != 0 ? -1 : 0;
}

static int forget(void **state)
{
	compliance_free(compliance);
	return remove_folder(state);
}

static void put_all(void (*put)(struct store *store))
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	put(store);
	wait_written(store);
	store_close(store);
}

static void put_facts(struct store *store)
{
	put_findings(store);
	put_incidents(store);
	put_conversations(store);
	put_rulesets(store);
	put_health(store);
	put_odd(store);
	put_seen(store);
}

static void expect_row(const char *id, const char *row)
{
	struct buf rows = rows_of(id);
	if (strstr(buf_cstr(&rows), row) == NULL)
		fail_msg("%s: no %s\nin %s", id, row, rows.at);
	buf_free(&rows);
}

/* ---- tests ---- */

/* E1 has a test of its own, and E9 is about what there is at all. */
static const char *const bounded[] = { "E2", "E3", "E4",  "E5",  "E6",
				       "E7", "E8", "E10", "E11", "E12" };
enum { BOUNDED = sizeof(bounded) / sizeof(bounded[0]) };

static void what_is_of_another_time_changes_no_row(void **state)
{
	(void)state;
	struct buf rows[BOUNDED];
	put_all(put_facts);
	for (size_t i = 0; i < BOUNDED; i++)
		rows[i] = rows_of(bounded[i]);
	put_all(put_others);
	for (size_t i = 0; i < BOUNDED; i++) {
		struct buf again = rows_of(bounded[i]);
		if (strcmp(buf_cstr(&again), buf_cstr(&rows[i])) != 0)
			fail_msg("%s: was\n%s\nand is\n%s", bounded[i], rows[i].at,
				 again.at);
		buf_free(&again);
		buf_free(&rows[i]);
	}
}

static void put_sent(struct store *store, const char *incident)
{
	PUT(notification, r->at = START_US + DAY; TEXT(sink, "mail");
	    TEXT(incident, incident); r->state = "sent");
}

static void put_grave(struct store *store)
{
	put_answered(store, "by-hand", "high", START_US, "ada", UNTIL);
	put_sent(store, "by-hand");
	put_answered(store, "by-itself", "high", START_US, "breakwater", UNTIL);
	put_sent(store, "by-itself");
	PUT(incident, TEXT(id, "in-window"); r->severity = "high";
	    r->at = r->first = r->detected = START_US; r->state = "firing";
	    TEXT(suppressed_by, "maintenance"));
	PUT(incident, TEXT(id, "lost"); r->severity = "high";
	    r->at = r->first = r->detected = START_US; r->state = "firing");
	PUT(incident, TEXT(id, "handled"); r->severity = "high";
	    r->at = r->first = r->detected = START_US; r->state = "firing";
	    r->automatic = 1);
	put_sent(store, "handled");
}

static void who_closed_an_incident_answered_for_it(void **state)
{
	(void)state;
	put_all(put_grave);
	expect_row("E6", ",ada,\r\n");
	expect_row("E6", ",breakwater,nobody acknowledged it\r\n");
	/* That nobody was told is as it should be, that nobody looked is not. */
	expect_row("E6", ",maintenance,,,,,,,\"nobody was told, as it was suppressed, "
			 "and nobody acknowledged it\"\r\n");
	expect_row("E6", "lost,,,2026-01-31T00:00:00.000000Z,,,,0,0,0,,,,,,,,nobody "
			 "was told\r\n");
	expect_row("E6", "mail,1,0,0,,,,,,,,\r\n");
}

static void put_judged(struct store *store)
{
	put_finding(store, "hand", "brute_force", "high", "192.0.2.1", START_US, 1);
	put_answered(store, "hand", "high", START_US, "ada", UNTIL);
	put_finding(store, "false", "syn_flood", "high", "192.0.2.2", START_US, 1);
	PUT(incident, TEXT(id, "false"); r->severity = "high";
	    r->at = r->first = r->detected = START_US; r->state = "resolved";
	    r->false_positive = 1);
	/* The half of what was timed; who was not is not among them. */
	put_finding(store, "t1", "beacon", "low", "192.0.2.3", START_US, 3000);
	put_finding(store, "t2", "beacon", "low", "192.0.2.3", START_US, UNKNOWN_U64);
	put_finding(store, "t3", "beacon", "low", "192.0.2.3", START_US, 5000);
}

static void what_a_person_closed_or_called_false_is_answered(void **state)
{
	(void)state;
	put_all(put_judged);
	expect_row("E5", "brute_force,high,1,1,2026-01-31T00:00:00.000000Z,"
			 "2026-01-31T00:01:00.000000Z,0,0,0,0,,,0,,,0,0,\r\n");
	expect_row("E5", "syn_flood,high,1,1,2026-01-31T00:00:00.000000Z,"
			 "2026-01-31T00:01:00.000000Z,0,0,0,0,,,0,,,1,0,\r\n");
	expect_row("E5", "beacon,low,3,1,2026-01-31T00:00:00.000000Z,"
			 "2026-01-31T00:01:00.000000Z,0,3,5,");
}

static void put_strict(struct store *store)
{
	put_ruleset(store, START_US, "seen", "aa", 3);
	/* Told, but it changed nothing. */
	put_deployment(store, "firewall", START_US);
}

static void a_filter_that_drops_what_no_rule_names_is_as_it_should_be(void **state)
{
	(void)state;
	put_all(put_strict);
	expect_row("E3", "first seen,aa,,1,2,3,yes,,,,,,,,\r\n");
}

static void put_kinds(struct store *store)
{
	for (int i = 0; i < 3; i++)
		PUT(anomaly, r->at = START_US + i * HOUR;
		    TEXT(target, i == 0 ? "here" : "there");
		    TEXT(metric, i == 2 ? "loss" : "flows"); r->value = i; r->low = 0;
		    r->high = 0; r->score = 0.5);
	for (int i = 0; i < 2; i++)
		PUT(scan, r->at = START_US + i * DAY; r->ip = scene_addr("10.0.2.9");
		    r->port = 22; r->transport = "tcp"; r->state = "open";
		    TEXT(service, "ssh"); TEXT(software, i == 0 ? "old" : "new"));
}

static void
each_value_is_told_of_its_own_and_each_scanned_port_as_it_was_last(void **state)
{
	(void)state;
	put_all(put_kinds);
	expect_rows("E10",
		    "target,metric,times,first_seen,last_seen,most_unusual_at,"
		    "most_unusual_value,usual_from,usual_to,most_unusual_score,"
		    "incidents_about_it\r\n"
		    "here,flows,1,2026-01-31T00:00:00.000000Z,"
		    "2026-01-31T00:00:00.000000Z,2026-01-31T00:00:00.000000Z,0,0,0,"
		    "0.5,0\r\n"
		    "there,flows,1,2026-01-31T01:00:00.000000Z,"
		    "2026-01-31T01:00:00.000000Z,2026-01-31T01:00:00.000000Z,1,0,0,"
		    "0.5,0\r\n"
		    "there,loss,1,2026-01-31T02:00:00.000000Z,"
		    "2026-01-31T02:00:00.000000Z,2026-01-31T02:00:00.000000Z,2,0,0,"
		    "0.5,0\r\n");
	expect_rows("E11",
		    "zone,host,hosts,port,transport,seen_by,service,protocol,"
		    "program,connections,clients_most_a_day,client_bytes,"
		    "server_bytes,days,first_seen,last_seen\r\n"
		    ",10.0.2.9,1,22,tcp,scan,ssh,,new,,,,,,"
		    "2026-01-31T00:00:00.000000Z,2026-02-01T00:00:00.000000Z\r\n");
}

/* ---- what reaches how far back ---- */

static void put_later(struct store *store)
{
	put_deployment(store, "backup", AFTER);
	put_deployment(store, "restore-test", AFTER);
	PUT(gap, r->start = AFTER; r->end = AFTER + HOUR; r->reason = "suspended");
}

static void what_is_told_after_the_time_changes_no_tier(void **state)
{
	(void)state;
	put_all(put_facts);
	struct buf was = rows_of("E9");
	put_all(put_later);
	struct buf is = rows_of("E9");
	assert_string_equal(buf_cstr(&is), buf_cstr(&was));
	buf_free(&was);
	buf_free(&is);
}

/* ---- services ---- */

static void put_service(struct store *store, const char *ip, uint32_t port, int64_t day,
			const char *process)
{
	static struct port_record r;
	record_init(RECORD_port, &r);
	r.start = START_US + day * DAY + HOUR;
	r.interval_s = 1;
	r.server_ip = scene_addr(ip);
	r.port = port;
	r.transport = "tcp";
	r.flows = 4;
	r.rejected = 1;
	r.client_bytes = 10;
	r.server_bytes = 20;
	r.payload_bytes = 30; /* it answers */
	record_text(r.process, sizeof(r.process), process);
	assert_true(store_put_port(store, &r, NULL, NULL, NULL));
}

static void put_zone(struct store *store, const char *zone, const char *network,
		     int64_t day)
{
	PUT(conversation, r->start = START_US + day * DAY; r->server_zone = zone;
	    TEXT(server_network, network); TEXT(client_network, "10.0.9.0/24");
	    r->client_zone = "home"; r->port = 9; r->transport = "tcp"; r->flows = 1;
	    r->first = r->last = r->start);
}

static void put_services(struct store *store)
{
	put_service(store, "10.0.0.1", 21, -2, "ftpd");
	put_service(store, "10.0.0.1", 22, 1, "sshd");
	put_service(store, "10.0.0.2", 80, 1, ""); /* ours by what it was in traffic */
	put_service(store, "10.0.2.7", 25, 1, "");
	put_service(store, "203.0.113.5", 443, 1, "");
	put_service(store, "203.0.113.6", 443, 2, "");
	put_service(store, "10.0.0.1", 21, 11, "ftpd");
	put_zone(store, "own", "10.0.0.2", 1);
	put_zone(store, "home", "10.0.2.0/24", 1);
	put_zone(store, "outside", "203.0.113.0/24", 1);
	/* Of another time they were other networks. */
	put_zone(store, "own", "203.0.113.5", -2);
	put_zone(store, "home", "203.0.113.0/24", 11);
}

/* Days are made when they are over, of what a start finds. */
static void put_next(struct store *store)
{
	put_service(store, "10.0.0.1", 20, 14, "");
}

static void services_are_ours_of_our_networks_or_of_others(void **state)
{
	(void)state;
	put_all(put_services);
	put_all(put_next);
	expect_rows("E11", "zone,host,hosts,port,transport,seen_by,service,protocol,"
			   "program,connections,clients_most_a_day,client_bytes,"
			   "server_bytes,days,first_seen,last_seen\r\n"
			   "own,10.0.0.1,1,22,tcp,traffic,,,sshd,4,,10,20,1,2026-02-01,"
			   "2026-02-01\r\n"
			   "own,10.0.0.2,1,80,tcp,traffic,,,,4,,10,20,1,2026-02-01,"
			   "2026-02-01\r\n"
			   "home,10.0.2.7,1,25,tcp,traffic,,,,4,,10,20,1,2026-02-01,"
			   "2026-02-01\r\n"
			   "outside,,2,443,tcp,traffic,,,,8,,20,40,1,2026-02-01,"
			   "2026-02-02\r\n");
}

/* ---- near a limit ---- */

static void put_used(struct store *store)
{
	PUT(self, r->at = START_US + SECOND; r->packets = 1; r->client_ports = 10;
	    r->client_ports_max = 100; r->files = 20; r->files_max = 100);
	PUT(self, r->at = START_US + 2 * SECOND; r->packets = 2; r->client_ports = 10;
	    r->client_ports_max = 100; r->files = 20; r->files_max = 100);
	/* Before, it was not. */
	PUT(self, r->at = BEFORE; r->packets = 1; r->client_ports = 99;
	    r->client_ports_max = 100);
}

static void put_at_ease(struct store *store)
{
	put_used(store);
	PUT(forecast, r->at = START_US + DAY; TEXT(subject, "maybe");
	    r->metric = "store_bytes"; r->limit = 100; r->now = 60; r->predicted = 101;
	    r->crosses_at = UNTIL; r->probability = 0.25);
	PUT(forecast, r->at = START_US + DAY; TEXT(subject, "never");
	    r->metric = "store_bytes"; r->limit = 100; r->now = 60; r->predicted = 90;
	    r->probability = 0.75);
	PUT(listener, r->at = START_US + HOUR; r->transport = "tcp";
	    r->ip = scene_addr("0.0.0.0"); r->port = 446; r->backlog = 100;
	    r->backlog_max = 128; r->change = "changed");
}

static void what_is_far_from_its_limit_does_not_deviate(void **state)
{
	(void)state;
	put_all(put_at_ease);
	expect_rows("E12",
		    "what,subject,metric,now_or_most,predicted,limit,"
		    "expected_to_reach_it,probability,last_at_its_limit,"
		    "deviation\r\n"
		    "forecast,maybe,store_bytes,60,101,100,"
		    "2026-02-10T00:00:00.000000Z,0.25,,\r\n"
		    "forecast,never,store_bytes,60,90,100,,0.75,,\r\n"
		    "machine,descriptors of a process,most used of its limit,0.2,,1,"
		    ",,,\r\n"
		    "machine,ports of its clients,most used of those there are,0.1,,"
		    "1,,,,\r\n"
		    "queue of a service,0.0.0.0 446/tcp,waiting,100,,128,,,,\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_empty, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_of_another_time_changes_no_row),
		TEST(who_closed_an_incident_answered_for_it),
		TEST(what_a_person_closed_or_called_false_is_answered),
		TEST(a_filter_that_drops_what_no_rule_names_is_as_it_should_be),
		TEST(each_value_is_told_of_its_own_and_each_scanned_port_as_it_was_last),
		TEST(what_is_told_after_the_time_changes_no_tier),
		TEST(services_are_ours_of_our_networks_or_of_others),
		TEST(what_is_far_from_its_limit_does_not_deviate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

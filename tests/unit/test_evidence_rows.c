/*
 * test_evidence_rows.c: queries of evidence give exactly the facts there are, those
 * that deviate and no others, and the same bytes again.
 */
#include "evidence_scene.h"

static union scene_record record;

/* ---- what there is ---- */

static void put_finding(struct store *store, const char *id, const char *kind,
			const char *severity, const char *client, int64_t at,
			uint64_t latency_us)
{
	PUT(finding, TEXT(id, id); r->kind = kind; r->severity = severity;
	    r->client_ip = scene_addr(client); r->server_ip = scene_addr("10.0.0.1");
	    r->port = 23; r->transport = "tcp"; r->at = r->last = at + MINUTE;
	    r->first = at; r->state = "closed"; r->latency_us = latency_us;
	    r->attempts = 7; TEXT(summary, "seen"); TEXT(incident, id));
}

static void put_findings(struct store *store)
{
	put_finding(store, "f1", "cleartext_login", "high", "10.0.1.5", START_US + HOUR,
		    2000);
	put_finding(store, "f2", "cleartext_login", "high", "10.0.1.6",
		    START_US + 2 * HOUR, 4000);
	put_finding(store, "f3", "weak_protocol", "low", "10.0.1.7",
		    START_US + 3 * HOUR, 1000);
	put_finding(store, "f4", "brute_force", "high", "192.0.2.1", START_US + DAY,
		    9000);
	put_finding(store, "f5", "brute_force", "high", "192.0.2.2", UNTIL + DAY, 1);
	PUT(block, TEXT(id, "b1"); r->at = r->start = START_US + DAY;
	    r->address = scene_addr("192.0.2.1"); r->action = "drop";
	    r->state = "expired"; TEXT(finding, "f4"); r->latency_us = 12000);
	PUT(block, TEXT(id, "b2"); r->at = r->start = START_US + 2 * HOUR;
	    r->address = scene_addr("10.0.1.6"); r->action = "drop";
	    r->state = "vetoed"; TEXT(finding, "f2"); r->latency_us = 1);
	PUT(timeline, TEXT(incident, "f1"); r->at = START_US + DAY; r->kind = "comment";
	    TEXT(actor, "ada"); TEXT(summary, "only within the rack"));
}

static void put_incident(struct store *store, const char *id, const char *severity,
			 int64_t at, int64_t acknowledged)
{
	PUT(incident, TEXT(id, id); r->severity = severity; r->at = at; r->first = at;
	    r->detected = at + SECOND; r->state = "firing";
	    TEXT(rule, "cleartext_login"); TEXT(summary, "seen");
	    r->acknowledged = acknowledged;
	    if (acknowledged != UNKNOWN_TIME) TEXT(acknowledged_by, "bob"));
}

static void put_incidents(struct store *store)
{
	put_incident(store, "f1", "high", START_US + HOUR,
		     START_US + HOUR + 31 * SECOND);
	put_incident(store, "f2", "high", START_US + 2 * HOUR, UNKNOWN_TIME);
	put_incident(store, "f3", "low", START_US + 3 * HOUR, UNKNOWN_TIME);
	put_incident(store, "i4", "critical", START_US + 4 * HOUR, UNKNOWN_TIME);
	put_incident(store, "i5", "critical", START_US + 5 * HOUR, UNTIL + HOUR);
	/* Told with another one, in one message, after a try that failed. */
	PUT(notification, r->at = START_US + HOUR + 3 * SECOND; TEXT(sink, "mail");
	    TEXT(incident, "f1"); r->state = "failed");
	PUT(notification, r->at = START_US + HOUR + 6 * SECOND; TEXT(sink, "mail");
	    TEXT(incident, "f1"); r->state = "sent");
	PUT(notification, r->at = START_US + 5 * HOUR + 2 * SECOND; TEXT(sink, "chat");
	    TEXT(incident, "other"); TEXT(others, "i5,f2"); r->state = "sent");
	PUT(notification, r->at = START_US + 4 * HOUR + 9 * SECOND; TEXT(sink, "mail");
	    TEXT(incident, "i4"); r->state = "dropped");
}

static void put_conversation(struct store *store, int64_t day, const char *client,
			     uint64_t flows, uint64_t disallowed)
{
	PUT(conversation, r->start = START_US + day * DAY; r->client_zone = "home";
	    TEXT(client_network, client); r->server_zone = "own";
	    TEXT(server_network, "10.0.0.1"); r->port = 23; r->transport = "tcp";
	    r->flows = flows; r->disallowed = disallowed; r->cleartext = flows;
	    r->client_bytes = 100; r->server_bytes = 200; r->first = r->start + HOUR;
	    r->last = r->start + 2 * HOUR);
}

static void put_conversations(struct store *store)
{
	put_conversation(store, 0, "10.0.1.0/24", 3, 0);
	/* More of the same day is added to it. */
	put_conversation(store, 0, "10.0.1.0/24", 2, 1);
	put_conversation(store, 1, "10.0.1.0/24", 4, 0);
	put_conversation(store, 1, "10.0.2.0/24", 1, 0);
	put_conversation(store, 20, "10.0.3.0/24", 9, 9);
	PUT(conversation, r->start = START_US; r->client_zone = "own";
	    TEXT(client_network, "10.0.0.1"); r->server_zone = "outside";
	    TEXT(server_network, "0.0.0.0/0"); r->port = 443; r->transport = "tcp";
	    r->flows = 8; r->cleartext = 0; r->first = r->start; r->last = r->start);
}

static void put_ruleset(struct store *store, int64_t at, const char *change,
			const char *sha256, uint32_t rules)
{
	PUT(ruleset, r->at = at; r->change = change; TEXT(sha256, sha256);
	    r->tables = 1; r->chains = 2; r->rules = rules;
	    r->drops_unnamed = rules > 1);
}

static void put_rulesets(struct store *store)
{
	put_ruleset(store, START_US - DAY, "seen", "aa", 3);
	put_ruleset(store, START_US + DAY, "unchanged", "aa", 3);
	/* While nothing ran. */
	put_ruleset(store, START_US + 2 * DAY, "seen", "bb", 4);
	put_ruleset(store, START_US + 3 * DAY, "unchanged", "bb", 4);
	put_ruleset(store, START_US + 4 * DAY, "changed", "cc", 1);
	PUT(deployment, r->at = START_US + 2 * DAY - MINUTE; TEXT(name, "firewall");
	    TEXT(actor, "ada"); TEXT(summary, "mail is let in"));
	PUT(deployment, r->at = START_US - DAY; TEXT(name, "firewall-review");
	    TEXT(actor, "eve"); TEXT(summary, "all needed"));
	PUT(deployment, r->at = START_US + HOUR; TEXT(name, "restore-test");
	    TEXT(actor, "eve"));
}

static void put_self(struct store *store, int64_t at, uint64_t packets,
		     uint64_t dropped, uint8_t synchronised)
{
	PUT(self, r->at = at; r->packets = packets; r->dropped = dropped;
	    r->records_dropped = 0; r->cpu_ratio = 0.25; r->lag_us = 1500;
	    r->clock_synchronised = synchronised; r->clock_error_us = 2000;
	    r->client_ports = 95; r->client_ports_max = 100);
}

/* Of the first second of a run nothing is known to compare with. */
static void put_health(struct store *store)
{
	for (int i = 1; i <= 60; i++)
		put_self(store, START_US + i * SECOND, 1000 + (uint64_t)i * 100, 0, 1);
	/* A run that began anew: its counters did, too. */
	for (int i = 1; i <= 30; i++)
		put_self(store, START_US + DAY + i * SECOND, (uint64_t)i * 100,
			 (uint64_t)i * 2, 0);
	PUT(audit, r->at = START_US + 5 * SECOND; TEXT(actor, "breakwater");
	    r->action = "start");
	PUT(gap, r->start = START_US + MINUTE; r->end = START_US + DAY;
	    r->reason = "stopped");
	PUT(gap, r->start = START_US + DAY; r->end = START_US + DAY + 30 * SECOND;
	    r->reason = "dropped"; r->count = 60);
}

static void put_odd(struct store *store)
{
	PUT(anomaly, r->at = START_US + HOUR; TEXT(target, "10.0.0.1:443/tcp");
	    TEXT(metric, "port.flows"); r->value = 9; r->low = 1; r->high = 3;
	    r->score = 0.75);
	PUT(anomaly, r->at = START_US + 2 * HOUR; TEXT(target, "10.0.0.1:443/tcp");
	    TEXT(metric, "port.flows"); r->value = 12; r->low = 1; r->high = 4;
	    r->score = 0.875);
	PUT(listener, r->at = START_US + HOUR; r->transport = "tcp";
	    r->ip = scene_addr("0.0.0.0"); r->port = 443; r->backlog = 100;
	    r->backlog_max = 128; r->overflow_at = START_US + HOUR;
	    r->change = "changed");
}

static void put_seen(struct store *store)
{
	PUT(forecast, r->at = START_US + DAY; TEXT(subject, "store");
	    r->metric = "store_bytes"; r->limit = 100; r->now = 50; r->predicted = 90;
	    r->probability = 0.25);
	PUT(forecast, r->at = START_US + 2 * DAY; TEXT(subject, "store");
	    r->metric = "store_bytes"; r->limit = 100; r->now = 60; r->predicted = 101;
	    r->crosses_at = UNTIL + DAY; r->probability = 0.75);
	PUT(scan, r->at = START_US + DAY; r->ip = scene_addr("10.0.2.9"); r->port = 22;
	    r->transport = "tcp"; r->state = "open"; TEXT(service, "ssh");
	    TEXT(software, "OpenSSH 9.2"));
	PUT(scan, r->at = START_US + DAY; r->ip = scene_addr("10.0.2.9"); r->port = 23;
	    r->transport = "tcp"; r->state = "closed");
}

static int fill(void **state)
{
	if (new_folder(state) != 0 || open_compliance(state) != 0)
		return -1;
	struct store *store = store_open(folder, &store_no_limits);
	put_findings(store);
	put_incidents(store);
	put_conversations(store);
	put_rulesets(store);
	put_health(store);
	put_odd(store);
	put_seen(store);
	wait_written(store);
	store_close(store);
	return 0;
}

static int forget(void **state)
{
	compliance_free(compliance);
	return remove_folder(state);
}

/* ---- what is said of it ---- */

static void cleartext_is_a_deviation_unless_somebody_answered_for_it(void **state)
{
	(void)state;
	expect_rows("E2",
		    "seen_as,kind,severity,server_ip,port,transport,clients,"
		    "client_ip,summary,times,first_seen,last_seen,owner,"
		    "acknowledged_by,acknowledged,mitigation,reference,"
		    "deviation\r\n"
		    "finding,cleartext_login,high,10.0.0.1,23,tcp,1,10.0.1.5,seen,"
		    "7,2026-01-31T01:00:00.000000Z,2026-01-31T01:01:00.000000Z,,"
		    "bob,2026-01-31T01:00:31.000000Z,ada: only within the rack,f1,"
		    "\r\n"
		    "finding,cleartext_login,high,10.0.0.1,23,tcp,1,10.0.1.6,seen,"
		    "7,2026-01-31T02:00:00.000000Z,2026-01-31T02:01:00.000000Z,,,,,"
		    "f2,\"a login that anybody can read, and nobody has "
		    "acknowledged it or said what protects it\"\r\n"
		    "finding,weak_protocol,low,10.0.0.1,23,tcp,1,10.0.1.7,seen,7,"
		    "2026-01-31T03:00:00.000000Z,2026-01-31T03:01:00.000000Z,,,,,"
		    "f3,\"a weak protocol, and nobody has acknowledged it or said "
		    "what protects it\"\r\n"
		    "traffic,cleartext,,10.0.0.1,23,tcp,,,10 of 10 connections "
		    "could be read by anyone,10,2026-01-31T01:00:00.000000Z,"
		    "2026-02-01T02:00:00.000000Z,,,,,,\r\n");
}

static void
a_ruleset_that_changed_is_shown_also_if_it_did_while_nothing_ran(void **state)
{
	(void)state;
	expect_rows("E3",
		    "at,change,ruleset_sha256,sha256_before,tables,chains,rules,"
		    "drops_what_no_rule_names,packets_dropped,bytes_dropped,"
		    "announced_by,announced_as,last_reviewed,reviewed_by,review,"
		    "deviation\r\n"
		    "2026-02-02T00:00:00.000000Z,changed,bb,aa,1,2,4,yes,,,ada,"
		    "mail is let in,,,,\r\n"
		    "2026-02-04T00:00:00.000000Z,changed,cc,bb,1,2,1,no,,,,,"
		    "2026-01-30T00:00:00.000000Z,eve,all needed,what no rule names "
		    "is let in: no chain for what comes to this machine drops by "
		    "policy\r\n");
}

static void days_are_added_up_and_what_the_register_forbids_deviates(void **state)
{
	(void)state;
	expect_rows("E4",
		    "client_zone,client_network,server_zone,server_network,port,"
		    "transport,connections,readable_by_anyone,client_bytes,"
		    "server_bytes,days,first_seen,last_seen,allowed_by_register,"
		    "deviation\r\n"
		    "home,10.0.1.0/24,own,10.0.0.1,23,tcp,9,9,300,600,2,"
		    "2026-01-31T01:00:00.000000Z,2026-02-01T02:00:00.000000Z,no,"
		    "the register does not allow 1 of the connections\r\n"
		    "home,10.0.2.0/24,own,10.0.0.1,23,tcp,1,1,100,200,1,"
		    "2026-02-01T01:00:00.000000Z,2026-02-01T02:00:00.000000Z,yes,"
		    "\r\n"
		    "own,10.0.0.1,outside,0.0.0.0/0,443,tcp,8,0,,,1,"
		    "2026-01-31T00:00:00.000000Z,2026-01-31T00:00:00.000000Z,,\r\n");
}

static void detections_have_their_times_and_grave_ones_want_an_answer(void **state)
{
	(void)state;
	expect_rows("E5",
		    "kind,severity,findings,sources,first_seen,last_seen,"
		    "still_open,time_to_detect_median_ms,time_to_detect_longest_ms,"
		    "acknowledged,time_to_acknowledge_median_s,"
		    "time_to_acknowledge_longest_s,blocked,time_to_block_median_ms,"
		    "time_to_block_longest_ms,false_positives,unanswered,"
		    "deviation\r\n"
		    "brute_force,high,1,1,2026-02-01T00:00:00.000000Z,"
		    "2026-02-01T00:01:00.000000Z,0,9,9,0,,,1,12,12,0,0,\r\n"
		    "cleartext_login,high,2,2,2026-01-31T01:00:00.000000Z,"
		    "2026-01-31T02:01:00.000000Z,0,2,4,1,30,30,0,,,0,1,1 of 2 were "
		    "neither acknowledged nor blocked nor closed by anybody\r\n"
		    "weak_protocol,low,1,1,2026-01-31T03:00:00.000000Z,"
		    "2026-01-31T03:01:00.000000Z,0,1,1,0,,,0,,,0,1,\r\n");
}

static void who_was_told_of_a_grave_incident_and_took_it_up(void **state)
{
	(void)state;
	expect_rows("E6",
		    "severity,incidents,incident,rule,summary,detected,told,"
		    "told_after_s,told_by,messages_sent,tries_failed,"
		    "messages_given_up,suppressed_by,acknowledged,acknowledged_by,"
		    "acknowledged_after_s,owner,ended,closed_by,deviation\r\n"
		    "critical,1,i4,cleartext_login,seen,"
		    "2026-01-31T04:00:01.000000Z,,,,0,0,1,,,,,,,,no message about "
		    "it arrived\r\n"
		    "critical,1,i5,cleartext_login,seen,"
		    "2026-01-31T05:00:01.000000Z,2026-01-31T05:00:02.000000Z,1,"
		    "chat,1,0,0,,,,,,,,nobody acknowledged it\r\n"
		    "high,1,f1,cleartext_login,seen,2026-01-31T01:00:01.000000Z,"
		    "2026-01-31T01:00:06.000000Z,5,mail,1,1,0,,"
		    "2026-01-31T01:00:31.000000Z,bob,30,,,,\r\n"
		    "high,1,f2,cleartext_login,seen,2026-01-31T02:00:01.000000Z,"
		    "2026-01-31T05:00:02.000000Z,10801,chat,1,0,0,,,,,,,,nobody "
		    "acknowledged it\r\n"
		    "low,1,,,\"0 acknowledged, 0 told\","
		    "2026-01-31T03:00:01.000000Z,,,,0,0,0,,,,,,,,\r\n");
}

static void a_day_that_was_not_watched_or_lost_packets_deviates(void **state)
{
	(void)state;
	expect_rows("E7",
		    "day,watched_s,of_s,gaps,gap_s,gap_longest_s,gap_reasons,"
		    "packets,packets_dropped,drop_ratio,records_dropped,"
		    "packets_undecoded,flows_evicted,flows_refused,"
		    "contacts_left_out,cpu_ratio,lag_longest_ms,memory_most_bytes,"
		    "clock_error_most_ms,clock_unsynchronised_s,deviation\r\n"
		    "2026-01-31,60,86395,1,86340,86340,\"dropped, stopped\",5900,0,"
		    "0,0,,,,,0.25,1.5,,2,0,86340 s were not watched\r\n"
		    "2026-02-01,30,86400,0,0,0,dropped,3000,60,0.019608,0,,,,,0.25,"
		    "1.5,,2,30,\"86370 s were not watched; more than 1 % of the "
		    "packets were lost\"\r\n"
		    "2026-02-02,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n"
		    "2026-02-03,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n"
		    "2026-02-04,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n"
		    "2026-02-05,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n"
		    "2026-02-06,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n"
		    "2026-02-07,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n"
		    "2026-02-08,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n"
		    "2026-02-09,0,86400,0,0,0,,,,,,,,,,,,,,,86400 s were not "
		    "watched\r\n");
}

static void each_tier_reaches_back_as_far_as_it_should_or_deviates(void **state)
{
	(void)state;
	expect_rows("E9",
		    "tier,holds,kept_s,oldest,newest,reaches_back_s,gaps_in_time,"
		    "gap_in_time_s,last_told,told_by,deviation\r\n"
		    "flows,\"single connections, whole days\",604800,,,,1,86340,,,"
		    "there are none\r\n"
		    "ports_1m,services by the minute,1,,,,1,86340,,,there are "
		    "none\r\n"
		    "ports_1h,services by the hour,1,,,,1,86340,,,there are "
		    "none\r\n"
		    "ports_1d,services by the day,1,,,,1,86340,,,there are none\r\n"
		    "ports_1d,\"who was served by what, by the day\",1,"
		    "2026-01-31T00:00:00.000000Z,2026-02-10T00:00:00.000000Z,"
		    "864000,1,86340,,,\r\n"
		    "events,audit trail,691200,2026-01-31T00:00:05.000000Z,"
		    "2026-02-10T00:00:00.000000Z,863995,1,86340,,,\r\n"
		    "events,listening ports,691200,2026-01-31T01:00:00.000000Z,"
		    "2026-01-31T01:00:00.000000Z,860400,1,86340,,,\r\n"
		    "events,findings,691200,2026-01-31T01:00:00.000000Z,"
		    "2026-02-10T00:00:00.000000Z,860400,1,86340,,,\r\n"
		    "events,the monitor's health,691200,"
		    "2026-01-31T00:00:00.000000Z,2026-02-01T00:00:00.000000Z,"
		    "864000,1,86340,,,\r\n"
		    "probes,answers of services that are asked,604800,,,,1,86340,,,"
		    "\r\n"
		    "backup,told as a deployment named backup,,,,,,0,,,\r\n"
		    "restore test,told as a deployment named restore-test,,,,,,0,"
		    "2026-01-31T01:00:00.000000Z,eve,\r\n");
}

static void what_was_not_as_usual_is_told_with_what_was(void **state)
{
	(void)state;
	expect_rows("E10",
		    "target,metric,times,first_seen,last_seen,most_unusual_at,"
		    "most_unusual_value,usual_from,usual_to,most_unusual_score,"
		    "incidents_about_it\r\n"
		    "10.0.0.1:443/tcp,port.flows,2,2026-01-31T01:00:00.000000Z,"
		    "2026-01-31T02:00:00.000000Z,2026-01-31T02:00:00.000000Z,12,1,"
		    "4,0.875,0\r\n");
}

static void what_scans_found_open_is_a_service(void **state)
{
	(void)state;
	expect_rows("E11",
		    "zone,host,hosts,port,transport,seen_by,service,protocol,"
		    "program,connections,clients_most_a_day,client_bytes,"
		    "server_bytes,days,first_seen,last_seen\r\n"
		    ",10.0.2.9,1,22,tcp,scan,ssh,,OpenSSH 9.2,,,,,,"
		    "2026-02-01T00:00:00.000000Z,2026-02-01T00:00:00.000000Z\r\n");
}

static void queues_ports_and_forecasts_near_their_limit_deviate(void **state)
{
	(void)state;
	expect_rows("E12", "what,subject,metric,now_or_most,predicted,limit,"
			   "expected_to_reach_it,probability,last_at_its_limit,"
			   "deviation\r\n"
			   "forecast,store,store_bytes,60,101,100,"
			   "2026-02-11T00:00:00.000000Z,0.75,,expected to reach its "
			   "limit\r\n"
			   "machine,ports of its clients,most used of those there are,"
			   "0.95,,1,,,,nearly none was left\r\n"
			   "queue of a service,0.0.0.0 443/tcp,waiting,100,,128,,,"
			   "2026-01-31T01:00:00.000000Z,connections or datagrams were "
			   "dropped: too many waited\r\n");
}

/* The place of a word of the statement itself, not of one within brackets; NULL. */
static const char *outermost(const char *sql, const char *word)
{
	const char *last = NULL;
	int depth = 0;
	for (const char *at = sql; *at != '\0'; at++) {
		depth += (*at == '(') - (*at == ')');
		if (depth == 0 && strncmp(at, word, strlen(word)) == 0)
			last = at;
	}
	return last;
}

static void has_columns_of_its_own_name(const struct evidence *evidence,
					struct store_reader *reader)
{
	struct exhibit rows = { 0 };
	ask_evidence(evidence, reader, &rows);
	for (size_t i = 0; i < rows.column_count; i++)
		if (exhibit_column(&rows, rows.names[i]) != (int)i)
			fail_msg("%s: two columns %s", evidence->id, rows.names[i]);
	exhibit_free(&rows);
}

static void every_query_names_its_columns_and_has_an_order(void **state)
{
	(void)state;
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	assert_true(compliance->evidence_count >= 12);
	for (size_t i = 0; i < compliance->evidence_count; i++) {
		const struct evidence *evidence = &compliance->evidence[i];
		const char *select = outermost(evidence->sql, "SELECT ");
		if (select == NULL || strncmp(select, "SELECT *", 8) == 0)
			fail_msg("%s: columns without names", evidence->id);
		if (outermost(select, "ORDER BY") == NULL)
			fail_msg("%s: rows without an order", evidence->id);
		has_columns_of_its_own_name(evidence, reader);
	}
	store_reader_close(reader);
}

static void the_same_is_asked_twice_and_answered_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < compliance->evidence_count; i++) {
		struct buf first = rows_of(compliance->evidence[i].id);
		struct buf second = rows_of(compliance->evidence[i].id);
		assert_string_equal(buf_cstr(&first), buf_cstr(&second));
		buf_free(&first);
		buf_free(&second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			cleartext_is_a_deviation_unless_somebody_answered_for_it),
		cmocka_unit_test(
			a_ruleset_that_changed_is_shown_also_if_it_did_while_nothing_ran),
		cmocka_unit_test(
			days_are_added_up_and_what_the_register_forbids_deviates),
		cmocka_unit_test(
			detections_have_their_times_and_grave_ones_want_an_answer),
		cmocka_unit_test(who_was_told_of_a_grave_incident_and_took_it_up),
		cmocka_unit_test(a_day_that_was_not_watched_or_lost_packets_deviates),
		cmocka_unit_test(
			each_tier_reaches_back_as_far_as_it_should_or_deviates),
		cmocka_unit_test(what_was_not_as_usual_is_told_with_what_was),
		cmocka_unit_test(what_scans_found_open_is_a_service),
		cmocka_unit_test(queues_ports_and_forecasts_near_their_limit_deviate),
		cmocka_unit_test(every_query_names_its_columns_and_has_an_order),
		cmocka_unit_test(the_same_is_asked_twice_and_answered_the_same),
	};
	return cmocka_run_group_tests(tests, fill, forget);
}

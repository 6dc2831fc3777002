/*
 * test_evidence_rows.c: queries of evidence give exactly the facts there are, those
 * that deviate and no others, and the same bytes again.
 */
#include "evidence_facts.h"

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

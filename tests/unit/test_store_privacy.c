/*
 * test_store_privacy.c: addresses of others over time: they become pseudonyms, are
 * found, are erased, and stay as they are while an incident is held.
 */
#include "store_check.h"

#include <sys/stat.h>

#include "store/aging.h"
#include "store/events.h"
#include "store/kept.h"
#include "store/privacy.h"

/* 2026-03-20T00:00:00Z; what is OLD is of January, and of another day than EARLIER. */
#define NOW     1773964800000000LL
#define OLD     (START_US + 3600 * SECOND)
#define EARLIER (START_US - 3 * DAY)

static const struct store_limits *const keep_all = &store_no_limits;

/* Two hours later: whatever is looked at once an hour is looked at again. */
static void tick(struct store *store)
{
	static int64_t hours;
	struct self_record self;
	record_init(RECORD_self, &self);
	hours += 2;
	self.at = NOW + hours * 3600 * SECOND;
	wait_written(store);
	store_put(store, RECORD_self, &self);
	wait_written(store);
}

static struct store *open_private(uint32_t after_s, uint32_t keys_kept_s)
{
	struct store_privacy privacy = { .pseudonyms_after_s = after_s,
					 .keys_kept_s = keys_kept_s };
	struct prefix home;
	struct store *store = store_open(folder, keep_all);
	assert_non_null(store);
	assert_true(prefix_parse("192.168.0.0/16", &home));
	home_add(&privacy.ours, &home);
	store_keep_private(store, &privacy);
	tick(store);
	return store;
}

static struct addr addr_of(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

static void put_finding(struct store *store, const char *id, int64_t at_us,
			const char *client, const char *state, const char *incident)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	record_text(finding.id, sizeof(finding.id), id);
	record_text(finding.incident, sizeof(finding.incident), incident);
	finding.at = finding.first = finding.last = at_us;
	finding.state = state;
	finding.kind = "port_scan";
	finding.client_ip = addr_of(client);
	finding.server_ip = addr_of("192.168.0.1");
	snprintf(finding.summary, sizeof(finding.summary),
		 "%s tried 20 ports of 192.168.0.1.", client);
	store_put(store, RECORD_finding, &finding);
}

static void put_login(struct store *store, int64_t at_us, const char *client)
{
	struct login_record login;
	record_init(RECORD_login, &login);
	login.at = at_us;
	login.client_ip = addr_of(client);
	login.server_ip = addr_of("192.168.0.1");
	store_put(store, RECORD_login, &login);
}

static void put_flow(struct store *store, int64_t at_us, const char *client)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.start = flow.end = at_us;
	flow.client_ip = addr_of(client);
	flow.server_ip = addr_of("192.168.0.1");
	record_text(flow.community_id, sizeof(flow.community_id), "1:abc");
	store_put(store, RECORD_flow, &flow);
	store_put_evidence(store, RECORD_flow, &flow);
}

static void put_incident(struct store *store, const char *id, int64_t at_us,
			 const char *client)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), id);
	incident.at = incident.first = incident.last = incident.end = at_us;
	incident.state = "resolved";
	incident.client_ip = addr_of(client);
	store_put(store, RECORD_incident, &incident);
}

static void put_line(struct store *store, const char *incident, const char *about)
{
	struct timeline_record line;
	record_init(RECORD_timeline, &line);
	record_text(line.incident, sizeof(line.incident), incident);
	record_text(line.about, sizeof(line.about), about);
	line.at = OLD;
	line.kind = "finding";
	store_put(store, RECORD_timeline, &line);
}

static void put_hold(struct store *store, const char *incident, int64_t until_us)
{
	struct hold_record hold;
	record_init(RECORD_hold, &hold);
	record_text(hold.incident, sizeof(hold.incident), incident);
	hold.at = hold.start = NOW;
	hold.until = until_us;
	store_put(store, RECORD_hold, &hold);
}

/* ---- looking ---- */

/* The first column of the first row, of a file of the folder. */
static const char *ask_of(const char *file, const char *sql)
{
	static char text[512];
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	snprintf(text, sizeof(text), "(nothing)");
	sqlite3_open_v2(in_folder(file), &db, SQLITE_OPEN_READONLY, NULL);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		snprintf(text, sizeof(text), "%s",
			 sqlite3_column_text(stmt, 0) != NULL
				 ? (const char *)sqlite3_column_text(stmt, 0)
				 : "NULL");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return text;
}

static const char *ask(const char *sql)
{
	return ask_of("breakwater.db", sql);
}

static void wait_for(const char *file, const char *sql, const char *wanted)
{
	for (int i = 0; i < 1500; i++) {
		if (strcmp(ask_of(file, sql), wanted) == 0)
			return;
		pause_ms(10);
	}
	fail_msg("%s: %s, not %s", sql, ask_of(file, sql), wanted);
}

struct found {
	uint64_t clear, pseudonyms; /* rows */
	uint64_t evidence;
};

static void take_place(void *to, const struct private_place *place)
{
	struct found *found = to;
	if (strcmp(place->what, "evidence") == 0)
		found->evidence += place->rows;
	else if (place->month == 0)
		found->clear += place->rows;
	else
		found->pseudonyms += place->rows;
}

static struct found find(const char *addr)
{
	char error[STORE_ERROR_MAX] = "";
	struct found found = { 0 };
	struct private_look look = { .addr = addr_of(addr),
				     .since_us = INT64_MIN,
				     .to = &found,
				     .place = take_place };
	if (store_find_private(folder, &look, error) != 0)
		fail_msg("%s", error);
	return found;
}

#define OLD_FLOWS     "flows-2026-01-31.db"
#define EARLIER_FLOWS "flows-2026-01-28.db"

static void put_all(struct store *store)
{
	put_finding(store, "f1", OLD, "203.0.113.7", "closed", "");
	put_finding(store, "f2", OLD, "203.0.113.9", "open", "");
	put_finding(store, "f3", NOW - SECOND, "203.0.113.7", "closed", "");
	put_login(store, OLD, "203.0.113.7");
	put_login(store, OLD, "192.168.0.5");
	put_flow(store, OLD, "203.0.113.7");
	put_flow(store, EARLIER, "203.0.113.8");
	put_flow(store, NOW - 3600 * SECOND, "203.0.113.7");
	tick(store);
}

/* ---- how long ---- */

static bool is_kept_for_a_time(enum record_kind kind)
{
	for (size_t i = 0; i < kept_count; i++)
		if (kept[i].kind == kind)
			return true;
	return false;
}

/* Minutes are deleted by minutes, the chain by itself. */
static void every_kind_that_is_kept_goes_one_day(void **state)
{
	(void)state;
	for (enum record_kind kind = 0; kind < RECORD_KINDS; kind++) {
		bool is_other = kind == RECORD_socket || kind == RECORD_self ||
				kind == RECORD_audit || kind == RECORD_checkpoint;
		if (event_table(kind) != NULL && !is_other && !is_kept_for_a_time(kind))
			fail_msg("%s is kept for ever", schemas[kind].name);
	}
}

/* ---- pseudonyms ---- */

/* An address in another field of the same row would undo them; an alert's is a service.
 */
static void each_address_of_a_private_kind_is_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < private_kind_count; i++) {
		const struct private_kind *of = &private_kinds[i];
		const struct schema *schema = &schemas[of->kind];
		for (size_t f = 0; f < schema->field_count; f++) {
			bool is_listed = schema->fields[f].type != TYPE_addr ||
					 of->kind == RECORD_alert;
			for (size_t c = 0; c < PRIVATE_COLUMNS; c++)
				is_listed |= of->columns[c] != NULL &&
					     strcmp(of->columns[c],
						    schema->fields[f].name) == 0;
			if (!is_listed)
				fail_msg("%s.%s stays as it is", schema->name,
					 schema->fields[f].name);
		}
	}
}

static void what_is_old_has_pseudonyms_and_what_is_ours_stays(void **state)
{
	char name[64];
	(void)state;
	struct store *store = open_private(30 * 86400, 3650 * 86400U);
	put_all(store);
	wait_for("breakwater.db", "SELECT pseudonym FROM finding WHERE id='f1'",
		 "202601");
	wait_for(OLD_FLOWS, "SELECT pseudonym FROM flow", "202601");
	wait_for(EARLIER_FLOWS, "SELECT pseudonym FROM flow", "202601");
	snprintf(name, sizeof(name), "%s",
		 ask("SELECT client_ip FROM finding WHERE id='f1'"));
	assert_string_not_equal(name, "203.0.113.7");
	assert_string_equal(ask("SELECT server_ip FROM finding WHERE id='f1'"),
			    "192.168.0.1");
	/* In a sentence, in another table and in a file of its own it is the same. */
	assert_string_equal(
		ask("SELECT summary=client_ip||' tried 20 ports of 192.168.0.1.' FROM "
		    "finding WHERE id='f1'"),
		"1");
	assert_string_equal(ask("SELECT client_ip FROM login ORDER BY rowid"), name);
	assert_string_equal(ask_of(OLD_FLOWS, "SELECT client_ip FROM flow"), name);
	assert_string_equal(ask_of(OLD_FLOWS, "SELECT community_id FROM flow"), "NULL");
	assert_string_equal(ask("SELECT client_ip FROM login WHERE rowid=2"),
			    "192.168.0.5");
	/* What is not over, or not old, is as it was. */
	assert_string_equal(ask("SELECT client_ip FROM finding WHERE id='f2'"),
			    "203.0.113.9");
	assert_string_equal(ask("SELECT client_ip FROM finding WHERE id='f3'"),
			    "203.0.113.7");
	/* What can't be changed is gone. */
	struct stat st;
	assert_int_not_equal(stat(in_folder("evidence-2026-01-31.db"), &st), 0);
	assert_int_equal(stat(in_folder("evidence-2026-03-19.db"), &st), 0);
	assert_int_equal(stat(in_folder("privacy/2026-01.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(store);
}

static void nothing_is_changed_twice(void **state)
{
	char name[64];
	(void)state;
	struct store *store = open_private(30 * 86400, 3650 * 86400U);
	put_all(store);
	wait_for("breakwater.db", "SELECT pseudonym FROM finding WHERE id='f1'",
		 "202601");
	wait_for(OLD_FLOWS, "SELECT pseudonym FROM flow", "202601");
	snprintf(name, sizeof(name), "%s",
		 ask("SELECT client_ip FROM finding WHERE id='f1'"));
	store_close(store);
	store = open_private(30 * 86400, 3650 * 86400U);
	/* One more is due: when it is changed, all others were looked at. */
	put_login(store, OLD + SECOND, "203.0.113.7");
	put_flow(store, OLD + SECOND, "203.0.113.7");
	tick(store);
	wait_for("breakwater.db", "SELECT count(*) FROM login WHERE pseudonym IS NULL",
		 "0");
	wait_for(OLD_FLOWS, "SELECT count(*) FROM flow WHERE pseudonym=202601", "2");
	assert_string_equal(ask("SELECT client_ip FROM finding WHERE id='f1'"), name);
	assert_string_equal(ask("SELECT client_ip FROM login WHERE rowid=3"), name);
	assert_string_equal(
		ask_of(OLD_FLOWS, "SELECT group_concat(DISTINCT client_ip) FROM flow"),
		name);
	store_close(store);
}

static void off_is_off(void **state)
{
	(void)state;
	struct store *store = open_private(0, 0);
	put_all(store);
	pause_ms(2500); /* a look */
	assert_string_equal(ask("SELECT client_ip FROM finding WHERE id='f1'"),
			    "203.0.113.7");
	store_close(store);
}

/* ---- finding ---- */

static void an_address_is_found_as_long_as_the_key_is_there(void **state)
{
	(void)state;
	struct store *store = open_private(30 * 86400, 3650 * 86400U);
	put_all(store);
	wait_for("breakwater.db", "SELECT pseudonym FROM finding WHERE id='f1'",
		 "202601");
	wait_for(OLD_FLOWS, "SELECT pseudonym FROM flow", "202601");
	struct found found = find("203.0.113.7");
	assert_int_equal(found.clear, 2);      /* f3, a flow */
	assert_int_equal(found.pseudonyms, 3); /* f1, a login, a flow */
	assert_int_equal(found.evidence, 1);
	assert_int_equal(find("203.0.113.70").clear, 0);
	store_close(store);
	/* The month was over 47 days ago. */
	store = open_private(30 * 86400, 10 * 86400);
	wait_for("breakwater.db",
		 "SELECT subject FROM audit WHERE action='privacy_key_destroyed'",
		 "2026-01");
	for (int i = 0; i < 500 && access(in_folder("privacy/2026-01.key"), F_OK) == 0;
	     i++)
		pause_ms(10);
	assert_int_not_equal(access(in_folder("privacy/2026-01.key"), F_OK), 0);
	found = find("203.0.113.7");
	assert_int_equal(found.clear, 2);
	assert_int_equal(found.pseudonyms, 0);
	store_close(store);
}

/* ---- holds ---- */

static void what_is_held_stays_as_it_is_until_it_is_not(void **state)
{
	struct store_limits limits = store_no_limits;
	struct stat st;
	(void)state;
	struct store *store = open_private(30 * 86400, 3650 * 86400U);
	limits.events_s = limits.flows_s = limits.evidence_s = 40 * 86400;
	put_incident(store, "i1", OLD, "203.0.113.7");
	put_hold(store, "i1", NOW + 30 * DAY);
	wait_written(store);
	store_limit(store, &limits);
	put_finding(store, "f1", OLD, "203.0.113.7", "closed", "i1");
	put_finding(store, "f4", OLD, "203.0.113.8", "closed", "");
	put_finding(store, "f5", OLD, "203.0.113.9", "closed", "i2");
	put_line(store, "i1", "f5");
	put_login(store, OLD, "203.0.113.7");
	put_flow(store, OLD, "203.0.113.7");
	put_flow(store, EARLIER, "203.0.113.8");
	wait_written(store);
	/* What is not held goes after an hour at the latest: at once, after a start. */
	store_close(store);
	store = store_open(folder, &limits);
	tick(store);
	wait_for("breakwater.db", "SELECT count(*) FROM finding WHERE id='f4'", "0");
	assert_int_not_equal(stat(in_folder(EARLIER_FLOWS), &st), 0);
	assert_string_equal(ask("SELECT client_ip FROM finding WHERE id='f1'"),
			    "203.0.113.7");
	assert_string_equal(ask("SELECT client_ip FROM finding WHERE id='f5'"),
			    "203.0.113.9");
	assert_string_equal(ask("SELECT count(*) FROM timeline"), "1");
	assert_string_equal(ask("SELECT client_ip FROM incident"), "203.0.113.7");
	assert_string_equal(ask("SELECT client_ip FROM login"), "203.0.113.7");
	assert_string_equal(ask_of(OLD_FLOWS, "SELECT client_ip FROM flow"),
			    "203.0.113.7");
	assert_int_equal(stat(in_folder("evidence-2026-01-31.db"), &st), 0);
	put_hold(store, "i1", NOW);
	wait_written(store);
	store_close(store);
	store = store_open(folder, &limits);
	tick(store);
	wait_for("breakwater.db", "SELECT count(*) FROM finding", "0");
	wait_for("breakwater.db", "SELECT count(*) FROM incident", "0");
	wait_for("breakwater.db", "SELECT count(*) FROM timeline", "0");
	assert_int_not_equal(stat(in_folder(OLD_FLOWS), &st), 0);
	store_close(store);
}

/* ---- erasing ---- */

static void erase(struct store *store, const char *addr)
{
	struct private_erasure erasure = { .addr = addr_of(addr) };
	record_text(erasure.actor, sizeof(erasure.actor), "anna");
	record_text(erasure.why, sizeof(erasure.why), "she asked");
	assert_true(store_erase_private(store, &erasure));
	wait_for("breakwater.db",
		 "SELECT count(*) FROM audit WHERE action='privacy_erased'", "1");
}

static void what_is_erased_is_nowhere_but_counts_stay(void **state)
{
	(void)state;
	struct store *store = open_private(30 * 86400, 3650 * 86400U);
	put_all(store);
	put_incident(store, "i1", NOW - SECOND, "203.0.113.7");
	put_finding(store, "f5", NOW - SECOND, "203.0.113.7", "closed", "i1");
	put_hold(store, "i1", NOW + 30 * DAY);
	put_finding(store, "f6", NOW - 30 * SECOND, "203.0.113.70", "closed", "");
	wait_for(OLD_FLOWS, "SELECT pseudonym FROM flow", "202601");
	wait_for("breakwater.db", "SELECT pseudonym FROM finding WHERE id='f1'",
		 "202601");
	wait_written(store);
	erase(store, "203.0.113.7");
	/* What is held is left, and the files of its day. */
	struct found found = find("203.0.113.7");
	assert_int_equal(found.pseudonyms, 0);
	assert_int_equal(found.clear, 3); /* f5, i1, the flow of that day */
	assert_string_equal(ask("SELECT count(*) FROM finding"), "5");
	assert_string_equal(ask("SELECT pseudonym FROM finding WHERE id='f3'"),
			    "202603");
	/* Everywhere by the same name. */
	assert_string_equal(
		ask("SELECT count(DISTINCT client_ip) FROM(SELECT client_ip "
		    "FROM finding WHERE id IN('f1','f3')UNION ALL SELECT "
		    "client_ip FROM login WHERE rowid=1)"),
		"1");
	assert_string_equal(
		ask("SELECT after FROM audit WHERE action='privacy_erased'"),
		"erased: finding 2, login 1, flow 1; left, as held or not "
		"over: finding 1, incident 1, files of days 2");
	/* The chain has it in no words. */
	assert_string_equal(ask("SELECT count(*) FROM audit WHERE "
				"subject||after LIKE '%203.0%'"),
			    "0");
	/* Another one that begins alike is another one. */
	assert_string_equal(ask("SELECT client_ip FROM finding WHERE id='f6'"),
			    "203.0.113.70");
	store_close(store);
}

static void evidence_is_erased_too(void **state)
{
	(void)state;
	struct store *store = open_private(0, 0);
	put_flow(store, NOW - 3600 * SECOND, "203.0.113.7");
	put_flow(store, NOW - 3600 * SECOND, "203.0.113.8");
	wait_written(store);
	assert_int_equal(find("203.0.113.7").evidence, 1);
	erase(store, "203.0.113.7");
	assert_int_equal(find("203.0.113.7").evidence, 0);
	assert_int_equal(find("203.0.113.8").evidence, 1);
	/* The one beside it in the row that names nobody is clear still. */
	assert_int_equal(find("203.0.113.8").clear, 1);
	store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_that_is_kept_goes_one_day),
		cmocka_unit_test(each_address_of_a_private_kind_is_changed),
		TEST(what_is_old_has_pseudonyms_and_what_is_ours_stays),
		TEST(nothing_is_changed_twice),
		TEST(off_is_off),
		TEST(an_address_is_found_as_long_as_the_key_is_there),
		TEST(what_is_held_stays_as_it_is_until_it_is_not),
		TEST(what_is_erased_is_nowhere_but_counts_stay),
		TEST(evidence_is_erased_too),
	};
#undef TEST
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

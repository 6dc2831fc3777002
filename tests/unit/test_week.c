/*
 * test_week.c: a week with twelve troubles, in seconds: each is one incident with its
 * cause, and people are told of each once.
 *
 * Incidents that became parts of another one within the same seconds count with that
 * one.  Calls are messages that say that something is wrong (new, changed, repeated,
 * escalated); ends, which call nobody, are counted apart.
 */
#include "teller_scene.h"

#include "alert/incidents.h"

enum { LINES_MAX = 16384, KNOWN_MAX = 512, BEHIND = 500 };
#define TICK (10 * SECOND)

static struct incident_book *book;
static struct incident_record known[KNOWN_MAX];
static size_t known_count;
static struct timeline_record lines[LINES_MAX];
static size_t line_count;
static int64_t next_tick_us;

/* ---- the whole path ---- */

static void take_incident(void *self, const struct incident_record *incident)
{
	(void)self;
	size_t i = 0;
	while (i < known_count && strcmp(known[i].id, incident->id) != 0)
		i++;
	assert_true(i < KNOWN_MAX);
	known_count += i == known_count;
	known[i] = *incident;
	teller_incident(teller, incident);
}

static void take_line(void *self, const struct timeline_record *line)
{
	(void)self;
	assert_true(line_count < LINES_MAX);
	lines[line_count++] = *line;
}

static bool is_own(void *self, const struct addr *addr)
{
	struct addr own;
	(void)self;
	return addr_parse("192.0.2.1", &own) && addr_equal(addr, &own);
}

static void book_is_told(void *self, const char *incident, const char *by,
			 int64_t at_us)
{
	(void)self;
	incident_book_suppressed(book, incident, by, at_us);
}

static int begin(void **state)
{
	(void)state;
	scene_begin(NULL);
	teller_free(teller);
	teller = teller_new(&(struct teller_sink){ .message = take_message,
						   .suppressed = book_is_told });
	book = incident_book_new(&(struct incidents_sink){
		.incident = take_incident, .timeline = take_line, .is_own = is_own });
	known_count = line_count = 0;
	next_tick_us = START;
	add_route("severity>=medium", OPS);
	set_rules();
	return teller == NULL || book == NULL;
}

static int end(void **state)
{
	incident_book_free(book);
	return scene_end(state);
}

static void go_to(int64_t then_us)
{
	assert_true(then_us >= now_us);
	for (; next_tick_us <= then_us; next_tick_us += TICK) {
		now_us = next_tick_us;
		incident_book_tick(book, now_us);
		teller_tick(teller, now_us);
	}
	now_us = then_us;
}

/* To that time of the week. */
static void until(int day, int hour, int minute)
{
	go_to(START + day * DAY + hour * HOUR + minute * MINUTE);
}

static void later(int64_t us)
{
	go_to(now_us + us);
}

/* ---- what happens ---- */

static void alert(const char *rule, const char *target, const char *ip, unsigned port,
		  const char *severity, const char *state)
{
	struct alert_record record;
	record_init(RECORD_alert, &record);
	record.at = record.start = now_us;
	record.state = state;
	record.severity = severity;
	snprintf(record.id, sizeof(record.id), "%.15s %.15s", rule, target);
	record_text(record.rule, sizeof(record.rule), rule);
	record_text(record.target, sizeof(record.target), target);
	snprintf(record.summary, sizeof(record.summary), "%.60s: %.60s", target, rule);
	if (ip != NULL)
		assert_true(addr_parse(ip, &record.server_ip));
	if (port != 0) {
		record.port = port;
		record.transport = "tcp";
	}
	incident_book_alert(book, &record);
}

static void finding(const char *id, const char *kind, const char *client,
		    const char *severity, const char *state)
{
	struct finding_record record;
	record_init(RECORD_finding, &record);
	record.at = record.last = record.first = now_us;
	record.state = state;
	record.kind = kind;
	record.severity = severity;
	assert_true(addr_parse("192.0.2.1", &record.server_ip));
	assert_true(addr_parse(client, &record.client_ip));
	record_text(record.id, sizeof(record.id), id);
	snprintf(record.incident, sizeof(record.incident), "of %.20s", id);
	snprintf(record.summary, sizeof(record.summary), "%s by %s", kind, client);
	incident_book_finding(book, &record);
}

static void listener(unsigned port, const char *process, const char *change)
{
	struct listener_record record;
	record_init(RECORD_listener, &record);
	record.at = now_us;
	record.change = change;
	record.transport = "tcp";
	record.port = port;
	assert_true(addr_parse("0.0.0.0", &record.ip));
	record_text(record.process, sizeof(record.process), process);
	incident_book_listener(book, &record);
}

static void deployed(const char *name, const char *ip)
{
	struct deployment_record record;
	record_init(RECORD_deployment, &record);
	record.at = now_us;
	record_text(record.name, sizeof(record.name), name);
	assert_true(addr_parse(ip, &record.server_ip));
	incident_book_deployment(book, &record);
}

static void blocked(const char *client, const char *id)
{
	struct block_record record;
	record_init(RECORD_block, &record);
	record.at = now_us;
	record.state = "active";
	record.action = "drop";
	record.prefix_len = 32;
	assert_true(addr_parse(client, &record.address));
	record_text(record.finding, sizeof(record.finding), id);
	incident_book_block(book, &record);
}

static void acknowledge(const char *about)
{
	struct buf message = { 0 };
	for (size_t i = 0; i < known_count; i++)
		if (strstr(known[i].summary, about) != NULL)
			assert_int_equal(
				incident_book_change(book,
						     &(struct incident_change){
							     .id = known[i].id,
							     .actor = "ann",
							     .acknowledge = true },
						     now_us, &message),
				0);
	buf_free(&message);
}

/* Those behind a router: all of them fall within half a minute, or come back. */
static void behind(const char *prefix, int from, int to, const char *state)
{
	char target[32], ip[32];
	for (int i = from; i < to; i++) {
		snprintf(target, sizeof(target), "%s-%d", prefix, i);
		snprintf(ip, sizeof(ip), "10.%d.%d.%d", prefix[0], i / 200, i % 200);
		alert("port status", target, ip, 80, "high", state);
		later(50000);
	}
}

static void declare_parents(const char *prefix, const char *router)
{
	char target[32];
	for (int i = 0; i < BEHIND; i++) {
		snprintf(target, sizeof(target), "%s-%d", prefix, i);
		incident_book_parent(book, target, router);
	}
}

/* ---- what is found afterwards ---- */

static bool is_part(const struct incident_record *incident)
{
	return strncmp(incident->close_reason, "part of ", 8) == 0;
}

static size_t count_incidents(void)
{
	size_t count = 0;
	for (size_t i = 0; i < known_count; i++)
		count += !is_part(&known[i]);
	return count;
}

static size_t count_told(bool is_end)
{
	size_t count = 0;
	for (size_t i = 0; i < told_count; i++)
		count += (told[i].reason == TELL_RESOLVED) == is_end;
	return count;
}

/* Its first line, by time. */
static const struct timeline_record *first_line(const struct incident_record *incident)
{
	const struct timeline_record *first = NULL;
	for (size_t i = 0; i < line_count; i++)
		if (strcmp(lines[i].incident, incident->id) == 0 &&
		    (first == NULL || lines[i].at < first->at))
			first = &lines[i];
	assert_non_null(first);
	return first;
}

/* What says no other cause is its own. */
static const char *cause_of(const struct incident_record *incident)
{
	return incident->cause[0] != '\0' ? incident->cause : incident->summary;
}

/* One incident began then, with that cause and that first line. */
static void began(int day, int hour, const char *cause, const char *kind,
		  const char *words)
{
	const struct incident_record *found = NULL;
	int64_t from_us = START + day * DAY + hour * HOUR;
	for (size_t i = 0; i < known_count; i++) {
		if (is_part(&known[i]) || known[i].first < from_us ||
		    known[i].first >= from_us + HOUR)
			continue;
		assert_null(found);
		found = &known[i];
	}
	if (found == NULL) {
		fail_msg("nothing began on day %d at %d", day, hour);
		return;
	}
	const struct timeline_record *line = first_line(found);
	if (strstr(cause_of(found), cause) == NULL || strcmp(line->kind, kind) != 0 ||
	    strstr(line->summary, words) == NULL)
		fail_msg("%s; %s: %s", cause_of(found), line->kind, line->summary);
	assert_string_equal(found->state, "resolved");
}

/* ---- the twelve ---- */

static void a_service_is_out_with_flaps(void)
{
	until(1, 9, 0);
	for (int i = 0; i < 6; i++) {
		alert("port status", "shop:443", "192.0.2.1", 443, "high", "firing");
		later(3 * MINUTE);
		alert("port status", "shop:443", "192.0.2.1", 443, "high", "resolved");
		later(2 * MINUTE);
	}
}

/* Some of those behind it are asked before it is. */
static void a_router_is_cut(void)
{
	until(1, 15, 0);
	declare_parents("A", "router");
	behind("A", 0, 40, "firing");
	alert("port status", "router", "203.0.113.1", 0, "critical", "firing");
	behind("A", 40, BEHIND, "firing");
	until(1, 15, 20);
	alert("port status", "router", "203.0.113.1", 0, "critical", "resolved");
	behind("A", 0, BEHIND, "resolved");
}

static void an_unknown_router_is_cut(void)
{
	until(2, 3, 0);
	behind("B", 0, BEHIND, "firing");
	until(2, 3, 20);
	behind("B", 0, BEHIND, "resolved");
}

static void a_host_starts_anew(void)
{
	static const unsigned ports[] = { 22, 80, 443, 5432 };
	char target[32];
	until(2, 12, 0);
	for (int is_end = 0; is_end < 2; is_end++) {
		for (size_t i = 0; i < 4; i++) {
			snprintf(target, sizeof(target), "db:%u", ports[i]);
			alert("port status", target, "198.51.100.7", ports[i], "high",
			      is_end ? "resolved" : "firing");
			later(8 * SECOND);
		}
		later(2 * MINUTE);
	}
}

static void somebody_scans(void)
{
	until(3, 4, 0);
	finding("scan", "port_scan", "203.0.113.50", "medium", "open");
	later(10 * MINUTE);
	finding("scan", "port_scan", "203.0.113.50", "medium", "closed");
}

static void somebody_guesses_and_is_blocked(void)
{
	until(3, 18, 0);
	finding("guess", "brute_force", "203.0.113.66", "high", "open");
	later(SECOND);
	blocked("203.0.113.66", "guess");
	until(4, 0, 0);
	finding("guess", "brute_force", "203.0.113.66", "high", "closed");
}

static void a_certificate_ends(void)
{
	until(4, 1, 0);
	alert("certificate", "mail:993", "192.0.2.1", 993, "medium", "firing");
	until(4, 2, 0);
	acknowledge("mail:993");
}

static void it_ends_tomorrow(void)
{
	until(5, 1, 0);
	alert("certificate", "mail:993", "192.0.2.1", 993, "critical", "firing");
	until(5, 2, 0);
	alert("certificate", "mail:993", "192.0.2.1", 993, "critical", "resolved");
}

static void answers_are_slow_after_a_deployment(void)
{
	until(4, 10, 0);
	deployed("shop 4.2", "192.0.2.1");
	later(2 * MINUTE);
	alert("response", "shop:443", "192.0.2.1", 443, "medium", "firing");
	later(2 * HOUR);
	alert("response", "shop:443", "192.0.2.1", 443, "medium", "resolved");
}

static void the_disk_is_full(void)
{
	until(5, 6, 0);
	alert("store disk", "store", NULL, 0, "high", "firing");
	until(5, 6, 30);
	acknowledge("store: store disk");
	until(5, 14, 0);
	alert("store disk", "store", NULL, 0, "high", "resolved");
}

static void a_listener_vanishes(void)
{
	until(5, 20, 0);
	listener(8443, "haproxy", "closed");
	later(20 * SECOND);
	alert("port status", "api:8443", "192.0.2.1", 8443, "high", "firing");
	later(HOUR);
	listener(8443, "haproxy", "opened");
	alert("port status", "api:8443", "192.0.2.1", 8443, "high", "resolved");
}

static void a_link_loses(void)
{
	static const char *const targets[] = { "link eth1", "voip:5060", "files:445",
					       "print:631" };
	char ip[32];
	until(6, 11, 0);
	for (int is_end = 0; is_end < 2; is_end++) {
		for (int i = 0; i < 4; i++) {
			snprintf(ip, sizeof(ip), "10.0.%d.1", i);
			alert("loss", targets[i], i > 0 ? ip : NULL, 0, "medium",
			      is_end ? "resolved" : "firing");
			later(5 * SECOND);
		}
		later(HOUR);
	}
}

static void maintenance_is_announced(void)
{
	maintenances[0] = (struct tell_maintenance){ .name = "patches" };
	match_all(&maintenances[0].match, "server_ip=10.20.0.0/16");
	assert_true(windows_add(&maintenances[0].windows, "Sat 22:00-23:00 UTC"));
	rules.maintenance_count = 1;
	set_rules();
	until(6, 22, 0);
	alert("port status", "erp:80", "10.20.0.9", 80, "critical", "firing");
	until(6, 22, 40);
	alert("port status", "erp:80", "10.20.0.9", 80, "critical", "resolved");
	until(7, 0, 0);
}

/* What happens every day, and is no trouble. */
static void an_ordinary_day(int day)
{
	char id[32];
	until(day, 0, 10);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "noise %d-%d", day, i);
		finding(id, "port_scan", "203.0.113.9", "notice", "open");
		finding(id, "port_scan", "203.0.113.9", "notice", "closed");
	}
	listener(3000, "node", "opened");
	deployed("blog", "192.0.2.80");
	listener(3000, "node", "closed");
}

static void the_week(void)
{
	an_ordinary_day(0);
	a_service_is_out_with_flaps();
	a_router_is_cut();
	an_ordinary_day(2);
	an_unknown_router_is_cut();
	a_host_starts_anew();
	an_ordinary_day(3);
	somebody_scans();
	somebody_guesses_and_is_blocked();
	an_ordinary_day(4);
	a_certificate_ends();
	answers_are_slow_after_a_deployment();
	it_ends_tomorrow();
	the_disk_is_full();
	a_listener_vanishes();
	an_ordinary_day(6);
	a_link_loses();
	maintenance_is_announced();
}

static void say_all(void)
{
	char at[TIME_TEXT_MAX];
	for (size_t i = 0; i < told_count; i++) {
		record_time_text(told[i].at_us, at);
		print_message("# %.16s %s: %s%s\n", at,
			      tell_reason_name(told[i].reason),
			      told[i].incidents[0].summary,
			      told[i].count > 1 ? " and others" : "");
	}
}

static void a_week_is_twelve_incidents_and_as_many_calls(void **state)
{
	(void)state;
	the_week();
	say_all();
	assert_int_equal(count_incidents(), 12);
	/* One each; the certificate twice, as it got worse; not the maintenance. */
	assert_int_equal(count_told(false), 12);
	assert_int_equal(count_told(true), 11);
	began(1, 9, "shop:443: port status", "alert", "shop:443");
	began(1, 15, "router: port status", "alert", "A-0: port status");
	began(2, 3, "B-0 first: look at what they share", "alert", "B-0");
	began(2, 12, "db:22: port status", "alert", "db:22");
	began(3, 4, "port_scan by 203.0.113.50", "finding", "port_scan");
	began(3, 18, "brute_force by 203.0.113.66", "finding", "brute_force");
	began(4, 1, "mail:993: certificate", "alert", "mail:993");
	began(4, 10, "shop 4.2 was changed", "deployment", "shop 4.2");
	began(5, 6, "store: store disk", "alert", "store");
	began(5, 20, "haproxy does not listen any more", "listener", "haproxy");
	began(6, 11, "link eth1 first", "alert", "link eth1");
	began(6, 22, "erp:80: port status", "alert", "erp:80");
}

static void where_ends_are_not_wanted_fifteen_messages_are_all(void **state)
{
	(void)state;
	routes[0].tells_end = false;
	the_week();
	assert_in_range(told_count, 11, 15);
}

static void a_cut_of_five_hundred_is_one_message(void **state)
{
	(void)state;
	a_router_is_cut();
	assert_int_equal(count_incidents(), 1);
	assert_int_equal(count_told(false), 1);
	assert_int_equal(told[0].count, 1);
	assert_int_equal(told[0].incidents[0].targets, BEHIND + 1);
	an_unknown_router_is_cut();
	assert_int_equal(count_incidents(), 2);
	assert_int_equal(count_told(false), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(a_week_is_twelve_incidents_and_as_many_calls),
		TEST(where_ends_are_not_wanted_fifteen_messages_are_all),
		TEST(a_cut_of_five_hundred_is_one_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

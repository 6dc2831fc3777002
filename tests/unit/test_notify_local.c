/*
 * test_notify_local.c: EVE events in a file, also one that is moved, torn or full; and
 * what the options of syslog, SNMP, EVE and journal sinks may be.
 */
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/notifier.h"
#include "alert/snmp_trap.h"
#include "base/file.h"

#define AT_US 1767225600000000LL /* 2026-01-01 */

enum { FILE_MOST = 65536, PATH_MOST = 128 };

static char folder[] = "/tmp/breakwater-eve-XXXXXX";
static char path[PATH_MOST], moved[PATH_MOST], url[PATH_MOST + 4];
static struct incident_record incident;
static struct buf error;

static int begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/eve.json", folder);
	snprintf(moved, sizeof(moved), "%s/eve.json.1", folder);
	snprintf(url, sizeof(url), "eve:%s", path);
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), "f00d");
	record_text(incident.rule, sizeof(incident.rule), "response, slow");
	record_text(incident.summary, sizeof(incident.summary),
		    "a \"quote\"\nand more");
	incident.state = "firing";
	incident.severity = "critical";
	incident.at = AT_US;
	incident.transport = "tcp";
	incident.port = 22;
	addr_parse("192.0.2.1", &incident.server_ip);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	unlink(moved);
	rmdir(folder);
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	buf_free(&error);
	return 0;
}

static enum notify_outcome tell(size_t count)
{
	struct incident_record all[NOTICE_INCIDENTS_MAX];
	const struct notice notice = { .reason = "new",
				       .key = "k1",
				       .host = "db01",
				       .link = "",
				       .at_us = AT_US,
				       .incidents = all,
				       .count = count };
	for (size_t i = 0; i < count; i++)
		all[i] = incident;
	struct sink *sink = sink_new("eve", url, NULL, &error);
	assert_non_null(sink);
	enum notify_outcome outcome = sink->notifier->send(sink, &notice, &error);
	sink_free(sink);
	return outcome;
}

static const char *contents(const char *of)
{
	static struct buf text;
	buf_clear(&text);
	if (file_read(of, FILE_MOST, &text) != 0)
		return "";
	return buf_cstr(&text);
}

static size_t lines(const char *of)
{
	size_t count = 0;
	for (const char *at = contents(of); (at = strchr(at, '\n')) != NULL; at++)
		count++;
	return count;
}

static void an_incident_is_an_alert_of_eve(void **state)
{
	(void)state;
	assert_int_equal(tell(1), NOTIFY_SENT);
	assert_string_equal(
		contents(path),
		"{\"timestamp\":\"2026-01-01T00:00:00.000000+0000\","
		"\"event_type\":\"alert\",\"dest_ip\":\"192.0.2.1\",\"dest_port\":22,"
		"\"proto\":\"TCP\",\"alert\":{\"action\":\"allowed\",\"gid\":7070,"
		"\"signature_id\":100,\"rev\":1,"
		"\"signature\":\"a \\\"quote\\\"\\u000aand more\","
		"\"category\":\"Misc activity\",\"severity\":1,\"metadata\":{\"tag\":["
		"\"incident:f00d\",\"reason:new\",\"state:firing\","
		"\"rule:response__slow\"],\"signature_severity\":[\"Critical\"]}}}\n");
	json_t *event = json_loads(contents(path), 0, NULL);
	assert_non_null(event);
	json_decref(event);
}

static void an_incident_of_a_finding_has_its_number(void **state)
{
	(void)state;
	record_text(incident.rule, sizeof(incident.rule), "brute_force");
	tell(1);
	assert_non_null(strstr(contents(path), "\"signature_id\":10,"));
}

static void events_are_added_each_in_a_line(void **state)
{
	(void)state;
	assert_int_equal(tell(3), NOTIFY_SENT);
	assert_int_equal(tell(1), NOTIFY_SENT);
	assert_int_equal(lines(path), 4);
}

static void a_file_that_was_moved_is_not_written_to(void **state)
{
	(void)state;
	tell(1);
	assert_int_equal(rename(path, moved), 0);
	tell(2);
	assert_int_equal(lines(moved), 1);
	assert_int_equal(lines(path), 2);
}

static void a_torn_line_spoils_no_other(void **state)
{
	(void)state;
	assert_int_equal(file_replace(path, "{\"time", 6), 0);
	assert_int_equal(tell(1), NOTIFY_SENT);
	assert_memory_equal(contents(path), "{\"time\n{\"timestamp\":", 20);
	assert_int_equal(lines(path), 2);
}

static void without_room_nothing_is_left_and_it_is_tried_later(void **state)
{
	(void)state;
	tell(1);
	size_t before = strlen(contents(path));
	struct rlimit limit;
	getrlimit(RLIMIT_FSIZE, &limit);
	struct rlimit small = { before + 100, limit.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	enum notify_outcome outcome = tell(1);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(outcome, NOTIFY_LATER);
	assert_non_null(strstr(buf_cstr(&error), path));
	assert_int_equal(strlen(contents(path)), before);
}

static void what_is_no_file_is_tried_later(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(tell(1), NOTIFY_LATER);
	assert_non_null(strstr(buf_cstr(&error), "no plain file"));
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(tell(1), NOTIFY_LATER);
}

static void take_path(void *self, enum sink_option_kind kind, const char *of)
{
	assert_int_equal(kind, SINK_WRITTEN);
	assert_string_equal(of, path);
	++*(int *)self;
}

static void the_process_that_sends_may_write_its_file(void **state)
{
	char of[PATH_MOST + 8];
	int count = 0;
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(of, sizeof(of), i == 0 ? "eve:%s" : "eve://%s", path);
		struct sink *sink = sink_new("eve", of, NULL, &error);
		assert_non_null(sink);
		sink_each_file(sink, take_path, &count);
		sink_free(sink);
	}
	assert_int_equal(count, 2);
}

/* ---- options ---- */

static void refused(const char *of, const char *words)
{
	buf_clear(&error);
	struct sink *sink = sink_new("x", of, NULL, &error);
	const char *why = error.len > 0 ? buf_cstr(&error) : "";
	if (sink != NULL || strstr(why, words) == NULL)
		print_error("%s: %s\n", of, why);
	assert_null(sink);
	assert_non_null(strstr(why, words));
}

static void taken(const char *of)
{
	buf_clear(&error);
	struct sink *sink = sink_new("x", of, NULL, &error);
	if (sink == NULL)
		print_error("%s: %s\n", of, buf_cstr(&error));
	assert_non_null(sink);
	sink_free(sink);
}

static void options_that_can_not_be_are_refused(void **state)
{
	(void)state;
	refused("syslog://", "scheme://host[:port]");
	refused("syslog://h?facility=local8", "kern, user, mail");
	refused("syslog://h?format=leef", "rfc5424 or cef");
	refused("syslog+tcp://h?ca=/ca.pem", "syslog+tls:// only");
	refused("syslog+tls://h?cert=/c.pem", "go together");
	refused("syslog+tls://h?key=/k.pem", "go together");
	refused("eve:eve.json", "absolute path");
	refused("eve:/var/log/", "absolute path");
	refused("eve://host/eve.json", "absolute path");
	refused("program:/bin/true", "notify.program names it");
	refused("journald:/x", "nothing behind it");
	refused("snmp://h?version=1", "2c or 3");
	refused("snmp://h?user=u", "version=3 only");
	refused("snmp://h?version=3&user=u", "needs user and auth_file");
	refused("snmp://h?version=3&user=u&auth_file=/a&auth=md5", "sha256 or sha512");
	refused("snmp://h?version=3&user=u&auth_file=/a&engine=80", "5 to 32 bytes");
	refused("snmp://h?version=3&user=u&auth_file=/a&community_file=/c",
		"version=2c only");
}

static void options_that_can_are_taken(void **state)
{
	(void)state;
	taken("syslog://h?facility=local7&format=cef");
	taken("syslog+tls://h:6514?ca=/ca.pem&cert=/c.pem&key=/k.pem");
	taken("eve:/var/log/eve.json");
	taken("eve:///var/log/eve.json");
	taken("journald:");
	taken("program:");
	taken("snmp://h?community_file=/c&inform=no");
	taken("snmp://h?version=3&user=u&auth_file=/a&priv_file=/p&auth=sha512"
	      "&engine=0x80007ed904");
}

static void an_engine_is_made_of_the_name(void **state)
{
	static const unsigned char expected[] = { 0x80, 0,   0x7e, 0xd9, 4,
						  'd',  'b', '0',  '1' };
	struct snmp_engine engine = snmp_engine_of("db01");
	(void)state;
	assert_int_equal(engine.len, sizeof(expected));
	assert_memory_equal(engine.at, expected, sizeof(expected));
	engine = snmp_engine_of("a-name-that-is-longer-than-an-engine-may-be");
	assert_int_equal(engine.len, SNMP_ENGINE_MOST);
	assert_true(snmp_engine_parse("0x80007ed90464", &engine));
	assert_int_equal(engine.len, 6);
	assert_int_equal(engine.at[5], 'd');
	assert_false(snmp_engine_parse("80007ed904647", &engine));
	assert_false(snmp_engine_parse("80007ed9zz", &engine));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(an_incident_is_an_alert_of_eve),
		WITH_FOLDER(an_incident_of_a_finding_has_its_number),
		WITH_FOLDER(events_are_added_each_in_a_line),
		WITH_FOLDER(a_file_that_was_moved_is_not_written_to),
		WITH_FOLDER(a_torn_line_spoils_no_other),
		WITH_FOLDER(without_room_nothing_is_left_and_it_is_tried_later),
		WITH_FOLDER(what_is_no_file_is_tried_later),
		WITH_FOLDER(the_process_that_sends_may_write_its_file),
		cmocka_unit_test(options_that_can_not_be_are_refused),
		cmocka_unit_test(options_that_can_are_taken),
		cmocka_unit_test(an_engine_is_made_of_the_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_incident_screen.c: incidents in a table and one of them as a screen, as people
 * see them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/incident_screen.h"

#define SECOND INT64_C(1000000)
#define BEGIN  (1700000000 * SECOND)

static void assert_cell(const char *column, const char *json, const char *text,
			enum tone tone)
{
	json_t *record = json_loads(json, 0, NULL);
	struct cell cell = { .tone = TONE_NORMAL };
	const struct limits limits = limits_of(NULL);
	const struct column *found = view_column(&view_incidents, column);
	assert_non_null(record);
	assert_non_null(found);
	found->show(record, &limits, &cell);
	if (strcmp(cell.text, text) != 0 || cell.tone != tone)
		fail_msg("%s of %s: \"%s\", tone %d", column, json, cell.text,
			 (int)cell.tone);
	json_decref(record);
}

static void a_row_tells_what_is_wrong_and_why(void **state)
{
	(void)state;
	assert_cell("SEVERITY", "{\"severity\":\"high\"}", "!high", TONE_OVER);
	assert_cell("SEVERITY", "{\"severity\":\"medium\"}", "medium", TONE_NORMAL);
	assert_cell("STATE", "{\"state\":\"resolved\"}", "resolved", TONE_QUIET);
	assert_cell("ID", "{\"id\":\"0123456789abcdef\"}", "01234567", TONE_QUIET);
	assert_cell("CAUSE", "{\"cause\":\"router \\u001b[2J\",\"summary\":\"s\"}",
		    "router ?[2J", TONE_NORMAL);
	assert_cell("CAUSE", "{\"summary\":\"scanned\"}", "scanned", TONE_NORMAL);
}

static struct incident_facts *made(void)
{
	struct incident_facts *facts = calloc(1, sizeof(*facts));
	assert_non_null(facts);
	struct incident_record *i = &facts->incident;
	record_init(RECORD_incident, i);
	record_text(i->id, sizeof(i->id), "0123456789abcdef");
	record_text(i->rule, sizeof(i->rule), "down");
	record_text(i->target, sizeof(i->target), "192.0.2.1:80/tcp");
	record_text(i->summary, sizeof(i->summary), "no answer \033[2J for 30 s");
	record_text(i->cause, sizeof(i->cause), "nginx does not listen any more");
	i->first = i->detected = BEGIN;
	i->state = "firing";
	i->severity = "high";
	i->port = 80;
	i->alerts = 2;
	i->findings = 0;
	i->targets = 1;
	return facts;
}

static void add_line(struct incident_facts *facts, int64_t at_us, const char *kind,
		     const char *summary)
{
	struct timeline_record *line = &facts->lines[facts->line_count++];
	record_init(RECORD_timeline, line);
	line->at = at_us;
	line->kind = kind;
	record_text(line->summary, sizeof(line->summary), summary);
}

static const char *screen(const struct incident_facts *facts)
{
	static char printed[8192];
	const struct look look = { .color = false, .width = 0 };
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	FILE *file = tmpfile();
	assert_non_null(file);
	dup2(fileno(file), STDOUT_FILENO);
	incident_screen(&look, facts);
	fflush(stdout);
	ssize_t len = pread(STDOUT_FILENO, printed, sizeof(printed) - 1, 0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	fclose(file);
	assert_true(len >= 0);
	printed[len] = '\0';
	return printed;
}

static void a_screen_tells_the_cause_first_and_what_to_type(void **state)
{
	(void)state;
	struct incident_facts *facts = made();
	add_line(facts, BEGIN + SECOND, "alert", "no answer for 30 s");
	add_line(facts, BEGIN, "listener", "nginx closed port 80");
	assert_string_equal(
		screen(facts),
		"down 192.0.2.1:80/tcp, high, firing\n"
		"  no answer ?[2J for 30 s\n"
		"\n"
		"Cause        nginx does not listen any more\n"
		"When         2023-11-14 22:13:20\n"
		"Extent       2 alerts, 1 target\n"
		"Next         breakwater ack 01234567\n"
		"             breakwater explain 80\n"
		"             breakwater close 01234567 --why TEXT\n"
		"Id           0123456789abcdef\n"
		"Timeline\n"
		"  2023-11-14 22:13:20  listener      nginx closed port 80\n"
		"  2023-11-14 22:13:21  alert         no answer for 30 s\n");
	free(facts);
}

static void what_people_said_is_told(void **state)
{
	(void)state;
	struct incident_facts *facts = made();
	struct incident_record *i = &facts->incident;
	i->state = "resolved";
	i->acknowledged = BEGIN + SECOND;
	i->end = BEGIN + 120 * SECOND;
	i->false_positive = 1;
	record_text(i->owner, sizeof(i->owner), "ada");
	record_text(i->acknowledged_by, sizeof(i->acknowledged_by), "ada");
	record_text(i->closed_by, sizeof(i->closed_by), "bob");
	record_text(i->close_reason, sizeof(i->close_reason), "a test");
	add_line(facts, BEGIN + SECOND, "comment", "on it");
	record_text(facts->lines[0].actor, sizeof(facts->lines[0].actor), "ada");
	const char *text = screen(facts);
	assert_non_null(strstr(text, "22:13:20 to 2023-11-14 22:15:20 (2 min)\n"));
	assert_non_null(strstr(text, "Owner        ada\n"));
	assert_non_null(strstr(text, "Acknowledged 2023-11-14 22:13:21, by ada\n"));
	assert_non_null(
		strstr(text, "Closed       by bob, as a false positive: a test\n"));
	assert_non_null(strstr(text, "  comment       ada: on it\n"));
	assert_null(strstr(text, "breakwater ack"));
	assert_null(strstr(text, "breakwater close"));
	free(facts);
}

static void an_attack_leads_to_its_findings(void **state)
{
	(void)state;
	struct incident_facts *facts = made();
	facts->incident.findings = 2;
	assert_true(addr_parse("198.51.100.7", &facts->incident.client_ip));
	assert_non_null(strstr(screen(facts),
			       "breakwater findings --incident 0123456789abcdef\n"));
	facts->line_count = INCIDENT_LINES + 3;
	for (size_t i = 0; i < INCIDENT_LINES; i++)
		record_init(RECORD_timeline, &facts->lines[i]);
	assert_non_null(strstr(screen(facts), "  3 lines before these"));
	free(facts);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_tells_what_is_wrong_and_why),
		cmocka_unit_test(a_screen_tells_the_cause_first_and_what_to_type),
		cmocka_unit_test(what_people_said_is_told),
		cmocka_unit_test(an_attack_leads_to_its_findings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

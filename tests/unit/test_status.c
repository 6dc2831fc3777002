/*
 * test_status.c: what the status tells of store, sockets, findings and policy.
 */
#include "printed.h"

#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/status_json.h"
#include "cli/status_lines.h"
#include "record/record.h"

/* The object that the parts make, as the daemon sends it. */
static json_t *whole(struct buf *parts)
{
	struct buf text = { 0 };
	buf_char(&text, '{');
	buf_add(&text, parts->at, parts->len);
	buf_char(&text, '}');
	json_t *object = object_parse(&text);
	assert_non_null(object);
	buf_free(&text);
	buf_free(parts);
	return object;
}

/* What the status screen makes of it. */
static const char *lines_of(const json_t *status)
{
	const struct look look = { .color = false, .width = 0 };
	catch_output();
	status_lines(status, &look);
	return what_was_printed();
}

static void limits_that_are_crossed_are_counted(void **state)
{
	(void)state;
	json_t *status =
		json_loads("{\"alerts\":{\"firing\":2,\"left_out\":0}}", 0, NULL);
	assert_string_equal(lines_of(status),
			    "Alerts       2 limits crossed: breakwater alerts\n");
	json_decref(status);
	status = json_loads("{\"alerts\":{\"firing\":0,\"left_out\":9}}", 0, NULL);
	assert_says(lines_of(status), "! not all that limits watch is watched");
	json_decref(status);
	status = json_loads("{\"alerts\":{\"firing\":0,\"left_out\":0}}", 0, NULL);
	assert_string_equal(lines_of(status), "");
	json_decref(status);
}

static void a_store_in_trouble_says_what_is_wrong(void **state)
{
	(void)state;
	struct store_status store = { .state = STORE_FULL,
				      .bytes = 12400000,
				      .oldest_us = UNKNOWN_TIME,
				      .written_us = UNKNOWN_TIME,
				      .waiting = 1234,
				      .lost = 5 };
	struct buf out = { 0 };
	snprintf(store.message, sizeof(store.message), "no \"space\"\nleft");
	status_json_store(&out, &store);
	json_t *status = whole(&out);
	json_t *part = json_object_get(status, "store");
	assert_string_equal(member_text(part, "state"), "full");
	assert_string_equal(member_text(part, "message"), "no \"space\"\nleft");
	assert_null(json_object_get(part, "oldest"));
	const char *lines = lines_of(status);
	assert_says(lines, "12.4 MB; 1,234 records waiting, ! 5 lost");
	assert_says(lines, "! no \"space\"?left");
	json_decref(status);
}

static void what_cannot_be_seen_is_said_with_its_reason(void **state)
{
	(void)state;
	struct host_means means = { .by_bpf_events = 0,
				    .sees_processes = 0,
				    .sees_namespaces = 0,
				    .namespaces = 1,
				    .reason = "not root" };
	struct buf out = { 0 };
	status_json_sockets(&out, 14, 3, true, &means);
	json_t *status = whole(&out);
	const char *lines = lines_of(status);
	assert_says(lines, "14 listening, 3 reachable from outside");
	assert_says(lines, "! cannot see processes of other users, nor other network "
			   "namespaces (not root)");
	json_decref(status);
	means = (struct host_means){ .by_bpf_events = 1,
				     .by_bpf_owners = 1,
				     .sees_processes = 1,
				     .sees_namespaces = 1,
				     .namespaces = 4 };
	status_json_sockets(&out, 14, 3, true, &means);
	status = whole(&out);
	lines = lines_of(status);
	assert_says(lines, "in 4 namespaces; seen by BPF events");
	assert_null(strchr(lines, '!'));
	json_decref(status);
	means = (struct host_means){ .reason = "the guard ended" };
	status_json_sockets(&out, 14, 3, false, &means);
	status = whole(&out);
	lines = lines_of(status);
	assert_says(lines, "! not watched any more: that is what was last seen "
			   "(the guard ended)");
	assert_null(strstr(lines, "seen by"));
	json_decref(status);
}

static void findings_and_policy_have_a_line_each(void **state)
{
	(void)state;
	struct buf out = { 0 };
	status_json_findings(&out, &(struct status_findings){ .open = 2, .high = 1 });
	buf_char(&out, ',');
	status_json_policy(&out, "/x/policy.yaml", 14, 1);
	json_t *status = whole(&out);
	const char *lines = lines_of(status);
	assert_null(strstr(lines, "Attacks"));
	assert_says(lines, "! 2 open, 1 of them high: breakwater findings");
	assert_says(lines, "14 entries, ! 1 expired");
	assert_null(strstr(lines, "Store"));
	json_decref(status);
	status_json_findings(&out, &(struct status_findings){ 0 });
	buf_char(&out, ',');
	status_json_policy(&out, NULL, 0, 0);
	status = whole(&out);
	lines = lines_of(status);
	assert_says(lines, "none open");
	assert_says(lines, "none; breakwater policy propose");
	json_decref(status);
}

static void of_attacks_the_worst_is_shown_whatever_a_stranger_writes(void **state)
{
	(void)state;
	struct buf out = { 0 };
	struct histogram latency = { 0 };
	struct status_findings findings = { .open = 3, .attacks = 3 };
	for (uint64_t i = 1; i <= 3; i++) {
		cardinality_add(&findings.sources, i * UINT64_C(0x9e3779b97f4a7c15));
		histogram_add(&latency, i * 20000);
	}
	findings.latency = &latency;
	findings.worst.kind = "port_scan";
	findings.worst.severity = "high";
	record_text(findings.worst.id, sizeof(findings.worst.id), "0123456789abcdef");
	record_text(findings.worst.summary, sizeof(findings.worst.summary),
		    "\"\x1b[31m<script>\n");
	status_json_findings(&out, &findings);
	json_t *status = whole(&out);
	const char *lines = lines_of(status);
	assert_says(lines, "by 3 sources; the worst is ! high: "
			   "breakwater findings 01234567\n");
	assert_says(lines, "\"?[31m<script>?\n");
	assert_says(lines, " at most) after what decided them");
	assert_null(strchr(lines, '\x1b'));
	json_decref(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_that_are_crossed_are_counted),
		cmocka_unit_test(a_store_in_trouble_says_what_is_wrong),
		cmocka_unit_test(what_cannot_be_seen_is_said_with_its_reason),
		cmocka_unit_test(findings_and_policy_have_a_line_each),
		cmocka_unit_test(
			of_attacks_the_worst_is_shown_whatever_a_stranger_writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_whole.c: what a hub judges has all that judging rests on (fleet/whole.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/whole.h"

#define NOW INT64_C(1790000000000000)

static struct finding_record a_finding(void)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	finding.at = finding.first = finding.last = NOW;
	finding.kind = "port_scan";
	finding.state = "open";
	finding.severity = "high";
	record_text(finding.id, sizeof(finding.id), "0123456789abcdef");
	return finding;
}

static struct alert_record an_alert(void)
{
	struct alert_record alert;
	record_init(RECORD_alert, &alert);
	alert.at = alert.start = NOW;
	alert.state = "firing";
	alert.severity = "high";
	record_text(alert.id, sizeof(alert.id), "0123456789abcdef");
	return alert;
}

static struct block_record a_block(void)
{
	struct block_record block;
	record_init(RECORD_block, &block);
	block.at = NOW;
	block.action = "drop";
	block.state = "active";
	assert_true(addr_parse("203.0.113.9", &block.address));
	record_text(block.id, sizeof(block.id), "0123456789abcdef");
	return block;
}

static struct listener_record a_listener(void)
{
	struct listener_record listener;
	record_init(RECORD_listener, &listener);
	listener.at = NOW;
	listener.change = "closed";
	listener.transport = "tcp";
	listener.port = 80;
	assert_true(addr_parse("::", &listener.ip));
	return listener;
}

/* Each of those fields once left out. */
static void needs(enum record_kind kind, const void *whole, const char *const *names)
{
	_Alignas(16) char unknown[8192], record[8192];
	assert_true(schemas[kind].size <= sizeof(record));
	assert_true(whole_record(kind, whole));
	record_init(kind, unknown);
	for (; *names != NULL; names++) {
		const struct field *field = record_field(kind, *names);
		size_t size = field->type == TYPE_addr  ? sizeof(struct addr)
			      : field->type == TYPE_u32 ? 4
							: 8;
		memcpy(record, whole, schemas[kind].size);
		memcpy(record + field->offset, unknown + field->offset, size);
		if (whole_record(kind, record))
			fail_msg("%s may be left out", *names);
	}
}

static void what_lacks_a_field_is_not_judged(void **state)
{
	static const char *const of_finding[] = { "id",   "at",    "first",    "last",
						  "kind", "state", "severity", NULL };
	static const char *const of_alert[] = { "id",    "at",       "start",
						"state", "severity", NULL };
	static const char *const of_block[] = { "id",     "at",    "address",
						"action", "state", NULL };
	static const char *const of_listener[] = { "at",        "ip",     "port",
						   "transport", "change", NULL };
	const struct finding_record finding = a_finding();
	const struct alert_record alert = an_alert();
	const struct block_record block = a_block();
	const struct listener_record listener = a_listener();
	(void)state;
	needs(RECORD_finding, &finding, of_finding);
	needs(RECORD_alert, &alert, of_alert);
	needs(RECORD_block, &block, of_block);
	needs(RECORD_listener, &listener, of_listener);
}

static void words_that_there_are_not_are_not_judged(void **state)
{
	struct finding_record finding = a_finding();
	struct alert_record alert = an_alert();
	struct block_record block = a_block();
	struct listener_record listener = a_listener();
	(void)state;
	finding.severity = "apocalyptic";
	alert.state = "open";
	block.state = "firing";
	listener.change = "moved";
	assert_false(whole_record(RECORD_finding, &finding));
	assert_false(whole_record(RECORD_alert, &alert));
	assert_false(whole_record(RECORD_block, &block));
	assert_false(whole_record(RECORD_listener, &listener));
}

/* The difference of two of them would be none. */
static void times_that_no_clock_has_are_not_judged(void **state)
{
	struct finding_record finding = a_finding();
	struct contact_record contact;
	(void)state;
	finding.last = INT64_MAX;
	assert_false(whole_record(RECORD_finding, &finding));
	finding.last = -1;
	assert_false(whole_record(RECORD_finding, &finding));
	record_init(RECORD_contact, &contact);
	assert_true(whole_record(RECORD_contact, &contact));
	contact.at = INT64_MIN + 1;
	assert_false(whole_record(RECORD_contact, &contact));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lacks_a_field_is_not_judged),
		cmocka_unit_test(words_that_there_are_not_are_not_judged),
		cmocka_unit_test(times_that_no_clock_has_are_not_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

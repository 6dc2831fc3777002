/*
 * contact_check.h: packets by hand into flows, and the contacts that came of them.
 *
 * Include after cmocka.h. As flow_check.h, but with a sink for evidence.
 */
#pragma once

#include "flow_check.h"

enum { TOLD_MAX = 8192 };
static struct contact_record told[TOLD_MAX];
static size_t told_count;
static struct unsolicited_record unasked[64];
static size_t unasked_count;
static struct amplification_record amplified[64];
static size_t amplified_count;

static inline void told_record(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	if (kind == RECORD_contact) {
		assert_true(told_count < TOLD_MAX);
		told[told_count++] = *(const struct contact_record *)record;
	} else if (kind == RECORD_unsolicited) {
		assert_true(unasked_count < 64);
		unasked[unasked_count++] = *(const struct unsolicited_record *)record;
	} else if (kind == RECORD_amplification) {
		assert_true(amplified_count < 64);
		amplified[amplified_count++] =
			*(const struct amplification_record *)record;
	}
}

static inline void open_contacts(void)
{
	static const struct flow_sink sink = { .flow = seen_flow,
					       .record = told_record,
					       .port = seen_port,
					       .tick = seen_tick };
	flows_free(flows);
	options.wants = RECORDS_EVIDENCE;
	flows = flows_new(&options, &sink);
	assert_non_null(flows);
	now_us = START_US;
	told_count = unasked_count = amplified_count = 0;
	forget();
	new_talk();
}

static inline int contacts_begin_test(void **state)
{
	int result = flows_begin_test(state);
	if (result == 0)
		open_contacts();
	return result;
}

/* The newest contact is of that kind, and there are so many. */
#define CHECK_TOLD(count, what, how)                                                   \
	do {                                                                           \
		assert_int_equal(told_count, count);                                   \
		assert_string_equal(told[(count)-1].outcome, what);                    \
		assert_string_equal(told[(count)-1].technique, how);                   \
	} while (0)

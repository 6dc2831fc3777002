/*
 * test_batch_rows.c: rows of a batch as another version, or nobody, would write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/varint.h"
#include "fleet/batch.h"
#include "fleet/batch_inside.h"

/* ---- other versions ---- */

static void put(struct buf *rows, uint64_t number)
{
	uint8_t bytes[VARINT_MAX];
	buf_add(rows, bytes, varint_write(bytes, number));
}

static void put_name(struct buf *rows, const char *name)
{
	put(rows, strlen(name));
	buf_text(rows, name);
}

static void put_field(struct buf *rows, enum batch_form form, const char *name)
{
	put(rows, form);
	put_name(rows, name);
}

static bool keep_gap(void *to, enum record_kind kind, const void *record)
{
	assert_int_equal(kind, RECORD_gap);
	*(struct gap_record *)to = *(const struct gap_record *)record;
	return true;
}

static bool read_rows(const struct buf *rows, uint32_t records, void *to,
		      char error[static BATCH_ERROR_MAX])
{
	const struct batch_head head = { .id = { "web-3", LANE_EVENT, 1, 1 },
					 .records = records };
	return batch_read_rows(bytes_of(rows->at, rows->len), &head, keep_gap, to,
			       error);
}

static void what_a_newer_version_has_more_of_is_passed_over(void **state)
{
	struct buf rows = { 0 };
	struct gap_record gap;
	char error[BATCH_ERROR_MAX];
	(void)state;
	put(&rows, 0 << 1 | 1); /* a kind of tomorrow, of each form a field */
	put_name(&rows, "weather");
	put(&rows, BATCH_FORMS);
	for (int form = 0; form < BATCH_FORMS; form++)
		put_field(&rows, (enum batch_form)form, "start");
	buf_char(&rows, 0x3f);
	put(&rows, 5);
	put(&rows, varint_fold(1000));
	put(&rows, ADDR_V4);
	buf_text(&rows, "abcd");
	put(&rows, 1);
	put(&rows, TEXT_NEW);
	put_name(&rows, "spool");
	put_name(&rows, "bytes");
	put(&rows, 1 << 1 | 1); /* a gap that knows more than ours, and less */
	put_name(&rows, "gap");
	put(&rows, 4);
	put_field(&rows, FORM_ADDR, "where");
	put_field(&rows, FORM_TEXT, "reason");
	put_field(&rows, FORM_TIME, "end");
	put_field(&rows, FORM_TEXT, "count");
	buf_char(&rows, 0x0f);
	put(&rows, ADDR_PLACES + 0);
	put(&rows, TEXT_PLACES + 0);
	put(&rows, varint_fold(-10));
	put(&rows, TEXT_LONG);
	put_name(&rows, "many");
	assert_true(read_rows(&rows, 2, &gap, error));
	assert_string_equal(gap.reason, "spool");
	assert_true(gap.end == 990 && gap.start == UNKNOWN_TIME);
	assert_true(gap.count == UNKNOWN_U64);
	assert_string_equal(gap.sensor, "web-3");
	buf_free(&rows);
}

static void a_value_too_large_for_a_field_is_unknown(void **state)
{
	struct buf rows = { 0 };
	struct gap_record gap;
	char error[BATCH_ERROR_MAX];
	(void)state;
	put(&rows, 1);
	put_name(&rows, "gap");
	put(&rows, 3);
	put_field(&rows, FORM_TIME, "start");
	put_field(&rows, FORM_TEXT, "reason");
	put_field(&rows, FORM_TEXT, "sensor");
	buf_char(&rows, 0x07);
	put(&rows, varint_fold(INT64_MAX));
	put(&rows, TEXT_LONG);
	put_name(&rows, "a reason that is much longer than any word of ours");
	put(&rows, TEXT_LONG);
	put_name(&rows, "somebody-else");
	assert_true(read_rows(&rows, 1, &gap, error));
	assert_true(gap.start == UNKNOWN_TIME);
	assert_null(gap.reason);
	assert_string_equal(gap.sensor, "web-3");
	buf_free(&rows);
}

static void rows_cut_at_any_byte_are_refused(void **state)
{
	struct buf rows = { 0 };
	struct gap_record gap;
	char error[BATCH_ERROR_MAX];
	(void)state;
	put(&rows, 1);
	put_name(&rows, "gap");
	put(&rows, 2);
	put_field(&rows, FORM_TIME, "start");
	put_field(&rows, FORM_TEXT, "reason");
	buf_char(&rows, 0x03);
	put(&rows, varint_fold(1790000000000000));
	put(&rows, TEXT_NEW);
	put_name(&rows, "dropped");
	size_t whole = rows.len;
	for (rows.len = 0; rows.len < whole; rows.len++)
		assert_false(read_rows(&rows, 1, &gap, error));
	assert_true(read_rows(&rows, 1, &gap, error));
	buf_char(&rows, 0);
	assert_false(read_rows(&rows, 1, &gap, error));
	assert_string_equal(error, "there are 1 bytes behind its 1 records");
	buf_free(&rows);
}

/* A row of a gap with that reason and time; where: of an address of another version. */
static bool row_is_read(uint64_t form, uint64_t reason, const char *text,
			uint64_t where)
{
	struct buf rows = { 0 };
	struct gap_record gap;
	char error[BATCH_ERROR_MAX];
	put(&rows, 1);
	put_name(&rows, "gap");
	put(&rows, 2);
	put_field(&rows, (enum batch_form)form, "reason");
	put_field(&rows, FORM_ADDR, "where");
	buf_char(&rows, 0x03);
	put(&rows, reason);
	if (text != NULL)
		put_name(&rows, text);
	put(&rows, where);
	if (where < ADDR_PLACES)
		buf_text(&rows, "abcd");
	bool read = read_rows(&rows, 1, &gap, error);
	buf_free(&rows);
	return read;
}

static void what_points_beyond_what_is_remembered_is_refused(void **state)
{
	static const char longest[] = "0123456789012345678901234567890";
	static const char longer[] = "01234567890123456789012345678901";
	(void)state;
	assert_int_equal(strlen(longest), BATCH_TEXT_SIZE - 1);
	assert_true(row_is_read(FORM_TEXT, TEXT_NEW, longest, ADDR_V4));
	assert_false(row_is_read(FORM_TEXT, TEXT_NEW, longer, ADDR_V4));
	assert_true(row_is_read(FORM_TEXT, TEXT_LONG, longer, ADDR_V4));
	assert_true(row_is_read(FORM_TEXT, TEXT_FOLLOWS, NULL, ADDR_V4));
	assert_true(
		row_is_read(FORM_TEXT, TEXT_PLACES + BATCH_TEXTS - 1, NULL, ADDR_V4));
	assert_false(row_is_read(FORM_TEXT, TEXT_PLACES + BATCH_TEXTS, NULL, ADDR_V4));
	assert_true(row_is_read(FORM_NUMBER, 7, NULL, ADDR_PLACES + BATCH_ADDRS - 1));
	assert_false(row_is_read(FORM_NUMBER, 7, NULL, ADDR_PLACES + BATCH_ADDRS));
	assert_false(row_is_read(BATCH_FORMS, 7, NULL, ADDR_V4));
}

static void kinds_beyond_the_bound_are_refused(void **state)
{
	struct buf rows = { 0 };
	struct gap_record gap;
	char error[BATCH_ERROR_MAX], name[16];
	(void)state;
	for (uint64_t i = 0; i <= BATCH_KINDS; i++) {
		put(&rows, i << 1);
		snprintf(name, sizeof(name), "kind%u", (unsigned)i);
		put_name(&rows, name);
		put(&rows, 0);
		assert_true(read_rows(&rows, (uint32_t)i + 1, &gap, error) ==
			    (i < BATCH_KINDS));
	}
	buf_clear(&rows);
	put(&rows, 1 << 1); /* none was before it */
	put_name(&rows, "gap");
	put(&rows, 0);
	assert_false(read_rows(&rows, 1, &gap, error));
	buf_clear(&rows);
	put(&rows, 0);
	put_name(&rows, "gap");
	put(&rows, BATCH_FIELDS + 1);
	for (int i = 0; i <= BATCH_FIELDS; i++)
		put_field(&rows, FORM_NUMBER, "count");
	assert_false(read_rows(&rows, 1, &gap, error));
	buf_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_newer_version_has_more_of_is_passed_over),
		cmocka_unit_test(a_value_too_large_for_a_field_is_unknown),
		cmocka_unit_test(rows_cut_at_any_byte_are_refused),
		cmocka_unit_test(what_points_beyond_what_is_remembered_is_refused),
		cmocka_unit_test(kinds_beyond_the_bound_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

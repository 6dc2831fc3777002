/*
 * test_rows.c: an answer has the first of many records, and a bounded size, whatever
 * the records are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/rows.h"

/* The largest records that are asked for: of a kind whose texts are all full. */
static void make(struct approval_record *approval, size_t i)
{
	record_init(RECORD_approval, approval);
	approval->at = 1000000 + (field_time)i;
}

static struct query query_of(size_t limit)
{
	struct query query = { .kind = RECORD_approval,
			       .schema = &schemas[RECORD_approval],
			       .limit = limit,
			       .ascending = true };
	query.sort[0] = record_field(RECORD_approval, "at");
	return query;
}

static void take(struct rows *rows, size_t count)
{
	struct approval_record approval;
	for (size_t i = count; i-- > 0;) {
		make(&approval, i);
		rows_take(rows, &approval);
	}
}

static void the_first_in_order_are_chosen(void **state)
{
	struct rows rows;
	const struct query query = query_of(3);
	(void)state;
	rows_init(&rows, &query);
	take(&rows, 1000);
	rows_sort(&rows);
	assert_true(rows.count == 3 && rows.total == 1000 && !rows.cut);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
			((const struct approval_record *)rows_at(&rows, i))->at,
			1000000 + i);
	rows_free(&rows);
}

static void a_large_limit_of_large_records_is_bounded_by_bytes(void **state)
{
	struct rows rows;
	const struct query query = query_of(QUERY_LIMIT_MAX);
	size_t fits = ROWS_BYTES_MAX / sizeof(struct approval_record);
	(void)state;
	rows_init(&rows, &query);
	take(&rows, fits);
	assert_true(rows.count == fits && !rows.cut);
	take(&rows, 1);
	assert_true(rows.count == fits && rows.room == fits && rows.cut);
	assert_int_equal(rows.total, fits + 1);
	rows_free(&rows);
}

/* A byte may be six in JSON. */
static void what_is_written_of_them_is_bounded_too(void **state)
{
	enum { ROWS = 20000, OF_ONE = 32 * 1024 };
	struct rows rows;
	const struct query query = query_of(QUERY_LIMIT_MAX);
	struct approval_record approval;
	struct buf text = { 0 };
	(void)state;
	make(&approval, 0);
	memset(approval.target, 1, sizeof(approval.target) - 1);
	memset(approval.addresses, 1, sizeof(approval.addresses) - 1);
	memset(approval.exe, 1, sizeof(approval.exe) - 1);
	memset(approval.clients, 1, sizeof(approval.clients) - 1);
	memset(approval.reason, 1, sizeof(approval.reason) - 1);
	rows_init(&rows, &query);
	for (size_t i = 0; i < ROWS; i++)
		rows_take(&rows, &approval);
	assert_false(rows.cut);
	rows_sort(&rows);
	rows_write(&rows, &text);
	assert_true(rows.cut && buf_ok(&text));
	assert_in_range(text.len, ROWS_BYTES_MAX, ROWS_BYTES_MAX + OF_ONE);
	assert_int_equal(text.at[text.len - 1], '\n'); /* no half record */
	buf_free(&text);
	rows_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_in_order_are_chosen),
		cmocka_unit_test(a_large_limit_of_large_records_is_bounded_by_bytes),
		cmocka_unit_test(what_is_written_of_them_is_bounded_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

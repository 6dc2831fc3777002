/*
 * test_query_out.c: rows of a query as a table, as NDJSON and as CSV.
 */
#include "printed.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/query_out.h"

static struct store_value integer(int64_t value)
{
	return (struct store_value){ .type = STORE_INTEGER, .integer = value };
}

static struct store_value real(double value)
{
	return (struct store_value){ .type = STORE_REAL, .real = value };
}

static struct store_value bytes(enum store_value_type type, const char *at, size_t len)
{
	return (struct store_value){ .type = type, .bytes = at, .len = len };
}

static struct store_value text(const char *at)
{
	return bytes(STORE_TEXT, at, strlen(at));
}

static const char *const names[] = { "n", "name", "share" };
enum { COLUMNS = 3 };

/* Writes two ordinary rows and one of odd values. */
static const char *write_rows(enum query_format format, int width)
{
	const struct look look = { .color = false, .width = width };
	const struct store_value rows[][COLUMNS] = {
		{ integer(443), text("https"), real(0.5) },
		{ integer(-9223372036854775807), text("a \"b\",\nc\033"), real(2) },
		{ { .type = STORE_NULL },
		  bytes(STORE_BLOB, "\x01\xff", 2),
		  real(INFINITY) },
	};
	catch_output();
	struct query_out *out = query_out_new(format, &look);
	bool good = query_out_columns(out, names, COLUMNS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		good = query_out_row(out, rows[i], COLUMNS) && good;
	uint64_t count = query_out_end(out);
	query_out_free(out);
	const char *what = what_was_printed();
	assert_true(good);
	assert_int_equal(count, 3);
	return what;
}

static void a_table_has_aligned_columns_and_nothing_unprintable(void **state)
{
	(void)state;
	assert_string_equal(write_rows(QUERY_TABLE, 0),
			    "                   n  name       share\n"
			    "                 443  https        0.5\n"
			    "-9223372036854775807  a \"b\",?c?      2\n"
			    "                   -  (2 bytes)    inf\n");
}

static void a_table_fits_the_terminal(void **state)
{
	(void)state;
	for (int width = 20; width < 45; width++) {
		const char *at = write_rows(QUERY_TABLE, width);
		for (; *at != '\0'; at += strcspn(at, "\n") + 1)
			assert_true(strcspn(at, "\n") <= (size_t)width);
	}
}

static void a_row_wider_than_any_terminal_is_a_block_of_lines(void **state)
{
	(void)state;
	const char *block = write_rows(QUERY_TABLE, 8);
	assert_non_null(strstr(block, "n      443\nname   https\nshare  0.5\n\n"));
	assert_non_null(strstr(block, "\n\nname   (2 bytes)\nshare  inf\n\n"));
}

static void json_keeps_the_types_of_values(void **state)
{
	(void)state;
	assert_string_equal(
		write_rows(QUERY_JSON, 0),
		"{\"n\":443,\"name\":\"https\",\"share\":0.5}\n"
		"{\"n\":-9223372036854775807,\"name\":\"a \\\"b\\\",\\u000ac\\u001b\","
		"\"share\":2.0}\n"
		"{\"n\":null,\"name\":\"01ff\",\"share\":null}\n");
}

static void csv_quotes_what_would_break_a_line(void **state)
{
	(void)state;
	assert_string_equal(write_rows(QUERY_CSV, 0),
			    "n,name,share\r\n"
			    "443,https,0.5\r\n"
			    "-9223372036854775807,\"a \"\"b\"\",\nc\033\",2.0\r\n"
			    ",01ff,inf\r\n");
}

static void csv_on_a_terminal_can_not_command_it(void **state)
{
	(void)state;
	const char *shown = write_rows(QUERY_CSV, 80);
	assert_null(strchr(shown, '\033'));
	assert_non_null(strstr(shown, "\nc?\","));
}

static void a_text_with_zeros_stays_whole(void **state)
{
	(void)state;
	static const char odd[] = "a\0b\0";
	const struct look look = { 0 };
	const struct store_value row[] = { bytes(STORE_TEXT, odd, 4),
					   bytes(STORE_TEXT, "", 0),
					   bytes(STORE_TEXT, "\xff", 1) };
	catch_output();
	struct query_out *out = query_out_new(QUERY_JSON, &look);
	query_out_columns(out, names, COLUMNS);
	query_out_row(out, row, COLUMNS);
	query_out_free(out);
	json_t *object = json_loads(what_was_printed(), JSON_ALLOW_NUL, NULL);
	assert_non_null(object);
	json_t *value = json_object_get(object, "n");
	assert_int_equal(json_string_length(value), 4);
	assert_memory_equal(json_string_value(value), odd, 4);
	json_decref(object);
}

static void a_real_number_reads_back_the_same(void **state)
{
	(void)state;
	static const double numbers[] = { 0.1,  1e300,  5e-324,       -2.5e-7,
					  1e15, 1 / 3., 123456789.123 };
	const struct look look = { 0 };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *const name[] = { "x" };
		struct store_value value = real(numbers[i]);
		catch_output();
		struct query_out *out = query_out_new(QUERY_JSON, &look);
		query_out_columns(out, name, 1);
		query_out_row(out, &value, 1);
		query_out_free(out);
		json_t *object = json_loads(what_was_printed(), 0, NULL);
		assert_true(json_is_real(json_object_get(object, "x")));
		assert_true(json_real_value(json_object_get(object, "x")) ==
			    numbers[i]);
		json_decref(object);
	}
}

static void a_long_table_streams_and_an_empty_one_has_its_head(void **state)
{
	(void)state;
	enum { ROWS = 5000 };
	const struct look look = { 0 };
	const char *const name[] = { "x" };
	catch_output();
	struct query_out *out = query_out_new(QUERY_TABLE, &look);
	query_out_columns(out, name, 1);
	for (int i = 0; i < ROWS; i++) {
		struct store_value value = integer(i);
		assert_true(query_out_row(out, &value, 1));
	}
	assert_int_equal(query_out_end(out), ROWS);
	query_out_free(out);
	const char *at = what_was_printed();
	int lines = 0;
	for (; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(lines, ROWS + 1);
	catch_output();
	out = query_out_new(QUERY_TABLE, &look);
	query_out_columns(out, name, 1);
	query_out_end(out);
	query_out_free(out);
	assert_string_equal(what_was_printed(), "x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_has_aligned_columns_and_nothing_unprintable),
		cmocka_unit_test(a_table_fits_the_terminal),
		cmocka_unit_test(a_row_wider_than_any_terminal_is_a_block_of_lines),
		cmocka_unit_test(json_keeps_the_types_of_values),
		cmocka_unit_test(csv_quotes_what_would_break_a_line),
		cmocka_unit_test(csv_on_a_terminal_can_not_command_it),
		cmocka_unit_test(a_text_with_zeros_stays_whole),
		cmocka_unit_test(a_real_number_reads_back_the_same),
		cmocka_unit_test(a_long_table_streams_and_an_empty_one_has_its_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

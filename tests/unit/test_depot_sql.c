/*
 * test_depot_sql.c: what becomes of values and statements on their way to a depot's
 * database, in the SQL of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleet/depot_clickhouse.h"
#include "fleet/depot_driver.h"
#include "fleet/depot_parameters.h"

#define SQLITE     (&depot_dialects[DEPOT_SQLITE])
#define POSTGRESQL (&depot_dialects[DEPOT_POSTGRESQL])

static void is_written(const struct depot_dialect *dialect, const char *text,
		       const char *literal)
{
	struct buf out = { 0 };
	depot_literal(&out, dialect, text);
	assert_string_equal(buf_cstr(&out), literal);
	buf_free(&out);
}

static void a_text_ends_where_its_literal_does(void **state)
{
	(void)state;
	is_written(SQLITE, "it's", "'it''s'");
	is_written(POSTGRESQL, "'; DROP TABLE flow; --", "'''; DROP TABLE flow; --'");
	is_written(POSTGRESQL, "\\' OR 1=1", "'\\'' OR 1=1'");
	is_written(CLICKHOUSE, "it's", "'it\\'s'");
	is_written(CLICKHOUSE, "\\' OR 1=1", "'\\\\\\' OR 1=1'");
	is_written(CLICKHOUSE, "\\", "'\\\\'");
	is_written(CLICKHOUSE, "", "''");
}

/* An odd byte before the quote must not take it with it, as in some encodings. */
static void what_is_no_utf8_is_replaced(void **state)
{
	(void)state;
	is_written(POSTGRESQL, "a\xffz", "'a\xef\xbf\xbdz'");
	is_written(POSTGRESQL, "\xc3'", "'\xef\xbf\xbd'''");
	is_written(CLICKHOUSE, "\xe2\x82'", "'\xef\xbf\xbd\xef\xbf\xbd\\''");
	is_written(SQLITE, "gr\xc3\xbc\xc3\x9f", "'gr\xc3\xbc\xc3\x9f'");
}

/* ---- statements with parameters ---- */

static void put(void *self, struct buf *out, const struct store_parameter *parameter)
{
	(void)self;
	buf_printf(out, "<%s>", parameter != NULL ? parameter->name : "?");
}

static void becomes(const struct depot_dialect *dialect, const char *text,
		    const char *wanted)
{
	static const struct store_parameter known[] = { { ":since", NULL, 7 },
							{ ":name", "x", 0 } };
	const struct store_sql to = { .parameters = known, .parameter_count = 2 };
	struct buf out = { 0 };
	depot_parameters(&out, dialect, text, &to, put, NULL);
	assert_string_equal(buf_cstr(&out), wanted);
	buf_free(&out);
}

static void parameters_are_found_where_they_are_ones(void **state)
{
	(void)state;
	becomes(POSTGRESQL, "at>:since AND x=:name", "at><:since> AND x=<:name>");
	becomes(POSTGRESQL, ":sinc :since_ :since", "<?> <?> <:since>");
	becomes(POSTGRESQL, "':since' \":since\" `:since`",
		"':since' \":since\" `:since`");
	becomes(POSTGRESQL, "'it''s :since' :since", "'it''s :since' <:since>");
	becomes(POSTGRESQL, "'\\' :since", "'\\' <:since>");
	becomes(CLICKHOUSE, "'\\' :since", "'\\' :since");
	becomes(CLICKHOUSE, "'\\\\' :since", "'\\\\' <:since>");
	becomes(POSTGRESQL, "a::bigint :: text", "a::bigint :: text");
	becomes(POSTGRESQL, "-- :since\n:since", "-- :since\n<:since>");
	becomes(POSTGRESQL, "/* :since */:since/* :since",
		"/* :since */<:since>/* :since");
	becomes(POSTGRESQL, "$$:since$$ $a$ :since $$ $a$ :since",
		"$$:since$$ $a$ :since $$ $a$ <:since>");
	becomes(POSTGRESQL, "10:5 a[1:2]", "10:5 a[1:2]");
	becomes(POSTGRESQL, "'", "'");
	becomes(POSTGRESQL, ":", ":");
}

static void only_what_begins_as_a_question_is_one(void **state)
{
	(void)state;
	assert_true(depot_only_asks("SELECT 1"));
	assert_true(depot_only_asks(" -- why\n/* so */ ((select 1))"));
	assert_true(depot_only_asks("WITH x AS(SELECT 1)SELECT * FROM x"));
	assert_false(depot_only_asks("DELETE FROM flow"));
	assert_false(depot_only_asks("SELECTED"));
	assert_false(depot_only_asks("/* SELECT */ DROP TABLE flow"));
	assert_false(depot_only_asks("-- SELECT"));
	assert_false(depot_only_asks("/*"));
	assert_false(depot_only_asks(""));
}

/* ---- what ClickHouse answers ---- */

struct seen {
	struct buf text;
	unsigned rows;
};

static bool see(void *self, const char *const *values, const size_t *lens, size_t count)
{
	struct seen *seen = self;
	for (size_t i = 0; i < count; i++) {
		buf_char(&seen->text, '[');
		if (values[i] == NULL)
			buf_text(&seen->text, "NULL");
		else
			buf_add(&seen->text, values[i], lens[i]);
		buf_char(&seen->text, ']');
	}
	seen->rows++;
	return true;
}

/* As pieces of every length, since a network cuts where it likes. */
static void rows_are_the_same_however_they_come(void **state)
{
	static const char text[] = "a\t\\N\tb\\tc\\\\N\\n\\'\n\n\\\\N\tx\\0y\t\n";
	static const char wanted[] = "[a][NULL][b\tc\\N\n'][][\\N][x\0y][]";
	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		struct seen seen = { 0 };
		struct clickhouse_rows rows = { .take = see, .self = &seen };
		for (size_t at = 0; at < sizeof(text) - 1; at += step) {
			size_t rest = sizeof(text) - 1 - at;
			assert_true(clickhouse_rows_take(&rows, text + at,
							 rest < step ? rest : step));
		}
		assert_int_equal(seen.rows, 3);
		assert_int_equal(seen.text.len, sizeof(wanted) - 1);
		assert_memory_equal(seen.text.at, wanted, sizeof(wanted) - 1);
		clickhouse_rows_free(&rows);
		buf_free(&seen.text);
	}
}

/* ---- fields ---- */

static void nonsense_leaves_a_field_unknown(void **state)
{
	struct flow_record flow;
	(void)state;
	record_init(RECORD_flow, &flow);
#define SET(name, text)                                                                \
	depot_set_field(record_field(RECORD_flow, #name), &flow, text, strlen(text))
	SET(ip_proto, "65536");
	SET(client_port, "-1");
	SET(client_bytes, "18446744073709551616");
	SET(server_bytes, "12 apples");
	SET(client_ip, "10.0.0.256");
	SET(start, "yesterday");
	assert_int_equal(flow.ip_proto, UNKNOWN_U16);
	assert_true(flow.client_port == UNKNOWN_U32);
	assert_true(flow.client_bytes == UNKNOWN_U64);
	assert_true(flow.server_bytes == UNKNOWN_U64);
	assert_true(addr_is_unset(&flow.client_ip));
	assert_true(flow.start == UNKNOWN_TIME);
	SET(server_bytes, "-2"); /* as SQLite and PostgreSQL have the greatest */
	SET(cleartext, "t");
	SET(server_ip, "2001:db8::1");
	assert_true(flow.server_bytes == UINT64_MAX - 1);
	assert_int_equal(flow.cleartext, 1);
	assert_false(addr_is_unset(&flow.server_ip));
}

static void nobody_files_a_record_where_it_can_not_be(void **state)
{
	const int64_t now_us = 20000 * DEPOT_DAY_US + 5;
	struct flow_record flow;
	(void)state;
	record_init(RECORD_flow, &flow);
	assert_true(depot_kept_at(RECORD_flow, &flow, now_us) == now_us);
	const int64_t possible[] = { now_us, now_us - 7 * DEPOT_DAY_US,
				     now_us - 30 * DEPOT_DAY_US,
				     now_us + DEPOT_DAY_US };
	for (size_t i = 0; i < 4; i++) {
		flow.end = possible[i];
		assert_true(depot_kept_at(RECORD_flow, &flow, now_us) == flow.end);
	}
	const int64_t impossible[] = { INT64_MAX,
				       INT64_MIN + 1,
				       0,
				       -1,
				       now_us - 30 * DEPOT_DAY_US - 1,
				       now_us + DEPOT_DAY_US + 1 };
	for (size_t i = 0; i < 6; i++) {
		flow.end = impossible[i];
		assert_true(depot_kept_at(RECORD_flow, &flow, now_us) == now_us);
	}
}

static void an_address_says_no_password(void **state)
{
	char error[DEPOT_ERROR_MAX];
	(void)state;
	assert_null(depot_open("mysql://root:hunter2@localhost/x", error));
	assert_null(strstr(error, "hunter2"));
	assert_null(depot_open("clickhouse://root:hunter2@:x/", error));
	assert_null(strstr(error, "hunter2"));
	assert_null(depot_open("postgresql://root:hunter2@127.0.0.1:1/x", error));
	assert_null(strstr(error, "hunter2"));
	assert_true(error[0] != '\0');
}

static void all_dialects_have_all_columns(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DEPOT_KINDS; i++) {
		struct buf out = { 0 };
		assert_true(depot_schema(depot_dialects[i].kind, &out));
		const char *text = buf_cstr(&out);
		assert_non_null(strstr(text, "\"flow\"(\n\"sensor\""));
		assert_null(strstr(text, "(null)"));
		assert_null(strstr(text, "\"dhcp\"")); /* of no lane */
		buf_free(&out);
	}
	struct buf out = { 0 };
	assert_false(depot_schema("mysql", &out));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_ends_where_its_literal_does),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(parameters_are_found_where_they_are_ones),
		cmocka_unit_test(only_what_begins_as_a_question_is_one),
		cmocka_unit_test(rows_are_the_same_however_they_come),
		cmocka_unit_test(nonsense_leaves_a_field_unknown),
		cmocka_unit_test(nobody_files_a_record_where_it_can_not_be),
		cmocka_unit_test(an_address_says_no_password),
		cmocka_unit_test(all_dialects_have_all_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

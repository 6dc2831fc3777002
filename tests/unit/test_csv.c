/*
 * test_csv.c: records as CSV, with words of strangers in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "record/record.h"

static struct buf csv_of(const char *text)
{
	struct buf out = { 0 };
	buf_csv_text(&out, text);
	assert_non_null(buf_cstr(&out));
	return out;
}

static void expect_field(const char *text, const char *wanted)
{
	struct buf out = csv_of(text);
	assert_string_equal(out.at == NULL ? "" : out.at, wanted);
	buf_free(&out);
}

static void text_is_quoted_where_it_needs_it(void **state)
{
	(void)state;
	expect_field("nginx", "nginx");
	expect_field("a,b", "\"a,b\"");
	expect_field("say \"no\"", "\"say \"\"no\"\"\"");
	expect_field("", "");
}

/* CVE-2014-3524 and its kin: a spreadsheet runs what begins like a formula. */
static void a_formula_of_a_stranger_is_text(void **state)
{
	(void)state;
	expect_field("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"");
	expect_field("+1", "\"'+1\"");
	expect_field("-bash", "\"'-bash\"");
	expect_field("@SUM(A1)", "\"'@SUM(A1)\"");
	expect_field("\t=1", "\"'\\u0009=1\"");
}

static void no_control_gets_through(void **state)
{
	(void)state;
	expect_field("a\r\nb\x1b[2J", "a\\u000d\\u000ab\\u001b[2J");
	expect_field("\xc2\x9b", "\\u009b");
	expect_field("\xff", "\\u00ff");
}

/* As many fields as names, in their order; what is unknown is empty. */
static void every_field_stands_in_its_place(void **state)
{
	(void)state;
	struct probe_record probe;
	struct buf out = { 0 };
	record_init(RECORD_probe, &probe);
	probe.at = 1767225600000000;
	snprintf(probe.target, sizeof(probe.target), "tcp://a,b");
	record_csv_begin(&out, RECORD_probe);
	record_csv(&out, RECORD_probe, &probe);
	assert_non_null(buf_cstr(&out));
	char *line = strstr(out.at, "\r\n") + 2;
	assert_memory_equal(out.at, "at,target,", 10);
	assert_memory_equal(line, "2026-01-01T00:00:00.000000Z,\"tcp://a,b\",", 40);
	size_t names = 1, values = 1;
	for (const char *s = out.at; *s != '\r'; s++)
		names += *s == ',';
	for (const char *s = line; *s != '\r'; s++)
		values += *s == ',';
	assert_int_equal(values, names + 1); /* one comma is in quotes */
	assert_string_equal(line + strcspn(line, "\r"), "\r\n");
	buf_free(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_quoted_where_it_needs_it),
		cmocka_unit_test(a_formula_of_a_stranger_is_text),
		cmocka_unit_test(no_control_gets_through),
		cmocka_unit_test(every_field_stands_in_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_html.c: words of strangers in a page, and charts of numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/html.h"
#include "report/svg.h"
#include "report/words.h"

#define HOUR INT64_C(3600000000)
#define DAY  (24 * HOUR)

static void expect(struct buf *out, const char *wanted)
{
	assert_string_equal(buf_cstr(out), wanted);
	buf_free(out);
}

static void expect_text(const char *text, const char *wanted)
{
	struct buf out = { 0 };
	buf_html_text(&out, text);
	expect(&out, wanted);
}

static unsigned occurrences(struct buf *out, const char *text)
{
	unsigned count = 0;
	for (const char *at = buf_cstr(out); (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* ---- escaping ---- */

static void markup_of_strangers_is_text(void **state)
{
	(void)state;
	expect_text("</table><script>alert(1)</script>",
		    "&lt;/table&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
	expect_text("a & b", "a &amp; b");
	expect_text("\" onload='x'", "&quot; onload=&#39;x&#39;");
	expect_text("", "");
	expect_text("na\xc3\xafve \xe2\x82\xac", "na\xc3\xafve \xe2\x82\xac");
}

static void what_is_unseen_becomes_visible(void **state)
{
	(void)state;
	expect_text("evil\xe2\x80\xaegnp.exe", "evil\\u202egnp.exe");
	expect_text("a\xe2\x80\x8b\xe2\x81\xa6z\xef\xbb\xbf\xd8\x9c",
		    "a\\u200b\\u2066z\\ufeff\\u061c");
	expect_text("bell\x07\x1b[31m\r\n", "bell\\u0007\\u001b[31m\\u000d\\u000a");
	expect_text("c1\xc2\x9b", "c1\\u009b");
}

/* Their neighbours of the same blocks are ordinary characters. */
static void what_is_seen_stays(void **state)
{
	(void)state;
	expect_text("x\xe2\x80\x99y \xe2\x80\x93 \xe2\x80\xa6",
		    "x\xe2\x80\x99y \xe2\x80\x93 \xe2\x80\xa6");
	expect_text("10\xe2\x81\xb4", "10\xe2\x81\xb4"); /* U+2074 */
	expect_text("\xd8\x9b\xef\xbb\xbe", "\xd8\x9b\xef\xbb\xbe");
}

static void bad_utf8_and_cut_sequences_are_shown_byte_by_byte(void **state)
{
	(void)state;
	expect_text("\xff", "\\u00ff");
	expect_text("a\xe2", "a\\u00e2");
	expect_text("a\xe2\x80", "a\\u00e2\\u0080");
	expect_text("a\xe2\x81", "a\\u00e2\\u0081");
	expect_text("a\xd8", "a\\u00d8");
	expect_text("a\xef\xbb", "a\\u00ef\\u00bb");
}

static void a_text_of_lines_keeps_them(void **state)
{
	(void)state;
	struct buf out = { 0 };
	buf_html_lines(&out, "SELECT 1\n\tWHERE a < b\r\n");
	expect(&out, "SELECT 1\n\tWHERE a &lt; b\\u000d\n");
}

/* ---- elements ---- */

static void an_element_escapes_its_text(void **state)
{
	(void)state;
	struct buf out = { 0 };
	html_element(&out, "td", "long", "<b>");
	html_element(&out, "p", NULL, "x");
	html_scroll_open(&out, "\"><img src=x>");
	expect(&out, "<td class=\"long\">&lt;b&gt;</td><p>x</p>"
		     "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
		     "aria-label=\"&quot;&gt;&lt;img src=x&gt;\">\n");
}

static void a_time_is_shown_to_the_second_and_kept_whole(void **state)
{
	(void)state;
	struct buf out = { 0 };
	assert_true(html_time_text(&out, "2026-01-31T12:00:00.250000Z"));
	expect(&out, "<time datetime=\"2026-01-31T12:00:00.250000Z\">"
		     "<span>2026-01-31</span> <span>12:00:00</span></time>");
	assert_false(html_time_text(&out, "2026-01-31"));
	assert_false(html_time_text(&out, "12"));
	assert_false(html_time_text(&out, "2026-01-31T12:00:00.250000Z\" onclick=\"x"));
	assert_int_equal(out.len, 0);
}

static void days_in_a_sentence_are_not_broken(void **state)
{
	(void)state;
	struct buf out = { 0 };
	html_sentence(&out, "from 2026-01-31 12:00 on <x>  well-known");
	expect(&out, "from <span class=\"whole\">2026-01-31</span> 12:00 on "
		     "&lt;x&gt;  well-known");
}

/* ---- words ---- */

static void expect_share(double ratio, const char *wanted)
{
	struct buf out = { 0 };
	words_share(&out, ratio);
	expect(&out, wanted);
}

static void a_share_is_never_rounded_up_to_all_or_down_to_nothing(void **state)
{
	(void)state;
	expect_share(1, "100 %");
	expect_share(0.99999, "99.9 %");
	expect_share(0.832, "83.2 %");
	expect_share(0.0000001, "less than 0.1 %");
	expect_share(0, "0 %");
}

static void expect_duration(int64_t us, const char *wanted)
{
	struct buf out = { 0 };
	words_duration(&out, us);
	expect(&out, wanted);
}

static void a_duration_has_its_two_largest_units(void **state)
{
	(void)state;
	expect_duration(3 * DAY + 4 * HOUR + HOUR / 2, "3 d 4 h");
	expect_duration(5 * HOUR, "5 h");
	expect_duration(HOUR + 59000000, "1 h");
	expect_duration(61000000, "1 min 1 s");
	expect_duration(1, "less than 1 s");
	expect_duration(0, "0 s");
}

/* ---- charts ---- */

static struct buf chart_of(struct gap_record *gaps, size_t count)
{
	const struct observed observed = { .first_us = 2 * DAY,
					   .gaps = gaps,
					   .gap_count = count };
	struct coverage coverage;
	struct buf out = { 0 };
	coverage_of(&observed, OBSERVER_PACKETS, 0, 0, 10 * DAY, 10 * DAY, &coverage);
	svg_coverage(&out, 1, &observed, &coverage, "a <title>", "desc");
	return out;
}

static struct gap_record gap_of(int64_t start, int64_t end, const char *reason,
				uint64_t count)
{
	return (struct gap_record){
		.start = start, .end = end, .reason = reason, .count = count
	};
}

static void a_gap_is_drawn_where_it_was(void **state)
{
	(void)state;
	struct gap_record gaps[2] = { 0 };
	gaps[0] = gap_of(4 * DAY, 5 * DAY, "stopped", UNKNOWN_U64);
	gaps[1] = gap_of(8 * DAY, 8 * DAY + 1, "dropped", 3);
	struct buf out = chart_of(gaps, 2);
	assert_non_null(strstr(buf_cstr(&out), "<rect class=\"gap\" x=\"40.000%\" "
					       "width=\"10.000%\""));
	assert_non_null(strstr(buf_cstr(&out), "<rect class=\"known\" x=\"20.000%\" "
					       "width=\"80.000%\""));
	assert_int_equal(occurrences(&out, "class=\"gap\""), 1);
	assert_int_equal(occurrences(&out, "class=\"lossy\""), 1);
	assert_non_null(strstr(buf_cstr(&out), "a &lt;title&gt;</title>"));
	buf_free(&out);
}

/* A store of years has many; a picture has so many pixels. */
static void many_gaps_are_drawn_as_few(void **state)
{
	(void)state;
	enum { MANY = 100000 };
	struct gap_record *gaps = calloc(MANY, sizeof(*gaps));
	assert_non_null(gaps);
	for (int i = 0; i < MANY; i++) {
		int64_t start = 3 * DAY + i * (6 * DAY / MANY);
		gaps[i] = gap_of(start, start + 1, "stopped", UNKNOWN_U64);
	}
	struct buf out = chart_of(gaps, MANY);
	assert_in_range(occurrences(&out, "class=\"gap\""), 1, 2000);
	buf_free(&out);
	free(gaps);
}

static void a_column_is_as_high_as_its_share_of_the_most(void **state)
{
	(void)state;
	const struct svg_column columns[] = { { 8, 2 }, { 0, 0 }, { 4, 4 } };
	struct buf out = { 0 };
	svg_columns(&out, 7, columns, 3, "t", "d");
	assert_int_equal(occurrences(&out, "class=\"other\""), 1);
	assert_int_equal(occurrences(&out, "class=\"marked\""), 2);
	assert_non_null(strstr(buf_cstr(&out), "y=\"0.0\" height=\"72.0\""));
	assert_non_null(strstr(buf_cstr(&out), "y=\"72.0\" height=\"24.0\""));
	assert_non_null(strstr(buf_cstr(&out), "y=\"48.0\" height=\"48.0\""));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_of_strangers_is_text),
		cmocka_unit_test(what_is_unseen_becomes_visible),
		cmocka_unit_test(what_is_seen_stays),
		cmocka_unit_test(bad_utf8_and_cut_sequences_are_shown_byte_by_byte),
		cmocka_unit_test(a_text_of_lines_keeps_them),
		cmocka_unit_test(an_element_escapes_its_text),
		cmocka_unit_test(a_time_is_shown_to_the_second_and_kept_whole),
		cmocka_unit_test(days_in_a_sentence_are_not_broken),
		cmocka_unit_test(a_share_is_never_rounded_up_to_all_or_down_to_nothing),
		cmocka_unit_test(a_duration_has_its_two_largest_units),
		cmocka_unit_test(a_gap_is_drawn_where_it_was),
		cmocka_unit_test(many_gaps_are_drawn_as_few),
		cmocka_unit_test(a_column_is_as_high_as_its_share_of_the_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

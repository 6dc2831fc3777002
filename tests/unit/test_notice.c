/*
 * test_notice.c: what all notifiers say alike, and text that is safe for each format.
 */
#include "notice_scene.h"

#include "alert/notice_json.h"
#include "alert/template.h"

static void expect(struct buf *text, const char *expected)
{
	assert_string_equal(buf_cstr(text), expected);
	buf_free(text);
}

static void a_notice_is_some_lines_of_text(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("PostgreSQL does not answer");
	incident.value = 120.5;
	incident.limit = 100;
	struct notice notice = notice_of(&incident, 1, "new");
	struct buf text = { 0 };
	notice_title(&notice, &text);
	expect(&text, "[high] db01: PostgreSQL does not answer");
	notice_text(&notice, 4000, &text);
	expect(&text, "PostgreSQL does not answer\n"
		      "  high, firing, since 2026-01-01T12:00:00Z\n"
		      "  target: tcp://10.0.0.5:5432\n"
		      "  cause: its process ended\n"
		      "  incident: 3f2a\n"
		      "https://db01.example.org/#incident=3f2a\n");
	end_incident(&incident);
	notice_title(&notice, &text);
	expect(&text, "[resolved] db01: PostgreSQL does not answer");
}

static void what_does_not_fit_is_counted(void **state)
{
	(void)state;
	struct incident_record incidents[3];
	struct buf text = { 0 };
	for (size_t i = 0; i < 3; i++)
		incidents[i] = made_incident("one");
	struct notice notice = notice_of(incidents, 3, "new");
	notice.link = "";
	notice_title(&notice, &text);
	expect(&text, "[high] db01: one and 2 more");
	notice_text(&notice, 230, &text);
	const char *rest = strstr(buf_cstr(&text), "... and 2 more\n");
	assert_non_null(rest);
	assert_true(text.len <= 230);
	buf_free(&text);
}

static void the_gravest_counts(void **state)
{
	(void)state;
	struct incident_record incidents[2] = { made_incident("a"),
						made_incident("b") };
	incidents[1].severity = "critical";
	struct notice notice = notice_of(incidents, 2, "new");
	assert_int_equal(notice_severity(&notice), SEVERITY_CRITICAL);
	end_incident(&incidents[0]);
	assert_false(notice_is_over(&notice));
	end_incident(&incidents[1]);
	assert_true(notice_is_over(&notice));
}

static void strangers_write_no_line_of_their_own(void **state)
{
	(void)state;
	struct buf text = { 0 };
	escape_line(&text, "a\r\nBcc: x@y\t\x1b[2J\x7f");
	expect(&text, "a  Bcc: x@y  [2J ");
	escape_line(&text, "\xc3\xa9 \xff\xc3 \xe2\x80\xae \xc2\x85 \xed\xa0\x80");
	expect(&text, "\xc3\xa9 ?? ?   ???");
	escape_html(&text, "<b a='1' c=\"2\">&");
	expect(&text, "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
	escape_url(&text, "a b/&=\xc3\xa9~");
	expect(&text, "a%20b%2F%26%3D%C3%A9~");
}

static void text_is_cut_between_characters(void **state)
{
	(void)state;
	struct buf text = { 0 };
	buf_text(&text, "ab\xc3\xa9");
	notice_cut(&text, 3);
	expect(&text, "ab");
}

static void a_notice_comes_back_from_json(void **state)
{
	(void)state;
	struct incident_record incidents[2] = { made_incident("a \"b\" \x01"),
						made_incident("c") };
	struct notice notice = notice_of(incidents, 2, "changed");
	struct buf first = { 0 }, second = { 0 };
	notice_json(&notice, &first);
	struct notice_read *read = notice_from_json(first.at, first.len);
	assert_non_null(read);
	assert_true(read->notice.id == notice.id);
	assert_int_equal(read->notice.at_us, notice.at_us);
	notice_json(&read->notice, &second);
	assert_string_equal(buf_cstr(&first), buf_cstr(&second));
	for (size_t len = 0; len < first.len; len++)
		assert_null(notice_from_json(first.at, len));
	notice_read_free(read);
	buf_free(&first);
	buf_free(&second);
}

/* ---- templates ---- */

static void check_template(const char *template, const char *type, const char *expected,
			   bool is_good)
{
	struct incident_record incidents[2] = { made_incident("a \"b\" <c>"),
						made_incident("d") };
	struct notice notice = notice_of(incidents, 2, "new");
	struct buf text = { 0 }, error = { 0 };
	bool filled = template_fill(template, type, &notice, &text, &error);
	assert_string_equal(buf_cstr(filled ? &text : &error), expected);
	assert_int_equal(filled, is_good);
	buf_free(&text);
	buf_free(&error);
}

static void a_template_escapes_for_its_type(void **state)
{
	(void)state;
	check_template("{\"x\":\"{{summary}}\", \"n\":{{count}}}", "application/json",
		       "{\"x\":\"a \\\"b\\\" <c>\", \"n\":2}", true);
	check_template("<p>{{ summary }}</p>", "text/html; charset=utf-8",
		       "<p>a &quot;b&quot; &lt;c&gt;</p>", true);
	check_template("x={{summary}}", "application/x-www-form-urlencoded",
		       "x=a%20%22b%22%20%3Cc%3E", true);
	check_template("{{severity}} {{state}} {{port}} {{owner}}.", "text/plain",
		       "high firing 5432 .", true);
}

static void a_template_tells_of_each(void **state)
{
	(void)state;
	check_template("[{{#incidents}}{{id}}:{{summary}}{{^last}}, {{/last}}"
		       "{{/incidents}}] {{host}}",
		       "text/plain", "[3f2a:a \"b\" <c>, 3f2a:d] db01", true);
}

static void an_error_in_a_template_has_its_place(void **state)
{
	(void)state;
	check_template(
		"a\n{{sumary}}", "text/plain",
		"template: line 2: no such value: \"sumary\"; allowed are title, "
		"text, reason, key, host, link, count, state, severity and what "
		"an incident has",
		false);
	check_template("a {{host", "text/plain",
		       "template: line 1: \"{{\" without \"}}\"", false);
	check_template("\n\n{{#incidents}}x", "text/plain",
		       "template: line 3: a section has no end", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_is_some_lines_of_text),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(the_gravest_counts),
		cmocka_unit_test(strangers_write_no_line_of_their_own),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(a_notice_comes_back_from_json),
		cmocka_unit_test(a_template_escapes_for_its_type),
		cmocka_unit_test(a_template_tells_of_each),
		cmocka_unit_test(an_error_in_a_template_has_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

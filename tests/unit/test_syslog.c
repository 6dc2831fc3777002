/*
 * test_syslog.c: what syslog messages and CEF records look like, and that nothing in an
 * incident can change their shape.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alert/syslog.h"

#define AT_US 1767225600000000LL /* 2026-01-01 */

static struct incident_record incident;
static struct notice notice;
static struct buf out;

static int begin(void **state)
{
	(void)state;
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), "f00d");
	record_text(incident.rule, sizeof(incident.rule), "response");
	record_text(incident.summary, sizeof(incident.summary), "ssh is slow.");
	incident.state = "firing";
	incident.severity = "high";
	incident.at = AT_US;
	notice = (struct notice){ .reason = "new",
				  .key = "k1",
				  .host = "db01",
				  .link = "",
				  .at_us = AT_US,
				  .incidents = &incident,
				  .count = 1 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

static const char *message(bool is_cef, size_t most)
{
	const struct syslog_form form = { syslog_facility("daemon"), is_cef, most };
	buf_clear(&out);
	syslog_message(&out, &notice, &incident, &form);
	assert_non_null(buf_cstr(&out));
	return buf_cstr(&out);
}

static void a_message_has_the_fields_under_their_names(void **state)
{
	(void)state;
	incident.port = 22;
	addr_parse("2001:db8::7", &incident.server_ip);
	incident.value = 0.25;
	assert_string_equal(
		message(false, SYSLOG_DATAGRAM_MAX),
		"<27>1 2026-01-01T00:00:00.000000Z db01 breakwater - incident "
		"[breakwater@32473 reason=\"new\" key=\"k1\" id=\"f00d\" "
		"at=\"2026-01-01T00:00:00.000000Z\" state=\"firing\" "
		"rule=\"response\" server_ip=\"2001:db8::7\" port=\"22\" "
		"value=\"0.25\" severity=\"high\"] new incident, high: ssh is slow.");
}

static void the_cause_and_the_link_are_told_too(void **state)
{
	(void)state;
	record_text(incident.cause, sizeof(incident.cause), "a deployment.");
	notice.link = "https://db01/incidents/f00d";
	assert_non_null(
		strstr(message(false, SYSLOG_DATAGRAM_MAX),
		       "] new incident, high: ssh is slow. Cause: a deployment. "
		       "https://db01/incidents/f00d"));
}

static void severities_are_those_of_syslog(void **state)
{
	static const char *const expected[] = { "<30>1 ", "<29>1 ", "<28>1 ", "<27>1 ",
						"<26>1 " };
	(void)state;
	for (size_t i = 0; i < SEVERITIES; i++) {
		incident.severity = severity_names[i];
		assert_memory_equal(message(false, SYSLOG_DATAGRAM_MAX), expected[i],
				    6);
	}
	incident.state = "resolved";
	assert_memory_equal(message(false, SYSLOG_DATAGRAM_MAX), "<30>1 ", 6);
	assert_int_equal(syslog_facility("local7"), 23);
	assert_int_equal(syslog_facility("local8"), -1);
}

static void names_of_hosts_have_no_blanks(void **state)
{
	(void)state;
	notice.host = "my host\n1\xc3\xa9";
	assert_non_null(strstr(message(false, SYSLOG_DATAGRAM_MAX),
			       "Z my_host_1__ breakwater - "));
	notice.host = "";
	notice.at_us = UNKNOWN_TIME;
	assert_memory_equal(message(false, SYSLOG_DATAGRAM_MAX), "<27>1 - - breakwater",
			    strlen("<27>1 - - breakwater"));
}

static void what_would_end_a_value_is_escaped(void **state)
{
	(void)state;
	record_text(incident.target, sizeof(incident.target),
		    "a\"]\\b\n<1>1 - - [x y=\"z\"]");
	assert_non_null(
		strstr(message(false, SYSLOG_DATAGRAM_MAX),
		       " target=\"a\\\"\\]\\\\b <1>1 - - [x y=\\\"z\\\"\\]\" "));
}

static void only_what_is_no_ascii_has_a_mark(void **state)
{
	(void)state;
	assert_null(strstr(message(false, SYSLOG_DATAGRAM_MAX), "\xef\xbb\xbf"));
	record_text(incident.summary, sizeof(incident.summary), "caf\xc3\xa9");
	assert_non_null(strstr(message(false, SYSLOG_DATAGRAM_MAX),
			       "] \xef\xbb\xbfnew incident, high: caf\xc3\xa9"));
}

/* ---- hostile ---- */

/* Where structured data ends, or NULL: it is not well formed (RFC 5424 6.3). */
static const char *end_of_data(const char *at)
{
	if (strncmp(at, "[breakwater@32473", 17) != 0)
		return NULL;
	at += 17;
	while (*at == ' ') {
		at = strstr(at, "=\"");
		if (at == NULL)
			return NULL;
		for (at += 2; *at != '"'; at++) {
			if (*at == '\0' || *at == ']')
				return NULL;
			at += *at == '\\';
		}
		at++;
	}
	return *at == ']' ? at + 1 : NULL;
}

static void is_utf8(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char first = (unsigned char)text[i];
		size_t more = first < 0x80   ? 0
			      : first < 0xe0 ? 1
			      : first < 0xf0 ? 2
					     : 3;
		assert_true(first < 0x80 || (first >= 0xc2 && first < 0xf5));
		assert_true(i + more < len);
		for (size_t k = 1; k <= more; k++)
			assert_int_equal((unsigned char)text[i + k] & 0xc0, 0x80);
		i += more + 1;
	}
}

static void fill_all(const char *with)
{
	char text[256] = "";
	while (strlen(text) + strlen(with) < sizeof(text))
		strncat(text, with, sizeof(text) - strlen(text) - 1);
	const struct schema *schema = &schemas[RECORD_incident];
	for (size_t i = 0; i < schema->field_count; i++) {
		char *at = (char *)&incident + schema->fields[i].offset;
		if (schema->fields[i].type == TYPE_text32)
			record_text(at, 32, text);
		if (schema->fields[i].type == TYPE_text64)
			record_text(at, 64, text);
		if (schema->fields[i].type == TYPE_text256)
			record_text(at, 256, text);
	}
	notice.link = with;
}

static void the_longest_has_its_bound_and_its_shape(void **state)
{
	static const char *const hostile[] = { "\"]\\\\", "\xe2\x82\xac", "\xff\n", "a",
					       "\"" };
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		fill_all(hostile[i]);
		for (size_t most = 900; most <= SYSLOG_STREAM_MAX; most += 61) {
			const char *text = message(false, most);
			const char *data = strchr(text, '[');
			assert_true(out.len <= most);
			is_utf8(text, out.len);
			assert_non_null(end_of_data(data));
			assert_null(strchr(text, '\n'));
			assert_non_null(strstr(text, "new incident, high: "));
			message(true, most);
			assert_true(out.len <= most);
			is_utf8(out.at, out.len);
		}
	}
}

/* ---- CEF ---- */

static void cef_has_its_header_and_its_keys(void **state)
{
	(void)state;
	incident.transport = "tcp";
	incident.port = 22;
	incident.alerts = 3;
	incident.limit = 100;
	addr_parse("192.0.2.1", &incident.server_ip);
	addr_parse("2001:db8::7", &incident.client_ip);
	assert_string_equal(
		message(true, SYSLOG_DATAGRAM_MAX),
		"<27>1 2026-01-01T00:00:00.000000Z db01 breakwater - incident - "
		"CEF:0|Breakwater|Breakwater|" BREAKWATER_VERSION
		"|response|ssh is slow.|8|externalId=f00d rt=1767225600000 act=new "
		"outcome=firing dvchost=db01 c6a2Label=Source IPv6 Address "
		"c6a2=2001:db8::7 dst=192.0.2.1 dpt=22 proto=tcp cs3Label=key cs3=k1 "
		"cfp2Label=limit cfp2=100 cn1Label=alerts cn1=3");
}

static void cef_is_escaped_where_it_is(void **state)
{
	(void)state;
	record_text(incident.summary, sizeof(incident.summary), "a|b\\c=d\ne");
	record_text(incident.target, sizeof(incident.target), "a|b\\c=d\ne src=1");
	const char *text = message(true, SYSLOG_DATAGRAM_MAX);
	assert_non_null(strstr(text, "|response|a\\|b\\\\c=d e|8|"));
	assert_non_null(strstr(text, " cs1Label=target cs1=a|b\\\\c\\=d e src\\=1 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_message_has_the_fields_under_their_names, begin, end),
		cmocka_unit_test_setup_teardown(the_cause_and_the_link_are_told_too,
						begin, end),
		cmocka_unit_test_setup_teardown(severities_are_those_of_syslog, begin,
						end),
		cmocka_unit_test_setup_teardown(names_of_hosts_have_no_blanks, begin,
						end),
		cmocka_unit_test_setup_teardown(what_would_end_a_value_is_escaped,
						begin, end),
		cmocka_unit_test_setup_teardown(only_what_is_no_ascii_has_a_mark, begin,
						end),
		cmocka_unit_test_setup_teardown(the_longest_has_its_bound_and_its_shape,
						begin, end),
		cmocka_unit_test_setup_teardown(cef_has_its_header_and_its_keys, begin,
						end),
		cmocka_unit_test_setup_teardown(cef_is_escaped_where_it_is, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

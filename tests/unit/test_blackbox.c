/*
 * test_blackbox.c: files of modules, where they are wrong; and metrics as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "probe/blackbox.h"
#include "probe/blackbox_metric.h"
#include "probe/blackbox_module.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TCP  "modules: {a: {prober: tcp, tcp: {"
#define DNS  "modules: {a: {prober: dns, dns: {"
#define HTTP "modules: {a: {prober: http, http: {"

/* A file, and the begin of what must be said of it. */
static const char *const wrong[][2] = {
	{ "", "f:1:1: no file of modules; allowed is the key modules:" },
	{ "[]", "f:1:1: no file of modules" },
	{ "module: {}", "f:1:1: unknown key \"module\"" },
	{ "modules: [a]", "f:1:10: modules can't be a list" },
	{ "modules: {}\n---\nmodules: {}", "f:2:1: a second document" },
	{ "modules: {a: [b]}", "f:1:11: a module can't be that" },
	{ "modules: {a: {}, a: {}}", "f:1:18: \"a\" is there twice" },
	{ "modules:\n  a:\n    probe: tcp\n", "f:3:5: unknown key \"probe\"" },
	{ "modules: {a: {prober: [ftp]}}", "f:1:23: prober can't be a list" },
	{ "modules: {a: {timeout: 5}}", "f:1:24: timeout can't be \"5\"" },
	{ "modules: {a: {timeout: -5s}}", "f:1:24: timeout can't be" },
	{ "modules: {a: {timeout: 2h}}", "f:1:24: timeout can't be" },
	{ TCP "tsl: true}}}", "f:1:34: unknown key \"tsl\"; allowed: preferred_ip" },
	{ TCP "tls: 'true'}}}", "f:1:39: tls can't be \"true\"; allowed is true" },
	{ TCP "tls: &a true}}}", "f:1:39: anchors, aliases and tags" },
	{ TCP "tls: true, tls: true}}}", "f:1:45: tls is set twice, first in line 1" },
	{ TCP "tls_config: {ca: x}}}}", "f:1:47: unknown key \"ca\"" },
	{ TCP "tls_config: {min_version: TLS9}}}}", "f:1:60: min_version can't be" },
	{ TCP "preferred_ip_protocol: ip5}}}", "f:1:57: preferred_ip_protocol can't" },
	{ TCP "source_ip_address: here}}}", "f:1:53: source_ip_address can't be" },
	{ TCP "query_response: [{expect: '('}]}}}", "f:1:60: expect can't be" },
	{ TCP "query_response: [a]}}}", "f:1:51: query_response can't be" },
	{ DNS "query_type: A}}}", "f:1:33: dns needs a query_name" },
	{ DNS "query_name: a, query_type: Z}}}", "f:1:61: query_type can't be" },
	{ DNS "query_name: a, query_class: Z}}}", "f:1:62: query_class can't be" },
	{ DNS "query_name: a, dns_over_tls: true}}}", "f:1:33: dns_over_tls needs" },
	{ DNS "query_name: a, valid_rcodes: a}}}", "f:1:63: valid_rcodes can't be" },
	{ "modules: {a: {icmp: {ttl: 256}}}", "f:1:27: ttl can't be \"256\"" },
	{ "modules: {a: {icmp: {payload_size: 65508}}}", "f:1:36: payload_size can't" },
	{ "modules: {a: {grpc: {service: [x]}}}", "f:1:31: service can't be a list" },
	{ HTTP "valid_status_codes: 200}}}", "f:1:56: valid_status_codes can't" },
	{ HTTP "valid_status_codes: [a]}}}", "f:1:57: an element can't be \"a\"" },
	{ HTTP "body_size_limit: 10}}}", "f:1:53: body_size_limit can't be" },
	{ HTTP "headers: {a: [b]}}}}", "f:1:49: a header can't be a list" },
	{ HTTP "compression: br, headers: {accept-encoding: [b]}}}}",
	  "f:1:80: a header can't be a list" },
	{ HTTP "fail_if_header_matches: [{header: a}]}}}",
	  "f:1:61: a header needs both" },
	{ HTTP "oauth2: {}}}}", "f:1:44: oauth2 needs client_id, token_url and" },
	{ HTTP "proxy_url: ':'}}}", "f:1:47: proxy_url can't be \":\"" },
	{ HTTP "basic_auth: {password: a, password_file: b}}}}",
	  "f:1:48: basic_auth takes one of" },
	{ HTTP "authorization: {type: Basic}}}}", "f:1:51: authorization can't be" },
	{ HTTP "basic_auth: {}, bearer_token: a}}}", "f:1:35: http takes one of" },
	{ HTTP "bearer_token_file: b, bearer_token: a}}}",
	  "f:1:35: http takes one of" },
	{ HTTP "compression: br, headers: {accept-encoding: 'gzip, *;q=0'}}}}",
	  "f:1:35: the header Accept-Encoding does not" },
};

static void each_mistake_is_shown_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct buf errors = { 0 };
		struct blackbox *all =
			blackbox_parse(wrong[i][0], strlen(wrong[i][0]), "f", &errors);
		const char *said = buf_cstr(&errors);
		if (all != NULL || strncmp(said, wrong[i][1], strlen(wrong[i][1])) != 0)
			fail_msg("%s\nis to be refused so: %s\nbut was: %s",
				 wrong[i][0], wrong[i][1], said);
		buf_free(&errors);
	}
}

static struct blackbox *parse(const char *text)
{
	struct buf errors = { 0 };
	struct blackbox *all = blackbox_parse(text, strlen(text), "f", &errors);
	if (all == NULL)
		fail_msg("%s\nwas refused: %s", text, buf_cstr(&errors));
	buf_free(&errors);
	return all;
}

static void every_part_of_a_file_never_crashes(void **state)
{
	(void)state;
	static const char text[] =
		TCP "tls: true, query_response: [{expect: a, send: \"b $1\"}]}}, "
		    "b: {prober: dns, dns: {query_name: x, validate_answer_rrs: "
		    "{fail_if_matches_regexp: [a, b]}}}}";
	for (size_t len = 0; len < sizeof(text); len++) {
		struct buf errors = { 0 };
		struct blackbox *all = blackbox_parse(text, len, "f", &errors);
		assert_true((all != NULL) == (errors.len == 0));
		blackbox_free(all);
		buf_free(&errors);
	}
}

static void what_is_not_said_is_as_documented(void **state)
{
	(void)state;
	struct blackbox *all = parse("modules: {a: {prober: dns}, b: }");
	const struct blackbox_module *a = all->modules[0], *b = all->modules[1];
	assert_int_equal(all->count, 2);
	assert_string_equal(a->name, "a");
	assert_int_equal(a->prober, BLACKBOX_DNS);
	assert_int_equal(a->way[BLACKBOX_DNS].preferred_ip_protocol, 6);
	assert_true(a->way[BLACKBOX_DNS].ip_protocol_fallback);
	assert_true(a->dns.recursion_desired && a->http.follow_redirects);
	assert_int_equal(a->dns.query_type, 255);
	assert_int_equal(b->prober, BLACKBOX_NONE);
	assert_string_equal(b->prober_name, "");
	blackbox_free(all);
}

static void what_is_said_is_kept(void **state)
{
	(void)state;
	struct blackbox *all = parse(
		HTTP "valid_status_codes: [200, 301, 404], headers: {a: b, c: d}, "
		     "body_size_limit: 10MB, basic_auth: {username: u, password: p}, "
		     "fail_if_header_matches: [{header: h, regexp: r, allow_missing: "
		     "yes}], fail_if_body_matches_regexp: [x]}, timeout: 1m30.5s}}");
	const struct blackbox_module *a = all->modules[0];
	const struct blackbox_http *http = &a->http;
	assert_int_equal(a->timeout_ms, 90500);
	assert_int_equal(http->valid_status_codes.count, 3);
	assert_int_equal(http->valid_status_codes.at[2], 404);
	assert_int_equal(http->headers.count, 4);
	assert_string_equal(http->headers.at[3], "d");
	assert_int_equal(http->body_size_limit, 10 << 20);
	assert_string_equal(http->password.text, "p");
	assert_string_equal(http->fail_if_header_matches.at[0].regexp, "r");
	assert_true(http->fail_if_header_matches.at[0].allow_missing);
	assert_string_equal(http->fail_if_body_matches_regexp.at[0], "x");
	blackbox_free(all);
}

static void a_prober_that_is_not_asked_spares_the_others(void **state)
{
	(void)state;
	struct blackbox *all =
		parse("modules: {a: {prober: finger}, b: {prober: grpc}}");
	assert_int_equal(all->modules[0]->prober, BLACKBOX_NONE);
	assert_string_equal(all->modules[0]->prober_name, "finger");
	assert_int_equal(all->modules[1]->prober, BLACKBOX_GRPC);
	blackbox_free(all);
}

static void numbers_are_the_shortest_that_are_the_same(void **state)
{
	(void)state;
	static const struct {
		double value;
		const char *text;
	} numbers[] = { { 0, "0" },
			{ 1, "1" },
			{ 0.001626438, "0.001626438" },
			{ 3668918509, "3668918509" },
			{ 0.1 + 0.2, "0.30000000000000004" },
			{ -62135596800, "-6.21355968e+10" } };
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct buf out = { 0 };
		blackbox_sample(&out, BLACKBOX_success, NULL, 0, numbers[i].value);
		assert_non_null(strstr(buf_cstr(&out), numbers[i].text));
		assert_int_equal(out.len, strlen("probe_success ") +
						  strlen(numbers[i].text) + 1);
		buf_free(&out);
	}
}

static void labels_keep_to_their_line(void **state)
{
	(void)state;
	static const struct blackbox_label labels[] = { { "a", "x\"y\\z\n" },
							{ "b", "" } };
	struct buf out = { 0 };
	blackbox_head(&out, BLACKBOX_tls_version_info);
	blackbox_sample(&out, BLACKBOX_tls_version_info, labels, 2, 1);
	assert_string_equal(
		buf_cstr(&out),
		"# HELP probe_tls_version_info Returns the TLS version used or NaN "
		"when unknown\n# TYPE probe_tls_version_info gauge\n"
		"probe_tls_version_info{a=\"x\\\"y\\\\z\\n\",b=\"\"} 1\n");
	buf_free(&out);
}

/* ---- answers ---- */

struct told {
	bool is_answered;
	unsigned status;
	char text[4096];
};

static void tell(void *self, struct blackbox_answer *answer)
{
	struct told *told = self;
	assert_false(told->is_answered);
	told->is_answered = true;
	told->status = answer->status;
	snprintf(told->text, sizeof(told->text), "%s", buf_cstr(&answer->text));
}

static struct told ask(const struct blackbox_request *request, const char *allow)
{
	struct blackbox *all = parse("modules: {tcp: {prober: tcp, timeout: 2s}, "
				     "icmp: {prober: icmp}, none: {}}");
	struct prober *prober = prober_new();
	struct told told = { .is_answered = false };
	struct prefix prefix;
	assert_non_null(prober);
	assert_true(prefix_parse(allow, &prefix));
	blackbox_answer(all, prober, request, &prefix, 1, tell, &told);
	while (!told.is_answered)
		prober_turn(prober, 100);
	prober_free(prober);
	blackbox_free(all);
	return told;
}

static void what_can_not_be_asked_is_told_in_the_known_words(void **state)
{
	(void)state;
	static const struct {
		struct blackbox_request request;
		unsigned status;
		const char *text;
	} requests[] = {
		{ { .target = "x:1" }, 400, "Unknown module \"http_2xx\"\n" },
		{ { .target = "x:1", .module = "a\"b" },
		  400,
		  "Unknown module \"a\\\"b\"\n" },
		{ { .module = "tcp" }, 400, "Target parameter is missing\n" },
		{ { .target = "x:1", .module = "none" }, 400, "Unknown prober \"\"\n" },
		{ { .target = "x:1", .module = "tcp", .timeout = "abc" },
		  500,
		  "Failed to parse timeout from Prometheus header: "
		  "strconv.ParseFloat: parsing \"abc\": invalid syntax\n" },
	};
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct told told = ask(&requests[i].request, "0.0.0.0/0");
		assert_int_equal(told.status, requests[i].status);
		assert_string_equal(told.text, requests[i].text);
	}
}

static void only_allowed_addresses_are_asked(void **state)
{
	(void)state;
	const struct blackbox_request request = { .target = "127.0.0.1:1",
						  .module = "tcp" };
	struct told told = ask(&request, "10.0.0.0/8");
	assert_int_equal(told.status, 403);
	assert_non_null(strstr(told.text, "127.0.0.1 is not among"));
	told = ask(&request, "127.0.0.0/8");
	assert_int_equal(told.status, 200);
	assert_non_null(strstr(told.text, "\nprobe_success 0\n"));
	assert_non_null(strstr(told.text, "\nprobe_ip_addr_hash 3668918509\n"));
}

static void what_is_not_answered_is_forgotten_with_its_modules(void **state)
{
	(void)state;
	struct blackbox *all = parse("modules: {tcp: {prober: tcp}}");
	struct prober *prober = prober_new();
	struct told told = { .is_answered = false };
	const struct blackbox_request request = { .target = "127.0.0.1:1",
						  .module = "tcp" };
	assert_non_null(prober);
	blackbox_answer(all, prober, &request, NULL, 0, tell, &told);
	blackbox_answer(all, prober, &request, NULL, 0, tell, &told);
	prober_free(prober);
	blackbox_free(all);
	assert_false(told.is_answered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_shown_with_its_place),
		cmocka_unit_test(every_part_of_a_file_never_crashes),
		cmocka_unit_test(what_is_not_said_is_as_documented),
		cmocka_unit_test(what_is_said_is_kept),
		cmocka_unit_test(a_prober_that_is_not_asked_spares_the_others),
		cmocka_unit_test(numbers_are_the_shortest_that_are_the_same),
		cmocka_unit_test(labels_keep_to_their_line),
		cmocka_unit_test(what_can_not_be_asked_is_told_in_the_known_words),
		cmocka_unit_test(only_allowed_addresses_are_asked),
		cmocka_unit_test(what_is_not_answered_is_forgotten_with_its_modules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_config.c: what a configuration may say, where it is wrong; it reads back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static int parse(struct config *config, const char *text, struct buf *errors)
{
	config_init(config);
	return config_parse(config, text, strlen(text), "f", errors);
}

static void takes(const char *text, struct config *config)
{
	struct buf errors = { 0 };
	int result = parse(config, text, &errors);
	if (result != 0)
		fail_msg("%s\nwas refused: %s", text, buf_cstr(&errors));
	assert_int_equal(errors.len, 0);
	buf_free(&errors);
}

/* message: a part of what must be said; the settings must be as before. */
static void refuses(const char *text, const char *message)
{
	struct config config, before;
	struct buf errors = { 0 };
	config_init(&before);
	if (parse(&config, text, &errors) != -EINVAL)
		fail_msg("was taken:\n%s", text);
	if (strstr(buf_cstr(&errors), message) == NULL)
		fail_msg("%s\nsays: %swithout: %s", text, buf_cstr(&errors), message);
	assert_memory_equal(&config, &before, sizeof(config));
	buf_free(&errors);
}

static bool same(double a, double b)
{
	return a == b;
}

static bool is_prefix(const struct prefix *prefix, const char *text)
{
	struct prefix expected;
	return prefix_parse(text, &expected) && expected.len == prefix->len &&
	       addr_equal(&expected.addr, &prefix->addr);
}

static void defaults_are_those_of_the_contract(void **state)
{
	(void)state;
	struct config config;
	config_init(&config);
	assert_string_equal(config.listen, "127.0.0.1:7070");
	assert_string_equal(config.state, "/var/lib/breakwater");
	assert_string_equal(config.user, "breakwater");
	assert_int_equal(config.home.count, 0);
	assert_int_equal(config.interfaces.count, 0);
	assert_int_equal(config.workers, 1);
	assert_int_equal(config.flows_max, 131072);
	assert_int_equal(config.limit_response_ms, 100);
	assert_true(same(config.limit_loss, 0.01));
	assert_true(same(config.limit_errors, 0.001));
}

static void a_file_without_settings_changes_nothing(void **state)
{
	(void)state;
	static const char *const files[] = { "",
					     "\n\n",
					     "# only this\n",
					     "---\n",
					     "---\n...\n",
					     "null\n",
					     "limits:\n",
					     "{}",
					     "limits: ~\nflows: {}\n",
					     "\xef\xbb\xbf# with a byte order mark\n" };
	struct config config, before;
	config_init(&before);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		takes(files[i], &config);
		assert_memory_equal(&config, &before, sizeof(config));
	}
}

static void every_type_of_key_is_read(void **state)
{
	(void)state;
	struct config config;
	takes("home: [10.1.2.3/8, \"fd00::1/8\", 192.0.2.1]\r\n"
	      "listen: '[::1]:0'\r\n"
	      "interfaces:\n"
	      "  - eth0\n"
	      "  - 'wlan0'\n"
	      "capture:\n"
	      "  filter: tcp port 80 and not host \"x\"\n"
	      "  workers: 64\n"
	      "limits: {loss: 2.5 %, errors: 0.25, response_ms: 7}\n"
	      "logs:\n"
	      "  journal: no\n"
	      "  files: [/var/log/auth.log, '/srv/*/log']\n",
	      &config);
	assert_int_equal(config.home.count, 3);
	assert_true(is_prefix(&config.home.at[0], "10.0.0.0/8"));
	assert_true(is_prefix(&config.home.at[1], "fd00::/8"));
	assert_true(is_prefix(&config.home.at[2], "192.0.2.1/32"));
	assert_string_equal(config.listen, "[::1]:0");
	assert_string_equal(config.interfaces.at[1], "wlan0");
	assert_string_equal(config.filter, "tcp port 80 and not host \"x\"");
	assert_int_equal(config.workers, 64);
	assert_true(same(config.limit_loss, 0.025));
	assert_true(same(config.limit_errors, 0.25));
	assert_int_equal(config.limit_response_ms, 7);
	assert_false(config.logs_journal);
	assert_string_equal(config.logs_files.at[1], "/srv/*/log");
}

static void ratios_mean_the_same_in_every_form(void **state)
{
	(void)state;
	static const char *const forms[] = { "1 %", "1%",     "\"1 %\"", "0.01",
					     ".01", "1.00 %", "0.0100" };
	struct config config;
	char text[64];
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(text, sizeof(text), "limits:\n  errors: %s\n", forms[i]);
		takes(text, &config);
		assert_true(same(config.limit_errors, 0.01));
	}
	takes("limits: {loss: 100 %, errors: 0}", &config);
	assert_true(same(config.limit_loss, 1));
	assert_true(same(config.limit_errors, 0));
}

/* A text, and what is said of it. */
static const char *const bad[][2] = {
	{ "block: {mode: off}", "f:1:15: block.mode can't be \"off\"; allowed is "
				"observe or on\n" },
	{ "block: {mode: ''}", "f:1:15: block.mode can't be " },
	{ "block: {severity: hig}",
	  "allowed is notice, low, medium, high or critical\n" },
	{ "block: {findings: [port_scans]}",
	  "f:1:20: block.findings can't be \"port_scans\"; allowed is a list of at "
	  "most 64 "
	  "of port_scan, host_sweep, " },
	{ "capture:\n  workers: 65", "f:2:12: capture.workers can't be \"65\"; "
				     "allowed is an integer from 1 to 64\n" },
	{ "capture: {workers: 0}", "f:1:20: " },
	{ "capture: {workers: -1}", "f:1:20: " },
	{ "capture: {workers: 1.5}", "f:1:20: " },
	{ "capture: {workers: 0x10}", "f:1:20: " },
	{ "capture: {workers: 18446744073709551617}", "f:1:20: " },
	{ "capture: {workers: \"2\"}", "f:1:20: " },
	{ "capture: {workers: }", "capture.workers can't be empty" },
	{ "capture: {workers: [2]}", "f:1:20: capture.workers can't be a list" },
	{ "capture: {workers: {a: 2}}", "can't be a section" },
	{ "limits: {loss: 101 %}", "a number from 0 to 1 of at most 12 digits, or" },
	{ "limits: {loss: 1.01}", "f:1:16: " },
	{ "limits: {loss: -0.1}", "f:1:16: " },
	{ "limits: {loss: 1  %}", "f:1:16: " },
	{ "limits: {loss: 1 %%}", "f:1:16: " },
	{ "limits: {loss: '0.1'}", "f:1:16: " },
	{ "limits: {loss: .}", "f:1:16: " },
	{ "limits: {loss: nan}", "f:1:16: " },
	{ "limits: {loss: 0.00000000000000001}", "f:1:16: " },
	{ "retention: {flows: 7}", "f:1:20: retention.flows can't be \"7\"; "
				   "allowed is a duration from 1h to 3660d "
				   "such as 36h, 7d or 4w\n" },
	{ "retention: {flows: 59m}", "f:1:20: " },
	{ "retention: {flows: 3661d}", "f:1:20: " },
	{ "retention: {flows: 7 d}", "f:1:20: " },
	{ "retention: {flows: -7d}", "f:1:20: " },
	{ "retention: {flows: 99999999999d}", "f:1:20: " },
	{ "retention: {size: 10}", "f:1:19: retention.size can't be \"10\"; "
				   "allowed is a size from 64 MiB to 1024 TiB "
				   "such as 500 MB, 10 GB or 2 TiB\n" },
	{ "retention: {size: 63 MiB}", "f:1:19: " },
	{ "retention: {size: 1025 TiB}", "f:1:19: " },
	{ "retention: {size: 10  GB}", "f:1:19: " },
	{ "retention: {size: 10 gb}", "f:1:19: " },
	{ "retention: {size: 1.5 GB}", "f:1:19: " },
	{ "retention: {size: GB}", "f:1:19: " },
	{ "retention: {size: 18446744073710 MB}", "f:1:19: " },
	{ "home: 10.0.0.0/8", "f:1:7: home can't be \"10.0.0.0/8\"; allowed is "
			      "a list of at most 64 networks" },
	{ "home: [10.0.0.0/33]", "f:1:8: " },
	{ "home:\n- ::/0\n- fd00::/129", "f:3:3: " },
	{ "home: [10.0.0/8]", "f:1:8: " },
	{ "home: [10.0.0.0/]", "f:1:8: " },
	{ "home: [~]", "home can't be empty" },
	{ "home: [[10.0.0.0/8]]", "home can't be a list" },
	{ "home: {a: b}", "home can't be a section" },
	{ "interfaces: [0123456789abcdef]", "f:1:14: " },
	{ "interfaces: ['a b']", "f:1:14: " },
	{ "interfaces: [a/b]", "f:1:14: " },
	{ "interfaces: ['']", "f:1:14: " },
	{ "interfaces: ['..']", "f:1:14: " },
	{ "state: ''", "f:1:8: state can't be \"\"; allowed is text of 1 to 255" },
	{ "state: \"a\\nb\"", "f:1:8: " },
	{ "state: \"a\\0b\"", "f:1:8: " },
	{ "state: \"a\\x7fb\"", "f:1:8: " },
	{ "logs: {journal: maybe}", "f:1:17: logs.journal can't be \"maybe\"; "
				    "allowed is yes or no\n" },
	{ "logs: {journal: 'yes'}", "f:1:17: " },
	{ "logs: {files: [auth.log]}", "f:1:16: logs.files can't be \"auth.log\"; "
				       "allowed is a list of at most 16 files" },
	{ "listen: 7070", "f:1:9: listen can't be \"7070\"; allowed is an address" },
	{ "listen: 127.0.0.1:65536", "f:1:9: " },
	{ "listen: 127.0.0.1:", "f:1:9: " },
	{ "listen: ::1:80", "f:1:9: " },
	{ "listen: '[127.0.0.1]:80'", "f:1:9: " },
	{ "listen: '[::1:80'", "f:1:9: " },
	{ "listen: ':80'", "f:1:9: " },
};

static void bad_values_say_where_and_what_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i][0], bad[i][1]);
}

static void texts_and_lists_are_bounded(void **state)
{
	(void)state;
	char text[4096];
	struct config config;
	snprintf(text, sizeof(text), "state: %0255d", 0);
	takes(text, &config);
	assert_int_equal(strlen(config.state), 255);
	snprintf(text, sizeof(text), "state: %0256d", 0);
	refuses(text, "f:1:8: state can't be \"000");
	snprintf(text, sizeof(text), "state: %03000d", 0);
	refuses(text, "f:1:8: state can't be \"000");

	int len = snprintf(text, sizeof(text), "interfaces:\n");
	for (int i = 0; i < CONFIG_LIST_MAX; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "- eth%d\n", i);
	takes(text, &config);
	assert_int_equal(config.interfaces.count, CONFIG_LIST_MAX);
	snprintf(text + len, sizeof(text) - (size_t)len, "- eth99\n");
	refuses(text, "f:66:3: interfaces can't be \"eth99\"; allowed is a list of at "
		      "most 64");
}

static void unknown_keys_name_the_allowed_and_the_nearest(void **state)
{
	(void)state;
	refuses("listne: x",
		"f:1:1: unknown key \"listne\"; allowed: home, listen, web, geo, "
		"state, "
		"user, "
		"interfaces, capture, flows, limits, notify, detect, traps, "
		"blocklists, "
		"block, policy, report, retention, privacy, logs, probe, fleet, hub; "
		"did you mean "
		"listen?\n");
	refuses("limits:\n  los: 1",
		"f:2:3: unknown key \"los\" in limits; allowed: "
		"response_ms, loss, errors, usual, files; did you mean loss?\n");
	refuses("something: 1",
		"interfaces, capture, flows, limits, notify, detect, "
		"traps, blocklists, "
		"block, policy, report, retention, privacy, logs, probe, fleet, hub\n");
	refuses("? [a]\n: 1", "f:1:3: this can't be a key");
	refuses("\"home\\0\": []", "f:1:1: this can't be a key");
	refuses("Home: []", "did you mean home?");
	refuses("limit: {}", "did you mean limits?");
	refuses("'': 1", "unknown key \"\"");
	refuses("\"\\e[31mx\": 1", "unknown key \"\\u001b[31mx\"");
}

static void a_path_in_one_line_is_refused_with_the_way_to_write_it(void **state)
{
	(void)state;
	refuses("limits.loss: 2 %", "f:1:1: unknown key \"limits.loss\"; write "
				    "\"loss:\" below \"limits:\"");
}

static void sections_hold_keys_and_nothing_else(void **state)
{
	(void)state;
	refuses("limits: 5",
		"f:1:9: limits can't be \"5\"; allowed is a section with the "
		"keys response_ms, loss, errors, usual, files\n");
	refuses("limits: [a]", "limits can't be a list");
	refuses("[a]", "f:1:1: a configuration can't be a list");
	refuses("home", "f:1:1: a configuration can't be \"home\"");
}

static void a_key_is_set_once_in_a_file(void **state)
{
	(void)state;
	refuses("state: /a\nstate: /b\n",
		"f:2:1: state is set twice, first in line 1; allowed is once");
	refuses("limits:\n  loss: 1 %\n  loss: 2 %\n",
		"f:3:3: limits.loss is set twice");
	refuses("flows: {}\nlimits: {}\nflows: {}\n", "f:3:1: flows is set twice");
}

static void indirection_is_refused(void **state)
{
	(void)state;
	refuses("state: &a /x\n", "f:1:8: anchors, aliases and tags");
	refuses("state: *a\n", "f:1:8: anchors, aliases and tags");
	refuses("state: !!str /x\n", "f:1:8: anchors, aliases and tags");
	refuses("home: &a [10.0.0.0/8]\n", "f:1:7: anchors, aliases and tags");
	refuses("home: [*a]\n", "f:1:8: anchors, aliases and tags");
	refuses("limits: &a {loss: 1}\n", "f:1:9: anchors, aliases and tags");
	refuses("limits: *a\n", "f:1:9: anchors, aliases and tags");
	refuses("--- &a\nstate: /x\n", "anchors, aliases and tags");
	refuses("<<: {state: /x}\n", "merge keys are not understood");
}

static void what_is_not_yaml_says_where(void **state)
{
	(void)state;
	refuses("home: [10.0.0.0/8\n", "not YAML: ");
	refuses("state: 'x\n", "f:1:9: not YAML: ");
	refuses("limits:\n\tloss: 1\n", "f:2:");
	refuses("a: b: c\n", "f:1:");
	refuses("%odd\n---\nstate: /x\n", "f:1:");
	refuses("state: /a\n---\nstate: /b\n", "f:2:1: a second document");
	refuses("state: \xff\n", "f:1:8: byte 0xff is not allowed here");
	refuses("# caf\xc3\xa9 \xe2\x82\xac\x1b\n", "f:1:9: byte 0x1b");
	refuses("state: \xed\xa0\x80\n", "f:1:8: byte 0xed");
	refuses("state: \xc3", "f:1:8: byte 0xc3");
}

static void a_nul_byte_is_refused(void **state)
{
	(void)state;
	struct config config;
	struct buf errors = { 0 };
	config_init(&config);
	assert_int_equal(config_parse(&config, "state: a\0b", 10, "f", &errors),
			 -EINVAL);
	assert_non_null(strstr(buf_cstr(&errors), "f:1:9: byte 0x00"));
	buf_free(&errors);
}

static void all_errors_of_a_file_are_said(void **state)
{
	(void)state;
	struct config config;
	struct buf errors = { 0 };
	assert_int_equal(parse(&config,
			       "nope: 1\n"
			       "home: [x, 10.0.0.0/8, y]\n"
			       "capture: {workers: 99, filter: [a], nope: {a: [b]}}\n"
			       "limits: 5\n"
			       "state: 'x\n",
			       &errors),
			 -EINVAL);
	static const char *const said[] = { "f:1:1: ",  "f:2:8: ",  "f:2:23: ",
					    "f:3:20: ", "f:3:32: ", "f:3:37: ",
					    "f:4:9: ",  "f:5:9: " };
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		assert_non_null(strstr(buf_cstr(&errors), said[i]));
	buf_free(&errors);
}

/* Repeats part up to len bytes after head. */
static char *repeated(const char *head, const char *part, size_t len)
{
	char *text = calloc(1, len + 1);
	assert_non_null(text);
	size_t at = strlen(head);
	memcpy(text, head, at);
	for (; at + strlen(part) <= len; at += strlen(part))
		memcpy(text + at, part, strlen(part));
	return text;
}

static void hostile_sizes_end_with_few_words(void **state)
{
	(void)state;
	static const char *const parts[] = { "[",     "{",  "[a,",    "{a: ",
					     "- ",    "? ", "x: 1\n", "'",
					     "\"\\n", "!",  "&a ",    ": " };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *text = repeated("home: ", parts[i], 200000);
		struct config config;
		struct buf errors = { 0 };
		assert_int_equal(parse(&config, text, &errors), -EINVAL);
		assert_in_range(errors.len, 1, 20000);
		buf_free(&errors);
		free(text);
	}
	char *text = repeated("x:\n ", "- ", 200);
	refuses(text, "nested too deeply; allowed are 32 levels");
	free(text);
	text = repeated("", "a: 1\n", 5000);
	refuses(text, "too many errors, the rest of the file was not read");
	free(text);
	text = repeated("home: ", "[", 20000);
	refuses(text, "f:1:16390: more []{},:? than any such file");
	free(text);
}

static void an_error_is_one_line_of_printable_text(void **state)
{
	(void)state;
	struct config config;
	struct buf errors = { 0 };
	parse(&config, "state: \"\\n\\e]0;x\\a\\u009b\"\n\"a\\nb\": 1\n", &errors);
	size_t lines = 0;
	for (size_t i = 0; i < errors.len; i++) {
		lines += errors.at[i] == '\n';
		assert_true(errors.at[i] == '\n' ||
			    (unsigned char)errors.at[i] >= 0x20);
	}
	assert_int_equal(lines, 2);
	buf_free(&errors);
}

static void a_later_text_replaces_single_keys_and_whole_lists(void **state)
{
	(void)state;
	struct config config;
	struct buf errors = { 0 };
	takes("state: /a\nhome: [10.0.0.0/8, fd00::/8]\ninterfaces: [a]\n", &config);
	const char later[] = "home: [192.0.2.0/24]\ninterfaces:\n";
	assert_int_equal(config_parse(&config, later, strlen(later), "f", &errors), 0);
	assert_string_equal(config.state, "/a");
	assert_int_equal(config.home.count, 1);
	assert_true(is_prefix(&config.home.at[0], "192.0.2.0/24"));
	assert_int_equal(config.interfaces.count, 0);
	buf_free(&errors);
}

static void a_key_is_the_same_if_its_value_is(void **state)
{
	(void)state;
	struct config one, other;
	takes("state: /a\nhub: {store: ''}\nhome: [10.0.0.0/8]\n", &one);
	takes("home:\n  - 10.0.0.0/8\nstate: \"/a\"\nhub: {replicas: 3}\n", &other);
	assert_true(config_is_same(&one, &other, "state"));
	assert_true(config_is_same(&one, &other, "home"));
	assert_true(config_is_same(&one, &other, "hub.store"));
	assert_false(config_is_same(&one, &other, "hub.replicas"));
	takes("home: [10.0.0.0/8, fd00::/8]\n", &other);
	assert_false(config_is_same(&one, &other, "home"));
	assert_false(config_is_same(&one, &other, "state"));
}

static void shows_the_same_after_reading_back(const struct config *config)
{
	struct config again;
	struct buf shown = { 0 }, shown_again = { 0 };
	config_show(&shown, config);
	takes(buf_cstr(&shown), &again);
	config_show(&shown_again, &again);
	assert_string_equal(buf_cstr(&shown), buf_cstr(&shown_again));
	assert_int_equal(again.home.count, config->home.count);
	assert_true(same(again.limit_loss, config->limit_loss));
	assert_true(same(again.limit_errors, config->limit_errors));
	assert_string_equal(again.filter, config->filter);
	buf_free(&shown);
	buf_free(&shown_again);
}

static void what_is_shown_reads_back_the_same(void **state)
{
	(void)state;
	static const char *const files[] = {
		"",
		"home: [0.0.0.0/0, ::/0, 10.0.0.0/8, fe80::/10, '::fffe:0:0/95', ::1]",
		/* a quoted text of every width of UTF-8 */
		"state: 'a \"b\" \\ # [] \xc3\xa9 \xe2\x80\xa8 \xf0\x9f\x98\x80'",
		"capture: {filter: ' %&*!|>@`null~ '}\nstate: 'null'\n",
		"interfaces: ['null', '~', '1', 'a\"b', 'a\\b', '-']",
		"limits: {loss: 0.33333333333 %, errors: 0.00000000001}",
		"limits: {loss: 99.9999 %, errors: 33.3 %}",
		"limits: {loss: 1, errors: 0}",
		"listen: off",
	};
	struct config config;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		takes(files[i], &config);
		shows_the_same_after_reading_back(&config);
	}
}

static void every_ratio_reads_back_exactly(void **state)
{
	(void)state;
	struct config config;
	char text[64];
	for (int i = 0; i <= 10000; i += 7) {
		snprintf(text, sizeof(text),
			 "limits: {loss: %d.%02d %%, errors: 0.%04d}", i / 100, i % 100,
			 i % 10000);
		takes(text, &config);
		shows_the_same_after_reading_back(&config);
	}
}

static void durations_and_sizes_are_read_in_every_unit(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t value;
	} durations[] = { { "7200s", 7200 },
			  { "90m", 5400 },
			  { "2h", 7200 },
			  { "7d", 604800 },
			  { "4w", 2419200 } },
	  sizes[] = { { "67108864 B", 67108864 },  { "100000 kB", 100000000 },
		      { "65536KiB", 67108864 },    { "100MB", 100000000 },
		      { "64 MiB", 67108864 },      { "10 GB", 10000000000 },
		      { "1GiB", 1073741824 },      { "2 TB", 2000000000000 },
		      { "'1 TiB'", 1099511627776 } };
	struct config config;
	char text[64];
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		snprintf(text, sizeof(text), "retention: {flows: %s}",
			 durations[i].text);
		takes(text, &config);
		assert_int_equal(config.retention_flows, durations[i].value);
		shows_the_same_after_reading_back(&config);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(text, sizeof(text), "retention: {size: %s}", sizes[i].text);
		takes(text, &config);
		assert_int_equal(config.retention_size, sizes[i].value);
		shows_the_same_after_reading_back(&config);
	}
}

static void every_cut_of_a_file_ends_well(void **state)
{
	(void)state;
	static const char text[] = "home: [10.0.0.0/8, \"fd00::/8\"]\n"
				   "interfaces:\n  - eth0\n"
				   "capture:\n  filter: \"a\\u00e9''\"\n  workers: 2\n"
				   "limits: {loss: 2 %, errors: '1 %'} # end\n";
	for (size_t len = 0; len < sizeof(text); len++) {
		struct config config;
		struct buf errors = { 0 };
		config_init(&config);
		int result = config_parse(&config, text, len, "f", &errors);
		assert_int_equal(result == 0, errors.len == 0);
		buf_free(&errors);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_contract),
		cmocka_unit_test(a_file_without_settings_changes_nothing),
		cmocka_unit_test(every_type_of_key_is_read),
		cmocka_unit_test(ratios_mean_the_same_in_every_form),
		cmocka_unit_test(bad_values_say_where_and_what_is_allowed),
		cmocka_unit_test(texts_and_lists_are_bounded),
		cmocka_unit_test(unknown_keys_name_the_allowed_and_the_nearest),
		cmocka_unit_test(
			a_path_in_one_line_is_refused_with_the_way_to_write_it),
		cmocka_unit_test(sections_hold_keys_and_nothing_else),
		cmocka_unit_test(a_key_is_set_once_in_a_file),
		cmocka_unit_test(indirection_is_refused),
		cmocka_unit_test(what_is_not_yaml_says_where),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(all_errors_of_a_file_are_said),
		cmocka_unit_test(hostile_sizes_end_with_few_words),
		cmocka_unit_test(an_error_is_one_line_of_printable_text),
		cmocka_unit_test(a_later_text_replaces_single_keys_and_whole_lists),
		cmocka_unit_test(a_key_is_the_same_if_its_value_is),
		cmocka_unit_test(what_is_shown_reads_back_the_same),
		cmocka_unit_test(every_ratio_reads_back_exactly),
		cmocka_unit_test(durations_and_sizes_are_read_in_every_unit),
		cmocka_unit_test(every_cut_of_a_file_ends_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_log_own.c: formats that users write: what they may say, where they are wrong,
 * and in whose place they step.
 */
#include "log_check.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static const char good[] =
	"name: door\n"
	"identifiers: [door, doord]\n"
	"journal: {_UID: ['0', '12'], _COMM: door}\n"
	"files: /var/log/door/*.log\n"
	"patterns:\n"
	"  - match: 'knock by (?<user>\\w+) at (?<client_ip>\\S+) "
	"(?<client_port>\\d+) (?<server_ip>\\S+) (?<server_port>\\d+) "
	"(?<protocol>\\w+) (?<method>\\w+) (?<count>\\d+) (?<seconds>\\d+)'\n"
	"    outcome: unknown\n"
	"  - match: 'open|(?<user>[a-z]+) (?<user>[0-9]+)'\n"
	"    outcome: success\n"
	"    protocol: door\n"
	"    method: key\n"
	"    server_port: 4711\n"
	"    hint: yes\n"
	"    teller: other\n";

static struct log_format *parse(const char *text, struct buf *errors)
{
	return log_format_parse(text, strlen(text), "f", errors);
}

static void a_format_says_what_its_lines_mean(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	struct log_login told;
	struct addr server;
	struct log_format *format = parse(good, &errors);
	assert_string_equal(buf_cstr(&errors), "");
	assert_non_null(format);
	assert_int_equal(format->identifiers.count, 2);
	assert_int_equal(format->condition_count, 2);
	assert_int_equal(format->conditions[0].values.count, 2);
	assert_int_equal(format->files.count, 1);
	struct log_formats *formats = calloc(1, sizeof(*formats));
	assert_true(log_formats_add(formats, format));
	assert_true(says(formats, "doord",
			 "knock by bob at 192.0.2.7 12 192.0.2.1 34 Gate PIN 5 60",
			 &told));
	assert_string_equal(told.login.user, "bob");
	assert_int_equal(told.login.client_port, 12);
	assert_int_equal(told.login.server_port, 34);
	assert_true(addr_parse("192.0.2.1", &server));
	assert_true(addr_equal(&told.login.server_ip, &server));
	assert_string_equal(told.login.protocol, "gate");
	assert_string_equal(told.login.method, "PIN");
	assert_string_equal(told.login.outcome, "unknown");
	assert_int_equal(told.count, 5);
	assert_int_equal(told.span_s, 60);
	assert_true(says(formats, "door", "open", &told));
	assert_string_equal(told.login.protocol, "door");
	assert_string_equal(told.login.method, "key");
	assert_int_equal(told.login.server_port, 4711);
	assert_string_equal(told.login.user, "");
	assert_true(told.is_hint);
	assert_true(says(formats, "door", "x 12", &told));
	assert_string_equal(told.login.user, "12");
	/* The whole line, or it is another one. */
	assert_false(says(formats, "door", "open!", &told));
	assert_false(says(formats, "door", " open", &told));
	log_formats_free(formats);
	buf_free(&errors);
}

static void numbers_out_of_range_are_unknown(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	struct log_login told;
	struct log_formats *formats = calloc(1, sizeof(*formats));
	assert_true(log_formats_add(formats, parse(good, &errors)));
	assert_true(says(formats, "door",
			 "knock by bob at 1.2.3 65536 :: 99999999 x y 99999 9999999",
			 &told));
	assert_true(addr_is_unset(&told.login.client_ip));
	assert_int_equal(told.login.client_port, UNKNOWN_U32);
	assert_int_equal(told.login.server_port, UNKNOWN_U32);
	assert_int_equal(told.count, 1000);
	assert_int_equal(told.span_s, 300);
	assert_false(
		says(formats, "door", "knock by bob at ::1 1 ::1 2 x y 0 1", &told));
	log_formats_free(formats);
}

#define HEAD "name: a\nidentifiers: [a]\n"
static const char *const bad[][2] = {
	{ "", "f:1:1: an empty file is no format" },
	{ "a",
	  "f:1:1: a format can't be \"a\"; allowed are the keys name, identifiers, "
	  "journal, files, patterns\n" },
	{ "identifiers: [a]\npatterns: []",
	  "f:1:1: a format without name; allowed is a "
	  "word of at most 31 letters" },
	{ HEAD, "f:1:1: a format without patterns" },
	{ "name: a\npatterns: []\n", "a format without identifiers and files" },
	{ HEAD "patterns: x", "f:3:11: patterns can't be \"x\"" },
	{ HEAD "patterns: [x]",
	  "f:3:12: a pattern can't be \"x\"; allowed are the keys "
	  "match, outcome, " },
	{ HEAD "patterns:\n- match: 'a'\n",
	  "f:4:3: a pattern without outcome; allowed is "
	  "success, failure or unknown\n" },
	{ HEAD "patterns:\n- outcome: success\n", "f:4:3: a pattern without match" },
	{ HEAD "patterns:\n- {match: a, outcome: good}",
	  "f:4:23: outcome can't be \"good\"; allowed is success, failure or "
	  "unknown\n" },
	{ HEAD "patterns:\n- match: '(a'\n  outcome: success",
	  "f:4:10: match is wrong: missing closing parenthesis after 2 bytes; allowed "
	  "is "
	  "a Perl-compatible regular expression" },
	{ HEAD "patterns:\n- match: '(?<who>a)'\n  outcome: success",
	  "f:4:10: match is wrong: a group can't be named who; allowed is a "
	  "Perl-compatible regular expression of at most 1000 bytes for the whole "
	  "line, "
	  "with groups named user, client_ip, client_port, server_ip, server_port, "
	  "protocol, method, count, seconds\n" },
	{ HEAD "patterns:\n- match: '\\C'\n  outcome: success",
	  "match is wrong: using \\C" },
	{ HEAD "patterns:\n- match: '(*UTF)a'\n  outcome: success", "match is wrong" },
	{ HEAD "patterns:\n- match: ''\n  outcome: success", "match can't be \"\"" },
	{ HEAD "patterns:\n- {match: a, outcome: success, hint: perhaps}",
	  "hint can't be \"perhaps\"; allowed is yes or no" },
	{ HEAD "patterns:\n- {match: a, outcome: success, server_port: 0}",
	  "server_port can't be \"0\"" },
	{ HEAD "patterns:\n- {match: a, outcome: success, server_port: 65536}",
	  "a number from 1 to 65535" },
	{ HEAD "patterns:\n- {match: a, outcome: success, method: 'a b'}",
	  "method can't be \"a b\"" },
	{ HEAD "patterns:\n- {match: a, match: b, outcome: success}",
	  "f:4:14: match is set twice, first in line 4" },
	{ HEAD "patterns:\n- {match: a, outcome: success, users: b}",
	  "unknown key \"users\"; allowed: match, outcome, protocol, method, "
	  "server_port, hint, teller\n" },
	{ "name: a b\n", "f:1:7: name can't be \"a b\"" },
	{ "name: [a]\n", "f:1:7: name can't be a list" },
	{ "name: a\nidentifiers: ['a b']\n", "f:2:15: \"a b\" can't be in this list" },
	{ "name: a\nidentifiers: {a: b}\n", "f:2:14: identifiers can't be a section" },
	{ "name: a\nfiles: [a.log]\n",
	  "f:2:9: \"a.log\" can't be in this list; allowed is "
	  "at most 32 files from / on" },
	{ HEAD "journal: x\n", "f:3:10: journal can't be \"x\"; allowed is a section" },
	{ HEAD "journal: {uid: 0}\n", "f:3:11: journal can't hold \"uid\"" },
	{ HEAD "journal: {_UID: {a: b}}\n", "f:3:17: journal can't hold a section" },
	{ HEAD "name: b\n", "f:3:1: name is set twice, first in line 1" },
	{ HEAD "nmae: b\n", "f:3:1: unknown key \"nmae\"; allowed: name, identifiers" },
	{ "name: &a b\n", "f:1:7: anchors, aliases and tags" },
	{ HEAD "journal: {*a : 0}\n", "anchors, aliases and tags" },
	{ HEAD "patterns: [&a {match: a}]\n", "anchors, aliases and tags" },
	{ HEAD "---\na: b\n", "f:3:1: a second document" },
	{ "name: [\n", "not YAML" },
};

static void errors_say_where_and_what_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf errors = { 0 };
		struct log_format *format = parse(bad[i][0], &errors);
		if (format != NULL)
			fail_msg("was taken:\n%s", bad[i][0]);
		if (strstr(buf_cstr(&errors), bad[i][1]) == NULL)
			fail_msg("%s\nsays: %swithout: %s", bad[i][0],
				 buf_cstr(&errors), bad[i][1]);
		buf_free(&errors);
	}
}

static void sizes_are_bounded(void **state)
{
	(void)state;
	struct buf text = { 0 }, errors = { 0 };
	buf_text(&text, HEAD "patterns:\n");
	for (int i = 0; i < 65; i++)
		buf_text(&text, "- {match: a, outcome: success}\n");
	assert_null(parse(buf_cstr(&text), &errors));
	assert_non_null(strstr(buf_cstr(&errors), "f:68:3: too many patterns; allowed "
						  "are 64"));
	buf_clear(&errors);
	buf_clear(&text);
	buf_text(&text, "name: a\nidentifiers: [");
	for (int i = 0; i < 33; i++)
		buf_printf(&text, "a%d, ", i);
	buf_text(&text, "]\npatterns: []\n");
	assert_null(parse(buf_cstr(&text), &errors));
	assert_non_null(strstr(buf_cstr(&errors), "\"a32\" can't be in this list"));
	buf_clear(&errors);
	buf_clear(&text);
	buf_printf(&text, HEAD "patterns:\n- match: '%01001d'\n  outcome: success\n",
		   0);
	assert_null(parse(buf_cstr(&text), &errors));
	assert_non_null(strstr(buf_cstr(&errors), "match can't be"));
	buf_free(&text);
	buf_free(&errors);
}

static void every_cut_of_a_file_ends_well(void **state)
{
	(void)state;
	for (size_t len = 0; len <= strlen(good); len++) {
		struct buf errors = { 0 };
		struct log_format *format = log_format_parse(good, len, "f", &errors);
		assert_int_equal(format == NULL, errors.len > 0);
		log_format_free(format);
		buf_free(&errors);
	}
}

/* ---- a folder of them ---- */

static char folder[] = "/tmp/test_log_own_XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	char path[512];
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	return rmdir(folder);
}

static void write_file(const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_file_of_the_folder_adds_or_replaces(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	struct log_login told;
	write_file("door.yaml", good);
	write_file("z.yaml", "name: sshd\nidentifiers: [sshd]\npatterns:\n"
			     "- {match: 'ours', outcome: success}\n");
	write_file("ignored.txt", "no YAML: [");
	write_file(".hidden.yaml", "no YAML: [");
	struct log_formats *formats = log_formats_open(folder, &errors);
	assert_int_equal(errors.len, 0);
	assert_non_null(formats);
	assert_true(says(formats, "door", "open", &told));
	assert_true(says(formats, "sshd", "ours", &told));
	assert_false(says(formats, "sshd",
			  "Failed password for root from 192.0.2.7 port 4 ssh2",
			  &told));
	assert_true(says(formats, "vsftpd", "[bob] OK LOGIN: Client \"::1\"", &told));
	log_formats_free(formats);
}

static void one_wrong_file_is_named(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	char wanted[128];
	write_file("a.yaml", "name: a\n");
	assert_null(log_formats_open(folder, &errors));
	snprintf(wanted, sizeof(wanted), "%s/a.yaml:1:1: a format without patterns",
		 folder);
	assert_non_null(strstr(buf_cstr(&errors), wanted));
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_format_says_what_its_lines_mean),
		cmocka_unit_test(numbers_out_of_range_are_unknown),
		cmocka_unit_test(errors_say_where_and_what_is_allowed),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(every_cut_of_a_file_ends_well),
		cmocka_unit_test(a_file_of_the_folder_adds_or_replaces),
		cmocka_unit_test(one_wrong_file_is_named),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

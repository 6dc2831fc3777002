/*
 * test_log_forged.c: no stranger's name becomes an address, and no line, however
 * hostile, costs more than its share.
 */
#include "log_expect.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"

#define AT "2025-11-25 16:42:34.123 UTC [4711] "

/* ---- what strangers write ---- */

#define FORGED "6.6.6.6"
#define REAL   "192.0.2.7"

static const struct expected forgeries[] = {
	{ "sshd",
	  "Failed password for invalid user x from " FORGED " port 22 ssh2 from " REAL
	  " port 9 ssh2",
	  "ssh", "x from 6.6.6.6 port 22 ssh2", REAL, 9, "failure", "password" },
	{ "sshd",
	  "Failed password for invalid user x from " FORGED
	  " port 22 ssh2: RSA SHA256:a from " REAL " port 9 ssh2",
	  "ssh", "x from 6.6.6.6 port 22 ssh2: RSA SHA256:a", REAL, 9, "failure",
	  "password" },
	{ "sshd", "Invalid user x from " FORGED " port 22 from " REAL " port 9", "ssh",
	  "x from 6.6.6.6 port 22", REAL, 9, "failure", NULL },
	{ "sshd",
	  "Connection closed by invalid user x " FORGED " port 22 [preauth] " REAL
	  " port 9 [preauth]",
	  "ssh", "x 6.6.6.6 port 22 [preauth]", REAL, 9, "failure", NULL },
	{ "sshd",
	  "error: PAM: Authentication failure for illegal user x from " FORGED
	  " from " REAL,
	  "ssh", "x from 6.6.6.6", REAL, 0, "failure", "keyboard-interactive/pam" },
	{ "sshd",
	  "Accepted publickey for bob from " REAL
	  " port 9 ssh2: RSA-CERT SHA256:a ID x from " FORGED
	  " port 22 ssh2: x (serial 0) CA RSA SHA256:a",
	  "ssh", "bob", REAL, 9, "success", "publickey" },
	{ "sshd",
	  "Failed publickey for root from " REAL
	  " port 9 ssh2: RSA-CERT SHA256:a ID x from " FORGED
	  " port 22 ssh2 (serial 0) CA RSA SHA256:a",
	  "ssh", "root", REAL, 9, "failure", "publickey" },
	{ "vsftpd",
	  "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 "
	  "tty=ftp ruser=x rhost=" FORGED "  user=root rhost=" REAL,
	  "ftp", "", REAL, 0, "failure", NULL },
	/* sssd names users that it does not know, too. */
	{ "sshd",
	  "pam_sss(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh "
	  "ruser= rhost=" REAL " user=x rhost=" FORGED " user=root",
	  "ssh", "x rhost=6.6.6.6 user=root", REAL, 0, "failure", NULL },
	{ "dovecot",
	  "imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x>, "
	  "method=PLAIN, rip=" FORGED ", lip=1.1.1.1, session=<>, method=PLAIN, "
	  "rip=" REAL ", lip=192.0.2.1, session=<x>",
	  "imap", "x>, method=PLAIN, rip=6.6.6.6, lip=1.1.1.1, session=<", REAL, 0,
	  "failure", "PLAIN" },
	{ "postfix/smtpd",
	  "warning: unknown[" REAL "]: SASL PLAIN authentication failed: no, "
	  "sasl_username=x]: warning: unknown[" FORGED "]: SASL LOGIN authentication "
	  "failed: no, sasl_username=y",
	  "smtp", "y", REAL, 0, "failure", "PLAIN" },
	{ "mariadbd",
	  "2025-11-25 16:42:34 31 [Warning] Access denied for user 'x'@'" FORGED
	  "' (using password: YES)'@'" REAL "' (using password: NO)",
	  "mysql", "x'@'6.6.6.6' (using password: YES)", REAL, 0, "failure", NULL },
	{ "@vsftpd",
	  "Tue Nov 25 16:42:34 2025 [pid 4711] [x] FAIL LOGIN: Client \"" FORGED
	  "\"] FAIL LOGIN: Client \"" REAL "\"",
	  "ftp", "x] FAIL LOGIN: Client \"6.6.6.6\"", REAL, 0, "failure", NULL },
	/* The user and the database are in the prefix, too: Debian's. */
	{ "@postgresql",
	  AT FORGED " x@db FATAL:  password authentication failed for user \"" FORGED
		    " x\"",
	  "postgresql", "6.6.6.6 x", NULL, 0, "failure", "password" },
	{ "@postgresql",
	  AT "x@db " FORGED " FATAL:  password authentication failed for user \"x\"",
	  "postgresql", "x", NULL, 0, "failure", "password" },
	{ "@postgresql",
	  AT "x@a,client=" FORGED
	     " FATAL:  password authentication failed for user \"x\"",
	  "postgresql", "x", NULL, 0, "failure", "password" },
	{ "@postgresql",
	  AT FORGED " x@ FATAL:  password authentication failed for user \"x@d "
		    "FATAL:  password authentication failed for user \"" FORGED
		    " x@ FATAL:  password authentication failed for user \"x\"",
	  "postgresql", "x", NULL, 0, "failure", "password" },
	{ "@postgresql",
	  AT FORGED " FATAL:  password authentication failed for user \"" FORGED "\"",
	  "postgresql", "6.6.6.6", NULL, 0, "failure", "password" },
};

static void no_name_becomes_an_address(void **state)
{
	(void)state;
	CHECK_ALL(forgeries);
}

/* Such a line may mean two things: it is not read at all. */
static void what_may_be_either_is_neither(void **state)
{
	(void)state;
	struct log_login told;
	assert_false(writes(formats, "vsftpd",
			    "Tue Nov 25 16:42:34 2025 [pid 1] [ftp] OK LOGIN: Client "
			    "\"6.6.6.6\", anon password \"x] FAIL LOGIN: Client "
			    "\"192.0.2.7\"",
			    &told));
	assert_false(says(formats, "sshd",
			  "Failed publickey for invalid user x from 192.0.2.7 port 9 "
			  "ssh2: RSA-CERT SHA256:a ID y from 6.6.6.6 port 2 ssh2: "
			  "RSA-CERT SHA256:a ID z (serial 0) CA RSA SHA256:a from ",
			  &told));
}

/* A name stays a name: a resolver that a stranger owns says what it likes. */
static void a_host_name_is_no_client(void **state)
{
	(void)state;
	struct log_login told;
	assert_true(
		says(formats, "sshd",
		     "error: PAM: Authentication failure for root from evil.example",
		     &told));
	assert_true(addr_is_unset(&told.login.client_ip));
}

static void names_are_cut_and_made_printable(void **state)
{
	(void)state;
	struct log_login told;
	char line[512];
	snprintf(line, sizeof(line),
		 "Failed password for invalid user a\n\x1b[31m\xff%0200d from " REAL
		 " port 9 ssh2",
		 0);
	assert_true(says(formats, "sshd", line, &told));
	assert_int_equal(strlen(told.login.user), 63);
	for (const char *c = told.login.user; *c != '\0'; c++)
		assert_true(*c >= 0x20 && *c < 0x7f);
	static const char nul[] =
		"Failed password for invalid user a\0b from " REAL " port 9 ssh2";
	const struct log_message message = { .identifier = bytes_of("sshd", 4),
					     .text = bytes_of(nul, sizeof(nul) - 1),
					     .medium = "x" };
	assert_true(log_formats_read(formats, &message, &told));
	assert_string_equal(told.login.user, "a.b");
}

static void methods_of_strangers_are_few(void **state)
{
	(void)state;
	struct log_login told;
	char line[128];
	unsigned known = 0;
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line),
			 "Failed m%d for root from 192.0.2.7 port 1 ssh2", i);
		assert_true(says(formats, "sshd", line, &told));
		known += told.login.method != NULL;
	}
	assert_in_range(known, 1, LOG_METHODS_MAX);
	assert_non_null(record_word("a_word_after_that"));
}

/* ---- hostile lines ---- */

static int64_t time_to_read(const char *program, const char *line, size_t len)
{
	struct log_login told;
	struct log_message message = {
		.identifier = bytes_of(program, strlen(program)),
		.text = bytes_of(line, len),
		.medium = "x",
	};
	if (program[0] == '@')
		message.format = format_named(formats, program + 1);
	int64_t begin_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
	log_formats_read(formats, &message, &told);
	return clock_us(CLOCK_THREAD_CPUTIME_ID) - begin_us;
}

/* Repeats the text behind a begin, up to the longest line there is. */
static void fill(char *line, const char *begin, const char *text)
{
	size_t len = strlen(begin), n = strlen(text);
	memcpy(line, begin, len);
	for (; len + n <= LOG_LINE_MAX; len += n)
		memcpy(line + len, text, n);
	memset(line + len, 'x', LOG_LINE_MAX - len);
}

/* Sanitizers and slow machines get room; without a bound it would be minutes. */
static void the_worst_lines_take_bounded_time(void **state)
{
	(void)state;
	static const struct {
		const char *program, *begin, *text;
	} worst[] = {
		{ "sshd", "Failed password for invalid user ", " from 1 port 1 ssh2" },
		{ "sshd", "Failed password for invalid user ", "x" },
		{ "sshd", "Failed publickey for invalid user ",
		  " from 1 port 1 ssh2: RSA-CERT SHA256:a ID x" },
		{ "sshd", "Invalid user ", " from 1" },
		{ "sshd", "pam_unix(sshd:auth): authentication failure; logname=",
		  " rhost=a " },
		{ "dovecot", "imap-login: Login: user=<", ">, method=a, rip=b, lip=c" },
		{ "postfix/smtpd", "warning: a[b]: SASL LOGIN authentication failed:",
		  ", sasl_username=" },
		{ "@nginx", "192.0.2.7 - ", " [" },
		{ "@nginx", "192.0.2.7 - x [25/Nov/2025:16:42:34 +0000] \"", "\\x22" },
		{ "@postgresql", AT "192.0.2.7 ", "@ FATAL:  " },
		{ "@postgresql", AT "192.0.2.7 ", "@@@@@@" },
		{ "@postgresql", AT "user=x,db=", ",client=1 FATAL:  " },
		{ "@mysql", "1 1 [Note] Access denied for user '", "'@'" },
		{ "@vsftpd", "[", "] FAIL LOGIN: Client \"" },
	};
	char *line = malloc(LOG_LINE_MAX);
	assert_non_null(line);
	for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
		fill(line, worst[i].begin, worst[i].text);
		int64_t took_us = time_to_read(worst[i].program, line, LOG_LINE_MAX);
		if (took_us > 1000000)
			fail_msg("%s %s%s...: %lld us", worst[i].program,
				 worst[i].begin, worst[i].text, (long long)took_us);
	}
	free(line);
}

static void random_bytes_say_nothing(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	static const char *const programs[] = { "sshd",   "dovecot", "postfix/smtpd",
						"@nginx", "@mysql",  "@postgresql",
						"@vsftpd" };
	char line[256];
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 2000; i++) {
		size_t len = (size_t)random() % sizeof(line);
		for (size_t j = 0; j < len; j++)
			line[j] = (char)random();
		time_to_read(programs[i % 7], line, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_name_becomes_an_address),
		cmocka_unit_test(what_may_be_either_is_neither),
		cmocka_unit_test(a_host_name_is_no_client),
		cmocka_unit_test(names_are_cut_and_made_printable),
		cmocka_unit_test(methods_of_strangers_are_few),
		cmocka_unit_test(the_worst_lines_take_bounded_time),
		cmocka_unit_test(random_bytes_say_nothing),
	};
	return cmocka_run_group_tests(tests, open_formats, close_formats);
}

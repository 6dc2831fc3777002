/*
 * test_log_formats.c: what the built-in formats understand of lines as their programs
 * write them.
 */
#include "log_expect.h"

/* ---- as programs write ---- */

static const struct expected of_sshd[] = {
	{ "sshd", "Failed password for root from 192.0.2.7 port 40022 ssh2", "ssh",
	  "root", "192.0.2.7", 40022, "failure", "password" },
	{ "sshd",
	  "Failed password for invalid user admin from 2001:db8::5 port 51234 ssh2",
	  "ssh", "admin", "2001:db8::5", 51234, "failure", "password" },
	{ "sshd-session",
	  "Failed password for invalid user  from 192.0.2.7 port 2 ssh2", "ssh", "",
	  "192.0.2.7", 2, "failure", "password" },
	{ "sshd",
	  "Accepted publickey for bob from 192.0.2.7 port 40022 ssh2: ED25519 "
	  "SHA256:Aq0g1u1yBNUbh4ZiMk0sVwZYzAKLW3UDtP+rrYMAp8E",
	  "ssh", "bob", "192.0.2.7", 40022, "success", "publickey" },
	{ "sshd-auth",
	  "Accepted publickey for bob from fe80::1%eth0 port 9 ssh2: RSA-CERT "
	  "SHA256:Aq0g1u1y ID bob@ca (serial 7) CA RSA SHA256:x",
	  "ssh", "bob", "fe80::1", 9, "success", "publickey" },
	{ "sshd", "Accepted password for bob from 192.0.2.7 port 40022 ssh2", "ssh",
	  "bob", "192.0.2.7", 40022, "success", "password" },
	{ "sshd",
	  "Failed publickey for root from 192.0.2.7 port 1 ssh2: RSA SHA256:abc/+=",
	  "ssh", "root", "192.0.2.7", 1, "failure", "publickey" },
	{ "sshd",
	  "Failed publickey for invalid user x from 192.0.2.7 port 1 ssh2: RSA-CERT "
	  "SHA256:abc ID someone (serial 0) CA RSA SHA256:abc",
	  "ssh", "x", "192.0.2.7", 1, "failure", "publickey" },
	{ "sshd",
	  "Failed keyboard-interactive/pam for invalid user x from 192.0.2.7 port 1 "
	  "ssh2",
	  "ssh", "x", "192.0.2.7", 1, "failure", "keyboard-interactive/pam" },
	{ "sshd", "error: PAM: Authentication failure for root from 192.0.2.7", "ssh",
	  "root", "192.0.2.7", 0, "failure", "keyboard-interactive/pam" },
	{ "sshd", "Invalid user oracle from 192.0.2.7 port 33001", "ssh", "oracle",
	  "192.0.2.7", 33001, "failure", NULL },
	{ "sshd",
	  "Connection closed by authenticating user root 192.0.2.7 port 33001 "
	  "[preauth]",
	  "ssh", "root", "192.0.2.7", 33001, "failure", NULL },
	{ "sshd-session",
	  "Connection reset by invalid user a b 192.0.2.7 port 33001 [preauth]", "ssh",
	  "a b", "192.0.2.7", 33001, "failure", NULL },
	{ "sshd",
	  "error: maximum authentication attempts exceeded for root from 192.0.2.7 "
	  "port 5 ssh2 [preauth]",
	  "ssh", "root", "192.0.2.7", 5, "failure", NULL },
	{ "sshd",
	  "Disconnecting authenticating user root 192.0.2.7 port 5: Too many "
	  "authentication failures [preauth]",
	  "ssh", "root", "192.0.2.7", 5, "failure", NULL },
	{ "sshd",
	  "User bob from 192.0.2.7 not allowed because not listed in AllowUsers", "ssh",
	  "bob", "192.0.2.7", 0, "failure", NULL },
	{ "sshd",
	  "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh "
	  "ruser= rhost=192.0.2.7  user=root",
	  "ssh", "root", "192.0.2.7", 0, "failure", NULL },
	{ "sshd",
	  "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh "
	  "ruser= rhost=192.0.2.7 ",
	  "ssh", "", "192.0.2.7", 0, "failure", NULL },
};

static void logins_at_sshd_are_understood(void **state)
{
	(void)state;
	CHECK_ALL(of_sshd);
}

static const struct expected of_mail[] = {
	{ "dovecot",
	  "imap-login: Login: user=<bob@example.org>, method=PLAIN, rip=192.0.2.7, "
	  "lip=192.0.2.1, mpid=4711, TLS, session=<4ruwKzkAVMDAAAIH>",
	  "imap", "bob@example.org", "192.0.2.7", 0, "success", "PLAIN" },
	{ "dovecot",
	  "pop3-login: Disconnected (auth failed, 3 attempts in 12 secs): user=<bob>, "
	  "method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, session=<x>",
	  "pop3", "bob", "192.0.2.7", 0, "failure", "PLAIN" },
	{ "dovecot",
	  "imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 "
	  "secs): user=<bob>, method=LOGIN, rip=2001:db8::7, lip=2001:db8::1, TLS",
	  "imap", "bob", "2001:db8::7", 0, "failure", "LOGIN" },
	{ "dovecot",
	  "imap-login: Login aborted: Connection closed (auth failed, 1 attempts in 2 "
	  "secs) (auth_failed): user=<>, rip=192.0.2.7, lip=192.0.2.1",
	  "imap", "", "192.0.2.7", 0, "failure", NULL },
	{ "dovecot",
	  "imap-login: Aborted login (auth failed, 2 attempts in 3 secs): user=<x>, "
	  "method=PLAIN, rip=192.0.2.7, lip=192.0.2.1",
	  "imap", "x", "192.0.2.7", 0, "failure", "PLAIN" },
	{ "auth",
	  "pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 "
	  "tty=dovecot ruser=bob rhost=192.0.2.7  user=bob",
	  "", "bob", "192.0.2.7", 0, "failure", NULL },
	{ "postfix/smtpd",
	  "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
	  "smtp", "", "192.0.2.7", 0, "failure", "LOGIN" },
	{ "postfix/submission/smtpd",
	  "warning: mail.example.org[2001:db8::7]:40001: SASL PLAIN authentication "
	  "failed: (reason unavailable), sasl_username=bob@example.org",
	  "smtp", "bob@example.org", "2001:db8::7", 40001, "failure", "PLAIN" },
	{ "postfix/smtpd",
	  "4F2B1C0D: client=mail.example.org[192.0.2.7], sasl_method=PLAIN, "
	  "sasl_username=bob",
	  "smtp", "bob", "192.0.2.7", 0, "success", "PLAIN" },
};

static void logins_for_mail_are_understood(void **state)
{
	(void)state;
	CHECK_ALL(of_mail);
}

#define FROM_CURL " \"-\" \"curl/7.88.1\""
static const struct expected of_nginx[] = {
	{ "@nginx",
	  "192.0.2.7 - bob [25/Nov/2025:16:42:34 +0000] \"GET / HTTP/1.1\" 401 "
	  "179" FROM_CURL,
	  "http", "bob", "192.0.2.7", 0, "failure", "Basic" },
	{ "@nginx",
	  "2001:db8::7 - eve x [25/Nov/2025:16:42:34 +0000] \"GET /a\\x22 HTTP/1.1\" "
	  "403 179" FROM_CURL,
	  "http", "eve x", "2001:db8::7", 0, "failure", "Basic" },
	{ "@nginx",
	  "2025/11/25 16:42:34 [error] 29274#29274: *1 user \"bob\": password "
	  "mismatch, client: 192.0.2.7, server: , request: \"GET / HTTP/1.1\", host: "
	  "\"192.0.2.1:18080\"",
	  "http", "bob", "192.0.2.7", 0, "failure", "Basic" },
	{ "@nginx",
	  "2025/11/25 16:42:34 [error] 29274#29274: *4 user \"x\"\" was not found in "
	  "\"/etc/nginx/htpasswd\", client: 192.0.2.7, server: a, request: \"GET / "
	  "HTTP/1.1\", host: \"h\"",
	  "http", "x\"", "192.0.2.7", 0, "failure", "Basic" },
};

static void logins_at_nginx_are_understood(void **state)
{
	(void)state;
	CHECK_ALL(of_nginx);
}

#define AT      "2025-11-25 16:42:34.123 UTC [4711] "
#define REFUSED " FATAL:  password authentication failed for user \"bob\""
static const struct expected of_databases[] = {
	{ "@postgresql", AT "bob@db" REFUSED, "postgresql", "bob", NULL, 0, "failure",
	  "password" },
	{ "@postgresql", AT "192.0.2.7 bob@db" REFUSED, "postgresql", "bob",
	  "192.0.2.7", 0, "failure", "password" },
	{ "@postgresql", AT "192.0.2.7(40001) bob@[unknown]" REFUSED, "postgresql",
	  "bob", "192.0.2.7", 40001, "failure", "password" },
	{ "@postgresql", "2025-11-25 16:42:34 CET [4711]: 2001:db8::7(40001)" REFUSED,
	  "postgresql", "bob", "2001:db8::7", 40001, "failure", "password" },
	{ "@postgresql",
	  "2025-11-25 16:42:34 +01 [4711]: [3-1] "
	  "user=bob,db=d,app=[unknown],client=192.0.2.7" REFUSED,
	  "postgresql", "bob", "192.0.2.7", 0, "failure", "password" },
	{ "@postgresql", AT "[local] bob@db" REFUSED, "postgresql", "bob", NULL, 0,
	  "failure", "password" },
	{ "postgres", "[5-1] 2025-11-25 16:42:34.123 UTC [4711] bob@db" REFUSED,
	  "postgresql", "bob", NULL, 0, "failure", "password" },
	{ "@postgresql",
	  AT "bob@db LOG:  connection authorized: user=bob database=db "
	     "application_name=psql SSL enabled (protocol=TLSv1.3)",
	  "postgresql", "bob", NULL, 0, "success", NULL },
	{ "@postgresql",
	  AT "192.0.2.7 bob@db LOG:  connection authorized: user=bob database=db",
	  "postgresql", "bob", "192.0.2.7", 0, "success", NULL },
	{ "mariadbd",
	  "2025-11-25 16:42:34 31 [Warning] Access denied for user "
	  "'bob'@'192.0.2.7' (using password: YES)",
	  "mysql", "bob", "192.0.2.7", 0, "failure", NULL },
	{ "@mysql",
	  "2025-11-25T16:42:34.123456Z 12 [Note] [MY-010926] [Server] Access denied "
	  "for user 'bob'@'localhost' (using password: NO)",
	  "mysql", "bob", NULL, 0, "failure", NULL },
};

static void logins_at_databases_are_understood(void **state)
{
	(void)state;
	CHECK_ALL(of_databases);
}

static const struct expected of_others[] = {
	{ "@vsftpd",
	  "Tue Nov 25 16:42:34 2025 [pid 4711] [bob] FAIL LOGIN: Client "
	  "\"::ffff:192.0.2.7\"",
	  "ftp", "bob", "192.0.2.7", 0, "failure", NULL },
	{ "@vsftpd",
	  "Tue Nov  5 16:42:34 2025 [pid 4711] [ftp] OK LOGIN: Client \"192.0.2.7\", "
	  "anon password \"a@b\"",
	  "ftp", "ftp", "192.0.2.7", 0, "success", NULL },
	{ "vsftpd", "[bob] OK LOGIN: Client \"2001:db8::7\"", "ftp", "bob",
	  "2001:db8::7", 0, "success", NULL },
	{ "vsftpd",
	  "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 "
	  "tty=ftp ruser=bob rhost=192.0.2.7  user=bob",
	  "ftp", "bob", "192.0.2.7", 0, "failure", NULL },
	{ "su",
	  "pam_unix(su-l:auth): authentication failure; logname=bob uid=1000 euid=0 "
	  "tty=/dev/pts/0 ruser=bob rhost=  user=root",
	  "su-l", "root", NULL, 0, "failure", NULL },
	{ "sudo",
	  "pam_unix(sudo:session): session opened for user root(uid=0) by "
	  "bob(uid=1000)",
	  "sudo", "root", NULL, 0, "success", NULL },
	{ "su", "pam_unix(su:session): session opened for user postgres by bob(uid=0)",
	  "su", "postgres", NULL, 0, "success", NULL },
	{ "login",
	  "pam_unix(login:session): session opened for user bob(uid=1000) by "
	  "LOGIN(uid=0)",
	  "login", "bob", NULL, 0, "success", NULL },
};

static void logins_elsewhere_are_understood(void **state)
{
	(void)state;
	CHECK_ALL(of_others);
}

static void what_is_no_attempt_says_nothing(void **state)
{
	(void)state;
	static const char *const lines[][2] = {
		{ "sshd", "Server listening on 0.0.0.0 port 22." },
		{ "sshd",
		  "Received disconnect from 192.0.2.7 port 4:11: bye [preauth]" },
		{ "sshd", "Connection closed by 192.0.2.7 port 40022 [preauth]" },
		{ "sshd", "pam_unix(sshd:session): session opened for user bob(uid=1) "
			  "by (uid=0)" },
		{ "sshd", "" },
		{ "cron", "pam_unix(cron:session): session opened for user root(uid=0) "
			  "by (uid=0)" },
		{ "dovecot", "imap-login: Disconnected (no auth attempts in 0 secs): "
			     "user=<>, rip=192.0.2.7, lip=192.0.2.1" },
		{ "@nginx", "192.0.2.7 - - [25/Nov/2025:16:42:34 +0000] \"GET / "
			    "HTTP/1.1\" 401 179" FROM_CURL },
		{ "@nginx", "192.0.2.7 - bob [25/Nov/2025:16:42:34 +0000] \"GET / "
			    "HTTP/1.1\" 200 179" FROM_CURL },
		{ "@sshd", "Server listening on 0.0.0.0 port 22." },
		{ "nobody", "Failed password for root from 192.0.2.7 port 1 ssh2" },
	};
	struct log_login told;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct expected e = { .program = lines[i][0],
					    .line = lines[i][1] };
		if (read_line(&e, &told))
			fail_msg("tells of %s: %s", told.login.user, e.line);
	}
}

/* ---- how many, and of what weight ---- */

static void repeated_messages_count_as_often(void **state)
{
	(void)state;
	struct log_login told;
	assert_true(says(formats, "sshd",
			 "message repeated 2 times: [ Failed password for root from "
			 "192.0.2.7 port 4 ssh2]",
			 &told));
	assert_int_equal(told.count, 2);
	assert_true(told.span_s > 60);
	assert_string_equal(told.login.user, "root");
	assert_true(says(formats, "sshd",
			 "message repeated 999999999 times: [ Failed password for root "
			 "from 192.0.2.7 port 4 ssh2]",
			 &told));
	assert_int_equal(told.count, 1000);
	static const char *const broken[] = {
		"message repeated 2 times: [ Failed password for root from 192.0.2.7 "
		"port 4 ssh2",
		"message repeated times: [ Failed password for root from 192.0.2.7 "
		"port 4 ssh2]",
		"message repeated 2 times: [ message repeated 2 times: [ Failed "
		"password for root from 192.0.2.7 port 4 ssh2]]",
		"message repeated 2",
		"message repeated 2 times: [",
		"message repeated ",
	};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_false(says(formats, "sshd", broken[i], &told));
}

static void counts_of_one_line_are_taken(void **state)
{
	(void)state;
	struct log_login told;
	assert_true(says(formats, "dovecot", of_mail[1].line, &told));
	assert_int_equal(told.count, 3);
	assert_int_equal(told.span_s, 12);
	assert_false(told.is_hint);
	struct addr server;
	assert_true(addr_parse("192.0.2.1", &server));
	assert_true(addr_equal(&told.login.server_ip, &server));
}

static void lines_beside_the_proper_one_are_hints(void **state)
{
	(void)state;
	static const char *const hints[] = {
		"Invalid user oracle from 192.0.2.7 port 33001",
		"Connection closed by invalid user x 192.0.2.7 port 3 [preauth]",
		"Failed none for invalid user x from 192.0.2.7 port 3 ssh2",
	};
	struct log_login told, other;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		assert_true(says(formats, "sshd", hints[i], &told));
		assert_true(told.is_hint);
	}
	assert_true(says(formats, "sshd", of_sshd[0].line, &told));
	assert_false(told.is_hint);
	assert_true(says(formats, "sshd", of_sshd[1].line, &other));
	assert_true(told.teller == other.teller);
	assert_true(says(formats, "sshd", of_sshd[16].line, &other));
	assert_true(told.teller != other.teller); /* PAM */
	assert_true(says(formats, "sshd", of_sshd[9].line, &other));
	assert_true(told.teller != other.teller);
	assert_string_equal(told.login.source, "sshd, /var/log/auth.log");
}

/* ---- the journal's own fields ---- */

static const char *journal_uid, *journal_exe;

static bool journal_field(void *self, const char *name, struct bytes *value)
{
	(void)self;
	const char *text = strcmp(name, "_UID") == 0   ? journal_uid
			   : strcmp(name, "_EXE") == 0 ? journal_exe
						       : NULL;
	if (text != NULL)
		*value = bytes_of(text, strlen(text));
	return text != NULL;
}

static bool journal_says(const char *program, const char *text)
{
	struct log_login told;
	const struct log_message message = {
		.identifier = bytes_of(program, strlen(program)),
		.text = bytes_of(text, strlen(text)),
		.medium = "journal",
		.field = journal_field,
	};
	return log_formats_read(formats, &message, &told);
}

static void in_the_journal_nobody_speaks_for_another(void **state)
{
	(void)state;
	const char *refusal = of_databases[0].line;
	journal_uid = "0";
	assert_true(journal_says("sshd", of_sshd[0].line));
	journal_uid = "1000";
	assert_false(journal_says("sshd", of_sshd[0].line));
	journal_uid = NULL;
	assert_false(journal_says("sshd", of_sshd[0].line));
	journal_exe = "/usr/lib/postgresql/15/bin/postgres";
	assert_true(journal_says("postgres", refusal));
	journal_exe = "/tmp/usr/lib/postgresql/15/bin/postgres";
	assert_false(journal_says("postgres", refusal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_at_sshd_are_understood),
		cmocka_unit_test(logins_for_mail_are_understood),
		cmocka_unit_test(logins_at_nginx_are_understood),
		cmocka_unit_test(logins_at_databases_are_understood),
		cmocka_unit_test(logins_elsewhere_are_understood),
		cmocka_unit_test(what_is_no_attempt_says_nothing),
		cmocka_unit_test(repeated_messages_count_as_often),
		cmocka_unit_test(counts_of_one_line_are_taken),
		cmocka_unit_test(lines_beside_the_proper_one_are_hints),
		cmocka_unit_test(in_the_journal_nobody_speaks_for_another),
	};
	return cmocka_run_group_tests(tests, open_formats, close_formats);
}

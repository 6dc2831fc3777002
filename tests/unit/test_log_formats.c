/*
 * test_log_formats.c: what the built-in formats understand of lines as their programs
 * write them, and that no stranger's name becomes an address.
 */
#include "log_check.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"

static struct log_formats *formats;

static int open_formats(void **state)
{
	(void)state;
	formats = built_in();
	return 0;
}

static int close_formats(void **state)
{
	(void)state;
	log_formats_free(formats);
	return 0;
}

/* What is expected of a line; NULL and 0: unknown. */
struct expected {
	const char *program; /* of syslog; with "@": the format whose own file it is */
	const char *line;
	const char *protocol, *user, *client;
	uint32_t port;
	const char *outcome, *method;
};

static bool read_line(const struct expected *e, struct log_login *out)
{
	return e->program[0] == '@' ? writes(formats, e->program + 1, e->line, out)
				    : says(formats, e->program, e->line, out);
}

static void check_text(const struct expected *e, const char *what, const char *got,
		       const char *wanted)
{
	if (strcmp(got == NULL ? "" : got, wanted == NULL ? "" : wanted) != 0)
		fail_msg("%s\n%s is \"%s\", not \"%s\"", e->line, what,
			 got == NULL ? "" : got, wanted == NULL ? "" : wanted);
}

static void check(const struct expected *e)
{
	struct log_login told;
	char client[ADDR_TEXT_MAX] = "";
	if (!read_line(e, &told))
		fail_msg("says nothing: %s", e->line);
	const struct login_record *login = &told.login;
	if (!addr_is_unset(&login->client_ip))
		addr_text(&login->client_ip, client);
	check_text(e, "protocol", login->protocol, e->protocol);
	check_text(e, "user", login->user, e->user);
	check_text(e, "client", client, e->client);
	check_text(e, "outcome", login->outcome, e->outcome);
	check_text(e, "method", login->method, e->method);
	check_text(e, "seen_by", login->seen_by, "log");
	if (login->client_port != (e->port == 0 ? UNKNOWN_U32 : e->port))
		fail_msg("%s\nport is %u", e->line, login->client_port);
}

static void check_all(const struct expected *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&at[i]);
}

#define CHECK_ALL(list) check_all(list, sizeof(list) / sizeof((list)[0]))

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

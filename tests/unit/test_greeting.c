/*
 * test_greeting.c: which software greets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/greeting.h"

static void name_and_version_are_found(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "mail.example ESMTP Postfix (Debian/GNU)", "Postfix (Debian/GNU)" },
		{ "mx ESMTP Exim 4.96 Thu, 01 Jan 2026 00:00:00 +0000", "Exim 4.96" },
		{ "mx ESMTP Exim 4.96 #2 Thu, 01 Jan 2026 00:00:00 +0000",
		  "Exim 4.96" },
		{ "a.mil ESMTP Sendmail 8.8.7/8.8.7; Sat, 7 Aug 1999 08:20:11 -0400",
		  "Sendmail 8.8.7/8.8.7" },
		{ "ex Microsoft ESMTP MAIL Service ready at Thu, 1 Jan 2026",
		  "Microsoft ESMTP MAIL Service" },
		{ "ex Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready",
		  "Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675" },
		{ "mx.google.com ESMTP 5b1f17b1804b1-42 - gsmtp", "gsmtp" },
		{ "mx ESMTP OpenSMTPD", "OpenSMTPD" },
		{ "mx ESMTP Haraka/2.8.27 ready", "Haraka/2.8.27" },
		{ "mx ESMTP Service (Lotus Domino Release 8.5.3) ready",
		  "Lotus Domino Release 8.5.3" },
		{ "[CAPABILITY IMAP4rev1] Dovecot (Debian) ready.",
		  "Dovecot (Debian)" },
		{ "Dovecot ready.", "Dovecot" },
		{ "mail Cyrus IMAP 3.6.1-Debian-3.6.1-4 server ready",
		  "Cyrus IMAP 3.6.1-Debian-3.6.1-4" },
		{ "The Microsoft Exchange IMAP4 service is ready.",
		  "Microsoft Exchange" },
		{ "Gimap ready for requests from 192.0.2.1", "Gimap" },
		{ "(vsFTPd 3.0.3)", "vsFTPd 3.0.3" },
		{ "ProFTPD 1.3.5e Server (Debian) [::ffff:192.0.2.1]",
		  "ProFTPD 1.3.5e" },
		{ "ProFTPD Server (Debian) [192.0.2.1]", "ProFTPD" },
		{ "---------- Welcome to Pure-FTPd [privsep] [TLS] ----------",
		  "Pure-FTPd" },
		{ "Microsoft FTP Service", "Microsoft FTP Service" },
		{ "FileZilla Server 1.7.0", "FileZilla Server 1.7.0" },
		{ "FileZilla Server version 0.9.41 beta",
		  "FileZilla Server version 0.9.41 beta" },
		{ "Serv-U FTP Server v6.4 for WinSock ready...",
		  "Serv-U FTP Server v6.4" },
		{ "exim.example ESMTP ready", "" },
		{ "mail ESMTP ready", "" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char field[64] = "";
		greeting_software(field, sizeof(field),
				  bytes_of(cases[i][0], strlen(cases[i][0])));
		assert_string_equal(field, cases[i][1]);
	}
}

static void without_one_what_was_known_stays(void **state)
{
	(void)state;
	char field[64] = "Exim 4.96";
	greeting_software(field, sizeof(field), bytes_of("mx at your service", 18));
	assert_string_equal(field, "Exim 4.96");
}

static void any_bytes_do_no_harm(void **state)
{
	(void)state;
	print_message("seed 1\n");
	srandom(1);
	for (int try = 0; try < 500; try++) {
		size_t len = (size_t)random() % 300;
		char *text = malloc(len + 1), field[16] = "";
		for (size_t i = 0; i < len; i++)
			text[i] = (char)random();
		if (len > 20)
			memcpy(text + len - 7, "Postfix", 7);
		text[len > 8 ? len - 8 : 0] = ' ';
		greeting_software(field, sizeof(field), bytes_of(text, len));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_and_version_are_found),
		cmocka_unit_test(without_one_what_was_known_stays),
		cmocka_unit_test(any_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

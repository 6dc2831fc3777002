/*
 * test_sasl.c: who logs in by SASL; and that no password stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/sasl.h"

static struct bytes text(const char *word)
{
	return bytes_of(word, strlen(word));
}

static void each_mechanism_names_its_user(void **state)
{
	(void)state;
	static const struct {
		const char *mechanism, *answer, *method, *user;
		bool is_readable;
	} cases[] = {
		/* "\0alice\0correct-horse", "ops\0alice\0correct-horse" */
		{ "PLAIN", "AGFsaWNlAGNvcnJlY3QtaG9yc2U=", "PLAIN", "alice", true },
		{ "plain", "b3BzAGFsaWNlAGNvcnJlY3QtaG9yc2U=", "PLAIN", "alice", true },
		{ "LOGIN", "YWxpY2U=", "LOGIN", "alice", true },
		/* RFC 2195 2 */
		{ "CRAM-MD5", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw",
		  "CRAM-MD5", "tim", false },
		/* "user=alice@example.com\1auth=Bearer token\1\1" */
		{ "XOAUTH2", "dXNlcj1hbGljZUBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB0b2tlbgEB",
		  "XOAUTH2", "alice@example.com", true },
		/* RFC 7628 4.1, RFC 5802 5 */
		{ "OAUTHBEARER",
		  "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAQ==",
		  "OAUTHBEARER", "user@example.com", true },
		{ "SCRAM-SHA-1", "biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM",
		  "SCRAM-SHA-1", "user", false },
		/* username="chris",realm="x" */
		{ "DIGEST-MD5", "dXNlcm5hbWU9ImNocmlzIixyZWFsbT0ieCI=", "DIGEST-MD5",
		  "chris", false },
		{ "GSSAPI", "YIIC", "GSSAPI", "", false },
		{ "X-UNHEARD-OF", "YWxpY2U=", NULL, "", false },
		{ "PLAIN", "=", "PLAIN", "", true },
		{ "PLAIN", "*", "PLAIN", "", true },
		{ "PLAIN", "", "PLAIN", "", true },
		{ "XOAUTH2", "YWxpY2U=", "XOAUTH2", "", true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sasl sasl;
		sasl_begin(&sasl, text(cases[i].mechanism));
		sasl_answer(&sasl, text(cases[i].answer));
		if (cases[i].method == NULL)
			assert_null(sasl_method(&sasl));
		else
			assert_string_equal(sasl_method(&sasl), cases[i].method);
		assert_string_equal(sasl.user, cases[i].user);
		assert_int_equal(sasl_is_readable(&sasl), cases[i].is_readable);
	}
}

static void what_follows_the_user_is_not_kept(void **state)
{
	(void)state;
	struct sasl sasl;
	sasl_begin(&sasl, text("LOGIN"));
	sasl_answer(&sasl, text("YWxpY2U="));
	sasl_answer(&sasl, text("Y29ycmVjdC1ob3JzZQ=="));
	assert_string_equal(sasl.user, "alice");
	assert_null(memmem(&sasl, sizeof(sasl), "correct", 7));
	sasl_begin(&sasl, text("PLAIN"));
	sasl_answer(&sasl, text("AGFsaWNlAGNvcnJlY3QtaG9yc2U="));
	assert_null(memmem(&sasl, sizeof(sasl), "correct", 7));
}

static void names_of_any_length_are_cut_to_fit(void **state)
{
	(void)state;
	char long_name[2000];
	struct sasl sasl;
	memset(long_name, 'Y', sizeof(long_name));
	sasl_begin(&sasl, text("LOGIN"));
	sasl_answer(&sasl, bytes_of(long_name, sizeof(long_name)));
	assert_int_equal(strlen(sasl.user), USER_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mechanism_names_its_user),
		cmocka_unit_test(what_follows_the_user_is_not_kept),
		cmocka_unit_test(names_of_any_length_are_cut_to_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_mail.c: a notice as a message of mail, as a whole, and against hostile text.
 */
#include "notice_scene.h"

#include "alert/mail.h"

static char *mail_of(const char *summary, const char *to, const char *key)
{
	struct incident_record incident = made_incident(summary);
	struct notice notice = notice_of(&incident, 1, "new");
	struct buf out = { 0 };
	notice.key = key;
	mail_message("monitor@example.org", to, &notice, &out);
	char *text = strdup(buf_cstr(&out));
	buf_free(&out);
	return text;
}

static void a_message_is_whole(void **state)
{
	(void)state;
	char *text =
		mail_of("r\xc3\xa9seau = down", "a@example.org,b@example.org", "3f2a");
	assert_string_equal(
		text, "Date: Thu, 1 Jan 2026 12:01:00 +0000\r\n"
		      "From: Breakwater <monitor@example.org>\r\n"
		      "To: <a@example.org>,\r\n <b@example.org>\r\n"
		      "Subject: =?utf-8?B?W2hpZ2hdIGRiMDE6IHLDqXNlYXUgPSBkb3du?=\r\n"
		      "Message-ID: <1122334455667788.notice@db01>\r\n"
		      "In-Reply-To: <2e737b2b6ee93374.incident@db01>\r\n"
		      "References: <2e737b2b6ee93374.incident@db01>\r\n"
		      "Auto-Submitted: auto-generated\r\n"
		      "MIME-Version: 1.0\r\n"
		      "Content-Type: text/plain; charset=utf-8\r\n"
		      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		      "r=C3=A9seau =3D down\r\n"
		      "  high, firing, since 2026-01-01T12:00:00Z\r\n"
		      "  target: tcp://10.0.0.5:5432\r\n"
		      "  cause: its process ended\r\n"
		      "  incident: 3f2a\r\n"
		      "https://db01.example.org/#incident=3D3f2a\r\n");
	free(text);
}

/* The value of a header, unfolded no more than a line. */
static char *header_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	assert_non_null(at);
	return strndup(at, strcspn(at, "\r"));
}

static void one_incident_is_one_thread(void **state)
{
	(void)state;
	char *first = mail_of("down", "a@b", "3f2a"),
	     *second = mail_of("up", "a@b", "3f2a");
	char *other = mail_of("up", "a@b", "0001");
	char *one = header_of(first, "References: "),
	     *two = header_of(second, "References: ");
	char *three = header_of(other, "References: ");
	assert_string_equal(one, two);
	assert_string_not_equal(one, three);
	free(first);
	free(second);
	free(other);
	free(one);
	free(two);
	free(three);
}

/* RFC 5322 2.1.1, RFC 2045 6.7, RFC 2047 2. */
static void no_line_is_long_and_none_is_a_strangers(void **state)
{
	static const char *const hostile[] = {
		"x\r\nBcc: all@example.org\r\n\r\nbody",
		"=?utf-8?Q?fake?=",
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
		"\xac"
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
		"\xac"
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
		"\xac",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"a",
		"many words that are so many that a line has to be folded somewhere, "
		"or it "
		"would be longer than seventy-eight characters",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		char *text = mail_of(hostile[i], "a@b", "k");
		assert_null(strstr(text, "\nBcc:"));
		assert_null(strstr(text, "=?utf-8?Q?fake"));
		for (const char *line = text; *line != '\0';) {
			size_t len = strcspn(line, "\r\n");
			assert_true(len <= 76);
			assert_true(line[len] == '\r' && line[len + 1] == '\n');
			line += len + 2;
		}
		free(text);
	}
}

static void addresses_are_plain(void **state)
{
	(void)state;
	assert_true(mail_is_address("a.b+c@example.org", 17));
	assert_false(mail_is_address("a", 1));
	assert_false(mail_is_address("@b", 2));
	assert_false(mail_is_address("a@", 2));
	assert_false(mail_is_address("a@b>x", 5));
	assert_false(mail_is_address("a @b", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_whole),
		cmocka_unit_test(one_incident_is_one_thread),
		cmocka_unit_test(no_line_is_long_and_none_is_a_strangers),
		cmocka_unit_test(addresses_are_plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

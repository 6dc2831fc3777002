/*
 * test_access.c: what proves who somebody is, as it is read and as it is kept; how
 * often somebody may try; how many may come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/attempts.h"
#include "web/credential.h"
#include "web/guests.h"
#include "web/people_change.h"
#include "web/refused.h"
#include "web/tls.h"

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct addr address(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

/* ---- who could not sign in ---- */

static void of_a_burst_the_first_is_told_and_how_many_more(void **state)
{
	(void)state;
	struct refused refused = { 0 };
	const struct addr near = address("192.0.2.7"), far = address("2001:db8::1");
	char text[REFUSED_TEXT_MAX] = "";
	assert_false(refused_take(&refused, 0, true, text));
	assert_true(refused_add(&refused, &near, 1000));
	assert_string_equal(refused.from, "192.0.2.7");
	for (int i = 0; i < 100000; i++)
		assert_false(refused_add(&refused, &near, 2000 + i));
	assert_false(refused_add(&refused, &far, 200000));
	assert_false(refused_take(&refused, 1000 + REFUSED_BURST_MS - 1, false, text));
	assert_true(refused_take(&refused, 1000 + REFUSED_BURST_MS, false, text));
	assert_string_equal(text, "100001 more, the last from 2001:db8::1");
	/* It goes on. */
	assert_false(refused_add(&refused, &near, 1000 + REFUSED_BURST_MS));
	assert_true(refused_take(&refused, 1001 + REFUSED_BURST_MS, true, text));
	assert_string_equal(text, "1 more, the last from 192.0.2.7");
	/* Nobody came for ten minutes: the next is the first of another burst. */
	assert_false(refused_take(&refused, 3 * REFUSED_BURST_MS, false, text));
	assert_true(refused_add(&refused, &near, 3 * REFUSED_BURST_MS + 1));
}

/* ---- the certificate ---- */

static void a_certificate_that_ends_soon_is_warned_of(void **state)
{
	(void)state;
	const int64_t day_us = INT64_C(86400000000), now_us = 20000 * day_us,
		      warn_us = TLS_WARN_DAYS * day_us;
	char line[WEB_ERROR_MAX];
	assert_false(tls_warning(UNKNOWN_TIME, now_us, line));
	assert_false(tls_warning(now_us + warn_us, now_us, line));
	assert_true(tls_warning(now_us + warn_us - 1, now_us, line));
	assert_non_null(strstr(line, "ends at 2024-10-17"));
	assert_true(tls_warning(now_us, now_us, line));
	assert_non_null(strstr(line, "ended at 2024-10-04"));
}

/* ---- headers ---- */

static void expect_cookie(const char *cookies, const char *expected)
{
	struct credential credential;
	const struct credential_headers headers = { .cookie = cookies };
	credential_read(&headers, "b_7070", &credential);
	assert_string_equal(credential.session, expected);
	assert_false(credential.is_bearer);
}

static void our_cookie_is_found_among_others_and_only_alone(void **state)
{
	(void)state;
	expect_cookie("b_7070=" DIGITS, DIGITS);
	expect_cookie("a=1; b_7070=" DIGITS "; c=2", DIGITS);
	expect_cookie("a=1;b_7070=" DIGITS ";c=2", DIGITS);
	expect_cookie("xb_7070=" DIGITS, "");
	expect_cookie("b_7070x=" DIGITS, "");
	expect_cookie("a=b_7070=" DIGITS, "");
	expect_cookie("b_7070=" DIGITS "0", "");
	expect_cookie("b_7070", "");
	expect_cookie("", "");
	/* One of the two may be a stranger's. */
	expect_cookie("b_7070=" DIGITS "; b_7070=" DIGITS, "");
	expect_cookie("b_7070=1; b_7070=" DIGITS, "");
}

static void expect_token(const char *header, bool is_bearer, const char *expected)
{
	struct credential credential;
	const struct credential_headers headers = { .authorization = header };
	credential_read(&headers, "b", &credential);
	assert_int_equal(credential.is_bearer, is_bearer);
	assert_string_equal(credential.token, expected);
}

static void a_bearer_token_is_read_and_others_are_passed_over(void **state)
{
	(void)state;
	expect_token("Bearer bw_" DIGITS, true, "bw_" DIGITS);
	expect_token("bearer   bw_1 ", true, "bw_1");
	expect_token("Bearer", true, "");
	expect_token("Bearer bw_" DIGITS DIGITS, true, "");
	expect_token("Bearerx bw_1", false, "");
	expect_token("Basic YTpi", false, "");
	expect_token("", false, "");
}

/* ---- the file ---- */

static struct people people, again;
static struct people_notes notes, notes_again;
static char secret[TOKEN_TEXT_MAX];

static int change(const char *form, struct buf *message)
{
	struct people_asked asked;
	struct people_note note = { 0 };
	const char *why = people_asked_read(form, &asked);
	buf_clear(message);
	if (why != NULL) {
		buf_text(message, why);
		return -EINVAL;
	}
	if (asked.password[0] != '\0')
		assert_true(password_hash(asked.password, asked.hash));
	int result = people_change(&people, &asked, 5, &note, message, secret);
	if (result == 0)
		notes.at[notes.count++] = note;
	return result;
}

static void expect_change(const char *form, int result, const char *words)
{
	struct buf message = { 0 };
	assert_int_equal(change(form, &message), result);
	if (strstr(buf_cstr(&message), words) == NULL)
		fail_msg("%s\nsays: %s\nwithout: %s", form, buf_cstr(&message), words);
	buf_free(&message);
}

static int begin(void **state)
{
	(void)state;
	memset(&people, 0, sizeof(people));
	memset(&notes, 0, sizeof(notes));
	return 0;
}

static void changes_are_made_or_refused_with_what_is_allowed(void **state)
{
	(void)state;
	expect_change("action=add&user=alice&role=viewer", 0, "one-time link");
	expect_change("action=add&user=alice&role=viewer", -EEXIST, "a user of that");
	expect_change("action=add&token=alice&role=viewer", -EEXIST, "a user of that");
	expect_change("action=add&user=bob&role=king", -EINVAL, "viewer, operator");
	expect_change("action=add&user=root&role=viewer", -EINVAL, "not root");
	expect_change("action=add&user=a%20b&role=viewer", -EINVAL, "a name has");
	expect_change("action=add&user=-b&role=viewer", -EINVAL, "a name has");
	expect_change("action=add&role=viewer", -EINVAL, "action: allowed are");
	expect_change("action=add&user=bob&role=viewer&password=short", -EINVAL,
		      "at least 15");
	expect_change("action=role&user=alice&role=operator", 0, "alice is operator");
	expect_change("action=role&user=nobody&role=operator", -ENOENT, "no such user");
	expect_change("action=passwd&user=alice", -EINVAL, "password: which");
	expect_change("action=passwd&user=alice&password=correct+horse+battery", 0,
		      "another password");
	assert_true(password_matches("correct horse battery", people.users[0].hash));
	assert_false(password_matches("correct horse batterz", people.users[0].hash));
	assert_false(password_matches("correct horse battery", ""));
	expect_change("action=add&token=t&role=viewer&for=never", -EINVAL,
		      "for: allow");
	expect_change("action=add&token=t&role=viewer&for=99999d", -EINVAL, "1830d");
	expect_change("action=add&token=t&role=viewer&for=1d", 0, "t is a token");
	assert_non_null(people_token_of(&people, secret, 5));
	expect_change("action=remove&token=t", 0, "no token any more");
	assert_null(people_token_of(&people, secret, 5));
	expect_change("action=remove&user=alice", 0, "no user any more");
	expect_change("action=remove&user=alice", -ENOENT, "no such user");
}

static int parse(const char *text, size_t len, struct buf *error)
{
	return people_file_parse(text, len, "f", &again, &notes_again, error);
}

static void make_file(struct buf *text)
{
	expect_change("action=add&user=alice&role=operator&password=a+b+c+d+e+f+g+h", 0,
		      "alice");
	expect_change("action=add&user=bob&role=viewer", 0, "bob");
	expect_change("action=add&token=prom&role=viewer", 0, "prom");
	people_file_write(&people, &notes, text);
	assert_true(buf_ok(text));
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	struct buf text = { 0 }, error = { 0 };
	make_file(&text);
	assert_int_equal(parse(text.at, text.len, &error), 0);
	assert_memory_equal(&again, &people, sizeof(people));
	assert_int_equal(notes_again.count, 3);
	assert_string_equal(notes_again.at[2].action, "token_add");
	assert_null(strstr(buf_cstr(&text), secret + 3)); /* only its digest */
	buf_free(&text);
}

static void a_file_that_was_cut_is_refused_or_known_to_be_edited(void **state)
{
	(void)state;
	struct buf text = { 0 }, error = { 0 };
	make_file(&text);
	for (size_t len = 0; len < text.len; len++) {
		bool is_line_end = len == 0 || text.at[len - 1] == '\n';
		int result = parse(text.at, len, &error);
		assert_int_equal(result, is_line_end ? 0 : -EINVAL);
		if (result != 0 || again.user_count + again.token_count == 0)
			continue;
		assert_string_equal(notes_again.at[notes_again.count - 1].action,
				    PEOPLE_EDITED);
	}
	buf_free(&text);
	buf_free(&error);
}

static void who_edits_it_is_found(void **state)
{
	(void)state;
	struct buf text = { 0 }, error = { 0 };
	make_file(&text);
	char *role = strstr(text.at, "bob viewer");
	memcpy(role, "bob operato", 10);
	text.at[text.len - 1] = '\n';
	assert_int_not_equal(parse(text.at, text.len, &error), 0); /* no such role */
	memcpy(role, "bub viewer", 10);
	assert_int_equal(parse(text.at, text.len, &error), 0);
	assert_int_equal(notes_again.count, 4);
	assert_string_equal(notes_again.at[3].action, PEOPLE_EDITED);
	buf_free(&text);
	buf_free(&error);
}

static void a_bad_file_says_where(void **state)
{
	(void)state;
	static const char first[] = "breakwater access 1\n";
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "user a viewer 1\n", "f:2: a user has" },
		{ "user a boss 1 -\n", "f:2: allowed as role" },
		{ "user a viewer x -\n", "f:2: not a time" },
		{ "user a viewer 1 secret\n", "f:2: allowed as hash" },
		{ "user a viewer 1 -\nuser a viewer 1 -\n", "f:3: there is a user" },
		{ "token a viewer 1 2 12\n", "f:2: a SHA-256" },
		{ "change 1 dance root a - -\n", "f:2: no such action" },
		{ "known 12\n", "f:2: once, a SHA-256" },
		{ "hello\n", "f:2: a line begins with" },
		{ "user a viewer 1 - - - -\n", "f:2: too many" },
		{ "user a viewer 1 -", "f:2: the line has no end" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf text = { 0 }, error = { 0 };
		buf_text(&text, first);
		buf_text(&text, bad[i].line);
		memset(&again, 7, sizeof(again));
		assert_int_equal(parse(text.at, text.len, &error), -EINVAL);
		if (strstr(buf_cstr(&error), bad[i].says) == NULL)
			fail_msg("%s says %s", bad[i].line, buf_cstr(&error));
		assert_int_equal(again.users[0].name[0], 7);
		buf_free(&text);
		buf_free(&error);
	}
}

static void the_file_is_nobody_elses(void **state)
{
	(void)state;
	char folder[] = "/tmp/test_access_XXXXXX", path[64], victim[64], fresh[64];
	struct buf error = { 0 };
	struct stat st;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/web.access", folder);
	snprintf(fresh, sizeof(fresh), "%s/web.access.new", folder);
	snprintf(victim, sizeof(victim), "%s/victim", folder);
	/* A link in the place of the fresh file leads nowhere. */
	assert_int_equal(symlink(victim, fresh), 0);
	assert_int_equal(people_file_save(path, &people, &notes), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_not_equal(access(victim, F_OK), 0);
	assert_int_equal(people_file_load(path, &again, &notes_again, &error), 0);
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(people_file_load(path, &again, &notes_again, &error), -EPERM);
	assert_non_null(strstr(buf_cstr(&error), "chmod 600"));
	unlink(path);
	rmdir(folder);
	buf_free(&error);
}

/* ---- attempts ---- */

static struct attempts attempts;

static unsigned tries(const char *client, const char *name, int64_t now_ms)
{
	struct addr from = address(client);
	unsigned count = 0, wait_s = 0;
	while (count < 1000 && attempts_take(&attempts, &from, name, now_ms, &wait_s))
		count++;
	assert_true(wait_s > 0);
	return count;
}

static void tries_of_an_address_end_and_come_back(void **state)
{
	(void)state;
	attempts_init(&attempts);
	assert_int_equal(tries("192.0.2.1", "alice", 1000), ATTEMPTS_ADDRESS);
	assert_int_equal(tries("192.0.2.1", "bob", 1000), 0);
	assert_int_equal(tries("192.0.2.1", "alice", 1000 + ATTEMPT_BACK_MS), 1);
	assert_int_equal(tries("192.0.2.1", "alice", 1000 + 3 * ATTEMPT_BACK_MS), 2);
}

static void addresses_of_one_network_count_as_one(void **state)
{
	(void)state;
	attempts_init(&attempts);
	assert_int_equal(tries("2001:db8::1", "a", 1000), ATTEMPTS_ADDRESS);
	assert_int_equal(tries("2001:db8::ffff:1", "b", 1000), 0);
	assert_int_equal(tries("2001:db8:0:1::1", "c", 1000), ATTEMPTS_ADDRESS);
}

static void a_name_is_guessed_from_many_addresses_no_faster(void **state)
{
	(void)state;
	unsigned count = 0;
	attempts_init(&attempts);
	for (int i = 1; i < 200; i++) {
		char client[32];
		snprintf(client, sizeof(client), "192.0.2.%d", i);
		count += tries(client, "alice", 1000);
	}
	assert_int_equal(count, ATTEMPTS_NAME);
}

static void who_knows_one_password_wins_no_more_guesses(void **state)
{
	(void)state;
	struct addr from = address("192.0.2.1");
	unsigned wait_s;
	attempts_init(&attempts);
	for (int i = 0; i < 5; i++) {
		assert_true(attempts_take(&attempts, &from, "alice", 1000, &wait_s));
		assert_true(attempts_take(&attempts, &from, "mallory", 1000, &wait_s));
		attempts_forgive(&attempts, &from, "mallory");
	}
	assert_int_equal(tries("192.0.2.1", "alice", 1000), ATTEMPTS_ADDRESS - 5);
}

/* ---- guests ---- */

static struct guests guests;

static void an_address_has_a_share_of_the_room(void **state)
{
	(void)state;
	struct addr one = address("2001:db8::1"), near = address("2001:db8::2"),
		    far = address("192.0.2.1");
	guests_init(&guests);
	for (int i = 0; i < GUESTS_EACH; i++) {
		assert_true(guests_have_room(&guests, &one));
		assert_non_null(guest_comes(&guests, 1000 + i, &one, 0));
	}
	assert_false(guests_have_room(&guests, &near));
	assert_true(guests_have_room(&guests, &far));
	guest_leaves(&guests, &guests.at[0]);
	assert_true(guests_have_room(&guests, &near));
}

static bool is_cut(int peer)
{
	char byte;
	return recv(peer, &byte, 1, MSG_DONTWAIT) == 0;
}

static void each_part_of_a_request_has_its_time(void **state)
{
	(void)state;
	static const struct {
		enum guest_stage stage;
		int64_t last_ms;
	} parts[] = { { GUEST_ASKS, 30000 },
		      { GUEST_SENDS, 30000 },
		      { GUEST_WAITS, 300000 } };
	struct addr from = address("192.0.2.1");
	int pair[2];
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		guests_init(&guests);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		struct guest *guest = guest_comes(&guests, pair[0], &from, 0);
		guest_enters(guest, parts[i].stage, 1000);
		guests_tick(&guests, 1000 + parts[i].last_ms);
		assert_false(is_cut(pair[1]));
		guests_tick(&guests, 2000 + parts[i].last_ms);
		assert_true(is_cut(pair[1]));
		close(pair[0]);
		close(pair[1]);
	}
	guests_init(&guests);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	guest_enters(guest_comes(&guests, pair[0], &from, 0), GUEST_STAYS, 0);
	guests_tick(&guests, INT64_MAX / 2);
	assert_false(is_cut(pair[1]));
	close(pair[0]);
	close(pair[1]);
}

static void in_a_full_house_who_asks_for_nothing_leaves(void **state)
{
	(void)state;
	int pair[2];
	struct addr from = address("192.0.2.1");
	guests_init(&guests);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	guest_comes(&guests, pair[0], &from, 5);
	for (int i = 1; i < GUESTS_MAX - 32; i++) {
		uint8_t ip[4] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };
		struct addr other = addr_v4(ip);
		guest_enters(guest_comes(&guests, 100000 + i, &other, 0), GUEST_WAITS,
			     0);
	}
	assert_false(is_cut(pair[1]));
	assert_true(guests_have_room(&guests, &from));
	assert_true(is_cut(pair[1]));
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(of_a_burst_the_first_is_told_and_how_many_more),
		TEST(a_certificate_that_ends_soon_is_warned_of),
		TEST(our_cookie_is_found_among_others_and_only_alone),
		TEST(a_bearer_token_is_read_and_others_are_passed_over),
		TEST(changes_are_made_or_refused_with_what_is_allowed),
		TEST(what_is_written_is_read_back),
		TEST(a_file_that_was_cut_is_refused_or_known_to_be_edited),
		TEST(who_edits_it_is_found),
		TEST(a_bad_file_says_where),
		TEST(the_file_is_nobody_elses),
		TEST(tries_of_an_address_end_and_come_back),
		TEST(addresses_of_one_network_count_as_one),
		TEST(a_name_is_guessed_from_many_addresses_no_faster),
		TEST(who_knows_one_password_wins_no_more_guesses),
		TEST(an_address_has_a_share_of_the_room),
		TEST(each_part_of_a_request_has_its_time),
		TEST(in_a_full_house_who_asks_for_nothing_leaves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

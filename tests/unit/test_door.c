/*
 * test_door.c: who may is decided in one place: by the socket's other end, a token, a
 * session, a proxy that is ours, or being on this machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web/door.h"
#include "web/once.h"

#define SECOND           INT64_C(1000000)
#define PUT(array, text) snprintf(array, sizeof(array), "%s", text)

static struct door *door;
static struct config config;
static char token[TOKEN_TEXT_MAX], session[SECRET_TEXT_MAX];
static struct visitor visitor;

static struct addr address(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

static void add_user(const char *name, enum role role)
{
	struct user user = { .role = role };
	PUT(user.name, name);
	assert_null(people_add_user(&door->people, &user));
}

static void add_token(const char *name, enum role role, int64_t until_us)
{
	struct token made = { .role = role, .until_us = until_us };
	PUT(made.name, name);
	assert_true(token_new(token, &made.digest));
	assert_null(people_add_token(&door->people, &made));
}

static int set_up(void **state)
{
	(void)state;
	door = calloc(1, sizeof(*door));
	assert_non_null(door);
	config_init(&config);
	assert_true(door_open(door, &config));
	add_user("alice", ROLE_OPERATOR);
	add_token("backup", ROLE_OPERATOR, 100 * SECOND);
	assert_true(session_begin(&door->sessions, "alice", 0, session));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(door);
	return 0;
}

static struct door_asked from(const char *client, enum role needed, bool is_change)
{
	return (struct door_asked){ .client = address(client),
				    .host = "198.51.100.1:7070",
				    .needed = needed,
				    .is_change = is_change };
}

static struct door_asked by_session(enum role needed, bool is_change)
{
	struct door_asked asked = from("192.0.2.7", needed, is_change);
	PUT(asked.credential.session, session);
	return asked;
}

static struct door_asked by_token(enum role needed, bool is_change)
{
	struct door_asked asked = from("192.0.2.7", needed, is_change);
	asked.credential.is_bearer = true;
	PUT(asked.credential.token, token);
	return asked;
}

static enum door_verdict decide(const struct door_asked *asked)
{
	return door_decide(door, asked, &visitor);
}

static void proxies(const char *prefix)
{
	assert_true(prefix_parse(prefix, &config.web_proxy.at[0]));
	config.web_proxy.count = 1;
	PUT(config.web_proxy_user_header, "X-Forwarded-User");
	PUT(config.web_proxy_role_header, "X-Forwarded-Role");
}

static void a_stranger_learns_only_that_he_has_to_sign_in(void **state)
{
	(void)state;
	struct door_asked asked = from("192.0.2.7", ROLE_VIEWER, false);
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
	assert_int_equal(visitor.role, ROLE_NONE);
	asked.needed = ROLE_NONE;
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_int_equal(visitor.by, BY_NOBODY);
}

static void loopback_reads_and_does_not_change(void **state)
{
	(void)state;
	struct door_asked asked = from("127.0.0.9", ROLE_VIEWER, false);
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_int_equal(visitor.by, BY_LOOPBACK);
	asked.client = address("::1");
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked.needed = ROLE_OPERATOR;
	asked.is_change = true;
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
	config.web_loopback_read = false;
	asked = from("127.0.0.1", ROLE_VIEWER, false);
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
}

static void who_comes_through_a_proxy_of_this_machine_is_not_from_here(void **state)
{
	(void)state;
	struct door_asked asked = from("127.0.0.1", ROLE_VIEWER, false);
	asked.is_forwarded = true;
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
	asked.is_forwarded = false;
	proxies("127.0.0.0/8");
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
}

static void the_socket_knows_its_other_end(void **state)
{
	(void)state;
	struct door_asked asked = { .is_local = true,
				    .has_uid = true,
				    .uid = geteuid(),
				    .needed = ROLE_ADMINISTRATOR,
				    .is_change = true };
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_int_equal(visitor.by, BY_SOCKET);
	asked.uid = 65533;
	assert_int_equal(decide(&asked), geteuid() == 65533 ? DOOR_OPEN : DOOR_NOT_HIS);
	asked.has_uid = false;
	assert_int_equal(decide(&asked), DOOR_NOT_HIS);
	asked.needed = ROLE_VIEWER;
	assert_int_equal(decide(&asked), DOOR_OPEN);
}

static void a_token_may_what_its_role_may_until_it_ends(void **state)
{
	(void)state;
	struct door_asked asked = by_token(ROLE_OPERATOR, true);
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_string_equal(visitor.name, "backup");
	asked.needed = ROLE_ADMINISTRATOR;
	assert_int_equal(decide(&asked), DOOR_NOT_HIS);
	asked = by_token(ROLE_VIEWER, false);
	asked.now_us = 100 * SECOND - 1;
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked.now_us = 100 * SECOND;
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
	asked.now_us = 0;
	people_remove_token(&door->people, "backup");
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
}

static void a_token_that_is_none_is_told_so_also_on_loopback(void **state)
{
	(void)state;
	struct door_asked asked = by_token(ROLE_VIEWER, false);
	asked.client = address("127.0.0.1");
	asked.credential.token[5] ^= 1;
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
	PUT(asked.credential.token, "");
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
}

static void a_session_ends_when_unused_when_old_and_with_its_user(void **state)
{
	(void)state;
	struct door_asked asked = by_session(ROLE_VIEWER, false);
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_int_equal(visitor.by, BY_SESSION);
	/* Used each hour it lasts a week. */
	while (asked.now_ms + 3600000 <= SESSION_LONGEST_S * INT64_C(1000)) {
		asked.now_ms += 3600000;
		assert_int_equal(decide(&asked), DOOR_OPEN);
	}
	asked.now_ms += 3600000;
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);

	assert_true(session_begin(&door->sessions, "alice", 0, session));
	asked = by_session(ROLE_VIEWER, false);
	asked.now_ms = SESSION_IDLE_S * INT64_C(1000) + 1;
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);

	assert_true(session_begin(&door->sessions, "alice", 0, session));
	asked = by_session(ROLE_VIEWER, false);
	people_user(&door->people, "alice")->role = ROLE_ADMINISTRATOR;
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_int_equal(visitor.role, ROLE_ADMINISTRATOR);
	people_remove_user(&door->people, "alice");
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
}

static bool still_admits(int64_t now_ms)
{
	return door_still_admits(door, &visitor, now_ms * 1000, now_ms);
}

static void who_reads_on_is_put_out_with_what_let_him_in(void **state)
{
	(void)state;
	const int64_t idle_ms = SESSION_IDLE_S * INT64_C(1000);
	struct door_asked asked = by_session(ROLE_VIEWER, false);
	assert_int_equal(decide(&asked), DOOR_OPEN);
	/* To ask is no use of it: who only reads on rests. */
	assert_true(still_admits(idle_ms - 1));
	assert_true(still_admits(idle_ms));
	assert_false(still_admits(idle_ms + 1));
	people_remove_user(&door->people, "alice");
	assert_false(still_admits(0));
	add_user("alice", ROLE_VIEWER);
	assert_true(still_admits(0));
	session_end_of(&door->sessions, "alice", NULL);
	assert_false(still_admits(0));

	asked = by_token(ROLE_VIEWER, false);
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_true(still_admits(99999));
	assert_false(still_admits(100000));
	/* Another one of the same name is another one. */
	people_remove_token(&door->people, "backup");
	assert_false(still_admits(0));
	add_token("backup", ROLE_VIEWER, 100 * SECOND);
	assert_false(still_admits(0));

	asked = from("127.0.0.1", ROLE_VIEWER, false);
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_true(still_admits(0));
	config.web_loopback_read = false;
	assert_false(still_admits(0));

	asked = (struct door_asked){ .is_local = true, .has_uid = true };
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_true(still_admits(0));
	visitor.by = BY_NOBODY;
	assert_false(still_admits(0));
}

static void a_change_by_a_session_needs_its_own_word(void **state)
{
	(void)state;
	struct door_asked asked = by_session(ROLE_OPERATOR, true);
	assert_int_equal(decide(&asked), DOOR_NO_CSRF);
	char other[SECRET_TEXT_MAX], csrf[SECRET_TEXT_MAX];
	memcpy(csrf, visitor.csrf, sizeof(csrf));
	assert_true(session_begin(&door->sessions, "alice", 0, other));
	memcpy(asked.credential.csrf, door->sessions.at[1].csrf, sizeof(csrf));
	assert_int_equal(decide(&asked), DOOR_NO_CSRF);
	memcpy(asked.credential.csrf, csrf, sizeof(csrf));
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked.is_change = false;
	asked.credential.csrf[0] = '\0';
	assert_int_equal(decide(&asked), DOOR_OPEN);
}

static void another_page_has_nothing_made(void **state)
{
	(void)state;
	struct door_asked asked = by_session(ROLE_VIEWER, false);
	asked.fetch_site = "cross-site";
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked.is_costly = true;
	assert_int_equal(decide(&asked), DOOR_OTHER_PAGE);
	asked.fetch_site = "none"; /* typed */
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked.fetch_site = "same-origin";
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked = by_token(ROLE_VIEWER, false);
	asked.is_costly = true;
	asked.fetch_site = "cross-site";
	assert_int_equal(decide(&asked), DOOR_OPEN);
}

static void another_page_changes_nothing(void **state)
{
	(void)state;
	struct door_asked asked = by_session(ROLE_OPERATOR, true);
	decide(&asked);
	memcpy(asked.credential.csrf, visitor.csrf, sizeof(visitor.csrf));
	asked.origin = "http://198.51.100.1:7070";
	assert_int_equal(decide(&asked), DOOR_OPEN);
	static const char *const others[] = { "http://evil.example",
					      "http://198.51.100.1:7071", "null",
					      "http://198.51.100.1:7070.evil.example",
					      "198.51.100.1:7070" };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		asked.origin = others[i];
		assert_int_equal(decide(&asked), DOOR_OTHER_PAGE);
	}
	asked.fetch_site = "same-origin"; /* says more than an origin left out */
	asked.origin = "null";
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked.origin = NULL;
	asked.fetch_site = "cross-site";
	assert_int_equal(decide(&asked), DOOR_OTHER_PAGE);
	asked.fetch_site = "same-site";
	assert_int_equal(decide(&asked), DOOR_OTHER_PAGE);
	asked.fetch_site = NULL;
	asked.origin = "https://watch.example.org";
	assert_int_equal(decide(&asked), DOOR_OTHER_PAGE);
	PUT(config.web_names.at[0], "watch.example.org");
	config.web_names.count = 1;
	assert_int_equal(decide(&asked), DOOR_OPEN);
}

static void another_page_signs_nobody_in(void **state)
{
	(void)state;
	struct door_asked asked = from("192.0.2.7", ROLE_NONE, true);
	asked.origin = "http://evil.example";
	assert_int_equal(decide(&asked), DOOR_OTHER_PAGE);
	asked.origin = NULL;
	assert_int_equal(decide(&asked), DOOR_OPEN);
}

static void only_a_proxy_of_ours_says_who_somebody_is(void **state)
{
	(void)state;
	proxies("10.0.0.0/24");
	struct door_asked asked = from("10.0.0.5", ROLE_VIEWER, false);
	asked.proxy_user = "bob@example.org";
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_int_equal(visitor.by, BY_PROXY);
	assert_int_equal(visitor.role, ROLE_VIEWER);
	asked.proxy_role = "administrator";
	assert_int_equal(decide(&asked), DOOR_OPEN);
	assert_int_equal(visitor.role, ROLE_ADMINISTRATOR);
	asked.proxy_role = "emperor";
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
	asked.proxy_role = NULL;
	asked.proxy_user = "root";
	assert_int_equal(decide(&asked), DOOR_SIGN_IN);
	asked.proxy_user = "bob@example.org";
	asked.is_doubtful = true;
	assert_int_equal(decide(&asked), DOOR_NO_PROXY);
	asked.is_doubtful = false;
	static const char *const others[] = { "10.0.1.5", "127.0.0.1", "::1",
					      "192.0.2.1" };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		asked.client = address(others[i]);
		assert_int_equal(decide(&asked), DOOR_NO_PROXY);
	}
}

static void a_change_through_a_proxy_needs_the_word_of_that_user(void **state)
{
	(void)state;
	proxies("10.0.0.0/24");
	struct door_asked asked = from("10.0.0.5", ROLE_OPERATOR, true);
	asked.proxy_user = "bob";
	asked.proxy_role = "operator";
	assert_int_equal(decide(&asked), DOOR_NO_CSRF);
	memcpy(asked.credential.csrf, visitor.csrf, sizeof(visitor.csrf));
	assert_int_equal(decide(&asked), DOOR_OPEN);
	asked.proxy_user = "bobby";
	assert_int_equal(decide(&asked), DOOR_NO_CSRF);
}

static void the_rule_of_roles_has_few_exceptions(void **state)
{
	(void)state;
	assert_int_equal(role_needed("/api/v1/ports", false), ROLE_VIEWER);
	assert_int_equal(role_needed("/metrics", false), ROLE_VIEWER);
	assert_int_equal(role_needed("/nothing", false), ROLE_VIEWER);
	assert_int_equal(role_needed("/api/v1/blocks", true), ROLE_OPERATOR);
	assert_int_equal(role_needed("/api/v1/users", false), ROLE_ADMINISTRATOR);
	assert_int_equal(role_needed("/api/v1/users", true), ROLE_ADMINISTRATOR);
	assert_int_equal(role_needed("/api/v1/policy", false), ROLE_VIEWER);
	assert_int_equal(role_needed("/api/v1/policy", true), ROLE_ADMINISTRATOR);
	assert_int_equal(role_needed("/api/v1/privacy", true), ROLE_ADMINISTRATOR);
	assert_int_equal(role_needed("/api/v1/login", true), ROLE_NONE);
	assert_int_equal(role_needed("/api/v1/login/", true), ROLE_OPERATOR);
	assert_int_equal(role_needed("/badge/", false), ROLE_NONE);
	assert_int_equal(role_needed("/badge", false), ROLE_VIEWER);
}

static void a_link_lets_in_once_and_soon(void **state)
{
	(void)state;
	static struct once_links links;
	char first[SECRET_TEXT_MAX], text[SECRET_TEXT_MAX], user[PERSON_NAME_MAX];
	assert_true(once_new(&links, "alice", 0, first));
	assert_true(once_take(&links, first, 1, user));
	assert_string_equal(user, "alice");
	assert_false(once_take(&links, first, 1, user));
	assert_true(once_new(&links, "alice", 0, first));
	assert_false(once_take(&links, first, ONCE_S * INT64_C(1000), user));
	/* Too many: the oldest goes. */
	assert_true(once_new(&links, "alice", 0, first));
	for (int i = 0; i < ONCE_MAX; i++)
		assert_true(once_new(&links, "", 0, text));
	assert_false(once_take(&links, first, 1, user));
	assert_true(once_take(&links, text, 1, user));
	assert_string_equal(user, "");
	once_end_of(&links, "");
	assert_int_equal(links.count, 0);
}

static void sessions_of_one_user_are_bounded_and_end_together(void **state)
{
	(void)state;
	char id[SECRET_TEXT_MAX];
	for (int i = 1; i <= SESSIONS_EACH; i++)
		assert_true(session_begin(&door->sessions, "alice", i, id));
	assert_int_equal(door->sessions.count, SESSIONS_EACH);
	assert_null(session_find(&door->sessions, session, 5)); /* the oldest */
	assert_non_null(session_find(&door->sessions, id, 5));
	assert_true(session_begin(&door->sessions, "", 5, session));
	const struct secret_digest kept = door->sessions.at[0].id;
	session_end_of(&door->sessions, "alice", &kept);
	assert_int_equal(door->sessions.count, 2);
	session_end_of(&door->sessions, "alice", NULL);
	assert_int_equal(door->sessions.count, 1);
	assert_non_null(session_find(&door->sessions, session, 5));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_stranger_learns_only_that_he_has_to_sign_in),
		TEST(loopback_reads_and_does_not_change),
		TEST(who_comes_through_a_proxy_of_this_machine_is_not_from_here),
		TEST(the_socket_knows_its_other_end),
		TEST(a_token_may_what_its_role_may_until_it_ends),
		TEST(a_token_that_is_none_is_told_so_also_on_loopback),
		TEST(a_session_ends_when_unused_when_old_and_with_its_user),
		TEST(who_reads_on_is_put_out_with_what_let_him_in),
		TEST(a_change_by_a_session_needs_its_own_word),
		TEST(another_page_changes_nothing),
		TEST(another_page_has_nothing_made),
		TEST(another_page_signs_nobody_in),
		TEST(only_a_proxy_of_ours_says_who_somebody_is),
		TEST(a_change_through_a_proxy_needs_the_word_of_that_user),
		TEST(the_rule_of_roles_has_few_exceptions),
		TEST(a_link_lets_in_once_and_soon),
		TEST(sessions_of_one_user_are_bounded_and_end_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_revoking.c: whoever revokes a sensor may die at each step, and so may the hub
 * that ends it: all is done in the end, and told once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fleet/revoking.h"
#include "fleet/sharing.h"
#include "fleet_bucket.h"

enum { NOW_S = 1795752000, STEPS_MAX = 8 };

static struct nkey fleet_key;
static char thief_key[NKEY_TEXT_MAX];

static void put_member(const char *name, const char *public_key)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	struct member member = { .joined_s = NOW_S };
	snprintf(member.name, sizeof(member.name), "%s", name);
	snprintf(member.public_key, sizeof(member.public_key), "%s", public_key);
	snprintf(key, sizeof(key), MEMBER_KEY "%s", name);
	assert_true(member_write(&member, &text));
	store(key, text.at, text.len);
	buf_free(&text);
}

static void share(const char *sensor, const char *address)
{
	char error[BUCKET_ERROR_MAX];
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct bucket_change change = { NULL, &fleet_key, "breakwater", now_us };
	struct shared_entry entry = { .kind = "port_scan",
				      .severity = "high",
				      .proof = "handshake",
				      .by = "breakwater",
				      .seen_us = now_us,
				      .until_us = now_us + 3600000000 };
	assert_true(addr_parse(address, &entry.address));
	snprintf(entry.finding, sizeof(entry.finding), "%s", address);
	snprintf(entry.sensor, sizeof(entry.sensor), "%s", sensor);
	enum shared_added added;
	assert_int_equal(sharing_add(&change, &entry, &added, 1, error), 0);
}

static int begin(void **state)
{
	struct nkey key;
	(void)state;
	memset(&bucket, 0, sizeof(bucket));
	assert_true(nkey_make(NKEY_USER, &key));
	nkey_public_text(&key, thief_key);
	assert_true(nkey_make(NKEY_ACCOUNT, &fleet_key));
	put_member("thief", thief_key);
	put_member("honest", thief_key);
	share("thief", "203.0.113.1");
	share("honest", "203.0.113.2");
	share("thief", "203.0.113.3");
	return 0;
}

static void lose(int step, bool is_kept)
{
	bucket.puts = 0;
	bucket.lost = step;
	bucket.is_kept = is_kept;
}

/* By hand, until something fails. */
static bool revoke(void)
{
	char error[BUCKET_ERROR_MAX];
	struct revoked wish = { .at_s = NOW_S, .by = "alice", .why = "stolen" };
	return revoking_begin(NULL, "thief", &wish) == 0 &&
	       revoking_end(NULL, &fleet_key, &wish, error) == 0;
}

static bool end(void)
{
	char error[BUCKET_ERROR_MAX];
	return revoking_end_all(NULL, &fleet_key, error) == 0;
}

/* ---- what is there ---- */

static size_t shared_by(const char *sensor)
{
	static struct shared_list list;
	struct document document;
	char why[DOCUMENT_WHY_MAX];
	size_t count = 0;
	const struct row *row = row_of(PLAN_SHARED);
	assert_non_null(row);
	assert_int_not_equal(
		document_open(row->value, row->len, &fleet_key, &document, why), 0);
	assert_int_equal(shared_read(document.text, document.len, &list), 0);
	for (size_t i = 0; i < list.count; i++)
		count += strcmp(list.at[i].sensor, sensor) == 0;
	return count;
}

static struct member member_of(const char *name)
{
	char key[MEMBER_KEY_MAX];
	struct member member;
	snprintf(key, sizeof(key), MEMBER_KEY "%s", name);
	const struct row *row = row_of(key);
	assert_non_null(row);
	assert_true(member_read(row->value, row->len, &member));
	return member;
}

static void check_told(void)
{
	size_t count = 0;
	for (size_t i = 0; i < bucket.count; i++) {
		const struct row *row = &bucket.rows[i];
		struct note note;
		if (strncmp(row->key, NOTE_KEY, strlen(NOTE_KEY)) != 0)
			continue;
		count++;
		assert_true(note_read(row->value, row->len, &note));
		assert_string_equal(note.action, "fleet_revoke");
		assert_string_equal(note.actor, "alice");
		assert_string_equal(note.subject, "thief");
		assert_string_equal(note.before, thief_key);
		assert_string_equal(note.after, "stolen");
		assert_true(note.at_us == NOW_S * INT64_C(1000000));
	}
	assert_int_equal(count, 1);
}

static void check_all_is_done(void)
{
	struct revoked noted;
	struct member thief = member_of("thief");
	assert_true(thief.is_revoked);
	assert_string_equal(thief.revoked_by, "alice");
	assert_string_equal(thief.why, "stolen");
	assert_false(member_of("honest").is_revoked);
	assert_int_equal(revoke_read(NULL, thief_key, &noted), 0);
	assert_false(noted.is_open);
	assert_int_equal(shared_by("thief"), 0);
	assert_int_equal(shared_by("honest"), 1);
	check_told();
}

/* ---- tests ---- */

static void a_hub_ends_what_somebody_began(void **state)
{
	for (int step = 1; step <= STEPS_MAX; step++)
		for (int kept = 0; kept < 2; kept++) {
			begin(state);
			lose(step, kept);
			bool is_done = revoke();
			int error;
			/* Nothing of it is known to anybody: it was not begun. */
			if (!revoke_is_noted(NULL, thief_key, &error))
				continue;
			lose(0, false);
			assert_true(is_done || end());
			check_all_is_done();
		}
}

static void so_does_another_one_if_the_hub_dies(void **state)
{
	for (int step = 1; step <= STEPS_MAX; step++)
		for (int kept = 0; kept < 2; kept++) {
			begin(state);
			lose(2, false); /* the key is noted, and nothing else */
			assert_false(revoke());
			assert_false(member_of("thief").is_revoked);
			lose(step, kept);
			end();
			lose(0, false);
			assert_true(end());
			check_all_is_done();
		}
}

static void what_is_done_is_done_once(void **state)
{
	(void)state;
	assert_true(revoke());
	check_all_is_done();
	uint64_t before = bucket.revision;
	assert_true(end());
	assert_true(revoke());
	assert_int_equal(bucket.revision, before);
	/* A hub has told it, and it is not told again. */
	char key[MEMBER_KEY_MAX];
	snprintf(key, sizeof(key), NOTE_KEY "%s", thief_key);
	assert_int_equal(link_remove(NULL, key), 0);
	assert_true(end());
	assert_true(revoke());
	assert_null(row_of(key));
}

/* With a token for its name it is back, with another key, before a hub came to it. */
static void who_is_let_in_again_stays_in(void **state)
{
	struct nkey key;
	char fresh[NKEY_TEXT_MAX];
	(void)state;
	assert_true(nkey_make(NKEY_USER, &key));
	nkey_public_text(&key, fresh);
	lose(3, false);
	assert_false(revoke());
	put_member("thief", fresh);
	lose(0, false);
	assert_true(end());
	assert_false(member_of("thief").is_revoked);
	assert_int_equal(shared_by("thief"), 0);
	check_told();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_hub_ends_what_somebody_began, begin),
		cmocka_unit_test_setup(so_does_another_one_if_the_hub_dies, begin),
		cmocka_unit_test_setup(what_is_done_is_done_once, begin),
		cmocka_unit_test_setup(who_is_let_in_again_stays_in, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

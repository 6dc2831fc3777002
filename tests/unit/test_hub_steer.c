/*
 * test_hub_steer.c: what a hub that leads shares (cli/hub_steer.h), with a bucket that
 * is played here, and is silent at times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "cli/hub_steer.h"
#include "fleet/keyring.h"
#include "fleet/sharing.h"
#include "fleet_bucket.h"

enum { WAIT_S = 20, LOOK_US = 20000, NOTES_MAX = 64 };
static const char servers[] = "tls://127.0.0.1:4222";

/* ---- the servers ---- */

bool link_is_up(const struct link *link)
{
	(void)link;
	return true;
}

struct link_listen *link_listen(struct link *link, const char *subject,
				const char *queue, link_hear hear, void *self,
				char error[static LINK_ERROR_MAX])
{
	(void)link;
	(void)subject;
	(void)queue;
	(void)hear;
	(void)self;
	error[0] = '\0';
	return NULL;
}

int link_tell(struct link *link, const char *subject, const void *bytes, size_t len)
{
	(void)link;
	(void)subject;
	(void)bytes;
	(void)len;
	return 0;
}

void link_listen_close(struct link_listen *listen)
{
	(void)listen;
}

struct link_watch *link_watch(struct link *link, const char *prefix,
			      void (*take)(void *to, const char *key, const void *value,
					   size_t len, uint64_t revision),
			      void *to)
{
	(void)link;
	(void)prefix;
	(void)take;
	(void)to;
	return NULL;
}

bool link_watch_has_begun(const struct link_watch *watch)
{
	(void)watch;
	return false;
}

void link_watch_close(struct link_watch *watch)
{
	(void)watch;
}

/* ---- a hub that leads ---- */

static struct {
	struct keyring keys;
	char folder[64];
	struct board *board;
	struct vantages *places;
	struct hub_steer *steer;
	char noted[NOTES_MAX][64]; /* what the audit trail says is shared */
	size_t count;
} scene;

static int make_keys(void **state)
{
	static char folder[] = "/tmp/hub_steer.XXXXXX";
	(void)state;
	assert_true(keyring_make(&scene.keys));
	assert_non_null(mkdtemp(folder));
	memcpy(scene.folder, folder, sizeof(folder));
	assert_true(keyring_path(scene.folder, NULL, scene.keys.folder));
	assert_int_equal(mkdir(scene.keys.folder, 0700), 0);
	memcpy(scene.keys.servers, servers, sizeof(servers));
	memcpy(scene.keys.fleet, "harbour", 8);
	memcpy(scene.keys.disk, "10GB", 5);
	memcpy(scene.keys.hub, "hub-1", 6);
	memcpy(scene.keys.made_by, "root", 5);
	scene.keys.made_s = 1795752000;
	return keyring_write(&scene.keys);
}

static int remove_keys(void **state)
{
	static const char *const files[] = { FLEET_FILE_ABOUT, FLEET_FILE_KEYS };
	char path[KEYRING_PATH_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (keyring_path(scene.folder, files[i], path))
			unlink(path);
	rmdir(scene.keys.folder);
	return rmdir(scene.folder);
}

static void put_member(const char *name, bool is_revoked)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	struct member member = { .public_key = "U", .is_revoked = is_revoked };
	snprintf(member.name, sizeof(member.name), "%s", name);
	snprintf(key, sizeof(key), MEMBER_KEY "%s", name);
	assert_true(member_write(&member, &text));
	store(key, text.at, text.len);
	buf_free(&text);
}

static struct finding_record finding(const char *sensor, unsigned number)
{
	struct finding_record f;
	char address[32];
	record_init(RECORD_finding, &f);
	snprintf(address, sizeof(address), "203.0.113.%u", number);
	assert_true(addr_parse(address, &f.client_ip));
	record_text(f.sensor, sizeof(f.sensor), sensor);
	record_text(f.id, sizeof(f.id), address);
	f.kind = "port_scan";
	f.severity = "high";
	f.proof = "handshake";
	f.state = "open";
	return f;
}

/* As leaders before have. */
static void share_before(const char *sensor, unsigned first, unsigned count)
{
	char error[BUCKET_ERROR_MAX];
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct bucket_change change = { NULL, &scene.keys.fleet_key, "breakwater",
					      now_us };
	for (unsigned i = 0; i < count; i++) {
		const struct finding_record f = finding(sensor, first + i);
		struct shared_entry entry;
		enum shared_added added;
		assert_true(shared_of_finding(&f, now_us, &entry));
		assert_int_equal(sharing_add(&change, &entry, &added, 1, error), 0);
	}
}

static void say(const char *sensor, unsigned number)
{
	const struct finding_record f = finding(sensor, number);
	hub_steer_finding(scene.steer, &f);
}

static void note(void *self, const char *action, const char *actor, const char *subject,
		 const char *before, const char *after)
{
	(void)self;
	(void)actor;
	(void)before;
	(void)after;
	assert_string_equal(action, "fleet_share");
	assert_true(scene.count < NOTES_MAX);
	snprintf(scene.noted[scene.count++], sizeof(scene.noted[0]), "%s", subject);
}

/* How often; whatever the thread did since is taken first. */
static size_t noted(const char *address)
{
	const struct hub_steer_taking taking = { NULL, note };
	size_t count = 0;
	hub_steer_take(scene.steer, &taking, scene.places);
	for (size_t i = 0; i < scene.count; i++)
		count += strcmp(scene.noted[i], address) == 0;
	return count;
}

static bool is_shared(const char *address)
{
	static struct shared_list list;
	struct document document;
	char why[DOCUMENT_WHY_MAX];
	struct buf bytes = { 0 };
	struct addr wanted;
	uint64_t revision;
	bool is_there = false;
	assert_true(addr_parse(address, &wanted));
	if (link_get(NULL, PLAN_SHARED, &bytes, &revision) == 0) {
		assert_int_not_equal(document_open(bytes.at, bytes.len,
						   &scene.keys.fleet_key, &document,
						   why),
				     0);
		shared_read(document.text, document.len, &list);
		for (size_t i = 0; i < list.count; i++)
			is_there |= addr_equal(&list.at[i].address, &wanted);
	}
	buf_free(&bytes);
	return is_there;
}

static void until_shared(const char *address, bool is_wanted)
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + WAIT_S * 1000000LL;
	while (is_shared(address) != is_wanted) {
		assert_true(clock_us(CLOCK_MONOTONIC) < until_us);
		usleep(LOOK_US);
	}
}

static void lead(void)
{
	char error[HUB_STEER_ERROR_MAX];
	scene.board = board_new();
	scene.places = vantages_new();
	scene.steer = hub_steer_start(NULL, scene.board, scene.folder, servers, error);
	if (scene.steer == NULL)
		fail_msg("%s", error);
	hub_steer_lead(scene.steer, true);
}

static int begin(void **state)
{
	(void)state;
	memset(&bucket, 0, sizeof(bucket));
	scene.count = 0;
	put_member("web-1", false);
	put_member("web-2", false);
	put_member("thief", true);
	return 0;
}

static int end(void **state)
{
	(void)state;
	hub_steer_stop(scene.steer);
	vantages_free(scene.places);
	board_free(scene.board);
	return 0;
}

/* ---- tests ---- */

/* Until the bucket says of a sensor whether it is let in, what it says waits. */
static void silence_is_no_refusal(void **state)
{
	(void)state;
	bucket.silent = MEMBER_KEY "web-1";
	lead();
	say("web-2", 2);
	say("web-1", 1);
	say("thief", 3);
	until_shared("203.0.113.2", true);
	assert_false(is_shared("203.0.113.1"));
	pthread_mutex_lock(&bucket_lock);
	bucket.silent = NULL;
	pthread_mutex_unlock(&bucket_lock);
	until_shared("203.0.113.1", true);
	assert_false(is_shared("203.0.113.3"));
	assert_int_equal(noted("203.0.113.1"), 1);
	assert_int_equal(noted("203.0.113.3"), 0);
	assert_int_equal(hub_steer_left_out(scene.steer), 0);
}

/* A write whose answer is lost. */
static void what_could_not_be_written_is_written_later(void **state)
{
	(void)state;
	bucket.lost = 1;
	lead();
	say("web-1", 1);
	until_shared("203.0.113.1", true);
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + WAIT_S * 1000000LL;
	while (noted("203.0.113.1") == 0) {
		assert_true(clock_us(CLOCK_MONOTONIC) < until_us);
		usleep(LOOK_US);
	}
}

static void only_what_is_shared_is_noted(void **state)
{
	(void)state;
	share_before("web-1", 100, SHARED_OF_SENSOR_MAX - 1);
	lead();
	say("web-1", 1);
	say("web-1", 2);
	say("web-1", 100); /* that it goes on is noted, too */
	say("web-2", 3);
	until_shared("203.0.113.3", true);
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + WAIT_S * 1000000LL;
	while (noted("203.0.113.3") == 0) {
		assert_true(clock_us(CLOCK_MONOTONIC) < until_us);
		usleep(LOOK_US);
	}
	assert_true(is_shared("203.0.113.1"));
	assert_false(is_shared("203.0.113.2"));
	assert_int_equal(noted("203.0.113.1"), 1);
	assert_int_equal(noted("203.0.113.2"), 0);
	assert_int_equal(noted("203.0.113.100"), 1);
	assert_int_equal(hub_steer_left_out(scene.steer), 1);
}

/* By a leader that looked just before he was revoked. */
static void what_one_who_is_out_said_is_taken_back(void **state)
{
	(void)state;
	share_before("thief", 1, 3);
	share_before("web-1", 4, 2);
	share_before("thief", 6, 1);
	lead();
	until_shared("203.0.113.1", false);
	assert_false(is_shared("203.0.113.3"));
	assert_false(is_shared("203.0.113.6"));
	assert_true(is_shared("203.0.113.4"));
	assert_true(is_shared("203.0.113.5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEADER(test) cmocka_unit_test_setup_teardown(test, begin, end)
		LEADER(silence_is_no_refusal),
		LEADER(what_could_not_be_written_is_written_later),
		LEADER(only_what_is_shared_is_noted),
		LEADER(what_one_who_is_out_said_is_taken_back),
	};
	return cmocka_run_group_tests(tests, make_keys, remove_keys);
}

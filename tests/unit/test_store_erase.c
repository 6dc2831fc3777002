/*
 * test_store_erase.c: an address that was erased is in no file of the folder any more,
 * not in a page that is free either, nor in a log; and what a daemon began that ended
 * before it was done, the next one ends.
 */
#include "store_check.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/file.h"
#include "store/privacy.h"

#define ERASED "2001:db8:bad:cafe::7"
#define OTHER  "2001:db8:bad:beef::8"
#define HOUR   (3600 * SECOND)

enum { FINDINGS = 3000, ROUNDS = 20, DOTS = 128, FLOWS = 9000 };

static struct addr addr_of(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

/* ---- what there is ---- */

/* Of another length each time, so that rows move from one page to another. */
static void put_finding(struct store *store, unsigned number, unsigned length)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	snprintf(finding.id, sizeof(finding.id), "%08x", number * 2654435761U);
	finding.at = finding.first = finding.last = START_US + number;
	finding.state = "closed";
	finding.client_ip = addr_of(number % 3 == 0 ? ERASED : OTHER);
	snprintf(finding.summary, sizeof(finding.summary), "%s tried ports%.*s.",
		 number % 3 == 0 ? ERASED : OTHER, (int)length,
		 "................................................................"
		 "................................................................");
	store_put(store, RECORD_finding, &finding);
}

static void put_login(struct store *store, unsigned number)
{
	struct login_record login;
	record_init(RECORD_login, &login);
	login.at = START_US + number;
	login.client_ip = addr_of(number % 2 == 0 ? ERASED : OTHER);
	store_put(store, RECORD_login, &login);
}

static void put_flow(struct store *store, unsigned number)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.start = flow.end = START_US + HOUR + number;
	flow.client_ip = addr_of(number % 5 == 0 ? ERASED : OTHER);
	flow.server_ip = addr_of("2001:db8::1");
	store_put(store, RECORD_flow, &flow);
	store_put_evidence(store, RECORD_flow, &flow);
}

static void put_packet(struct store *store)
{
	enum { HEADER = 40, SRC_AT = 8 };
	const struct addr addr = addr_of(ERASED);
	struct packet_record packet;
	record_init(RECORD_packet, &packet);
	packet.at = START_US;
	packet.of = "finding";
	packet.data.len = HEADER;
	memset(packet.data.at, 0, HEADER);
	packet.data.at[0] = 0x60;
	memcpy(packet.data.at + SRC_AT, addr.ip6, sizeof(addr.ip6));
	store_put(store, RECORD_packet, &packet);
}

static void watch_second(struct store *store)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	self.at = START_US + 2 * HOUR;
	store_put(store, RECORD_self, &self);
	wait_written(store);
}

static void fill(struct store *store, unsigned logins)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < FINDINGS; i++)
			put_finding(store, (unsigned)some(FINDINGS - 1),
				    (unsigned)some(DOTS));
		wait_written(store);
	}
	for (unsigned i = 0; i < logins; i++) {
		put_login(store, i);
		if (i % 10000 == 0)
			wait_written(store);
	}
	for (unsigned i = 0; i < FLOWS; i++)
		put_flow(store, i);
	put_packet(store);
	watch_second(store);
}

/* ---- what is left ---- */

/* Files of the folder that have the address, in words or octets. */
static unsigned files_with;
static char named[256];

static int look_into(const char *path, const struct stat *st, int type,
		     struct FTW *place)
{
	const struct addr addr = addr_of(ERASED);
	struct buf text = { 0 };
	(void)place;
	if (type != FTW_F || st->st_size == 0)
		return 0;
	assert_int_equal(file_read(path, 1 << 30, &text), 0);
	if (memmem(text.at, text.len, ERASED, strlen(ERASED)) != NULL ||
	    memmem(text.at, text.len, addr.ip6, sizeof(addr.ip6)) != NULL) {
		files_with++;
		snprintf(named, sizeof(named), "%s", path);
	}
	buf_free(&text);
	return 0;
}

static unsigned count_files(void)
{
	files_with = 0;
	named[0] = '\0';
	assert_int_equal(nftw(folder, look_into, 16, FTW_PHYS), 0);
	return files_with;
}

static int64_t ask(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t number = -1;
	sqlite3_open_v2(in_folder("breakwater.db"), &db, SQLITE_OPEN_READONLY, NULL);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

#define SAID(action) ask("SELECT count(*)FROM audit WHERE action='" action "'")

static void wait_erased(int64_t times)
{
	for (int i = 0; i < 3000 && SAID("privacy_erased") < times; i++)
		pause_ms(10);
	assert_int_equal(SAID("privacy_erased"), times);
	for (int i = 0; i < 500 && access(in_folder("privacy/erasing"), F_OK) == 0; i++)
		pause_ms(10);
	assert_int_not_equal(access(in_folder("privacy/erasing"), F_OK), 0);
}

static void erase(struct store *store)
{
	struct private_erasure erasure = { .addr = addr_of(ERASED) };
	record_text(erasure.actor, sizeof(erasure.actor), "anna");
	record_text(erasure.why, sizeof(erasure.why), "she asked");
	/* One of before is taken for over a little after its note is gone. */
	bool is_taken = false;
	for (int i = 0; i < 500 && !is_taken; i++) {
		is_taken = store_erase_private(store, &erasure);
		if (!is_taken)
			pause_ms(10);
	}
	assert_true(is_taken);
}

/* ---- tests ---- */

static void what_is_erased_is_in_no_octet_of_any_file(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	fill(store, 5000);
	assert_true(count_files() >= 3);
	erase(store);
	wait_erased(1);
	if (count_files() != 0)
		fail_msg("%s has it still", named);
	/* Rows are what they were. */
	assert_int_equal(ask("SELECT count(*)FROM login"), 5000);
	assert_int_equal(ask("SELECT max(rowid)-min(rowid)FROM login"), 4999);
	assert_int_equal(ask("SELECT count(*)FROM login WHERE client_ip='" OTHER "'"),
			 2500);
	assert_int_equal(ask("SELECT count(*)FROM packet"), 0);
	read_well(RECORD_flow, NULL);
	assert_int_equal(got_count, FLOWS);
	store_close(store);
	assert_int_equal(count_files(), 0);
}

/* Whoever shows records from memory says first that it has none of it any more. */
static void it_is_done_when_memory_has_forgotten_it_too(void **state)
{
	const struct store_privacy privacy = { .has_memory = true };
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	store_keep_private(store, &privacy);
	fill(store, 100);
	assert_false(store_is_to_forget(store));
	erase(store);
	for (int i = 0; i < 3000 && !store_is_to_forget(store); i++)
		pause_ms(10);
	assert_true(store_is_to_forget(store));
	/* Whoever reads the store again finds nothing of it. */
	assert_int_equal(ask("SELECT count(*)FROM login WHERE client_ip='" ERASED "'"),
			 0);
	watch_second(store);
	assert_int_equal(SAID("privacy_erased"), 0);
	store_forgotten(store);
	wait_erased(1);
	assert_false(store_is_to_forget(store));
	/* What was forgotten is no answer for the next one. */
	erase(store);
	for (int i = 0; i < 3000 && !store_is_to_forget(store); i++)
		pause_ms(10);
	assert_int_equal(SAID("privacy_erased"), 1);
	store_forgotten(store);
	wait_erased(2);
	store_close(store);
}

/* With pseudonyms off, others in the same rows get a name of no key. */
static void no_key_is_left_of_it(void **state)
{
	(void)state;
	uint32_t *months = NULL;
	struct store *store = store_open(folder, &store_no_limits);
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	snprintf(finding.id, sizeof(finding.id), "f1");
	finding.at = finding.first = finding.last = START_US;
	finding.state = "closed";
	finding.client_ip = addr_of(ERASED);
	finding.server_ip = addr_of(OTHER);
	store_put(store, RECORD_finding, &finding);
	watch_second(store);
	erase(store);
	wait_erased(1);
	assert_int_equal(ask("SELECT server_ip<>'" OTHER "' FROM finding"), 1);
	assert_int_equal(store_private_keys(folder, &months), 0);
	store_close(store);
}

/* Ends while some rows are erased and some are not, which also shows that it goes on in
 * parts. */
static void begin_and_be_killed(void)
{
	pid_t child = fork();
	if (child == 0) {
		struct store *store = store_open(folder, &store_no_limits);
		watch_second(store);
		erase(store);
		for (;;)
			pause();
	}
	assert_true(child > 0);
	int64_t all = ask("SELECT count(*)FROM login WHERE pseudonym IS NULL");
	int64_t clear = all;
	for (int i = 0; i < 20000 && clear == all; i++) {
		pause_ms(1);
		clear = ask("SELECT count(*)FROM login WHERE pseudonym IS NULL");
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(clear < all);
	clear = ask("SELECT count(*)FROM login WHERE client_ip='" ERASED "'");
	assert_true(clear > 0);
}

static void one_that_was_not_ended_is_ended_by_the_next_daemon(void **state)
{
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	fill(store, 60000);
	store_close(store);
	begin_and_be_killed();
	assert_int_equal(SAID("privacy_erased"), 0);
	store = store_open(folder, &store_no_limits);
	wait_erased(1);
	assert_int_equal(SAID("privacy_erase"), 2);
	assert_int_equal(ask("SELECT count(*)FROM audit WHERE after LIKE "
			     "'begun anew, as the daemon ended before: she asked'"),
			 1);
	assert_int_equal(ask("SELECT count(DISTINCT client_ip)FROM login WHERE "
			     "client_ip<>'" OTHER "'"),
			 1);
	if (count_files() != 0)
		fail_msg("%s has it still", named);
	/* Another one can be asked for. */
	erase(store);
	wait_erased(2);
	store_close(store);
}

/* A note that nobody can read is said, and stays. */
static void a_damaged_note_is_said(void **state)
{
	(void)state;
	struct store_status status;
	mkdir(in_folder("privacy"), 0700);
	FILE *file = fopen(in_folder("privacy/erasing"), "we");
	assert_non_null(file);
	fputs("erasing1 of something", file);
	fclose(file);
	struct store *store = store_open(folder, &store_no_limits);
	for (int i = 0; i < 1000; i++) {
		watch_second(store);
		store_status(store, &status);
		if (status.state == STORE_FAILED)
			break;
		pause_ms(10);
	}
	assert_int_equal(status.state, STORE_FAILED);
	assert_non_null(strstr(status.message, "privacy/erasing"));
	store_close(store);
	assert_int_equal(access(in_folder("privacy/erasing"), F_OK), 0);
}

static void wait_said(struct store *store, const char *text, bool is_wanted)
{
	struct store_status status;
	for (int i = 0; i < 2000; i++) {
		watch_second(store);
		store_status(store, &status);
		if ((strstr(status.message, text) != NULL) == is_wanted)
			return;
		pause_ms(10);
	}
	fail_msg("it says \"%s\"", status.message);
}

/* Somebody reads all the while, so it can't end; the notice of before stays. */
static void what_was_set_aside_stays_said(void **state)
{
	(void)state;
	sqlite3 *reader = NULL;
	FILE *file = fopen(in_folder("breakwater.db"), "we");
	assert_non_null(file);
	for (int i = 0; i < 500; i++)
		fputs("no database at all ", file);
	fclose(file);
	struct store *store = store_open(folder, &store_no_limits);
	wait_said(store, "was damaged", true);
	fill(store, 10);
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN;SELECT count(*)FROM login", NULL,
				      NULL, NULL),
			 SQLITE_OK);
	erase(store);
	wait_said(store, "not erased everywhere yet", true);
	wait_said(store, "was damaged", true);
	sqlite3_close(reader);
	wait_erased(1);
	wait_said(store, "not erased", false);
	wait_said(store, "was damaged", true);
	store_close(store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(what_is_erased_is_in_no_octet_of_any_file),
		TEST(it_is_done_when_memory_has_forgotten_it_too),
		TEST(no_key_is_left_of_it),
		TEST(one_that_was_not_ended_is_ended_by_the_next_daemon),
		TEST(a_damaged_note_is_said),
		TEST(what_was_set_aside_stays_said),
	};
#undef TEST
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

/*
 * test_telling.c: who keeps a copy of the audit chain is told all of it, as it stands
 * in the store, and nothing twice.
 */
#include <pthread.h>

#include "store/seal.h"
#include "store/telling.h"

#include "store_check.h"

enum { HEARD = 256 };

/* What was told, and how much more there is room for. */
struct heard {
	pthread_mutex_t lock;
	struct audit_record audits[HEARD];
	struct checkpoint_record checkpoints[HEARD];
	size_t audit_count, checkpoint_count;
	unsigned room, refused;
	bool is_early; /* a checkpoint came before what it holds */
};
static struct heard heard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool hear(void *self, enum record_kind kind, const void *record)
{
	struct heard *to = self;
	pthread_mutex_lock(&to->lock);
	bool has_room = to->room > 0;
	to->room -= has_room;
	to->refused += !has_room;
	if (has_room && kind == RECORD_audit) {
		to->audits[to->audit_count++ % HEARD] =
			*(const struct audit_record *)record;
	} else if (has_room) {
		const struct checkpoint_record *checkpoint = record;
		to->checkpoints[to->checkpoint_count++ % HEARD] = *checkpoint;
		to->is_early = to->is_early || to->audit_count == 0 ||
			       to->audits[to->audit_count - 1].seq < checkpoint->seq;
	}
	pthread_mutex_unlock(&to->lock);
	return has_room;
}

static void forget(unsigned room)
{
	heard.audit_count = heard.checkpoint_count = heard.refused = 0;
	heard.room = room;
	heard.is_early = false;
}

static void put(struct store *store, unsigned count)
{
	struct audit_record audit;
	for (unsigned i = 0; i < count; i++) {
		record_init(RECORD_audit, &audit);
		audit.at = START_US + i * SECOND;
		audit.action = "block";
		random_text(audit.after, sizeof(audit.after));
		assert_true(store_put(store, RECORD_audit, &audit));
	}
	wait_written(store);
}

static struct store *open_telling(const struct chain_told *told)
{
	const struct store_telling to = { &heard, hear };
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	store_tell(store, &to, told);
	return store;
}

/* From that record on, each follows from the one before. */
static void assert_chain(uint64_t first, const char *before)
{
	field_text64 hash;
	record_text(hash, sizeof(hash), before);
	for (size_t i = 0; i < heard.audit_count; i++) {
		const struct audit_record *audit = &heard.audits[i];
		assert_int_equal(audit->seq, first + i);
		assert_true(store_audit_hash(hash, audit, hash));
		assert_string_equal(audit->hash, hash);
	}
}

static struct chain_told told_of(void)
{
	struct chain_told told = { 0 };
	for (size_t i = 0; i < heard.audit_count; i++)
		chain_told_note(&told, RECORD_audit, &heard.audits[i]);
	for (size_t i = 0; i < heard.checkpoint_count; i++)
		chain_told_note(&told, RECORD_checkpoint, &heard.checkpoints[i]);
	return told;
}

static void all_is_told_signed_and_once(void **state)
{
	const struct chain_told nothing = { 0 };
	struct seal_key key;
	(void)state;
	forget(HEARD);
	struct store *store = open_telling(&nothing);
	put(store, 20);
	store_close(store);
	assert_chain(1, "");
	assert_true(heard.audit_count > 20); /* which key it is, too */
	assert_false(heard.is_early);
	const struct checkpoint_record *last =
		&heard.checkpoints[heard.checkpoint_count - 1];
	assert_int_equal(last->seq, heard.audit_count);
	assert_true(seal_key_in(last, &key) && seal_holds(&key, last));
	/* Another run goes on behind it. */
	struct chain_told told = told_of();
	forget(HEARD);
	store = open_telling(&told);
	put(store, 5);
	store_close(store);
	assert_int_equal(heard.audit_count, 5);
	assert_chain(told.seq + 1, told.hash);
	assert_int_equal(heard.checkpoints[0].number, told.number + 1);
}

static void what_finds_no_room_is_told_when_there_is(void **state)
{
	const struct chain_told nothing = { 0 };
	(void)state;
	forget(0);
	struct store *store = open_telling(&nothing);
	put(store, 20);
	for (int i = 0; i < 200; i++) {
		const struct timespec moment = { .tv_nsec = 10000000 };
		pthread_mutex_lock(&heard.lock);
		bool is_refused = heard.refused > 1;
		heard.room += is_refused ? 3 : 0;
		pthread_mutex_unlock(&heard.lock);
		nanosleep(&moment, NULL);
	}
	store_close(store);
	assert_true(heard.refused > 1);
	assert_true(heard.audit_count > 20);
	assert_chain(1, "");
	assert_false(heard.is_early);
}

/* The machine joined later: what comes follows from what was signed last. */
static void who_was_told_nothing_hears_from_the_last_checkpoint_on(void **state)
{
	const struct chain_told nothing = { 0 };
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	put(store, 20);
	store_close(store);
	forget(HEARD);
	store = open_telling(&nothing);
	put(store, 5);
	store_close(store);
	assert_int_equal(heard.audit_count, 5);
	const struct checkpoint_record *base = &heard.checkpoints[0];
	assert_chain(base->seq + 1, base->hash);
	assert_true(heard.checkpoint_count > 1);
}

/* Of a stranger's name, or one that was cut: a depot keeps texts in UTF-8 only. */
static void what_is_no_utf8_is_told_as_it_is_kept(void **state)
{
	const struct chain_told nothing = { 0 };
	struct audit_record audit;
	(void)state;
	forget(HEARD);
	struct store *store = open_telling(&nothing);
	record_init(RECORD_audit, &audit);
	audit.at = START_US;
	audit.action = "sign_in_refused";
	record_text(audit.actor, sizeof(audit.actor), "\xff\xc3\xa9 \xe2\x82");
	assert_true(store_put(store, RECORD_audit, &audit));
	wait_written(store);
	store_close(store);
	assert_string_equal(heard.audits[0].actor, "?\xc3\xa9 ??");
	assert_chain(1, "");
}

/* Somebody wrote the last record anew, hash and all: both are told. */
static void another_record_in_the_place_of_one_is_told_too(void **state)
{
	const struct chain_told nothing = { 0 };
	sqlite3 *db = NULL;
	(void)state;
	forget(HEARD);
	struct store *store = open_telling(&nothing);
	put(store, 5);
	store_close(store);
	struct chain_told told = told_of();
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "UPDATE audit SET hash='00'||substr(hash,3) "
				      "WHERE seq=(SELECT max(seq) FROM audit)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	forget(HEARD);
	store = open_telling(&told);
	put(store, 1);
	store_close(store);
	assert_int_equal(heard.audits[0].seq, told.seq);
	assert_string_not_equal(heard.audits[0].hash, told.hash);
	assert_int_equal(heard.audits[1].seq, told.seq + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_told_signed_and_once),
		TEST(what_finds_no_room_is_told_when_there_is),
		TEST(who_was_told_nothing_hears_from_the_last_checkpoint_on),
		TEST(what_is_no_utf8_is_told_as_it_is_kept),
		TEST(another_record_in_the_place_of_one_is_told_too),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

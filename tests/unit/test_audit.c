/*
 * test_audit.c: whatever somebody does to the audit chain is found, and where.
 */
#include "base/file.h"
#include "store/audit.h"

#include "store_check.h"

enum { RECORDS = 600, ROUNDS = 120, LISTED = 64 };

/* What the check said; without its sentences. */
struct list {
	struct audit_fault at[LISTED];
	size_t count;
};
struct said {
	struct list faults, notices;
	struct audit_verdict verdict;
};

static void take_fault(void *self, const struct audit_fault *fault)
{
	struct said *said = self;
	struct list *list = fault->is_notice ? &said->notices : &said->faults;
	if (list->count < LISTED)
		list->at[list->count++] = *fault;
}

static struct said check_with(const struct seal_key *keys, size_t key_count,
			      const struct checkpoint_record *copies, size_t count)
{
	static struct said said;
	char error[STORE_ERROR_MAX];
	int status;
	memset(&said, 0, sizeof(said));
	const struct audit_check_sink sink = { .self = &said, .fault = take_fault };
	struct audit_check *check =
		audit_check_open(folder, keys, key_count, &sink, error, &status);
	assert_non_null(check);
	assert_int_equal(audit_check_run(check, error), 0);
	for (size_t i = 0; i < count; i++)
		audit_check_copy(check, &copies[i]);
	audit_check_close(check, &said.verdict);
	return said;
}

static struct said check(void)
{
	return check_with(NULL, 0, NULL, 0);
}

/* ---- a store ---- */

static void put_audits(struct store *store, unsigned count, int64_t from_us)
{
	struct audit_record audit;
	for (unsigned i = 0; i < count; i++) {
		record_init(RECORD_audit, &audit);
		audit.at = from_us + i * SECOND;
		audit.action = "block";
		record_text(audit.actor, sizeof(audit.actor), "breakwater");
		snprintf(audit.subject, sizeof(audit.subject), "203.0.113.%u/32", i);
		random_text(audit.after, sizeof(audit.after));
		assert_true(store_put(store, RECORD_audit, &audit));
	}
	wait_written(store);
}

/* So that checkpoints lie between, each opening makes some. */
static void make_store(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct store *store = store_open(folder, &store_no_limits);
		assert_non_null(store);
		put_audits(store, RECORDS / 3, START_US + i * DAY);
		store_close(store);
	}
}

static sqlite3 *open_db(void)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	return db;
}

__attribute__((format(printf, 2, 3))) static void run(sqlite3 *db, const char *format,
						      ...)
{
	char sql[2048], *error = NULL;
	va_list list;
	va_start(list, format);
	vsnprintf(sql, sizeof(sql), format, list);
	va_end(list);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

__attribute__((format(printf, 1, 2))) static void edit(const char *format, ...)
{
	char sql[2048];
	va_list list;
	va_start(list, format);
	vsnprintf(sql, sizeof(sql), format, list);
	va_end(list);
	sqlite3 *db = open_db();
	run(db, "PRAGMA synchronous=OFF");
	run(db, "%s", sql);
	sqlite3_close(db);
}

static int64_t number_of(const char *sql)
{
	sqlite3 *db = open_db();
	sqlite3_stmt *stmt = NULL;
	int64_t value = -1;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

static const char *word_of_fault(const struct said *said, size_t i)
{
	return i < said->faults.count ? said->faults.at[i].what : "none";
}

static bool names(const struct said *said, const char *what, uint64_t seq)
{
	for (size_t i = 0; i < said->faults.count; i++)
		if (strcmp(said->faults.at[i].what, what) == 0 &&
		    said->faults.at[i].from <= seq && said->faults.at[i].to >= seq)
			return true;
	return false;
}

static bool list_names(const struct list *list, uint64_t seq)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].from <= seq + 1 && list->at[i].to >= seq)
			return true;
	return false;
}

/* Of what is cut off behind it a notice says that it can't be told. */
static bool names_any(const struct said *said, uint64_t seq)
{
	return list_names(&said->faults, seq) || list_names(&said->notices, seq);
}

/* ---- all is well ---- */

static void a_chain_as_it_was_written_is_fine(void **state)
{
	(void)state;
	make_store();
	struct said said = check();
	assert_string_equal(word_of_fault(&said, 0), "none");
	assert_false(said.verdict.is_in_doubt);
	assert_int_equal(said.verdict.records, RECORDS + 1); /* and its key */
	assert_int_equal(said.verdict.held, RECORDS + 1);
	assert_true(said.verdict.checkpoints >= 3);
}

static void the_private_key_is_nobody_elses(void **state)
{
	struct stat st;
	(void)state;
	make_store();
	assert_int_equal(stat(in_folder("audit.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_chain_without_checkpoints_is_in_doubt(void **state)
{
	(void)state;
	make_store();
	edit("DELETE FROM checkpoint");
	unlink(in_folder("audit-checkpoints.ndjson"));
	struct said said = check();
	assert_int_equal(said.faults.count, 0);
	assert_true(said.verdict.is_in_doubt);
}

/* ---- what retention takes ---- */

static void age(struct store *store)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	self.at = START_US + 2 * DAY + 10 * SECOND;
	store_put(store, RECORD_self, &self);
	for (int i = 0; i < 200 && number_of("SELECT min(seq) FROM audit") == 1; i++)
		pause_ms(50);
}

static void retention_leaves_a_chain_that_can_be_checked(void **state)
{
	struct store_limits limits = store_no_limits;
	(void)state;
	make_store();
	limits.events_s = 86400;
	struct store *store = store_open(folder, &limits);
	age(store);
	store_close(store);
	int64_t first = number_of("SELECT min(seq) FROM audit");
	assert_true(first > 1);
	struct said said = check();
	assert_string_equal(word_of_fault(&said, 0), "none");
	assert_false(said.verdict.is_in_doubt);
	edit("DELETE FROM audit WHERE seq=%lld", (long long)first);
	said = check();
	assert_true(names(&said, "missing", (uint64_t)first));
}

static void deleting_the_oldest_by_hand_is_no_retention(void **state)
{
	(void)state;
	make_store();
	edit("DELETE FROM audit WHERE seq<=10");
	struct said said = check();
	assert_true(names(&said, "missing", 1) && names(&said, "missing", 10));
	assert_false(names(&said, "missing", 11));
}

static void what_was_changed_is_not_taken_by_retention(void **state)
{
	struct store_limits limits = store_no_limits;
	(void)state;
	make_store();
	edit("UPDATE audit SET actor='root' WHERE seq=5");
	limits.events_s = 86400;
	struct store *store = store_open(folder, &limits);
	age(store);
	store_close(store);
	struct said said = check();
	assert_true(names_any(&said, 5));
}

/* ---- the end ---- */

static void an_end_that_is_cut_off_is_found(void **state)
{
	(void)state;
	make_store();
	edit("DELETE FROM audit WHERE seq>590");
	struct said said = check();
	assert_true(names(&said, "truncated", 591) && names(&said, "truncated", 601));
}

static bool take_newest(void *to, const void *record)
{
	memcpy(to, record, sizeof(struct checkpoint_record));
	return false;
}

static struct checkpoint_record last_checkpoint(void)
{
	static struct checkpoint_record last;
	struct store_filter filter;
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	store_filter_init(&filter);
	store_read(reader, RECORD_checkpoint, &filter, take_newest, &last, error);
	store_reader_close(reader);
	return last;
}

/* Who cuts off the end and all that speaks of it meets the copy. */
static void a_copy_kept_elsewhere_speaks_of_what_is_gone(void **state)
{
	(void)state;
	make_store();
	struct checkpoint_record kept = last_checkpoint();
	edit("DELETE FROM audit WHERE seq>%d;DELETE FROM checkpoint WHERE seq>%d",
	     RECORDS / 3, RECORDS / 3);
	edit("DELETE FROM audit WHERE seq>(SELECT max(seq) FROM checkpoint)");
	unlink(in_folder("audit-checkpoints.ndjson"));
	struct said said = check_with(NULL, 0, &kept, 1);
	assert_true(names(&said, "truncated", RECORDS));
}

/* The monitor goes on behind what was there. */
static void a_cut_is_not_mended_by_the_next_start(void **state)
{
	(void)state;
	make_store();
	edit("DELETE FROM audit WHERE seq>590");
	struct store *store = store_open(folder, &store_no_limits);
	put_audits(store, 3, START_US + 4 * DAY);
	store_close(store);
	struct said said = check();
	assert_true(names(&said, "missing", 591) && names(&said, "missing", 601));
	assert_true(said.notices.count > 0);
}

static void what_is_added_at_the_end_is_told(void **state)
{
	(void)state;
	make_store();
	struct audit_record forged;
	record_init(RECORD_audit, &forged);
	edit("INSERT INTO audit(seq,at,action,actor,hash) VALUES(602,1,'stop','eve',"
	     "'00')");
	struct said said = check();
	assert_true(names(&said, "changed", 602));
}

/* ---- keys ---- */

static void another_key_is_found(void **state)
{
	struct seal_key key;
	(void)state;
	make_store();
	assert_int_equal(seal_read_keys(in_folder("audit.pub"), &key, 1), 1);
	unlink(in_folder("audit.key"));
	struct store *store = store_open(folder, &store_no_limits);
	put_audits(store, 3, START_US + 4 * DAY);
	store_close(store);
	struct said said = check_with(&key, 1, NULL, 0);
	assert_string_equal(word_of_fault(&said, 0), "key");
	/* Without a key to go by it is said, and not decided. */
	said = check();
	assert_int_equal(said.faults.count, 0);
	assert_true(said.verdict.is_in_doubt);
}

static void a_key_that_nobody_named_is_found(void **state)
{
	(void)state;
	make_store();
	edit("UPDATE checkpoint SET \"key\"='00112233445566778899aabbccddeeff' "
	     "WHERE number=2");
	struct said said = check();
	assert_string_equal(word_of_fault(&said, 0), "key");
}

static void a_file_that_is_no_key_is_left_alone(void **state)
{
	struct store_status status;
	(void)state;
	FILE *file = fopen(in_folder("audit.key"), "w");
	fputs("something else\n", file);
	fclose(file);
	struct store *store = store_open(folder, &store_no_limits);
	unsigned put = 0;
	do {
		put_audits(store, 1, START_US);
		store_status(store, &status);
		pause_ms(10);
	} while (++put < 500 && status.state != STORE_FAILED);
	assert_non_null(strstr(status.message, "audit.key"));
	store_close(store);
	assert_int_equal(number_of("SELECT count(*) FROM audit"), put);
	assert_int_equal(number_of("SELECT count(*) FROM checkpoint"), 0);
}

/* ---- everything else ---- */

/* All hashes from that record on, as who knows how they are made would. */
static void mend_from(uint64_t seq)
{
	struct audit_record audit;
	field_text64 before = "";
	sqlite3 *db = open_db();
	sqlite3_stmt *stmt = NULL;
	run(db, "PRAGMA synchronous=OFF;BEGIN");
	sqlite3_prepare_v2(db,
			   "SELECT seq,at,actor,action,subject,before,after,hash FROM "
			   "audit WHERE seq>=? ORDER BY seq",
			   -1, &stmt, NULL);
	sqlite3_bind_int64(stmt, 1, (int64_t)seq - 1);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		char *texts[] = { audit.actor, audit.subject, audit.before, audit.after,
				  audit.hash };
		size_t sizes[] = { sizeof(audit.actor), sizeof(audit.subject),
				   sizeof(audit.before), sizeof(audit.after),
				   sizeof(audit.hash) };
		int columns[] = { 2, 4, 5, 6, 7 };
		record_init(RECORD_audit, &audit);
		audit.seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		audit.at = sqlite3_column_int64(stmt, 1);
		const char *action = (const char *)sqlite3_column_text(stmt, 3);
		audit.action = action != NULL ? record_word(action) : NULL;
		for (size_t i = 0; i < 5; i++) {
			const char *text =
				(const char *)sqlite3_column_text(stmt, columns[i]);
			record_text(texts[i], sizes[i], text != NULL ? text : "");
		}
		if (audit.seq >= seq) {
			assert_true(store_audit_hash(before, &audit, audit.hash));
			run(db, "UPDATE audit SET hash='%s' WHERE seq=%llu", audit.hash,
			    (unsigned long long)audit.seq);
		}
		memcpy(before, audit.hash, sizeof(before));
	}
	sqlite3_finalize(stmt);
	run(db, "COMMIT");
	sqlite3_close(db);
}

static uint64_t change_a_field(void)
{
	static const char *const values[] = {
		"actor='eve'",
		"action='unblock'",
		"subject='192.0.2.1/32'",
		"before='x'",
		"after=after||'x'",
		"after=NULL",
		"at=at+1",
		"digest='00'",
		"hash=substr(hash,2)||'0'",
		"actor=actor||' '",
		"at=NULL",
		"digest=''",
		"before=x'00'",
		"after=after||x'0078'",
		"seq=seq+10000",
	};
	uint64_t seq = 1 + some(RECORDS);
	edit("UPDATE audit SET %s WHERE seq=%llu",
	     values[some(sizeof(values) / sizeof(values[0]) - 1)],
	     (unsigned long long)seq);
	return seq;
}

static uint64_t swap_two(void)
{
	uint64_t seq = 2 + some(RECORDS - 3);
	edit("UPDATE audit SET seq=-1 WHERE seq=%llu;"
	     "UPDATE audit SET seq=%llu WHERE seq=%llu;"
	     "UPDATE audit SET seq=%llu WHERE seq=-1",
	     (unsigned long long)seq, (unsigned long long)seq,
	     (unsigned long long)seq + 1, (unsigned long long)seq + 1);
	return seq;
}

static uint64_t delete_some(void)
{
	uint64_t seq = 1 + some(RECORDS);
	edit("DELETE FROM audit WHERE seq BETWEEN %llu AND %llu",
	     (unsigned long long)seq, (unsigned long long)seq + some(5));
	return seq;
}

/* One goes, the rest moves up. */
static uint64_t delete_and_renumber(void)
{
	uint64_t seq = 1 + some(RECORDS - 1);
	edit("DELETE FROM audit WHERE seq=%llu;"
	     "UPDATE audit SET seq=-seq WHERE seq>%llu;"
	     "UPDATE audit SET seq=-seq-1 WHERE seq<0",
	     (unsigned long long)seq, (unsigned long long)seq);
	if (some(1) == 0)
		mend_from(seq < 2 ? 2 : seq);
	return seq;
}

static uint64_t insert_one(void)
{
	uint64_t seq = 2 + some(RECORDS - 2);
	edit("UPDATE audit SET seq=-seq-1 WHERE seq>=%llu;"
	     "UPDATE audit SET seq=-seq WHERE seq<0;"
	     "INSERT INTO audit(seq,at,actor,action,hash) "
	     "VALUES(%llu,1,'root','unblock','ff')",
	     (unsigned long long)seq, (unsigned long long)seq);
	if (some(1) == 0)
		mend_from(seq);
	return seq;
}

static uint64_t change_and_mend(void)
{
	uint64_t seq = 2 + some(RECORDS - 2);
	edit("UPDATE audit SET subject='192.0.2.9/32' WHERE seq=%llu",
	     (unsigned long long)seq);
	mend_from(seq);
	return seq;
}

/*
 * 0: no record is named.  Each is a change, whatever was there: one digest in 256
 * begins with the two digits that another one might be given.
 */
static uint64_t change_a_checkpoint(void)
{
	static const char *const values[] = {
		"at=at+1",
		"seq=seq-1",
		"first=first+1",
		"hash=substr(hash,2)||substr(hash,1,1)",
		"signature=substr(signature,2)||substr(signature,1,1)",
		"number=number+1000",
		"before='ff'",
		"signature=NULL",
		"\"key\"='x'",
	};
	int64_t count = number_of("SELECT count(*) FROM checkpoint");
	edit("UPDATE checkpoint SET %s WHERE number=%lld",
	     values[some(sizeof(values) / sizeof(values[0]) - 1)],
	     (long long)some((uint64_t)count - 1) + 1);
	return 0;
}

static uint64_t delete_a_checkpoint(void)
{
	edit("DELETE FROM checkpoint WHERE number=2");
	return 0;
}

static void copy_file(const char *from, const char *to)
{
	char path[300];
	struct buf text = { 0 };
	snprintf(path, sizeof(path), "%s/%s", folder, from);
	assert_int_equal(file_read(path, 1 << 30, &text), 0);
	snprintf(path, sizeof(path), "%s/%s", folder, to);
	assert_int_equal(file_replace(path, text.at, text.len), 0);
	buf_free(&text);
}

/* Where a change that was mended lies is known between two checkpoints. */
static bool is_placed(const struct said *said, uint64_t seq)
{
	return seq == 0 || names_any(said, seq);
}

static void whatever_is_changed_is_found(void **state)
{
	static uint64_t (*const edits[])(void) = {
		change_a_field,  change_a_field,      swap_two,
		delete_some,     delete_and_renumber, insert_one,
		change_and_mend, change_a_checkpoint, delete_a_checkpoint,
	};
	enum { EDITS = sizeof(edits) / sizeof(edits[0]) };
	(void)state;
	make_store();
	edit("PRAGMA wal_checkpoint(TRUNCATE);PRAGMA journal_mode=DELETE");
	copy_file("breakwater.db", "whole.db");
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t which = some(EDITS - 1), before = seed;
		copy_file("whole.db", "breakwater.db");
		uint64_t seq = edits[which]();
		struct said said = check();
		if (said.faults.count == 0)
			fail_msg("edit %llu of record %llu (state %llu) is not found",
				 (unsigned long long)which, (unsigned long long)seq,
				 (unsigned long long)before);
		if (!is_placed(&said, seq))
			fail_msg("edit %llu of record %llu: %s (%llu to %llu)",
				 (unsigned long long)which, (unsigned long long)seq,
				 said.faults.at[0].what,
				 (unsigned long long)said.faults.at[0].from,
				 (unsigned long long)said.faults.at[0].to);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_chain_as_it_was_written_is_fine),
		TEST(the_private_key_is_nobody_elses),
		TEST(a_chain_without_checkpoints_is_in_doubt),
		TEST(retention_leaves_a_chain_that_can_be_checked),
		TEST(deleting_the_oldest_by_hand_is_no_retention),
		TEST(what_was_changed_is_not_taken_by_retention),
		TEST(an_end_that_is_cut_off_is_found),
		TEST(a_copy_kept_elsewhere_speaks_of_what_is_gone),
		TEST(a_cut_is_not_mended_by_the_next_start),
		TEST(what_is_added_at_the_end_is_told),
		TEST(another_key_is_found),
		TEST(a_key_that_nobody_named_is_found),
		TEST(a_file_that_is_no_key_is_left_alone),
		TEST(whatever_is_changed_is_found),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}

/*
 * test_bundle.c: a report's bundle holds where nothing was changed, and only there.
 */
#include "store_check.h"

#include <sys/stat.h>

#include "record/record.h"
#include "report/bundle.h"
#include "report/tar.h"
#include "store/seal.h"

enum { AUDITS = 40, LISTENERS = 12, TRIES = 3000 };

static struct compliance *compliance;
static struct buf bundle;

static const char evidence_yaml[] = "id: T1\n"
				    "version: 1\n"
				    "title: Listening ports\n"
				    "question: Which were open?\n"
				    "shows: All of them.\n"
				    "limits: None.\n"
				    "observer: sockets\n"
				    "kept: events\n"
				    "valid: 30d\n";
static const char evidence_sql[] =
	"SELECT ip, port, time_text(at) AS at FROM listener\n"
	"WHERE at >= :since AND at <= :until ORDER BY at, port\n";
static const char framework_yaml[] = "name: test\n"
				     "title: Test\n"
				     "edition: 1\n"
				     "published: 2026-01\n"
				     "reviewed: 2026-01-31\n"
				     "source: nobody\n"
				     "controls:\n"
				     "  - id: 1.1\n"
				     "    title: Ports\n"
				     "    strength: direct\n"
				     "    evidence: [T1]\n"
				     "    shows: Ports.\n"
				     "    missing: The rest.\n"
				     "beyond: []\n";

/* ---- a store, and a report of it ---- */

static void put_listener(struct store *store, unsigned number)
{
	static const uint8_t address[4] = { 192, 0, 2, 1 };
	struct listener_record listener;
	record_init(RECORD_listener, &listener);
	listener.at = START_US + number * SECOND;
	listener.transport = "tcp";
	listener.ip = addr_v4(address);
	listener.port = 1000 + number;
	listener.change = "opened";
	assert_true(store_put(store, RECORD_listener, &listener));
}

static void put_audit(struct store *store, unsigned number)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.at = START_US + number * SECOND;
	audit.action = "policy_apply";
	snprintf(audit.actor, sizeof(audit.actor), "user%u", number);
	assert_true(store_put(store, RECORD_audit, &audit));
}

static void fill_store(void)
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	for (unsigned i = 0; i < LISTENERS; i++)
		put_listener(store, i);
	for (unsigned i = 0; i < AUDITS; i++)
		put_audit(store, i);
	wait_written(store);
	store_close(store);
}

static void put_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void open_compliance(void)
{
	struct buf errors = { 0 };
	mkdir(in_folder("own"), 0700);
	mkdir(in_folder("own/evidence"), 0700);
	mkdir(in_folder("own/frameworks"), 0700);
	put_file("own/evidence/T1.yaml", evidence_yaml);
	put_file("own/evidence/T1.sql", evidence_sql);
	put_file("own/frameworks/test.yaml", framework_yaml);
	compliance = compliance_open(in_folder("own"), &errors);
	if (compliance == NULL)
		fail_msg("%s", buf_cstr(&errors));
	buf_free(&errors);
}

static void make_bundle(struct buf *out)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	const struct report_ask ask = { .framework = "test",
					.since_us = START_US,
					.until_us = START_US + DAY,
					.now_us = START_US + DAY,
					.host = "host",
					.folder = folder };
	assert_non_null(reader);
	struct report *report = report_make(reader, compliance, &ask, error);
	if (report == NULL || !bundle_write(report, reader, out, error))
		fail_msg("%s", error);
	report_free(report);
	store_reader_close(reader);
}

static int set_up(void **state)
{
	if (choose_seed(state) != 0 || new_folder(state) != 0)
		return -1;
	fill_store();
	open_compliance();
	make_bundle(&bundle);
	return 0;
}

static int tear_down(void **state)
{
	compliance_free(compliance);
	buf_free(&bundle);
	return remove_folder(state);
}

/* ---- what is said of it ---- */

struct said {
	struct buf faults, fine;
};

static void hear(void *self, bool holds, const char *text)
{
	struct said *said = self;
	buf_printf(holds ? &said->fine : &said->faults, "%s\n", text);
}

static int verify(const struct buf *text, const char *state, struct said *said)
{
	char error[STORE_ERROR_MAX] = "";
	const struct bundle_check check = { .folder = state, .sink = { said, hear } };
	int faults = bundle_verify(text->at, text->len, &check, error);
	if (faults < 0)
		buf_printf(&said->faults, "%s\n", error);
	return faults;
}

static void let_go(struct said *said)
{
	buf_free(&said->faults);
	buf_free(&said->fine);
}

static void expect_fault(const struct buf *text, const char *state, const char *wanted)
{
	struct said said = { 0 };
	assert_int_not_equal(verify(text, state, &said), 0);
	if (strstr(buf_cstr(&said.faults), wanted) == NULL)
		fail_msg("not said: %s\nbut: %s", wanted, buf_cstr(&said.faults));
	let_go(&said);
}

/* ---- tests ---- */

static void what_was_not_changed_holds(void **state)
{
	(void)state;
	struct said said = { 0 };
	int faults = verify(&bundle, folder, &said);
	if (faults != 0)
		fail_msg("%s", buf_cstr(&said.faults));
	assert_non_null(strstr(buf_cstr(&said.fine), "asked again, the same 12 rows"));
	assert_non_null(strstr(said.fine.at, "audit records 1 to "));
	let_go(&said);
}

static void the_same_store_makes_the_same_bytes(void **state)
{
	(void)state;
	struct buf again = { 0 };
	make_bundle(&again);
	assert_int_equal(again.len, bundle.len);
	assert_memory_equal(again.at, bundle.at, bundle.len);
	buf_free(&again);
}

/* The file whose content holds that byte; NULL: it is between them. */
static const struct tar_file *file_of(const struct tar *tar, size_t place)
{
	size_t at = 0;
	for (size_t i = 0; i < tar->count; i++) {
		size_t len = tar->files[i].text.len;
		if (place >= at + 512 && place < at + 512 + len)
			return &tar->files[i];
		at += 512 + (len + 511) / 512 * 512;
	}
	return NULL;
}

static void any_changed_byte_is_found_and_named(void **state)
{
	(void)state;
	struct tar tar = { 0 };
	struct buf error = { 0 };
	assert_true(tar_read(bundle.at, bundle.len, &tar, &error));
	for (int i = 0; i < TRIES; i++) {
		size_t place = (size_t)some(bundle.len - 1);
		const struct tar_file *file = file_of(&tar, place);
		char was = bundle.at[place];
		bundle.at[place] = (char)(was ^ (1 << some(7)));
		expect_fault(&bundle, NULL, file != NULL ? file->path : "");
		bundle.at[place] = was;
	}
	tar_free(&tar);
	buf_free(&error);
}

static void what_is_cut_off_or_added_is_found(void **state)
{
	(void)state;
	struct buf longer = { 0 }, shorter = { 0 };
	buf_add(&longer, bundle.at, bundle.len);
	buf_char(&longer, '\0');
	expect_fault(&longer, NULL, "at byte");
	for (size_t len = 0; len < bundle.len; len += 509) {
		buf_clear(&shorter);
		buf_add(&shorter, bundle.at, len);
		expect_fault(&shorter, NULL, "");
	}
	buf_free(&longer);
	buf_free(&shorter);
}

/* A bundle of the files, one of them left out or given another text. */
static void make_again(const char *path, const char *text, struct buf *out)
{
	struct tar tar = { 0 }, other = { 0 };
	struct buf error = { 0 };
	assert_true(tar_read(bundle.at, bundle.len, &tar, &error));
	for (size_t i = 0; i < tar.count; i++) {
		bool is_it = strcmp(tar.files[i].path, path) == 0;
		if (is_it && text == NULL)
			continue;
		struct tar_file *file = tar_add(&other, tar.files[i].path);
		assert_non_null(file);
		buf_add(&file->text, is_it ? text : tar.files[i].text.at,
			is_it ? strlen(text) : tar.files[i].text.len);
	}
	if (tar_find(&tar, path) == NULL)
		buf_text(&tar_add(&other, path)->text, text);
	assert_true(tar_write(&other, out));
	tar_free(&tar);
	tar_free(&other);
	buf_free(&error);
}

static void a_file_left_out_added_or_changed_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *path, *text, *said;
	} changes[] = {
		{ "evidence/T1.csv", NULL, "evidence/T1.csv: missing" },
		{ "evidence/T1.csv", "ip,port\r\n", "evidence/T1.csv: changed" },
		{ "evidence/T2.csv", "ip,port\r\n", "evidence/T2.csv: added" },
		{ "manifest.sig", NULL, "manifest.sig: missing: nobody signed this" },
		{ "manifest.json", NULL, "manifest.json: missing" },
		{ "audit.pub", NULL, "signed by a key that is not known" },
		{ "audit/records.ndjson", "{}\n", "audit/records.ndjson: changed" },
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct buf other = { 0 };
		make_again(changes[i].path, changes[i].text, &other);
		expect_fault(&other, NULL, changes[i].said);
		buf_free(&other);
	}
}

static void a_store_that_was_edited_gives_other_rows(void **state)
{
	(void)state;
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "UPDATE listener SET port=4444 WHERE port=1003",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	expect_fault(&bundle, folder, "evidence/T1.csv: asked again");
}

/* The rows say one thing, the checkpoints another. */
static void edit_chain(const char *sql, const char *wanted)
{
	sqlite3 *db = NULL;
	struct buf made = { 0 };
	assert_int_equal(sqlite3_open(in_folder("breakwater.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	make_bundle(&made);
	expect_fault(&made, NULL, wanted);
	buf_free(&made);
}

/* Its links still hold: only a checkpoint knows that there was more. */
static void a_chain_cut_off_before_it_was_bundled_is_found(void **state)
{
	(void)state;
	edit_chain("DELETE FROM audit WHERE seq>(SELECT max(seq)-3 FROM audit)",
		   "audit/records.ndjson: cut off");
}

static void what_is_no_bundle_is_refused(void **state)
{
	(void)state;
	assert_false(bundle_is("{\"record\":\"proof\"}\n", 19));
	assert_true(bundle_is(bundle.at, bundle.len));
	struct buf text = { 0 };
	buf_text(&text, "no archive at all");
	expect_fault(&text, NULL, "not whole");
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_changed_holds),
		cmocka_unit_test(the_same_store_makes_the_same_bytes),
		cmocka_unit_test(any_changed_byte_is_found_and_named),
		cmocka_unit_test(what_is_cut_off_or_added_is_found),
		cmocka_unit_test(a_file_left_out_added_or_changed_is_named),
		cmocka_unit_test(what_is_no_bundle_is_refused),
		cmocka_unit_test(a_store_that_was_edited_gives_other_rows),
		cmocka_unit_test(a_chain_cut_off_before_it_was_bundled_is_found),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

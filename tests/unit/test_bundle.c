/*
 * test_bundle.c: a report's bundle holds where nothing was changed, and only there.
 */
#include "bundle_scene.h"

enum { TRIES = 3000 };

static struct buf bundle;

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
		make_again(&bundle, changes[i].path, changes[i].text, &other);
		expect_fault(&other, NULL, changes[i].said);
		buf_free(&other);
	}
}

static void a_store_that_was_edited_gives_other_rows(void **state)
{
	(void)state;
	edit_store("UPDATE listener SET port=4444 WHERE port=1003");
	expect_fault(
		&bundle, folder,
		"evidence/T1.csv: asked again, 12 rows that are not the same: line "
		"5 was \"");
}

/* The rows say one thing, the checkpoints another. */
static void edit_chain(const char *sql, const char *wanted)
{
	struct buf made = { 0 };
	edit_store(sql);
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

/* ---- what is not made ---- */

static bool goes_on(void *self)
{
	unsigned *looks = self;
	return (*looks)-- > 0;
}

/* Why, of so many bytes and looks; -1: it was made. */
static int failure_of(const char *name, size_t bytes_max, unsigned looks)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct buf made = { 0 };
	enum report_failure failure = REPORT_NOT_NOW;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	const struct report_ask ask = { .framework = name,
					.since_us = START_US,
					.until_us = START_US + DAY,
					.now_us = START_US + DAY,
					.host = "host",
					.bytes_max = bytes_max,
					.failure = &failure,
					.goes_on = goes_on,
					.self = &looks };
	assert_non_null(reader);
	struct report *report = report_make(reader, compliance, &ask, error);
	bool is_made = report != NULL && bundle_write(report, reader, &made, error);
	report_free(report);
	store_reader_close(reader);
	buf_free(&made);
	return is_made ? -1 : (int)failure;
}

static void why_there_is_none_is_told(void **state)
{
	(void)state;
	size_t least = 1;
	assert_int_equal(failure_of("test", 0, 1000000), -1);
	assert_int_equal(failure_of("none", 0, 1000000), REPORT_ASKED_WRONGLY);
	assert_int_equal(failure_of("test", 0, 0), REPORT_NOT_NOW);
	/* Of the rows, then of the chain alone, until it has room. */
	while (failure_of("test", least, 1000000) == REPORT_TOO_LARGE)
		least *= 2;
	assert_true(least > 1);
	assert_int_equal(failure_of("test", least, 1000000), -1);
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
		cmocka_unit_test(why_there_is_none_is_told),
		cmocka_unit_test(a_chain_cut_off_before_it_was_bundled_is_found),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

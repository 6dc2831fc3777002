/*
 * test_review.c: a review of evidence is what a record of the audit chain says, and
 * holds for exactly the rows that it names.
 */
#include "bundle_scene.h"

#include <jansson.h>

#include "report/digest.h"
#include "report/model.h"

#define HOUR (3600 * SECOND)
#define ROWS                                                                           \
	"rows " OTHER_ROWS                                                             \
	" of 2026-01-01T00:00:00.000000Z to 2026-01-02T00:00:00.000000Z"
#define OTHER_ROWS "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct review usual = {
	.evidence = "T1",
	.version = 1,
	.rows = OTHER_ROWS,
	.since_us = START_US,
	.until_us = START_US + DAY,
	.is_accepted = true,
	.comment = "line by line: \"all\" known",
};

static int set_up(void **state)
{
	if (choose_seed(state) != 0 || new_folder(state) != 0)
		return -1;
	fill_store();
	open_compliance();
	return 0;
}

static int tear_down(void **state)
{
	compliance_free(compliance);
	return remove_folder(state);
}

/* ---- as a record ---- */

static void put(const struct review *review, struct audit_record *audit)
{
	record_init(RECORD_audit, audit);
	audit->action = REVIEW_ACTION;
	audit->seq = 7;
	audit->at = START_US + HOUR;
	record_text(audit->actor, sizeof(audit->actor), "alice");
	review_put(review, audit);
}

static void what_is_put_is_taken(void **state)
{
	(void)state;
	struct audit_record audit;
	struct review review;
	put(&usual, &audit);
	assert_string_equal(audit.subject, "T1 version 1");
	assert_true(review_take(&audit, &review));
	assert_string_equal(review.evidence, "T1");
	assert_int_equal(review.version, 1);
	assert_string_equal(review.rows, OTHER_ROWS);
	assert_int_equal(review.since_us, START_US);
	assert_int_equal(review.until_us, START_US + DAY);
	assert_true(review.is_accepted);
	assert_string_equal(review.comment, usual.comment);
	assert_string_equal(review.actor, "alice");
	assert_int_equal(review.seq, 7);
}

static void the_longest_of_all_fits_its_record(void **state)
{
	(void)state;
	struct audit_record audit;
	struct review review = usual, taken;
	memset(review.evidence, 'e', REVIEW_ID_MAX - 1);
	memset(review.comment, 'c', REVIEW_COMMENT_MAX - 1);
	memset(review.about, 'a', REVIEW_ABOUT_MAX - 1);
	review.version = UINT32_MAX;
	put(&review, &audit);
	assert_true(review_take(&audit, &taken));
	assert_string_equal(taken.evidence, review.evidence);
	assert_string_equal(taken.comment, review.comment);
	assert_string_equal(taken.about, review.about);
	assert_int_equal(taken.version, UINT32_MAX);
}

static void it_says_whom_its_rows_are_about(void **state)
{
	(void)state;
	struct audit_record audit;
	struct review review = usual, taken;
	assert_true(review_put_about("192.0.2.1", "bob about eve", NULL, review.about));
	assert_string_equal(review.about, "host 192.0.2.1, user bob about eve");
	put(&review, &audit);
	assert_true(review_take(&audit, &taken));
	assert_string_equal(taken.about, review.about);
	assert_true(review_put_about(NULL, "", NULL, review.about));
	assert_string_equal(review.about, "");
	assert_false(review_put_about(NULL, "bob\n", NULL, review.about));
	assert_false(
		review_put_about("2001:db8::1/128", audit.before, NULL, review.about));
}

static void what_is_written_otherwise_is_no_review(void **state)
{
	(void)state;
	static const struct {
		const char *subject, *before, *after;
	} others[] = {
		{ "T1 version 1", "rows " OTHER_ROWS, "accepted: yes" },
		{ "T1 version 1", ROWS " about ", "accepted: yes" },
		{ "T1 version 1", ROWS " or so", "accepted: yes" },
		{ "T1", ROWS, "accepted: yes" },
		{ "T1 version 01", ROWS, "accepted: yes" },
		{ "T1 version 99999999999", ROWS, "accepted: yes" },
		{ "T/1 version 1", ROWS, "accepted: yes" },
		{ "T1 version 1 ", ROWS, "accepted: yes" },
		{ "T1 version 1", "rows 00", "accepted: yes" },
		{ "T1 version 1", "rows " OTHER_ROWS " of then", "accepted: yes" },
		{ "T1 version 1", ROWS " ", "accepted: yes" },
		{ "T1 version 1", ROWS, "perhaps: yes" },
		{ "T1 version 1", ROWS, "accepted" },
		{ "T1 version 1", ROWS, "accepted: " },
		{ "T1 version 1", ROWS, "accepted:  yes" },
		{ "T1 version 1", "", "accepted: yes" },
	};
	struct audit_record audit;
	struct review review;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		put(&usual, &audit);
		record_text(audit.subject, sizeof(audit.subject), others[i].subject);
		record_text(audit.before, sizeof(audit.before), others[i].before);
		record_text(audit.after, sizeof(audit.after), others[i].after);
		if (review_take(&audit, &review))
			fail_msg("taken: %s; %s; %s", others[i].subject,
				 others[i].before, others[i].after);
	}
	put(&usual, &audit);
	audit.action = "policy_review";
	assert_false(review_take(&audit, &review));
}

static void a_comment_becomes_one_line(void **state)
{
	(void)state;
	char out[REVIEW_COMMENT_MAX];
	assert_true(review_read_comment("\t one\r\n\n two\x1b[31m ", out));
	assert_string_equal(out, "one two [31m");
	assert_false(review_read_comment(" \n\t", out));
	assert_string_equal(out, "");
	char *longest = calloc(1, REVIEW_COMMENT_MAX + 2);
	assert_non_null(longest);
	memset(longest, 'c', REVIEW_COMMENT_MAX - 1);
	assert_true(review_read_comment(longest, out));
	longest[REVIEW_COMMENT_MAX - 1] = ' ';
	assert_true(review_read_comment(longest, out));
	longest[REVIEW_COMMENT_MAX - 1] = 'c';
	assert_false(review_read_comment(longest, out));
	free(longest);
}

/* ---- in a report ---- */

struct made {
	struct report *report;
	struct store_reader *reader;
};

static struct made make(int64_t now_us)
{
	char error[STORE_ERROR_MAX];
	int status;
	struct made made = { .reader = store_reader_open(folder, error, &status) };
	const struct report_ask ask = { .framework = "test",
					.since_us = START_US,
					.until_us = START_US + DAY,
					.now_us = now_us,
					.host = "host",
					.folder = folder };
	assert_non_null(made.reader);
	made.report = report_make(made.reader, compliance, &ask, error);
	if (made.report == NULL)
		fail_msg("%s", error);
	return made;
}

static void let_made_go(struct made *made)
{
	report_free(made->report);
	store_reader_close(made->reader);
}

static void keep_review(const struct review *review, int64_t at_us)
{
	struct audit_record audit;
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	put(review, &audit);
	audit.at = at_us;
	assert_true(store_put(store, RECORD_audit, &audit));
	wait_written(store);
	store_close(store);
}

static void expect(int64_t now_us, enum reviewed wanted, const char *comment)
{
	struct made made = make(now_us);
	const struct collected *collected = &made.report->collected[0];
	assert_string_equal(reviewed_name(collected->reviewed), reviewed_name(wanted));
	assert_string_equal(collected->review.comment, comment);
	let_made_go(&made);
}

static struct review of_these_rows(const char *comment)
{
	struct review review = usual;
	struct made made = make(START_US + DAY);
	memcpy(review.rows, made.report->collected[0].sha256, sizeof(review.rows));
	snprintf(review.comment, sizeof(review.comment), "%s", comment);
	let_made_go(&made);
	return review;
}

/* T1 is valid for 30 days. */
static void a_review_holds_for_its_rows_version_and_time(void **state)
{
	(void)state;
	expect(START_US + DAY, REVIEWED_NOT, "");
	keep_review(&usual, START_US + HOUR);
	expect(START_US + DAY, REVIEWED_OTHER, usual.comment);
	struct review review = of_these_rows("these");
	review.version = 2;
	keep_review(&review, START_US + HOUR + 1);
	expect(START_US + DAY, REVIEWED_OTHER, "these");
	review.version = 1;
	keep_review(&review, START_US + HOUR + 2);
	expect(START_US + DAY, REVIEWED_THESE, "these");
	keep_review(&usual, START_US + HOUR + 3);
	expect(START_US + DAY, REVIEWED_THESE, "these");
	expect(START_US + HOUR + 1 + 30 * DAY, REVIEWED_THESE, "these");
	expect(START_US + HOUR + 2 + 30 * DAY, REVIEWED_EXPIRED, "these");
	expect(START_US + HOUR + 1, REVIEWED_OTHER, "these");
	snprintf(review.comment, sizeof(review.comment), "again");
	keep_review(&review, START_US + 2 * HOUR);
	expect(START_US + DAY, REVIEWED_THESE, "again");
}

/* ---- in a bundle ---- */

/* Who has the key can sign anything, but not make the chain say it. */
static void sign_again(const struct buf *bundle, const char *report, struct buf *out)
{
	char sha256[65], signature[SEAL_SIGNATURE_MAX];
	struct tar tar = { 0 };
	struct buf why = { 0 }, changed = { 0 }, manifest = { 0 };
	json_t *file;
	size_t i;
	assert_true(tar_read(bundle->at, bundle->len, &tar, &why));
	const struct buf *was = &tar_find(&tar, "manifest.json")->text;
	json_t *object = json_loadb(was->at, was->len, 0, NULL);
	digest_of(report, strlen(report), sha256);
	json_array_foreach(json_object_get(object, "files"), i, file)
	{
		if (strcmp(json_string_value(json_object_get(file, "path")),
			   "report.json") == 0)
			json_object_set_new(file, "sha256", json_string(sha256));
	}
	char *text = json_dumps(object, JSON_COMPACT);
	buf_text(&manifest, text);
	struct seal *seal = seal_open(folder, &why);
	assert_non_null(seal);
	assert_true(seal_sign_text(seal, &manifest, signature));
	seal_close(seal);
	struct buf half = { 0 };
	make_again(bundle, "report.json", report, &half);
	make_again(&half, "manifest.json", text, &changed);
	make_again(&changed, "manifest.sig", signature, out);
	buf_free(&half);
	buf_free(&changed);
	buf_free(&manifest);
	buf_free(&why);
	free(text);
	json_decref(object);
	tar_free(&tar);
}

static char *report_with(const struct buf *bundle, const char *member, json_t *value)
{
	struct tar tar = { 0 };
	struct buf why = { 0 };
	assert_true(tar_read(bundle->at, bundle->len, &tar, &why));
	const struct buf *text = &tar_find(&tar, "report.json")->text;
	json_t *report = json_loadb(text->at, text->len, 0, NULL);
	json_t *piece = json_array_get(json_object_get(report, "evidence"), 0);
	json_object_set_new(json_object_get(piece, "review"), member, value);
	char *made = json_dumps(report, JSON_COMPACT);
	json_decref(report);
	tar_free(&tar);
	buf_free(&why);
	return made;
}

static void expect_fault_with(const struct buf *bundle, const char *member,
			      json_t *value, const char *wanted)
{
	struct buf other = { 0 };
	char *report = report_with(bundle, member, value);
	sign_again(bundle, report, &other);
	expect_fault(&other, NULL, wanted);
	buf_free(&other);
	free(report);
}

static void a_bundle_tells_of_no_review_that_its_chain_does_not(void **state)
{
	(void)state;
	struct buf bundle = { 0 };
	struct said said = { 0 };
	const struct review review = of_these_rows("all of them");
	keep_review(&review, START_US + 3 * HOUR);
	make_bundle(&bundle);
	if (verify(&bundle, folder, &said) != 0)
		fail_msg("%s", buf_cstr(&said.faults));
	assert_non_null(strstr(buf_cstr(&said.fine),
			       "T1: its rows were reviewed and accepted by alice: all "
			       "of them"));
	let_go(&said);
	static const char differs[] = "the review of T1 is not what audit record";
	expect_fault_with(&bundle, "actor", json_string("mallory"), differs);
	expect_fault_with(&bundle, "comment", json_string("most of them"), differs);
	expect_fault_with(&bundle, "outcome", json_string("rejected"), differs);
	expect_fault_with(&bundle, "rows_sha256", json_string(OTHER_ROWS), differs);
	expect_fault_with(&bundle, "at", json_string("2026-01-01T00:00:00Z"), differs);
	expect_fault_with(&bundle, "since", json_null(), differs);
	expect_fault_with(&bundle, "version", json_integer(2), differs);
	expect_fault_with(&bundle, "seq", json_integer(1),
			  "no audit record 1 is a review of T1");
	static const char otherwise[] =
		"whether the rows of T1 were reviewed is these_rows by the chain";
	expect_fault_with(&bundle, "reviewed", json_string("other_rows"), otherwise);
	expect_fault_with(&bundle, "reviewed", json_string("no"), otherwise);
	expect_fault_with(&bundle, "reviewed", json_string("by all"), otherwise);
	buf_free(&bundle);
}

/* As few rows are those of any time; and nobody reviewed what could not be read. */
static void a_review_of_another_time_or_subject_is_of_other_rows(void **state)
{
	(void)state;
	struct review review = of_these_rows("another time");
	review.since_us -= DAY;
	keep_review(&review, START_US + 4 * HOUR);
	review = of_these_rows("another user");
	assert_true(review_put_about(NULL, "bob", NULL, review.about));
	keep_review(&review, START_US + 4 * HOUR + 1);
	struct made made = make(START_US + DAY);
	struct collected *collected = &made.report->collected[0];
	report_find_reviews(made.report, made.reader);
	const enum reviewed before = collected->reviewed;
	assert_string_not_equal(collected->review.comment, "another time");
	assert_string_not_equal(collected->review.comment, "another user");
	assert_string_equal(reviewed_name(before), "these_rows");
	snprintf(collected->problem, sizeof(collected->problem), "could not be read");
	collected->reviewed = REVIEWED_NOT;
	report_find_reviews(made.report, made.reader);
	assert_string_equal(reviewed_name(collected->reviewed), "other_rows");
	let_made_go(&made);
}

/*
 * Its chain begins with the record before that of the oldest review, which is there for
 * its hash.
 */
static void a_review_that_was_edited_is_proven_by_no_bundle(void **state)
{
	(void)state;
	const int64_t since_us = START_US + 12 * HOUR;
	struct buf bundle = { 0 };
	struct said said = { 0 };
	struct review review = usual;
	review.since_us = since_us;
	keep_review(&review, START_US + 5 * HOUR);
	make_bundle_since(since_us, &bundle);
	if (verify(&bundle, NULL, &said) != 0)
		fail_msg("%s", buf_cstr(&said.faults));
	assert_non_null(strstr(buf_cstr(&said.fine), "other rows were reviewed"));
	let_go(&said);
	buf_clear(&bundle);
	edit_store("UPDATE audit SET actor = 'mallory' WHERE seq = "
		   "(SELECT max(seq) FROM audit WHERE action = '" REVIEW_ACTION "')");
	make_bundle_since(since_us, &bundle);
	expect_fault(&bundle, NULL, "does not follow");
	expect_fault(&bundle, NULL,
		     "was not what was written when the report was made");
	buf_free(&bundle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_taken),
		cmocka_unit_test(the_longest_of_all_fits_its_record),
		cmocka_unit_test(it_says_whom_its_rows_are_about),
		cmocka_unit_test(what_is_written_otherwise_is_no_review),
		cmocka_unit_test(a_comment_becomes_one_line),
		cmocka_unit_test(a_review_holds_for_its_rows_version_and_time),
		cmocka_unit_test(a_bundle_tells_of_no_review_that_its_chain_does_not),
		cmocka_unit_test(a_review_of_another_time_or_subject_is_of_other_rows),
		cmocka_unit_test(a_review_that_was_edited_is_proven_by_no_bundle),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

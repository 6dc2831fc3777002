/*
 * test_compliance.c: files of evidence and of frameworks are taken whole or refused
 * with the place, what is wrong and what is allowed; a folder's files go before those
 * that are built in; and what reading can't refuse is told to whoever checks them.
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

#include "base/when.h"
#include "report/compliance.h"
#include "report/report.h"

/* ---- evidence ---- */

#define E_HEAD  "id: E1\nversion: 1\ntitle: t\nquestion: q\nshows: s\nlimits: l\n"
#define E_TAIL  "observer: packets\nkept: events\nvalid: 30d\n"
#define E_WHOLE E_HEAD E_TAIL

struct wrong {
	const char *text, *error;
};

static const struct wrong wrong_evidence[] = {
	{ "", "E1.yaml:1:1: an empty file is not evidence" },
	{ "[]",
	  "E1.yaml:1:1: evidence can't be a list; allowed are the keys id, version" },
	{ E_HEAD,
	  "E1.yaml:1:1: evidence without observer; allowed is sockets, packets" },
	{ E_WHOLE "colour: red\n",
	  "E1.yaml:10:1: unknown key \"colour\"; allowed: id," },
	{ E_WHOLE "id: E2\n", "E1.yaml:10:1: id is set twice" },
	{ E_WHOLE "---\nid: E2\n", "one document is allowed in a file" },
	{ "id: &a E1\n", "E1.yaml:1:5: anchors, aliases and tags are not understood" },
	{ "id: *a\n", "E1.yaml:1:5: anchors, aliases and tags are not understood" },
	{ "id: !!str E1\n", "anchors, aliases and tags are not understood" },
	{ "id: ''\n", "E1.yaml:1:5: id can't be \"\"; allowed is the name of" },
	{ "id: E\n", "E1.yaml:1:5: id can't be \"E\"" },
	{ "id: E1.yaml\n", "E1.yaml:1:5: id can't be \"E1.yaml\"" },
	{ "id: ~\n", "E1.yaml:1:5: id can't be empty" },
	{ "id: [E1]\n", "E1.yaml:1:5: id can't be a list" },
	{ "version: 0\n", "E1.yaml:1:10: version can't be \"0\"; allowed is a number" },
	{ "version: 1.5\n", "E1.yaml:1:10: version can't be \"1.5\"" },
	{ "version: 1000000\n", "E1.yaml:1:10: version can't be \"1000000\"" },
	{ "version: -1\n", "E1.yaml:1:10: version can't be \"-1\"" },
	{ "observer: packet\n",
	  "E1.yaml:1:11: observer can't be \"packet\"; allowed is "
	  "sockets, packets, probes or monitor" },
	{ "kept: flow\n",
	  "E1.yaml:1:7: kept can't be \"flow\"; allowed is flows, ports_1d, "
	  "ports_1h, events or probes" },
	{ "valid: 30\n", "E1.yaml:1:8: valid can't be \"30\"; allowed is a duration" },
	{ "valid: 0s\n", "E1.yaml:1:8: valid can't be \"0s\"" },
	{ "valid: {a: b}\n", "E1.yaml:1:8: valid can't be a section" },
	{ "id: \"a\\0b\"\n", "E1.yaml:1:5: id can't be" },
	{ "id: E1\n title: t\n", "E1.yaml:1:5: not YAML" },
};

/* ---- frameworks ---- */

#define HEAD                                                                           \
	"name: f\ntitle: t\nedition: '1'\npublished: 2026-01\nreviewed: 2026-01-31\n"  \
	"source: s\n"
#define BEYOND "beyond:\n- {id: z, title: t, why: w}\n"
#define ROW(id)                                                                        \
	"- {id: " id ", title: t, strength: direct, evidence: [E1], "                  \
	"shows: s, missing: m}\n"
#define WHOLE HEAD BEYOND "controls:\n" ROW("a")
/* Its row begins in line 10. */
#define CONTROL(row) HEAD BEYOND "controls:\n- {" row "}\n"

static const struct wrong wrong_framework[] = {
	{ "", "f.yaml:1:1: an empty file is not a framework" },
	{ "just words\n", "f.yaml:1:1: a framework can't be \"just words\"" },
	{ HEAD BEYOND,
	  "f.yaml:1:1: a framework without controls; allowed is a list of" },
	{ HEAD "controls:\n" ROW("a"), "f.yaml:1:1: a framework without beyond" },
	{ WHOLE "---\nname: g\n", "one document is allowed in a file" },
	{ WHOLE "note: [x]\n", "f.yaml:11:7: note can't be a list" },
	{ WHOLE "level: 3\n", "f.yaml:11:1: unknown key \"level\"" },
	{ "published: yesterday\n",
	  "f.yaml:1:12: published can't be \"yesterday\"; allowed "
	  "is a day as 2026-01-31, or a month as 2026-01" },
	{ "reviewed: 2026-02-30\n", "f.yaml:1:11: reviewed can't be \"2026-02-30\"" },
	{ "reviewed: 2026-13\n", "f.yaml:1:11: reviewed can't be \"2026-13\"" },
	{ "reviewed: 7d\n", "f.yaml:1:11: reviewed can't be \"7d\"" },
	{ "controls: {a: b}\n", "f.yaml:1:11: controls can't be a section" },
	{ "controls: [7]\n",
	  "f.yaml:1:12: a control can't be \"7\"; allowed are the keys" },
	{ "controls: [*a]\n", "f.yaml:1:12: anchors, aliases and tags" },
	{ HEAD BEYOND "controls:\n" ROW("a") ROW("b") ROW("a"),
	  "f.yaml:12:8: \"a\" is there twice; allowed is one row per control" },
	{ CONTROL("title: t, strength: direct, evidence: [E1], shows: s, missing: m"),
	  "f.yaml:10:3: a control without id" },
	{ CONTROL("id: a, strength: direct, evidence: [E1], shows: s, missing: m"),
	  "f.yaml:10:3: a control without title" },
	{ CONTROL("id: a, title: t, evidence: [E1], shows: s, missing: m"),
	  "f.yaml:10:3: a control without strength; allowed is direct, partial or "
	  "supporting" },
	{ CONTROL("id: a, title: t, strength: full, evidence: [E1], shows: s"),
	  "f.yaml:10:31: strength can't be \"full\"; allowed is direct, partial or "
	  "supporting" },
	{ CONTROL("id: a, title: t, strength: direct, evidence: [E1], missing: m"),
	  "f.yaml:10:3: a control without shows" },
	{ CONTROL("id: a, title: t, strength: direct, evidence: [E1], shows: s"),
	  "f.yaml:10:3: a control without missing" },
	{ CONTROL("id: a, title: t, strength: direct, shows: s, missing: m"),
	  "f.yaml:10:3: a control without evidence; allowed is a list of evidence, "
	  "such "
	  "as [E1, E4]" },
	{ CONTROL("id: a, title: t, strength: direct, evidence: [], shows: s, "
		  "missing: m"),
	  "f.yaml:10:3: a control without evidence; what nothing is seen of stands in "
	  "beyond" },
	{ CONTROL("id: a, evidence: [E1, E77]"),
	  "f.yaml:10:26: \"E77\" is no evidence; allowed are E1, each once" },
	{ CONTROL("id: a, evidence: [E1, E1]"),
	  "f.yaml:10:26: \"E1\" is no evidence; allowed are E1, each once" },
	{ HEAD "beyond:\n- {id: a, title: t, why: w}\ncontrols:\n" ROW("a"),
	  "f.yaml:10:8: \"a\" is there twice" },
	{ HEAD "controls:\n" ROW("a") "beyond:\n- {id: a, title: t, why: w}\n",
	  "f.yaml:10:8: \"a\" is there twice; allowed is one row per control, in "
	  "controls or in beyond" },
	{ CONTROL("id: a, evidence: E1"), "f.yaml:10:21: evidence can't be \"E1\"" },
	{ HEAD "controls:\n" ROW("a") "beyond: [{id: z, title: t}]\n",
	  "f.yaml:9:10: a row without why" },
	{ HEAD "controls:\n" ROW("a") "beyond: none\n", "f.yaml:9:9: beyond can't be" },
	/* A row whose id is missing is none that another's could be like. */
	{ HEAD BEYOND "controls:\n- {title: t}\n" ROW("a"),
	  "f.yaml:10:3: a control without id" },
};

static bool take_evidence(struct compliance *compliance, const char *text,
			  struct buf *errors)
{
	return compliance_take_evidence(compliance, "in/E1.yaml", text, strlen(text),
					"SELECT 1", errors);
}

static bool take_framework(struct compliance *compliance, const char *text,
			   struct buf *errors)
{
	return compliance_take_framework(compliance, "f.yaml", text, strlen(text),
					 errors);
}

static struct compliance *with_evidence(void)
{
	struct compliance *compliance = calloc(1, sizeof(*compliance));
	struct buf errors = { 0 };
	assert_non_null(compliance);
	assert_true(take_evidence(compliance, E_WHOLE, &errors));
	assert_int_equal(errors.len, 0);
	return compliance;
}

static void expect_refusals(bool (*take)(struct compliance *, const char *,
					 struct buf *),
			    const struct wrong *wrong, size_t count)
{
	struct compliance *compliance = with_evidence();
	for (size_t i = 0; i < count; i++) {
		struct buf errors = { 0 };
		bool good = take(compliance, wrong[i].text, &errors);
		const char *said = buf_cstr(&errors);
		if (good || strstr(said, wrong[i].error) == NULL)
			fail_msg("%s\nsaid: %s\nnot: %s", wrong[i].text, said,
				 wrong[i].error);
		buf_free(&errors);
	}
	/* And nothing of them stays. */
	assert_int_equal(compliance->evidence_count, 1);
	assert_int_equal(compliance->framework_count, 0);
	compliance_free(compliance);
}

static void bad_evidence_is_refused_with_its_place(void **state)
{
	(void)state;
	expect_refusals(take_evidence, wrong_evidence,
			sizeof(wrong_evidence) / sizeof(wrong_evidence[0]));
}

static void a_bad_framework_is_refused_with_its_place(void **state)
{
	(void)state;
	expect_refusals(take_framework, wrong_framework,
			sizeof(wrong_framework) / sizeof(wrong_framework[0]));
}

static void all_errors_of_a_file_are_said_at_once(void **state)
{
	struct compliance *compliance = with_evidence();
	struct buf errors = { 0 };
	(void)state;
	assert_false(take_framework(compliance,
				    "title: []\nreviewed: soon\n"
				    "controls: [{strength: full}]\n",
				    &errors));
	const char *said = buf_cstr(&errors);
	assert_non_null(strstr(said, "f.yaml:1:8: title can't be"));
	assert_non_null(strstr(said, "f.yaml:2:11: reviewed can't be"));
	assert_non_null(strstr(said, "f.yaml:3:23: strength can't be"));
	assert_non_null(strstr(said, "f.yaml:1:1: a framework without name"));
	buf_free(&errors);
	compliance_free(compliance);
}

static void a_whole_framework_is_taken_as_it_stands(void **state)
{
	struct compliance *compliance = with_evidence();
	struct buf errors = { 0 };
	(void)state;
	assert_true(take_framework(compliance, WHOLE, &errors));
	const struct framework *framework = compliance_framework(compliance, "f");
	assert_non_null(framework);
	assert_string_equal(framework->edition, "1");
	assert_string_equal(framework->published, "2026-01");
	assert_int_equal(framework->control_count, 1);
	assert_string_equal(framework->controls[0].id, "a");
	assert_int_equal(framework->controls[0].strength, STRENGTH_DIRECT);
	assert_int_equal(framework->controls[0].evidence_count, 1);
	assert_string_equal(framework->beyond[0].why, "w");
	assert_int_equal(strlen(framework->sha256), 64);
	assert_null(framework->note);
	compliance_free(compliance);
}

static void no_text_is_cut(void **state)
{
	struct compliance *compliance = with_evidence();
	char text[2048];
	(void)state;
	for (int len = 1022; len <= 1024; len++) {
		struct buf errors = { 0 };
		snprintf(text, sizeof(text), WHOLE "note: %0*d\n", len, 7);
		bool good = take_framework(compliance, text, &errors);
		assert_int_equal(good, len <= 1022);
		if (!good)
			assert_non_null(strstr(buf_cstr(&errors),
					       "allowed is a text of 1 to 1022 bytes"));
		buf_free(&errors);
	}
	compliance_free(compliance);
}

static void no_more_rows_than_may_be(void **state)
{
	struct compliance *compliance = with_evidence();
	struct buf text = { 0 }, errors = { 0 };
	(void)state;
	buf_text(&text, HEAD BEYOND "controls:\n");
	for (int i = 0; i < COMPLIANCE_CONTROLS_MAX; i++)
		buf_printf(&text,
			   "- {id: c%d, title: t, strength: direct, evidence: [E1], "
			   "shows: s, missing: m}\n",
			   i);
	assert_true(compliance_take_framework(compliance, "f.yaml", text.at, text.len,
					      &errors));
	buf_text(&text, ROW("one-more"));
	assert_false(compliance_take_framework(compliance, "f.yaml", text.at, text.len,
					       &errors));
	assert_non_null(strstr(buf_cstr(&errors),
			       "f.yaml:266:3: too many controls; allowed are 256"));
	buf_free(&text);
	buf_free(&errors);
	compliance_free(compliance);
}

/* ---- a folder beside what is built in ---- */

static char folder[] = "/tmp/compliance-XXXXXX";

static int make_folder(void **state)
{
	char path[64];
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/evidence", folder);
	if (mkdir(path, 0700) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/frameworks", folder);
	return mkdir(path, 0700);
}

static int remove_folder(void **state)
{
	static const char *const names[] = {
		"evidence/E1.yaml",      "evidence/E1.sql", "evidence/E77.yaml",
		"evidence/E77.sql",      "evidence",        "frameworks/pci-dss.yaml",
		"frameworks/house.yaml", "frameworks",      ""
	};
	char path[96];
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		remove(path);
	}
	return access(folder, F_OK) == 0 ? -1 : 0;
}

static void write_file(const char *name, const char *text, size_t len)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

/* The folder is refused with that in it, after the file's name. */
static void expect_folder_refused(const char *error)
{
	struct buf errors = { 0 };
	struct compliance *compliance = compliance_open(folder, &errors);
	const char *said = buf_cstr(&errors);
	if (compliance != NULL || strstr(said, error) == NULL)
		fail_msg("said: %s\nnot: %s", said, error);
	buf_free(&errors);
}

static struct compliance *open_folder(void)
{
	struct buf errors = { 0 };
	struct compliance *compliance = compliance_open(folder, &errors);
	if (compliance == NULL)
		fail_msg("%s", buf_cstr(&errors));
	return compliance;
}

#define HOUSE                                                                          \
	"name: house\ntitle: House rules\nedition: '1'\npublished: 2026-01\n"          \
	"reviewed: 2026-01-31\nsource: s\n" BEYOND "controls:\n" ROW("a")

static void an_empty_folder_changes_nothing(void **state)
{
	struct buf errors = { 0 };
	(void)state;
	struct compliance *builtin = compliance_open(NULL, &errors);
	struct compliance *compliance = open_folder();
	assert_int_equal(compliance->evidence_count, builtin->evidence_count);
	assert_int_equal(compliance->framework_count, builtin->framework_count);
	compliance_free(builtin);
	compliance_free(compliance);
}

static void a_folder_goes_before_what_is_built_in(void **state)
{
	struct buf errors = { 0 };
	(void)state;
	struct compliance *builtin = compliance_open(NULL, &errors);
	write_text("evidence/E1.yaml", "id: E1\nversion: 9\ntitle: mine\nquestion: q\n"
				       "shows: s\nlimits: l\n" E_TAIL);
	write_text("evidence/E1.sql", "SELECT 'mine'");
	write_text("frameworks/house.yaml", HOUSE);
	struct compliance *compliance = open_folder();
	assert_int_equal(compliance->evidence_count, builtin->evidence_count);
	assert_int_equal(compliance->framework_count, builtin->framework_count + 1);
	const struct evidence *mine = compliance_evidence(compliance, "E1");
	assert_int_equal(mine->version, 9);
	assert_string_equal(mine->sql, "SELECT 'mine'");
	/* What refers to it by its id means the new one, also what is built in. */
	const struct framework *pci = compliance_framework(compliance, "pci-dss");
	bool is_meant = false;
	for (size_t i = 0; i < pci->control_count; i++)
		if (strcmp(pci->controls[i].id, "2.2.4") == 0)
			is_meant =
				strcmp(compliance
					       ->evidence[pci->controls[i].evidence[0]]
					       .title,
				       "mine") == 0;
	assert_true(is_meant);
	compliance_free(builtin);
	compliance_free(compliance);
}

static void files_are_refused_by_their_names(void **state)
{
	static char huge[(1 << 20) + 1];
	(void)state;
	write_text("frameworks/pci-dss.yaml", HOUSE);
	expect_folder_refused("/frameworks/pci-dss.yaml:1:7: name can't be \"house\"; "
			      "allowed is the name of its file, without .yaml");
	write_text("frameworks/pci-dss.yaml", "name: pci-dss\n");
	expect_folder_refused(
		"/frameworks/pci-dss.yaml:1:1: a framework without title");
	memset(huge, '#', sizeof(huge));
	write_file("frameworks/pci-dss.yaml", huge, sizeof(huge));
	expect_folder_refused("/frameworks/pci-dss.yaml: larger than 1 MiB");
	write_text("frameworks/pci-dss.yaml", "");
	expect_folder_refused("/frameworks/pci-dss.yaml:1:1: an empty file is not");
}

static void evidence_needs_its_query(void **state)
{
	(void)state;
	write_text("evidence/E77.yaml", E_WHOLE);
	expect_folder_refused("/evidence/E77.sql: No such file");
	write_text("evidence/E77.sql", "SELECT 1");
	expect_folder_refused("/evidence/E77.yaml:1:5: id can't be \"E1\"; allowed is "
			      "the name of its file, without .yaml");
	write_file("evidence/E77.sql", "SELECT\0 1", 9);
	expect_folder_refused("/evidence/E77.sql: it holds a NUL");
}

static void a_folder_that_is_not_there_is_refused(void **state)
{
	struct buf errors = { 0 };
	(void)state;
	assert_null(compliance_open("/no/such/folder", &errors));
	assert_non_null(strstr(buf_cstr(&errors), "/no/such/folder: "));
	buf_free(&errors);
}

/* ---- what a check says ---- */

static struct report_check check_folder(const char *day, struct buf *said)
{
	int64_t now_us;
	assert_true(when_parse(day, 0, &now_us));
	struct compliance *compliance = open_folder();
	struct report_check count = compliance_check(compliance, now_us, said);
	compliance_free(compliance);
	return count;
}

/* The newest day on which a built-in framework was reviewed: the check of that day. */
static const char *newest_review(const struct compliance *compliance)
{
	const char *newest = "";
	for (size_t i = 0; i < compliance->framework_count; i++)
		if (compliance->frameworks[i].reviewed != NULL &&
		    strcmp(compliance->frameworks[i].reviewed, newest) > 0)
			newest = compliance->frameworks[i].reviewed;
	return newest;
}

static void what_is_built_in_has_no_faults(void **state)
{
	struct buf errors = { 0 }, said = { 0 };
	int64_t now_us;
	(void)state;
	struct compliance *compliance = compliance_open(NULL, &errors);
	assert_non_null(compliance);
	assert_true(when_parse(newest_review(compliance), 0, &now_us));
	struct report_check count = compliance_check(compliance, now_us, &said);
	if (count.faults + count.warnings > 0)
		fail_msg("%s", buf_cstr(&said));
	assert_true(count.evidence >= 12);
	assert_true(count.frameworks >= 9);
	buf_free(&said);
	compliance_free(compliance);
}

static void a_review_has_to_be_of_this_year(void **state)
{
	struct buf said = { 0 };
	(void)state;
	write_text("frameworks/house.yaml", HOUSE);
	check_folder("2026-12-01", &said);
	assert_null(strstr(buf_cstr(&said), "house.yaml"));
	check_folder("2027-02-02", &said);
	assert_non_null(strstr(buf_cstr(&said),
			       "warning: frameworks/house.yaml: reviewed 2026-01-31 is "
			       "more than a year ago"));
	buf_free(&said);
	check_folder("2026-01-29", &said);
	assert_non_null(strstr(buf_cstr(&said),
			       "warning: frameworks/house.yaml: reviewed 2026-01-31 is "
			       "yet to come"));
	buf_free(&said);
}

static void a_query_that_would_not_run_is_a_fault(void **state)
{
	struct buf said = { 0 };
	(void)state;
	write_text("evidence/E77.yaml", "id: E77\nversion: 1\ntitle: t\nquestion: q\n"
					"shows: s\nlimits: l\n" E_TAIL);
	write_text("evidence/E77.sql", "SELECT colour FROM flow");
	assert_int_equal(check_folder("2026-12-01", &said).faults, 1);
	assert_non_null(strstr(buf_cstr(&said),
			       "fault: evidence/E77.sql: no such column: colour"));
	assert_non_null(strstr(buf_cstr(&said),
			       "note: evidence/E77.yaml: nothing asks for it"));
	buf_free(&said);
	write_text("evidence/E77.sql", "SELECT 1 FROM flow WHERE start >= :form");
	check_folder("2026-12-01", &said);
	assert_non_null(strstr(buf_cstr(&said), "the parameter :form has no value; "
						"allowed are :since, :until, :now"));
	buf_free(&said);
}

static void changed_evidence_has_to_have_a_higher_version(void **state)
{
	struct buf said = { 0 };
	(void)state;
	write_text("evidence/E1.yaml", E_WHOLE);
	write_text("evidence/E1.sql", "SELECT 1");
	check_folder("2026-12-01", &said);
	assert_non_null(strstr(buf_cstr(&said),
			       "warning: evidence/E1.yaml: it replaces version "));
	buf_free(&said);
	write_text("evidence/E1.yaml", "id: E1\nversion: 999\ntitle: t\nquestion: q\n"
				       "shows: s\nlimits: l\n" E_TAIL);
	check_folder("2026-12-01", &said);
	assert_null(strstr(buf_cstr(&said), "it replaces"));
	buf_free(&said);
}

#define TEST(name) cmocka_unit_test(name)
#define FOLDER_TEST(name)                                                              \
	cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_evidence_is_refused_with_its_place),
		TEST(a_bad_framework_is_refused_with_its_place),
		TEST(all_errors_of_a_file_are_said_at_once),
		TEST(a_whole_framework_is_taken_as_it_stands),
		TEST(no_text_is_cut),
		TEST(no_more_rows_than_may_be),
		FOLDER_TEST(an_empty_folder_changes_nothing),
		FOLDER_TEST(a_folder_goes_before_what_is_built_in),
		FOLDER_TEST(files_are_refused_by_their_names),
		FOLDER_TEST(evidence_needs_its_query),
		TEST(a_folder_that_is_not_there_is_refused),
		TEST(what_is_built_in_has_no_faults),
		FOLDER_TEST(a_review_has_to_be_of_this_year),
		FOLDER_TEST(a_query_that_would_not_run_is_a_fault),
		FOLDER_TEST(changed_evidence_has_to_have_a_higher_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_reporting_files.c: a report is there whole or not at all, the oldest go, and
 * what daemon and maker say to each other is judged.
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

#include "base/file.h"
#include "cli/reporting_files.h"

static char state[] = "/tmp/reports-XXXXXX";

static bool is_there(const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/reports/%s", state, name);
	return access(path, F_OK) == 0;
}

static void assert_holds(const char *name, const char *wanted)
{
	char path[256];
	struct buf text = { 0 };
	snprintf(path, sizeof(path), "%s/reports/%s", state, name);
	assert_int_equal(file_read(path, 4096, &text), 0);
	assert_string_equal(buf_cstr(&text), wanted);
	buf_free(&text);
}

static bool add(struct reporting_files *files, const char *suffix, const char *words)
{
	struct buf text = { 0 };
	buf_text(&text, words);
	bool added = reporting_files_add(files, suffix, &text);
	buf_free(&text);
	return added;
}

static void make(const char *stem, const char *words)
{
	struct reporting_files files;
	char sha256[REPORTING_SHA256_MAX];
	assert_true(reporting_files_begin(&files, state, stem));
	assert_true(add(&files, ".pdf", words));
	assert_true(add(&files, ".txt", words));
	assert_true(reporting_files_end(&files, sha256));
	reporting_files_close(&files);
}

static int begin(void **unused)
{
	(void)unused;
	return mkdtemp(state) != NULL ? 0 : -1;
}

static int end(void **unused)
{
	char command[64];
	(void)unused;
	snprintf(command, sizeof(command), "rm -rf %s", state);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

/* SHA-256 of "abc" and of "" are FIPS 180-4's own examples. */
static void a_report_has_the_list_of_its_digests(void **unused)
{
	(void)unused;
	struct reporting_files files;
	char sha256[REPORTING_SHA256_MAX];
	assert_true(reporting_files_begin(&files, state, "cis_2026-01"));
	assert_true(add(&files, ".pdf", "abc"));
	assert_false(is_there("cis_2026-01.pdf"));
	assert_true(reporting_files_end(&files, sha256));
	assert_string_equal(buf_cstr(&files.names), "cis_2026-01.pdf");
	assert_int_equal(files.bytes, 3);
	assert_int_equal(strlen(sha256), 64);
	reporting_files_close(&files);
	assert_holds("cis_2026-01.pdf", "abc");
	assert_holds("cis_2026-01.sha256",
		     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
		     "  cis_2026-01.pdf\n");
}

static void what_was_not_ended_leaves_what_was_there(void **unused)
{
	(void)unused;
	struct reporting_files files;
	make("cis_2026-02", "old");
	assert_true(reporting_files_begin(&files, state, "cis_2026-02"));
	assert_true(add(&files, ".pdf", "new"));
	assert_true(add(&files, ".html", "new"));
	reporting_files_close(&files);
	assert_holds("cis_2026-02.pdf", "old");
	assert_false(is_there("cis_2026-02.html"));
	assert_false(is_there("cis_2026-02.pdf.fresh"));
	/* A crash leaves it there; the next start does not. */
	assert_true(reporting_files_begin(&files, state, "cis_2026-02"));
	assert_true(add(&files, ".pdf", "new"));
	assert_true(is_there("cis_2026-02.pdf.fresh"));
	reporting_files_tidy(state);
	assert_false(is_there("cis_2026-02.pdf.fresh"));
	assert_holds("cis_2026-02.pdf", "old");
	reporting_files_close(&files);
}

static void of_formats_that_are_no_more_nothing_is_left(void **unused)
{
	(void)unused;
	struct reporting_files files;
	char sha256[REPORTING_SHA256_MAX];
	make("cis_2026-03", "old");
	make("cis_2026-03.own_2026-03", "another report");
	assert_true(reporting_files_begin(&files, state, "cis_2026-03"));
	assert_true(add(&files, ".hdf.json", "new"));
	assert_true(add(&files, ".bundle", "new"));
	assert_true(add(&files, ".txt", "new"));
	assert_true(reporting_files_end(&files, sha256));
	reporting_files_close(&files);
	assert_false(is_there("cis_2026-03.pdf"));
	assert_true(is_there("cis_2026-03.hdf.json"));
	assert_true(is_there("cis_2026-03.own_2026-03.pdf"));
	make("cis_2026-03", "again");
	assert_false(is_there("cis_2026-03.hdf.json"));
	assert_false(is_there("cis_2026-03.bundle"));
	assert_holds("cis_2026-03.txt", "again");
}

static void of_each_report_and_length_the_newest_are_kept(void **unused)
{
	(void)unused;
	static const char *const months[] = { "pci-dss_2025-12", "pci-dss_2026-01",
					      "pci-dss_2026-02", "pci-dss_2026-10" };
	static const char *const others[] = {
		"pci-dss_2020-Q1", "pci-dss_2020", "pci-dss_2020-W01",
		"pci-dss_2020-01-01", "pci-dss_own_2020-01", "pci_2020-01",
		/* Reports of one's own that are called as a file of this one. */
		"pci-dss_2020-01.x_2020-01", "pci-dss_2020-01.pdf_2020-02"
	};
	enum { OTHERS = sizeof(others) / sizeof(others[0]) };
	for (size_t i = 0; i < 4; i++)
		make(months[i], "x");
	for (size_t i = 0; i < OTHERS; i++)
		make(others[i], "x");
	reporting_files_prune(state, "pci-dss", PERIOD_MONTH, 2);
	assert_false(is_there("pci-dss_2025-12.pdf"));
	assert_false(is_there("pci-dss_2026-01.txt"));
	assert_false(is_there("pci-dss_2026-01.sha256"));
	assert_true(is_there("pci-dss_2026-02.pdf"));
	assert_true(is_there("pci-dss_2026-02.sha256"));
	assert_true(is_there("pci-dss_2026-10.txt"));
	for (size_t i = 0; i < OTHERS; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%s.pdf", others[i]);
		assert_true(is_there(name));
	}
}

static void a_folder_that_can_not_be_written_is_told(void **unused)
{
	(void)unused;
	struct reporting_files files;
	assert_false(reporting_files_begin(&files, "/proc/none", "cis_2026"));
	assert_non_null(strstr(files.error, "reports/"));
	assert_true(reporting_files_begin(&files, state, "none/cis_2026"));
	assert_false(add(&files, ".pdf", "x"));
	assert_non_null(strstr(files.error, "none/cis_2026.pdf: No such file"));
	reporting_files_close(&files);
}

/* ---- what is said ---- */

static struct reporting_order good_order(void)
{
	struct reporting_order order;
	memset(&order, 0, sizeof(order));
	order.id = 1;
	order.until_us = 1;
	order.keep = 1;
	order.format_count = 1;
	strncpy(order.report, "cis", sizeof(order.report));
	strncpy(order.stem, "cis_2026", sizeof(order.stem));
	strncpy(order.formats[0], "pdf", sizeof(order.formats[0]));
	return order;
}

static void an_order_that_no_daemon_sends_is_none(void **unused)
{
	(void)unused;
	struct reporting_order order = good_order(), out;
	assert_true(reporting_order_parse(&order, sizeof(order), &out));
	assert_false(reporting_order_parse(&order, sizeof(order) - 1, &out));
	strncpy(order.stem, "../cis", sizeof(order.stem));
	assert_false(reporting_order_parse(&order, sizeof(order), &out));
	memset(order.stem, 'x', sizeof(order.stem));
	assert_false(reporting_order_parse(&order, sizeof(order), &out));
	order = good_order();
	strncpy(order.formats[0], "exe", sizeof(order.formats[0]));
	assert_false(reporting_order_parse(&order, sizeof(order), &out));
	order = good_order();
	strncpy(order.of.site, "berlin", sizeof(order.of.site));
	assert_true(reporting_order_parse(&order, sizeof(order), &out));
	strncpy(order.of.site, "ber/lin", sizeof(order.of.site));
	assert_false(reporting_order_parse(&order, sizeof(order), &out));
	memset(order.of.site, 'x', sizeof(order.of.site));
	assert_false(reporting_order_parse(&order, sizeof(order), &out));
	order = good_order();
	order.format_count = CONFIG_WORDS_MAX + 1;
	assert_false(reporting_order_parse(&order, sizeof(order), &out));
}

static void an_answer_that_no_maker_sends_is_none(void **unused)
{
	(void)unused;
	struct reporting_event event, out;
	memset(&event, 0, sizeof(event));
	strncpy(event.files, "cis_2026.pdf cis_2026.txt", sizeof(event.files));
	assert_true(reporting_event_parse(&event, sizeof(event), &out));
	assert_false(reporting_event_parse(&event, sizeof(event) - 1, &out));
	strncpy(event.files, "../web.access", sizeof(event.files));
	assert_false(reporting_event_parse(&event, sizeof(event), &out));
	event.files[0] = '\0';
	event.observed = 1.5;
	assert_false(reporting_event_parse(&event, sizeof(event), &out));
	event.observed = 1;
	strncpy(event.sha256, "12", sizeof(event.sha256));
	assert_false(reporting_event_parse(&event, sizeof(event), &out));
	event.sha256[0] = '\0';
	memset(event.error, 'x', sizeof(event.error));
	assert_false(reporting_event_parse(&event, sizeof(event), &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_has_the_list_of_its_digests),
		cmocka_unit_test(what_was_not_ended_leaves_what_was_there),
		cmocka_unit_test(of_formats_that_are_no_more_nothing_is_left),
		cmocka_unit_test(of_each_report_and_length_the_newest_are_kept),
		cmocka_unit_test(a_folder_that_can_not_be_written_is_told),
		cmocka_unit_test(an_order_that_no_daemon_sends_is_none),
		cmocka_unit_test(an_answer_that_no_maker_sends_is_none),
	};
	return cmocka_run_group_tests(tests, begin, end);
}

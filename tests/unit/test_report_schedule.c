/*
 * test_report_schedule.c: what report.schedule may say, and where what it may not
 * stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "cli/report_schedule.h"

static struct config config;
static struct buf errors;

static int read_text(const char *text)
{
	buf_clear(&errors);
	config_init(&config);
	return config_parse(&config, text, strlen(text), "f", &errors);
}

static void refuses(const char *text, const char *message)
{
	if (read_text(text) != -EINVAL)
		fail_msg("was taken: %s", text);
	if (strstr(buf_cstr(&errors), message) == NULL)
		fail_msg("%s\nsays: %swithout: %s", text, buf_cstr(&errors), message);
	assert_int_equal(config.report_schedule.count, 0);
}

static void an_entry_has_what_is_usual(void **state)
{
	(void)state;
	assert_int_equal(
		read_text("report: {schedule: [{report: cis, every: quarter}]}"), 0);
	const struct config_schedule *entry = &config.report_schedule.at[0];
	assert_int_equal(config.report_schedule.count, 1);
	assert_string_equal(entry->report, "cis");
	assert_int_equal(entry->every, PERIOD_QUARTER);
	assert_int_equal(entry->at_min, 360);
	assert_int_equal(entry->formats.count, 1);
	assert_string_equal(entry->formats.at[0], "pdf");
	assert_false(entry->bundle);
	assert_int_equal(entry->mail.count, 0);
}

static void all_of_it_is_read_and_shown_as_it_reads_back(void **state)
{
	(void)state;
	struct buf first = { 0 }, second = { 0 };
	assert_int_equal(read_text("report:\n  keep: 3\n  schedule:\n"
				   "    - report: pci-dss\n      every: month\n      "
				   "at: \"23:59\"\n"
				   "      format: [html, oscal]\n      bundle: yes\n"
				   "      mail: [a, b]\n"
				   "    - {report: pci-dss, every: day, mail: c}\n"),
			 0);
	const struct config_schedule *entry = &config.report_schedule.at[0];
	assert_int_equal(entry->at_min, 1439);
	assert_string_equal(entry->formats.at[1], "oscal");
	assert_true(entry->bundle);
	assert_string_equal(entry->mail.at[1], "b");
	assert_int_equal(entry->mail.places[1].line, 9);
	assert_int_equal(entry->mail.places[1].column, 17);
	config_show(&first, &config);
	assert_int_equal(read_text(buf_cstr(&first)), 0);
	config_show(&second, &config);
	assert_string_equal(buf_cstr(&first), buf_cstr(&second));
	assert_int_equal(config.report_schedule.count, 2);
	buf_free(&first);
	buf_free(&second);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
#define LIST "report:\n  schedule:\n"
	refuses(LIST "  - cis\n",
		"f:3:5: report.schedule can't be \"cis\"; allowed is");
	refuses(LIST "  - {every: day}\n",
		"f:3:5: report.schedule: report and every are needed");
	refuses(LIST "  - {report: cis}\n", "report and every are needed");
	refuses(LIST "  - {report: cis, every: fortnight}\n",
		"f:3:26: every can't be \"fortnight\"; allowed is day, week, month, "
		"quarter or year");
	refuses(LIST "  - {report: cis, every: day, at: 6}\n",
		"f:3:35: at can't be \"6\"; allowed is a time of day");
	refuses(LIST "  - {report: cis, every: day, bundle: \"yes\"}\n",
		"bundle can't be \"yes\"; allowed is yes or no");
	refuses(LIST "  - {report: cis, every: day, format: [pdf, pdf]}\n",
		"f:3:45: format can't be \"pdf\"; allowed is one word, or a list");
	refuses(LIST "  - {report: cis, every: day, keep: 3}\n",
		"f:3:31: unknown key \"keep\"; allowed: report, every, at");
	refuses(LIST "  - {report: cis, report: cis, every: day}\n", "set twice");
	refuses(LIST "  - {report: cis, every: day}\n  - {report: cis, every: day}\n",
		"f:4:14: report.schedule: cis is there for every day already");
	refuses(LIST "  - {report: &a cis, every: day}\n", "f:3:14: ");
#undef LIST
}

static void there_are_sixteen_at_most(void **state)
{
	(void)state;
	struct buf text = { 0 };
	buf_text(&text, "report:\n  schedule:\n");
	for (int i = 0; i < 16; i++)
		buf_printf(&text, "  - {report: own%d, every: day}\n", i);
	assert_int_equal(read_text(buf_cstr(&text)), 0);
	buf_text(&text, "  - {report: own16, every: day}\n");
	refuses(buf_cstr(&text), "f:19:5: report.schedule can't be a section; allowed "
				 "is a list of at most 16");
	buf_free(&text);
}

/* ---- what there is ---- */

static void is_none_of(enum report_schedule_of of, const char *entry,
		       const char *message)
{
	struct buf text = { 0 };
	buf_printf(&text,
		   "notify: {to: [\"smtp://mail.example.org?from=a@b.c&to=d@e.f\", "
		   "\"https://hook.example.org/x\"]}\nreport:\n  schedule:\n  - %s\n",
		   entry);
	assert_int_equal(read_text(buf_cstr(&text)), 0);
	bool is_right = report_schedule_check_alone(&config, of, &errors);
	if (message == NULL && !is_right)
		fail_msg("%s: %s", entry, buf_cstr(&errors));
	if (message != NULL && (is_right || strstr(buf_cstr(&errors), message) == NULL))
		fail_msg("%s\nsays: %swithout: %s", entry, buf_cstr(&errors), message);
	buf_free(&text);
}

static void is_none(const char *entry, const char *message)
{
	is_none_of(SCHEDULE_OF_MACHINE, entry, message);
}

static void whose_they_are_is_chosen_at_a_hub_alone(void **state)
{
	(void)state;
	static const char *const chosen = "{report: cis, every: day, site: berlin}";
	is_none(chosen, "f:4:37: sensor, site and tag choose among those of a fleet");
	is_none_of(SCHEDULE_OF_FLEET, chosen, NULL);
	is_none_of(SCHEDULE_OF_EITHER, chosen, NULL);
	is_none_of(SCHEDULE_OF_FLEET, "{report: cis, every: day, bundle: yes}",
		   "f:4:14: bundle can't be yes of a fleet's");
	is_none_of(SCHEDULE_OF_EITHER, "{report: cis, every: day, bundle: yes}", NULL);
	is_none_of(SCHEDULE_OF_EITHER,
		   "{report: cis, every: day, bundle: yes, tag: web}",
		   "bundle can't be yes of a fleet's");
	is_none_of(SCHEDULE_OF_FLEET, "{report: cis, every: day, format: [pdf, hdf]}",
		   "f:4:45: format can't be \"hdf\" of a fleet's; allowed is html");
	is_none_of(SCHEDULE_OF_FLEET,
		   "{report: cis, every: day, site: "
		   "a123456789012345678901234567890123456789012345678901234567890, "
		   "tag: "
		   "b123456789012345678901234567890123456789012345678901234567890, "
		   "sensor: c1234567890}",
		   "are too long together");
}

static void an_entry_of_a_fleet_is_read_and_shown(void **state)
{
	(void)state;
	struct buf first = { 0 }, second = { 0 };
	assert_int_equal(read_text("report: {schedule: [{report: cis, every: day, "
				   "sensor: web-1, site: berlin, tag: web}, "
				   "{report: cis, every: day, site: paris}, "
				   "{report: cis, every: day}]}"),
			 0);
	const struct config_schedule *entry = config.report_schedule.at;
	assert_int_equal(config.report_schedule.count, 3);
	assert_string_equal(entry->of.sensor, "web-1");
	assert_string_equal(entry->of.site, "berlin");
	assert_string_equal(entry->of.tag, "web");
	config_show(&first, &config);
	assert_int_equal(read_text(buf_cstr(&first)), 0);
	config_show(&second, &config);
	assert_string_equal(buf_cstr(&first), buf_cstr(&second));
	assert_string_equal(entry[1].of.site, "paris");
	buf_free(&first);
	buf_free(&second);
	refuses("report:\n  schedule:\n  - {report: cis, every: day, site: a/b}\n",
		"f:3:37: site can't be \"a/b\"; allowed is one name of a fleet's");
	refuses("report:\n  schedule:\n  - {report: cis, every: day, site: a}\n"
		"  - {report: cis, every: day, site: a}\n",
		"f:4:14: report.schedule: cis is there for every day already");
}

static void reports_formats_and_sinks_are_those_that_there_are(void **state)
{
	(void)state;
	is_none("{report: cis, every: day, format: [oscal, hdf]}", NULL);
	is_none("{report: executive, every: week, format: csv}", NULL);
	is_none("{report: sox, every: day}",
		"f:4:14: report can't be \"sox\"; allowed is one of ");
	is_none("{report: weekly look, every: day}",
		"f:4:14: report can't be \"weekly look\", as its files are called "
		"like it; allowed are letters");
	is_none("{report: incident, every: day}",
		"f:4:14: report can't be \"incident\", which has to be told");
	is_none("{report: cis, every: day, format: [pdf, doc]}",
		"f:4:45: format can't be \"doc\"; allowed is html, pdf, json, csv, "
		"oscal or hdf");
	is_none("{report: executive, every: day, format: hdf}",
		"f:4:45: format can't be \"hdf\" of a document; allowed is html, pdf, "
		"json or csv");
	is_none("{report: cis, every: day, format: []}", "f:4:14: format has none");
	is_none("{report: cis, every: day, mail: audit}",
		"f:4:37: mail can't be \"audit\", which is no sink; allowed is a sink "
		"of notify that is mail: ");
}

/* Their names are what notify gives them: the first is mail, the second is not. */
static void only_mail_gets_reports(void **state)
{
	(void)state;
	is_none("{report: cis, every: day, mail: [none]}", "mail: ");
	const char *listed = strstr(buf_cstr(&errors), "is mail: ");
	assert_non_null(listed);
	char first[64];
	assert_int_equal(sscanf(listed, "is mail: %63s", first), 1);
	struct buf entry = { 0 };
	buf_printf(&entry, "{report: cis, every: day, mail: \"%s\"}", first);
	is_none(buf_cstr(&entry), NULL);
	buf_free(&entry);
	assert_null(strchr(listed, ','));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_has_what_is_usual),
		cmocka_unit_test(all_of_it_is_read_and_shown_as_it_reads_back),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(there_are_sixteen_at_most),
		cmocka_unit_test(reports_formats_and_sinks_are_those_that_there_are),
		cmocka_unit_test(whose_they_are_is_chosen_at_a_hub_alone),
		cmocka_unit_test(an_entry_of_a_fleet_is_read_and_shown),
		cmocka_unit_test(only_mail_gets_reports),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_free(&errors);
	return failed;
}

/*
 * check.c: what whoever edits the files of compliance/ should know beside what reading
 * them refuses: queries that would not run, mappings that nobody looked at for a year,
 * evidence that nothing asks for.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "report/model.h"
#include "store/sql_check.h"

#define DAY_US  (86400 * INT64_C(1000000))
#define YEAR_US (365 * DAY_US)

struct check {
	const struct compliance *compliance;
	struct buf *said;
	struct report_check count;
};

/* ---- evidence ---- */

static void check_query(struct check *check, const struct evidence *evidence)
{
	/* About everything there is, so that every parameter has a value. */
	const struct report about = {
		.ask.subject = { .host = "", .user = "", .incident = "" }
	};
	struct store_parameter parameters[REPORT_PARAMETERS_MAX];
	const char *names[REPORT_PARAMETERS_MAX];
	char error[STORE_ERROR_MAX];
	size_t count = report_parameters(&about, parameters);
	for (size_t i = 0; i < count; i++)
		names[i] = parameters[i].name;
	if (store_sql_check(evidence->sql, names, count, error) == 0)
		return;
	check->count.faults++;
	buf_printf(check->said, "fault: evidence/%s.sql: %s\n", evidence->id, error);
}

static void check_use(struct check *check, size_t evidence)
{
	const struct compliance *compliance = check->compliance;
	for (size_t i = 0; i < compliance->framework_count; i++)
		if (framework_asks_for(&compliance->frameworks[i], evidence))
			return;
	buf_printf(check->said, "note: evidence/%s.yaml: nothing asks for it\n",
		   compliance->evidence[evidence].id);
}

static void check_version(struct check *check, const struct evidence *evidence)
{
	if (evidence->replaced == 0 || evidence->version > evidence->replaced)
		return;
	check->count.warnings++;
	buf_printf(check->said,
		   "warning: evidence/%s.yaml: it replaces version %u that is built in "
		   "and is version %u: give it a higher one\n",
		   evidence->id, evidence->replaced, evidence->version);
}

/* ---- frameworks ---- */

/* Of a month its first day. */
static int64_t day_us(const char *date)
{
	char day[] = "2000-01-01";
	int64_t at_us = 0;
	memcpy(day, date, strnlen(date, strlen(day)));
	when_parse(day, 0, &at_us);
	return at_us;
}

__attribute__((format(printf, 3, 4))) static void
warn(struct check *check, const struct framework *framework, const char *format, ...)
{
	char what[256];
	va_list list;
	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	check->count.warnings++;
	buf_printf(check->said, "warning: frameworks/%s.yaml: %s\n", framework->name,
		   what);
}

static void check_framework(struct check *check, const struct framework *framework,
			    int64_t now_us)
{
	int64_t reviewed_us = day_us(framework->reviewed);
	/* Where the day has begun already it is still yesterday here. */
	if (reviewed_us > now_us + DAY_US)
		warn(check, framework, "reviewed %s is yet to come",
		     framework->reviewed);
	else if (now_us - reviewed_us > YEAR_US)
		warn(check, framework,
		     "reviewed %s is more than a year ago: compare it with what is in "
		     "force now, and set the day",
		     framework->reviewed);
	if (day_us(framework->published) > reviewed_us)
		warn(check, framework, "published %s is after the review of %s",
		     framework->published, framework->reviewed);
	if (framework->control_count == 0)
		warn(check, framework, "it has no controls");
}

struct report_check compliance_check(const struct compliance *compliance,
				     int64_t now_us, struct buf *said)
{
	struct check check = { .compliance = compliance, .said = said };
	for (size_t i = 0; i < compliance->evidence_count; i++) {
		check_query(&check, &compliance->evidence[i]);
		check_version(&check, &compliance->evidence[i]);
	}
	/* A document has no dates: it claims nothing of a text that changes. */
	for (size_t i = 0; i < compliance->framework_count; i++)
		if (!framework_is_document(&compliance->frameworks[i]))
			check_framework(&check, &compliance->frameworks[i], now_us);
	for (size_t i = 0; i < compliance->evidence_count; i++)
		check_use(&check, i);
	check.count.evidence = compliance->evidence_count;
	check.count.frameworks = compliance->framework_count;
	return check.count;
}

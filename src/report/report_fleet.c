/*
 * report_fleet.c: the evidence of a report of a fleet: each sensor's store is asked for
 * itself, and what comes of it is the gravest that comes of any.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "report/model.h"

#define SECOND_US INT64_C(1000000)

enum { UNHEARD_S = 120 }; /* so long a sensor may say nothing that runs */

const char report_fleet_limits[] =
	"It is made of what the sensors told. That nothing was left out or changed of "
	"it can't be proven here: each sensor's audit chain is verified on that sensor "
	"(breakwater audit verify), and so are reviews of its evidence. A time counts "
	"as observed only while every one of these sensors observed.";

/* ---- what a query asks for ---- */

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Behind a comment or a text that begins there; the same place: none does. */
static const char *pass_words(const char *at)
{
	const char *end = NULL;
	if (at[0] == '-' && at[1] == '-')
		end = strchr(at, '\n');
	else if (at[0] == '/' && at[1] == '*')
		end = strstr(at + 2, "*/");
	else if (at[0] == '\'')
		end = strchr(at + 1, '\'');
	else
		return at;
	return end != NULL ? end + 1 : at + strlen(at);
}

/* Also as another's name: rather not known than wrong. */
static bool names(const char *sql, const char *table)
{
	size_t wanted = strlen(table);
	while (*sql != '\0') {
		const char *words_end = pass_words(sql);
		size_t len = 0;
		while (words_end == sql && is_of_name(sql[len]))
			len++;
		if (len == wanted && strncmp(sql, table, len) == 0)
			return true;
		sql = words_end > sql ? words_end : sql + (len > 0 ? len : 1);
	}
	return false;
}

static const char *named_of(const char *sql, record_bits kinds)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if ((kinds & RECORD_BIT(kind)) != 0 && names(sql, schemas[kind].name))
			return schemas[kind].name;
	return NULL;
}

/* Sums of ports are made by the day: what asks for finer ones would get too few. */
static const char *finer_of(const char *sql)
{
	static const char *const finer[] = { "port_10s", "port_1m", "port_1h",
					     "roll_10s", "roll_1m", "roll_1h" };
	for (size_t i = 0; i < sizeof(finer) / sizeof(finer[0]); i++)
		if (names(sql, finer[i]))
			return finer[i];
	return NULL;
}

static void note_lacks(struct collected *collected, record_bits lacks)
{
	const char *sql = collected->evidence->sql;
	const char *table = named_of(sql, lacks);
	if (table == NULL)
		table = finer_of(sql);
	if (table != NULL)
		snprintf(collected->problem, sizeof(collected->problem),
			 "it asks for %s, which stays on the sensors: a report made "
			 "there has it",
			 table);
}

static void note_problem(struct collected *collected, const char *sensor,
			 const char *problem)
{
	if (collected->problem[0] == '\0')
		snprintf(collected->problem, sizeof(collected->problem),
			 "%.64s: %.400s", sensor, problem);
}

/* ---- one sensor ---- */

struct asked {
	struct report *report;
	const struct report_sensor *sensor;
	struct store_reader *reader;
	record_bits cut; /* kinds of which it has more than were read */
	struct observed observed;
};

static void ask_of(const struct asked *asked, struct collected *collected)
{
	char problem[STORE_ERROR_MAX];
	struct coverage coverage;
	size_t from = collected->rows.row_count;
	const char *table = named_of(collected->evidence->sql, asked->cut);
	if (!report_ask_store(asked->report, collected, asked->reader,
			      asked->sensor->name, problem))
		note_problem(collected, asked->sensor->name, problem);
	if (table != NULL) {
		snprintf(problem, sizeof(problem),
			 "of %s there is more than can be read here, and only the "
			 "newest was: ask for less time, or make the report there",
			 table);
		note_problem(collected, asked->sensor->name, problem);
	}
	report_cover(asked->report, collected->evidence, &asked->observed, &coverage);
	enum outcome outcome = report_judge(collected, &coverage, from);
	if (outcome > collected->outcome)
		collected->outcome = outcome;
}

/* Who ended without a word tells of a gap only when he is back. */
static bool note_unheard(const struct asked *asked, struct observed *observed)
{
	const struct report_ask *ask = &asked->report->ask;
	int64_t end_us = ask->until_us < ask->now_us ? ask->until_us : ask->now_us;
	struct gap_record gap;
	if (asked->sensor->last_us > end_us - UNHEARD_S * SECOND_US)
		return true;
	record_init(RECORD_gap, &gap);
	gap.start = asked->sensor->last_us;
	gap.end = end_us;
	gap.reason = "unheard";
	record_text(gap.sensor, sizeof(gap.sensor), asked->sensor->name);
	return observed_add(observed, &gap);
}

/* Of all sensors together: from when the last of them began, and without any's gap. */
static bool add_observed(struct asked *asked)
{
	struct observed *all = &asked->report->observed;
	const struct observed *one = &asked->observed;
	if (all->first_us == UNKNOWN_TIME || one->first_us > all->first_us)
		all->first_us = one->first_us;
	for (size_t i = 0; i < one->gap_count; i++)
		if (!observed_add(all, &one->gaps[i]))
			return false;
	return true;
}

static bool ask_sensor(struct asked *asked, char error[static STORE_ERROR_MAX])
{
	struct report *report = asked->report;
	struct observed *observed = &asked->observed;
	bool goes_on = true;
	if (!report_find_subject(report, asked->reader, error) ||
	    !observed_read(observed, asked->reader, report->ask.since_us,
			   report->ask.until_us, error))
		return false;
	observed->first_us = asked->sensor->first_us;
	snprintf(error, STORE_ERROR_MAX, "not enough memory");
	if (!note_unheard(asked, observed) || !add_observed(asked))
		return false;
	for (size_t i = 0; i < report->collected_count && goes_on; i++) {
		ask_of(asked, &report->collected[i]);
		goes_on = !report->is_too_large &&
			  (report->ask.goes_on == NULL ||
			   report->ask.goes_on(report->ask.self));
	}
	snprintf(error, STORE_ERROR_MAX, "ended before it was whole");
	return goes_on;
}

/* ---- all of them ---- */

static bool open_and_ask(struct report *report, size_t i,
			 char error[static STORE_ERROR_MAX])
{
	const struct report_fleet *fleet = report->ask.fleet;
	struct asked asked = { .report = report, .sensor = &fleet->sensors[i] };
	asked.reader = fleet->open(fleet->self, i, &asked.cut, error);
	if (asked.reader == NULL)
		return false;
	bool is_done = ask_sensor(&asked, error);
	observed_free(&asked.observed);
	fleet->close(fleet->self, asked.reader);
	return is_done;
}

bool report_collect_fleet(struct report *report, char error[static STORE_ERROR_MAX])
{
	const struct report_fleet *fleet = report->ask.fleet;
	report->observed.first_us = UNKNOWN_TIME;
	for (size_t i = 0; i < report->collected_count; i++)
		note_lacks(&report->collected[i], fleet->lacks);
	for (size_t i = 0; i < fleet->count; i++)
		if (!open_and_ask(report, i, error))
			return false;
	observed_sort(&report->observed);
	for (size_t i = 0; i < report->collected_count; i++)
		report_conclude(report, &report->collected[i]);
	snprintf(report->chain.problem, sizeof(report->chain.problem),
		 "each sensor's audit chain is verified on that sensor");
	snprintf(report->reviews_problem, sizeof(report->reviews_problem),
		 "reviews are of reports that are made on the sensors");
	return true;
}

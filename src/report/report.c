/*
 * report.c: collects the evidence that a framework asks for; see report.h.
 */
#include "report/digest.h"
#include "report/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUERY_MS = 120000 };
#define SECOND_US INT64_C(1000000)

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = { "clear", "review", "unknown",
					     "deviations" };
	return names[outcome];
}

const char *outcome_sentence(enum outcome outcome)
{
	static const char *const sentences[] = {
		"Nothing that was observed deviates.",
		"For a person to look at: nothing here judges these rows.",
		"Not known: nothing was observed, or it could not be read.",
		"Something deviates.",
	};
	return sentences[outcome];
}

/* ---- one piece ---- */

static uint32_t kept_s(const struct report_retention *retention, enum kept kept)
{
	switch (kept) {
	case KEPT_FLOWS:
		return retention->flows_s;
	case KEPT_PORTS_1D:
		return retention->ports_1d_s;
	case KEPT_PORTS_1H:
		return retention->ports_1h_s;
	case KEPT_PROBES:
		return retention->probes_s;
	default:
		return retention->events_s;
	}
}

static bool goes_on(void *of, uint64_t rows, int64_t elapsed_us)
{
	const struct report *report = of;
	(void)rows;
	(void)elapsed_us;
	return report->ask.goes_on == NULL || report->ask.goes_on(report->ask.self);
}

/* What store_sql() hands through: the rows, and who may end it. */
struct taking {
	struct report *report;
	struct exhibit *rows;
};

static bool take_columns(void *self, const char *const *names, size_t count)
{
	return exhibit_columns(((struct taking *)self)->rows, names, count);
}

static size_t bytes_of(const struct exhibit *rows)
{
	return rows->text.len +
	       rows->row_count * rows->column_count * sizeof(rows->cells[0]);
}

static bool take_row(void *self, const struct store_value *values, size_t count)
{
	const struct taking *taking = self;
	struct report *report = taking->report;
	size_t most = report->ask.bytes_max;
	bool taken = exhibit_take(taking->rows, values, count);
	report->is_too_large =
		most > 0 && report->bytes + bytes_of(taking->rows) > most;
	return taken && !report->is_too_large;
}

static bool take_progress(void *self, uint64_t rows, int64_t elapsed_us)
{
	return goes_on(((struct taking *)self)->report, rows, elapsed_us);
}

size_t report_parameters(const struct report *report,
			 struct store_parameter out[static REPORT_PARAMETERS_MAX])
{
	const struct report_ask *ask = &report->ask;
	const struct report_subject *subject = &ask->subject;
	const struct report_retention *kept = &ask->retention;
	size_t count = 0;
	out[count++] = (struct store_parameter){ ":since", NULL, ask->since_us };
	out[count++] = (struct store_parameter){ ":until", NULL, ask->until_us };
	out[count++] = (struct store_parameter){ ":now", NULL, ask->now_us };
	out[count++] = (struct store_parameter){ ":kept_flows_s", NULL, kept->flows_s };
	out[count++] =
		(struct store_parameter){ ":kept_ports_1m_s", NULL, kept->ports_1m_s };
	out[count++] =
		(struct store_parameter){ ":kept_ports_1h_s", NULL, kept->ports_1h_s };
	out[count++] =
		(struct store_parameter){ ":kept_ports_1d_s", NULL, kept->ports_1d_s };
	out[count++] =
		(struct store_parameter){ ":kept_events_s", NULL, kept->events_s };
	out[count++] =
		(struct store_parameter){ ":kept_probes_s", NULL, kept->probes_s };
	if (subject->host != NULL)
		out[count++] = (struct store_parameter){ ":host", subject->host, 0 };
	if (subject->user != NULL)
		out[count++] = (struct store_parameter){ ":user", subject->user, 0 };
	if (subject->incident != NULL)
		out[count++] =
			(struct store_parameter){ ":incident", report->incident, 0 };
	return count;
}

static void ask_store(struct report *report, struct collected *collected,
		      struct store_reader *reader)
{
	struct store_parameter parameters[REPORT_PARAMETERS_MAX];
	struct taking taking = { report, &collected->rows };
	const struct store_sql to = {
		.self = &taking,
		.columns = take_columns,
		.row = take_row,
		.progress = take_progress,
		.parameters = parameters,
		.parameter_count = report_parameters(report, parameters),
	};
	int result = store_sql(reader, collected->evidence->sql, QUERY_MS, &to,
			       collected->problem);
	if (result == 0)
		collected->problem[0] = '\0';
	if (collected->rows.failed)
		snprintf(collected->problem, sizeof(collected->problem),
			 "not enough memory for its rows");
	else if (collected->rows.is_cut)
		snprintf(collected->problem, sizeof(collected->problem),
			 "there are more rows than %d", EXHIBIT_ROWS_MAX);
}

static void count_deviations(struct collected *collected)
{
	int column = exhibit_column(&collected->rows, "deviation");
	collected->judges = column >= 0;
	for (size_t i = 0; i < collected->rows.row_count && collected->judges; i++)
		if (exhibit_cell(&collected->rows, i, (size_t)column) != NULL)
			collected->deviations++;
}

static enum outcome judge(const struct collected *collected)
{
	if (collected->deviations > 0)
		return OUTCOME_DEVIATIONS;
	if (collected->problem[0] != '\0' || collected->coverage.known_us <= 0 ||
	    (collected->evidence->needs_rows && collected->rows.row_count == 0))
		return OUTCOME_UNKNOWN;
	return collected->judges ? OUTCOME_CLEAR : OUTCOME_REVIEW;
}

void report_collect(struct report *report, struct collected *collected,
		    struct store_reader *reader)
{
	const struct evidence *evidence = collected->evidence;
	const struct report_ask *ask = &report->ask;
	struct buf csv = { 0 };
	coverage_of(&report->observed, evidence->observer,
		    kept_s(&ask->retention, evidence->kept), ask->since_us,
		    ask->until_us, ask->now_us, &collected->coverage);
	ask_store(report, collected, reader);
	report->bytes += bytes_of(&collected->rows);
	count_deviations(collected);
	collected->outcome = judge(collected);
	collected->expires_us = ask->now_us + evidence->valid_s * SECOND_US;
	exhibit_csv(&collected->rows, &csv);
	if (buf_ok(&csv))
		digest_of(csv.at, csv.len, collected->sha256);
	buf_free(&csv);
}

/* ---- all of it ---- */

static bool collect_all(struct report *report, struct store_reader *reader)
{
	const struct compliance *compliance = report->compliance;
	report->collected =
		calloc(compliance->evidence_count, sizeof(report->collected[0]));
	if (report->collected == NULL)
		return false;
	for (size_t i = 0; i < compliance->evidence_count; i++) {
		if (!framework_asks_for(report->framework, i))
			continue;
		struct collected *collected =
			&report->collected[report->collected_count++];
		collected->evidence = &compliance->evidence[i];
		report_collect(report, collected, reader);
		if (report->is_too_large || !goes_on(report, 0, 0))
			return false;
	}
	return true;
}

void report_note_failure(const struct report_ask *ask, enum report_failure failure)
{
	if (ask->failure != NULL)
		*ask->failure = failure;
}

struct report *report_make(struct store_reader *reader,
			   const struct compliance *compliance,
			   const struct report_ask *ask,
			   char error[static STORE_ERROR_MAX])
{
	struct report *report = calloc(1, sizeof(*report));
	snprintf(error, STORE_ERROR_MAX, "not enough memory");
	report_note_failure(ask, REPORT_NOT_NOW);
	if (report == NULL)
		return NULL;
	report->compliance = compliance;
	report->ask = *ask;
	report->framework = compliance_framework(compliance, ask->framework);
	if (report->framework == NULL) {
		snprintf(error, STORE_ERROR_MAX,
			 "there is no framework or document %.100s", ask->framework);
		report_note_failure(ask, REPORT_ASKED_WRONGLY);
		goto fail;
	}
	if (!report_find_subject(report, reader, error) ||
	    !observed_read(&report->observed, reader, report->ask.since_us,
			   report->ask.until_us, error))
		goto fail;
	snprintf(error, STORE_ERROR_MAX, "ended before it was whole");
	if (collect_all(report, reader) && report_check_chain(report)) {
		report_find_reviews(report, reader);
		error[0] = '\0';
		return report;
	}
	if (report->is_too_large) {
		report_note_failure(ask, REPORT_TOO_LARGE);
		snprintf(error, STORE_ERROR_MAX,
			 "its rows take more than the %zu MiB that they may: ask for "
			 "less time",
			 ask->bytes_max >> 20);
	}
fail:
	report_free(report);
	return NULL;
}

void report_free(struct report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->collected_count; i++)
		exhibit_free(&report->collected[i].rows);
	for (size_t i = 0; i < report->chain.fault_count; i++)
		free(report->chain.faults[i].text);
	free(report->chain.faults);
	free(report->collected);
	observed_free(&report->observed);
	free(report);
}

/* ---- what it says ---- */

const struct collected *report_collected(const struct report *report,
					 const struct evidence *evidence)
{
	for (size_t i = 0; i < report->collected_count; i++)
		if (report->collected[i].evidence == evidence)
			return &report->collected[i];
	return NULL;
}

enum outcome report_outcome(const struct report *report, const struct control *control)
{
	enum outcome gravest = OUTCOME_CLEAR;
	for (size_t i = 0; i < control->evidence_count; i++) {
		const struct collected *collected = report_collected(
			report, &report->compliance->evidence[control->evidence[i]]);
		if (collected != NULL && collected->outcome > gravest)
			gravest = collected->outcome;
	}
	return gravest;
}

bool report_is_document(const struct report *report)
{
	return framework_is_document(report->framework);
}

bool report_deviates(const struct report *report)
{
	for (size_t i = 0; i < report->collected_count; i++)
		if (report->collected[i].outcome == OUTCOME_DEVIATIONS)
			return true;
	return report->chain.verdict.faults > 0;
}

bool report_is_incomplete(const struct report *report)
{
	for (size_t i = 0; i < report->collected_count; i++)
		if (report->collected[i].problem[0] != '\0' ||
		    report->collected[i].outcome == OUTCOME_UNKNOWN)
			return true;
	return report->chain.problem[0] != '\0' || report->chain.verdict.is_in_doubt ||
	       report->reviews_problem[0] != '\0';
}

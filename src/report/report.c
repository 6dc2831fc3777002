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
	const char *sensor; /* NULL: no fleet's; else the first column */
	size_t bytes;       /* that the report had without its rows */
};

/* The columns of a query are the same in all stores. */
static bool take_columns(void *self, const char *const *names, size_t count)
{
	const char *all[EXHIBIT_COLUMNS_MAX + 1] = { "sensor" };
	const struct taking *taking = self;
	if (taking->sensor == NULL)
		return exhibit_columns(taking->rows, names, count);
	if (taking->rows->column_count > 0)
		return true;
	for (size_t i = 0; i < count && i < EXHIBIT_COLUMNS_MAX; i++)
		all[i + 1] = names[i];
	return exhibit_columns(taking->rows, all, count + 1);
}

/* An audit trail is numbered and hashed where it is kept, not where it is read. */
static bool is_of_chain(const char *column)
{
	return strcmp(column, "seq") == 0 || strcmp(column, "hash") == 0;
}

static bool take_cells(const struct taking *taking, const struct store_value *values,
		       size_t count)
{
	struct store_value all[EXHIBIT_COLUMNS_MAX + 1];
	if (taking->sensor == NULL || count >= EXHIBIT_COLUMNS_MAX)
		return exhibit_take(taking->rows, values, count);
	all[0] = (struct store_value){ .type = STORE_TEXT,
				       .bytes = taking->sensor,
				       .len = strlen(taking->sensor) };
	for (size_t i = 0; i < count; i++) {
		all[i + 1] = values[i];
		if (is_of_chain(taking->rows->names[i + 1]))
			all[i + 1].type = STORE_NULL;
	}
	return exhibit_take(taking->rows, all, count + 1);
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
	bool taken = take_cells(taking, values, count);
	report->is_too_large =
		most > 0 && taking->bytes + bytes_of(taking->rows) > most;
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

bool report_ask_store(struct report *report, struct collected *collected,
		      struct store_reader *reader, const char *sensor,
		      char problem[static STORE_ERROR_MAX])
{
	struct store_parameter parameters[REPORT_PARAMETERS_MAX];
	struct taking taking = { report, &collected->rows, sensor,
				 report->bytes - bytes_of(&collected->rows) };
	const struct store_sql to = {
		.self = &taking,
		.columns = take_columns,
		.row = take_row,
		.progress = take_progress,
		.parameters = parameters,
		.parameter_count = report_parameters(report, parameters),
	};
	int result =
		store_sql(reader, collected->evidence->sql, QUERY_MS, &to, problem);
	if (result == 0)
		problem[0] = '\0';
	report->bytes = taking.bytes + bytes_of(&collected->rows);
	if (collected->rows.failed)
		snprintf(problem, STORE_ERROR_MAX, "not enough memory for its rows");
	else if (collected->rows.is_cut)
		snprintf(problem, STORE_ERROR_MAX, "there are more rows than %d",
			 EXHIBIT_ROWS_MAX);
	return problem[0] == '\0';
}

static uint64_t deviations_from(const struct collected *collected, size_t from)
{
	int column = exhibit_column(&collected->rows, "deviation");
	uint64_t count = 0;
	for (size_t i = from; i < collected->rows.row_count && column >= 0; i++)
		count += exhibit_cell(&collected->rows, i, (size_t)column) != NULL;
	return count;
}

enum outcome report_judge(const struct collected *collected,
			  const struct coverage *coverage, size_t from)
{
	if (deviations_from(collected, from) > 0)
		return OUTCOME_DEVIATIONS;
	if (collected->problem[0] != '\0' || coverage->known_us <= 0 ||
	    (collected->evidence->needs_rows && collected->rows.row_count == from))
		return OUTCOME_UNKNOWN;
	return exhibit_column(&collected->rows, "deviation") >= 0 ? OUTCOME_CLEAR
								  : OUTCOME_REVIEW;
}

void report_cover(const struct report *report, const struct evidence *evidence,
		  const struct observed *observed, struct coverage *out)
{
	const struct report_ask *ask = &report->ask;
	coverage_of(observed, evidence->observer,
		    kept_s(&ask->retention, evidence->kept), ask->since_us,
		    ask->until_us, ask->now_us, out);
}

void report_conclude(struct report *report, struct collected *collected)
{
	const struct evidence *evidence = collected->evidence;
	struct buf csv = { 0 };
	report_cover(report, evidence, &report->observed, &collected->coverage);
	collected->judges = exhibit_column(&collected->rows, "deviation") >= 0;
	collected->deviations = deviations_from(collected, 0);
	collected->expires_us = report->ask.now_us + evidence->valid_s * SECOND_US;
	exhibit_csv(&collected->rows, &csv);
	if (buf_ok(&csv))
		digest_of(csv.at, csv.len, collected->sha256);
	buf_free(&csv);
}

void report_collect(struct report *report, struct collected *collected,
		    struct store_reader *reader)
{
	report_ask_store(report, collected, reader, NULL, collected->problem);
	report_conclude(report, collected);
	collected->outcome = report_judge(collected, &collected->coverage, 0);
}

/* ---- all of it ---- */

static bool choose_evidence(struct report *report)
{
	const struct compliance *compliance = report->compliance;
	report->collected =
		calloc(compliance->evidence_count, sizeof(report->collected[0]));
	for (size_t i = 0; report->collected != NULL && i < compliance->evidence_count;
	     i++)
		if (framework_asks_for(report->framework, i))
			report->collected[report->collected_count++].evidence =
				&compliance->evidence[i];
	return report->collected != NULL;
}

static bool collect_all(struct report *report, struct store_reader *reader)
{
	for (size_t i = 0; i < report->collected_count; i++) {
		report_collect(report, &report->collected[i], reader);
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

/* False and one line in error. */
static bool collect(struct report *report, struct store_reader *reader,
		    char error[static STORE_ERROR_MAX])
{
	if (report->ask.fleet != NULL)
		return report_collect_fleet(report, error);
	if (!report_find_subject(report, reader, error) ||
	    !observed_read(&report->observed, reader, report->ask.since_us,
			   report->ask.until_us, error))
		return false;
	snprintf(error, STORE_ERROR_MAX, "ended before it was whole");
	if (!collect_all(report, reader) || !report_check_chain(report))
		return false;
	report_find_reviews(report, reader);
	return true;
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
	if (choose_evidence(report) && collect(report, reader, error)) {
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
	/* Of a fleet both are known on its sensors alone. */
	return report->ask.fleet == NULL &&
	       (report->chain.problem[0] != '\0' || report->chain.verdict.is_in_doubt ||
		report->reviews_problem[0] != '\0');
}

/*
 * summary.c: see summary.h.
 */
#include "report/summary.h"

#include <string.h>

#include "report/model.h"
#include "report/words.h"

/* ---- figures ---- */

static bool is_unknown(const struct collected *collected)
{
	return collected->outcome == OUTCOME_UNKNOWN || collected->problem[0] != '\0';
}

struct report_figures report_figures(const struct report *report)
{
	enum outcome gravest = OUTCOME_CLEAR;
	struct report_figures figures = { .evidence = report->collected_count,
					  .observed = 1 };
	for (size_t i = 0; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		double observed = coverage_ratio(&collected->coverage);
		gravest = collected->outcome > gravest ? collected->outcome : gravest;
		figures.deviate += collected->outcome == OUTCOME_DEVIATIONS;
		figures.not_known += is_unknown(collected);
		if (observed < figures.observed)
			figures.observed = observed;
	}
	/* A trail that was changed is no less than what it tells of. */
	if (report_deviates(report))
		gravest = OUTCOME_DEVIATIONS;
	else if (report_is_incomplete(report) && gravest < OUTCOME_UNKNOWN)
		gravest = OUTCOME_UNKNOWN;
	figures.outcome = outcome_name(gravest);
	return figures;
}

const char *report_title(const struct report *report)
{
	return report->framework->title;
}

/* ---- sentences ---- */

static void say_time(const struct report *report, struct buf *out)
{
	char since[WORDS_TIME_MAX], until[WORDS_TIME_MAX];
	words_time(report->ask.since_us, since);
	words_time(report->ask.until_us, until);
	buf_printf(out, "%s", report->framework->title);
	if (report->framework->edition != NULL)
		buf_printf(out, " (%s)", report->framework->edition);
	buf_printf(out, "\nFrom %s to %s UTC, on %s.\n", since, until,
		   report->ask.host);
}

static void say_outcome(const struct report *report, struct buf *out)
{
	const struct report_figures figures = report_figures(report);
	buf_text(out, "\n");
	words_count(out, figures.evidence,
		    "piece of evidence: ", "pieces of evidence: ");
	buf_printf(out, "%llu with deviations, %llu not known or not all known.\n",
		   (unsigned long long)figures.deviate,
		   (unsigned long long)figures.not_known);
	buf_text(out, "Of the time, ");
	words_share(out, figures.observed);
	buf_text(out, " was observed, of the evidence of which least is known. What "
		      "this report holds was observed; whether a "
		      "requirement is met is for an assessor to say.\n");
}

static void say_chain(const struct report *report, struct buf *out)
{
	const struct report_chain *chain = &report->chain;
	if (!chain->is_checked && chain->problem[0] == '\0')
		return;
	buf_text(out, "\nThe audit trail ");
	if (chain->verdict.faults > 0)
		buf_text(out, "IS NOT WHAT WAS WRITTEN: see the report.\n");
	else if (chain->problem[0] != '\0')
		buf_printf(out, "could not be checked: %s.\n", chain->problem);
	else
		buf_text(out, "is what was written.\n");
}

static void say_one(const struct report *report, const struct collected *collected,
		    struct buf *out)
{
	buf_printf(out, "- %s %s: ", collected->evidence->id,
		   collected->evidence->title);
	if (collected->problem[0] != '\0') {
		buf_printf(out, "%s\n", collected->problem);
		return;
	}
	if (collected->outcome == OUTCOME_DEVIATIONS)
		buf_printf(out, "%llu of ", (unsigned long long)collected->deviations);
	words_count(out, collected->rows.row_count, "row", "rows");
	buf_text(out, collected->outcome == OUTCOME_DEVIATIONS ? " deviate. " : ". ");
	words_coverage(out, report, collected);
	buf_char(out, '\n');
}

/* Under a head, if there is any; more than has room is counted. */
static void say_all(const struct report *report, enum outcome outcome, const char *head,
		    size_t end, struct buf *out)
{
	uint64_t said = 0, left = 0;
	for (size_t i = 0; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		if (collected->outcome != outcome)
			continue;
		if (said++ == 0)
			buf_printf(out, "\n%s\n", head);
		if (out->len < end)
			say_one(report, collected, out);
		else
			left++;
	}
	if (left > 0)
		buf_printf(out, "- and %llu more\n", (unsigned long long)left);
}

void report_summary(const struct report *report, size_t most, struct buf *out)
{
	const size_t end = out->len + most;
	say_time(report, out);
	say_outcome(report, out);
	say_chain(report, out);
	say_all(report, OUTCOME_DEVIATIONS, "Deviates:", end, out);
	say_all(report, OUTCOME_UNKNOWN, "Not known:", end, out);
	say_all(report, OUTCOME_REVIEW, "For a person to look at:", end, out);
	say_all(report, OUTCOME_CLEAR, "Nothing deviates:", end, out);
}

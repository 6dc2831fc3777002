/*
 * report_review.c: who reviewed the evidence of a report; and one piece of evidence
 * alone, for whoever reviews it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/model.h"

#define SECOND_US INT64_C(1000000)

const char *reviewed_name(enum reviewed reviewed)
{
	static const char *const names[] = { "no", "other_rows", "expired",
					     "these_rows" };
	return names[reviewed];
}

/* ---- of a report ---- */

/* Nobody reviewed what could not be read, whatever rows there were before. */
static bool is_of_these(const struct report *report, const struct review *review,
			const struct collected *collected)
{
	const struct review_rows rows = { collected->evidence->version,
					  report->ask.since_us, report->ask.until_us,
					  report->about, collected->sha256 };
	return collected->problem[0] == '\0' && report->is_about_said &&
	       review_is_of(review, &rows);
}

/* They come newest first: of these rows the first counts, and of others if none is. */
static void consider(const struct report *report, struct collected *collected,
		     const struct review *review)
{
	bool is_it = is_of_these(report, review, collected);
	if (strcmp(review->evidence, collected->evidence->id) != 0 ||
	    collected->reviewed > REVIEWED_OTHER ||
	    (collected->reviewed == REVIEWED_OTHER && !is_it))
		return;
	collected->review = *review;
	collected->review_expires_us =
		review->at_us + collected->evidence->valid_s * SECOND_US;
	if (!is_it)
		collected->reviewed = REVIEWED_OTHER;
	else if (collected->review_expires_us <= report->ask.now_us)
		collected->reviewed = REVIEWED_EXPIRED;
	else
		collected->reviewed = REVIEWED_THESE;
}

static bool take_review(void *to, const struct review *review)
{
	struct report *report = to;
	for (size_t i = 0; i < report->collected_count; i++)
		consider(report, &report->collected[i], review);
	return true;
}

void report_find_reviews(struct report *report, struct store_reader *reader)
{
	const struct reviews_of all = { .until_us = report->ask.now_us,
					.take = take_review,
					.to = report };
	const struct report_subject *subject = &report->ask.subject;
	report->is_about_said = review_put_about(subject->host, subject->user,
						 report->incident, report->about);
	if (reviews_read(reader, &all, report->reviews_problem) == 0)
		report->reviews_problem[0] = '\0';
}

/* ---- one piece ---- */

/* Who is asked about a host, a user or an incident has no rows without one. */
static bool is_about_all(const struct compliance *compliance, size_t evidence)
{
	for (size_t i = 0; i < compliance->framework_count; i++)
		if (compliance->frameworks[i].subject != SUBJECT_ALL &&
		    framework_asks_for(&compliance->frameworks[i], evidence))
			return false;
	return true;
}

bool report_find_piece(const struct compliance *compliance, const char *id,
		       struct report_piece *piece, char error[static STORE_ERROR_MAX])
{
	const struct evidence *evidence = compliance_evidence(compliance, id);
	*piece = (struct report_piece){ .evidence = evidence };
	if (evidence != NULL)
		piece->version = evidence->version;
	else
		snprintf(error, STORE_ERROR_MAX, "there is no evidence %.60s", id);
	return evidence != NULL;
}

bool report_read_piece(struct store_reader *reader, const struct compliance *compliance,
		       const struct report_ask *ask, struct report_piece *piece,
		       char error[static STORE_ERROR_MAX])
{
	struct report report = { .compliance = compliance, .ask = *ask };
	struct collected collected = { .evidence = piece->evidence };
	if (!is_about_all(compliance,
			  (size_t)(piece->evidence - compliance->evidence))) {
		snprintf(error, STORE_ERROR_MAX,
			 "%.60s is of a document about a host, a user or an incident: "
			 "name it, and give --rows, as the report has them",
			 piece->evidence->id);
		return false;
	}
	if (!observed_read(&report.observed, reader, ask->since_us, ask->until_us,
			   error))
		return false;
	report_collect(&report, &collected, reader);
	piece->rows = collected.rows.row_count;
	memcpy(piece->sha256, collected.sha256, sizeof(piece->sha256));
	bool is_whole = collected.problem[0] == '\0' && piece->sha256[0] != '\0';
	if (!is_whole)
		snprintf(error, STORE_ERROR_MAX, "%s",
			 collected.problem[0] != '\0' ? collected.problem
						      : "not enough memory");
	exhibit_free(&collected.rows);
	observed_free(&report.observed);
	return is_whole;
}

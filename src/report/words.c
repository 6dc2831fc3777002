/*
 * words.c: see words.h.
 */
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

void words_time(int64_t at_us, char out[static WORDS_TIME_MAX])
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	text[WORDS_DAY] = ' ';
	snprintf(out, WORDS_TIME_MAX, "%.19s", text);
}

void words_duration(struct buf *out, int64_t us)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	enum { UNITS = sizeof(units) / sizeof(units[0]) };
	int64_t seconds = us / SECOND_US;
	size_t at = 0;
	if (seconds <= 0) {
		buf_text(out, us > 0 ? "less than 1 s" : "0 s");
		return;
	}
	while (seconds < units[at].seconds)
		at++;
	buf_printf(out, "%lld %s", (long long)(seconds / units[at].seconds),
		   units[at].name);
	seconds %= units[at].seconds;
	if (at + 1 < UNITS && seconds >= units[at + 1].seconds)
		buf_printf(out, " %lld %s",
			   (long long)(seconds / units[at + 1].seconds),
			   units[at + 1].name);
}

void words_share(struct buf *out, double ratio)
{
	double percent = floor(ratio * 1000) / 10;
	if (ratio > 0 && percent < 0.1)
		buf_text(out, "less than 0.1 %");
	else if (ratio >= 1 || percent <= 0)
		buf_text(out, ratio >= 1 ? "100 %" : "0 %");
	else
		buf_printf(out, "%.1f %%", percent);
}

void words_count(struct buf *out, uint64_t count, const char *one, const char *many)
{
	buf_printf(out, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

const char *words_gap(const struct gap_record *gap)
{
	static const char *const reasons[][2] = {
		{ "stopped", "Breakwater did not run" },
		{ "dropped", "packets or records were lost" },
		{ "suspended", "the machine slept" },
		{ "unwritten", "the store could not be written" },
		{ "spool", "a sensor had no room to keep them until they were sent" },
		{ "unheard", "a sensor of the fleet was not heard of any more" },
		{ "stream", "servers of the fleet were lost with what they had" },
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (gap->reason != NULL && strcmp(gap->reason, reasons[i][0]) == 0)
			return reasons[i][1];
	return gap->reason != NULL ? gap->reason : "nobody knows why";
}

/* ---- coverage ---- */

static void say_beginning(struct buf *out, const struct coverage *coverage)
{
	char from[WORDS_TIME_MAX], to[WORDS_TIME_MAX];
	if (coverage->known_why == NULL)
		return;
	words_time(coverage->since_us, from);
	words_time(coverage->known_since_us, to);
	buf_printf(out, " Not known: what was from %s to %s, because %s.", from, to,
		   strcmp(coverage->known_why, "kept") == 0
			   ? "such records are not kept for longer"
			   : "nothing had been recorded before");
}

/* The reasons of gaps of the time, each once. */
static void say_reasons(struct buf *out, const struct observed *observed,
			const struct coverage *coverage)
{
	const char *said[4] = { NULL };
	size_t count = 0;
	for (size_t i = 0; i < observed->gap_count; i++) {
		const struct gap_record *gap = &observed->gaps[i];
		const char *reason = words_gap(gap);
		bool is_new = coverage_is_blind(gap) &&
			      gap->end > coverage->known_since_us &&
			      gap->start < coverage->until_us && count < 4;
		for (size_t j = 0; j < count && is_new; j++)
			is_new = strcmp(said[j], reason) != 0;
		if (!is_new)
			continue;
		buf_printf(out, "%s%s", count > 0 ? ", or " : "", reason);
		said[count++] = reason;
	}
}

static void say_gaps(struct buf *out, const struct report *report,
		     const struct coverage *coverage)
{
	int64_t blind_us =
		coverage->known_end_us - coverage->known_since_us - coverage->known_us;
	if (blind_us > 0) {
		buf_text(out, " Not known: ");
		words_duration(out, blind_us);
		buf_text(out, " in gaps, because ");
		say_reasons(out, &report->observed, coverage);
		buf_char(out, '.');
	}
	if (coverage->until_us > report->ask.now_us)
		buf_text(out, " The rest of the time had not come yet.");
}

void words_coverage(struct buf *out, const struct report *report,
		    const struct collected *collected)
{
	const struct coverage *coverage = &collected->coverage;
	if (report->observed.first_us == UNKNOWN_TIME) {
		buf_text(out, "Nothing was observed: the store holds no record.");
		return;
	}
	buf_text(out, "Observed ");
	words_share(out, coverage_ratio(coverage));
	buf_text(out, " of the time.");
	say_beginning(out, coverage);
	say_gaps(out, report, coverage);
	if (coverage->lossy_us > 0) {
		buf_text(out, " Packets or records were lost within ");
		words_duration(out, coverage->lossy_us);
		buf_text(out, " of it.");
	}
}

/* ---- reviews ---- */

static void say_other_rows(struct buf *out, const struct review *review)
{
	char since[WORDS_TIME_MAX], until[WORDS_TIME_MAX];
	words_time(review->since_us, since);
	words_time(review->until_us, until);
	buf_printf(out, "other rows, version %u of the query from %s to %s%s%s",
		   review->version, since, until,
		   review->about[0] != '\0' ? " about " : "", review->about);
	buf_printf(out, " (SHA-256 %s). These rows are not reviewed.", review->rows);
}

static void say_validity(struct buf *out, const struct collected *collected)
{
	char until[WORDS_TIME_MAX];
	words_time(collected->review_expires_us, until);
	buf_printf(out,
		   collected->reviewed == REVIEWED_EXPIRED
			   ? " It counted until %s: a review is due."
			   : " It counts until %s.",
		   until);
}

void words_review(struct buf *out, const struct report *report,
		  const struct collected *collected)
{
	char at[WORDS_TIME_MAX];
	const struct review *review = &collected->review;
	if (report->reviews_problem[0] != '\0') {
		buf_printf(out, "Whether it was reviewed is not known: %s.",
			   report->reviews_problem);
		return;
	}
	if (collected->reviewed == REVIEWED_NOT) {
		buf_text(out, "Not reviewed.");
		return;
	}
	words_time(review->at_us, at);
	buf_printf(out, "Reviewed on %s by %s, who %s ", at, review->actor,
		   review->is_accepted ? "accepted" : "rejected");
	if (collected->reviewed == REVIEWED_OTHER) {
		say_other_rows(out, review);
		return;
	}
	buf_printf(out, "exactly these rows: \"%s\" (audit record %llu).",
		   review->comment, (unsigned long long)review->seq);
	say_validity(out, collected);
	if (report->chain.verdict.faults > 0)
		buf_text(out, " The audit trail, which this stands in, is not what was "
			      "written.");
}

/*
 * write_html_look.c: a report in one look: what came of it, how much of the time was
 * observed, whether a person reviewed it, and whether the audit chain is what was
 * written.
 */
#include "report/svg.h"
#include "report/words.h"
#include "report/write_html.h"

enum { OUTCOMES = OUTCOME_DEVIATIONS + 1 };

/* ---- outcomes ---- */

struct tally {
	size_t of[OUTCOMES], all;
	const char *one, *many, *head; /* what is counted */
};

static struct tally tally_of(const struct report *report)
{
	struct tally tally = { .one = "piece of evidence",
			       .many = "pieces of evidence",
			       .head = "Evidence" };
	const struct framework *framework = report->framework;
	if (framework_is_document(framework)) {
		tally.all = report->collected_count;
		for (size_t i = 0; i < tally.all; i++)
			tally.of[report->collected[i].outcome]++;
		return tally;
	}
	tally.one = "control";
	tally.many = "controls";
	tally.head = "Controls";
	tally.all = framework->control_count;
	for (size_t i = 0; i < tally.all; i++)
		tally.of[report_outcome(report, &framework->controls[i])]++;
	return tally;
}

static uint64_t all_deviations(const struct report *report)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < report->collected_count; i++)
		sum += report->collected[i].deviations;
	return sum;
}

static void put_sentence(struct buf *out, const struct report *report,
			 const struct tally *tally)
{
	uint64_t deviations = all_deviations(report);
	html_open(out, "p", "lead");
	if (deviations > 0) {
		words_count(out, deviations,
			    "row of the evidence deviates, and concerns",
			    "rows of the evidence deviate, and concern");
		buf_printf(out, " %zu of ", tally->of[OUTCOME_DEVIATIONS]);
	} else {
		buf_text(out, "Nothing that was observed deviates, in ");
	}
	words_count(out, tally->all, tally->one, tally->many);
	if (tally->of[OUTCOME_UNKNOWN] > 0)
		buf_printf(out, "; of %zu it is not known", tally->of[OUTCOME_UNKNOWN]);
	if (tally->of[OUTCOME_REVIEW] > 0)
		buf_printf(out, "; %zu need a person to review what was observed",
			   tally->of[OUTCOME_REVIEW]);
	buf_char(out, '.');
	if (report->chain.verdict.faults > 0)
		buf_text(out, " The audit trail is not what was written.");
	html_close(out, "p");
}

static void put_outcomes(struct buf *out, const struct tally *tally)
{
	static const char *const meanings[] = {
		"of what was observed, nothing is other than it should be",
		"rows for a person to look at: nothing here judges them",
		"nothing was observed, or it could not be read",
		"something is other than it should be",
	};
	const char *const heads[] = { "Outcome", tally->head, "It means" };
	html_table_open(out, "outcomes", NULL);
	html_heads(out, heads, 3);
	for (int i = OUTCOMES - 1; i >= 0; i--) {
		buf_text(out, "<tr><td>");
		page_outcome(out, (enum outcome)i);
		buf_printf(out, "</td><td class=\"number\">%zu</td>", tally->of[i]);
		html_element(out, "td", NULL, meanings[i]);
		buf_text(out, "</tr>\n");
	}
	html_table_close(out);
}

/* ---- coverage ---- */

static bool is_same(const struct collected *a, const struct collected *b)
{
	return a->coverage.known_since_us == b->coverage.known_since_us &&
	       a->coverage.known_us == b->coverage.known_us &&
	       a->coverage.lossy_us == b->coverage.lossy_us;
}

static bool was_before(const struct report *report, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_same(&report->collected[i], &report->collected[at]))
			return true;
	return false;
}

static void put_ids_alike(struct buf *out, const struct report *report, size_t at)
{
	html_open(out, "p", "of");
	for (size_t i = at; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		if (!is_same(&report->collected[at], collected))
			continue;
		buf_text(out, i > at ? " " : "");
		html_link(out, "evidence", page_place(report, collected),
			  page_name(report, collected->evidence));
	}
	html_close(out, "p");
}

static void put_bar(struct buf *out, const struct report *report, size_t at)
{
	const struct collected *collected = &report->collected[at];
	struct buf words = { 0 };
	words_coverage(&words, report, collected);
	html_open(out, "figure", "coverage");
	put_ids_alike(out, report, at);
	svg_coverage(out, CHART_LOOK + at, &report->observed, &collected->coverage,
		     "How much of the time was observed",
		     buf_ok(&words) ? buf_cstr(&words) : "");
	html_open(out, "figcaption", NULL);
	html_sentence(out, buf_ok(&words) ? buf_cstr(&words) : "");
	html_close(out, "figcaption");
	html_close(out, "figure");
	buf_free(&words);
}

static void put_coverage(struct buf *out, const struct report *report)
{
	html_element(out, "h3", NULL, "How much of the time was observed");
	for (size_t i = 0; i < report->collected_count; i++)
		if (!was_before(report, i))
			put_bar(out, report, i);
	buf_text(out, "<p class=\"legend\"><span class=\"key known\">observed</span> "
		      "<span class=\"key lossy\">observed, with losses</span> "
		      "<span class=\"key gap\">gap: nobody watched</span> "
		      "<span class=\"key unknown\">nothing is kept of it</span></p>\n");
	html_open(out, "p", NULL);
	if (report->observed.gap_count > 0) {
		buf_text(out, "<a href=\"#gaps\">");
		words_count(out, report->observed.gap_count, "gap or loss is listed",
			    "gaps and losses are listed");
		buf_text(out, "</a> with their times and reasons.");
	} else {
		buf_text(out, "No gap and no loss is recorded in this time.");
	}
	html_close(out, "p");
}

/* ---- audit chain ---- */

static void put_verdict(struct buf *out, const struct report_chain *chain)
{
	const struct audit_verdict *verdict = &chain->verdict;
	if (!chain->is_checked) {
		buf_text(out, "It could not be checked");
		if (chain->problem[0] != '\0') {
			buf_text(out, ": ");
			buf_html_text(out, chain->problem);
		}
		buf_char(out, '.');
		return;
	}
	if (verdict->records == 0 && verdict->faults == 0) {
		buf_text(out, "It holds no record.");
		return;
	}
	buf_printf(out,
		   "%llu records, %llu to %llu: ", (unsigned long long)verdict->records,
		   (unsigned long long)verdict->first,
		   (unsigned long long)verdict->last);
	if (verdict->faults > 0) {
		buf_text(out, "they are not what was written. ");
		words_count(out, verdict->faults, "fault", "faults");
		buf_text(out, " found:");
	} else if (verdict->is_in_doubt) {
		buf_text(out, "no fault was found, and not all of it could be "
			      "checked.");
	} else {
		buf_text(out, "each is what was written.");
	}
}

static void put_held(struct buf *out, const struct audit_verdict *verdict)
{
	if (verdict->held == 0) {
		buf_text(out, " No signed checkpoint holds any of them yet.");
		return;
	}
	buf_text(out, " ");
	words_count(out, verdict->checkpoints, "signed checkpoint holds",
		    "signed checkpoints hold");
	buf_printf(out, " them up to %llu", (unsigned long long)verdict->held);
	if (verdict->held_us != UNKNOWN_TIME && verdict->held_us != 0) {
		buf_text(out, ", the last of ");
		html_time(out, verdict->held_us);
	}
	buf_char(out, '.');
}

static void put_faults(struct buf *out, const struct report_chain *chain)
{
	if (chain->fault_count == 0)
		return;
	html_open(out, "ul", "faults");
	for (size_t i = 0; i < chain->fault_count; i++)
		html_element(out, "li", chain->faults[i].is_notice ? "notice" : "fault",
			     chain->faults[i].text);
	html_close(out, "ul");
	uint64_t all = chain->verdict.faults + chain->verdict.notices;
	if (chain->is_checked && all > chain->fault_count)
		buf_printf(out,
			   "<p>%llu more: <code>breakwater audit verify</code> "
			   "names all.</p>\n",
			   (unsigned long long)(all - chain->fault_count));
}

static void put_chain(struct buf *out, const struct report *report)
{
	const struct report_chain *chain = &report->chain;
	html_element(out, "h3", NULL, "The audit trail");
	html_open(out, "p", chain->verdict.faults > 0 ? "bad" : NULL);
	put_verdict(out, chain);
	if (chain->is_checked && chain->verdict.records > 0 &&
	    chain->verdict.faults == 0)
		put_held(out, &chain->verdict);
	html_close(out, "p");
	put_faults(out, chain);
}

/* ---- reviews ---- */

static void put_reviews(struct buf *out, const struct report *report)
{
	size_t of[REVIEWED_THESE + 1] = { 0 }, rejected = 0;
	for (size_t i = 0; i < report->collected_count; i++) {
		const struct collected *collected = &report->collected[i];
		of[collected->reviewed]++;
		rejected += collected->reviewed == REVIEWED_THESE &&
			    !collected->review.is_accepted;
	}
	html_element(out, "h3", NULL, "Reviewed by a person");
	html_open(out, "p", rejected > 0 ? "bad" : NULL);
	buf_text(out, "Of ");
	words_count(out, report->collected_count, "piece", "pieces");
	buf_text(out, " of evidence, the rows of ");
	if (of[REVIEWED_THESE] > 0)
		buf_printf(out, "%zu", of[REVIEWED_THESE]);
	else
		buf_text(out, "none");
	buf_text(out, " were reviewed just as they stand here");
	if (rejected > 0)
		buf_printf(out, ", and %zu rejected", rejected);
	if (of[REVIEWED_EXPIRED] > 0)
		buf_printf(out, "; of %zu the review counts no longer",
			   of[REVIEWED_EXPIRED]);
	if (of[REVIEWED_OTHER] > 0)
		buf_printf(out, "; of %zu only other rows were reviewed",
			   of[REVIEWED_OTHER]);
	buf_char(out, '.');
	if (of[REVIEWED_NOT] < report->collected_count)
		buf_text(out, " Who did it, when, and what was said of it stands with "
			      "the evidence.");
	html_close(out, "p");
}

void page_look(struct buf *out, const struct report *report)
{
	struct tally tally = tally_of(report);
	page_section(out, "look", "In one look");
	put_sentence(out, report, &tally);
	put_outcomes(out, &tally);
	if (report->collected_count > 0)
		put_coverage(out, report);
	if (report->collected_count > 0 && report->reviews_problem[0] == '\0')
		put_reviews(out, report);
	put_chain(out, report);
	html_close(out, "section");
}

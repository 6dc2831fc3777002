/*
 * write_json.c: a report as one JSON object; docs/compliance.md describes it.
 */
#include "report/list.h"
#include "report/model.h"

/* ---- evidence ---- */

static void put_coverage(struct buf *out, const struct coverage *coverage)
{
	object_open(out, "coverage");
	object_decimal(out, "ratio", coverage_ratio(coverage));
	object_time(out, "known_since", coverage->known_since_us, "Z");
	if (coverage->known_why != NULL)
		object_text(out, "why", coverage->known_why);
	object_u64(out, "known_us", (uint64_t)coverage->known_us);
	object_u64(out, "lossy_us", (uint64_t)coverage->lossy_us);
	object_end(out);
}

static void put_review(struct buf *out, const struct collected *collected)
{
	const struct review *review = &collected->review;
	object_open(out, "review");
	object_text(out, "reviewed", reviewed_name(collected->reviewed));
	if (collected->reviewed != REVIEWED_NOT) {
		object_u64(out, "seq", review->seq);
		object_time(out, "at", review->at_us, "Z");
		object_text(out, "actor", review->actor);
		object_text(out, "outcome", review_outcome(review));
		object_text(out, "comment", review->comment);
		object_u64(out, "version", review->version);
		object_text(out, "rows_sha256", review->rows);
		object_time(out, "since", review->since_us, "Z");
		object_time(out, "until", review->until_us, "Z");
		object_text(out, "about", review->about);
	}
	if (collected->reviewed > REVIEWED_OTHER)
		object_time(out, "expires", collected->review_expires_us, "Z");
	object_end(out);
}

static void put_cell(struct buf *out, const struct exhibit *rows, size_t row,
		     size_t column)
{
	const char *text = exhibit_cell(rows, row, column);
	if (text == NULL)
		return; /* absent is unknown */
	if (!exhibit_cell_at(rows, row, column)->is_number) {
		object_text(out, rows->names[column], text);
		return;
	}
	buf_char(out, '"');
	buf_json_text(out, rows->names[column]);
	buf_printf(out, "\":%s,", text);
}

static void put_row(struct buf *out, const struct exhibit *rows, size_t row)
{
	object_open(out, NULL);
	for (size_t i = 0; i < rows->column_count; i++)
		put_cell(out, rows, row, i);
	object_end(out);
}

/* Up to so many of those that deviate, or that don't; how many. */
static size_t put_some(struct buf *out, const struct exhibit *rows, bool deviating,
		       size_t most)
{
	int column = exhibit_column(rows, "deviation");
	size_t count = 0;
	for (size_t row = 0; row < rows->row_count && count < most; row++) {
		bool deviates =
			column >= 0 && exhibit_cell(rows, row, (size_t)column) != NULL;
		if (deviates != deviating)
			continue;
		put_row(out, rows, row);
		count++;
	}
	return count;
}

/* In their own order; where only some are wanted, what deviates is the first. */
static void put_rows(struct buf *out, const struct exhibit *rows, size_t most)
{
	list_open(out, "rows");
	if (most > 0) {
		size_t count = put_some(out, rows, true, most);
		put_some(out, rows, false, most - count);
	} else {
		for (size_t row = 0; row < rows->row_count; row++)
			put_row(out, rows, row);
	}
	list_close(out);
}

/* Their order, which the members of a row don't say: what is unknown is not there. */
static void put_columns(struct buf *out, const struct exhibit *rows)
{
	list_open(out, "columns");
	for (size_t i = 0; i < rows->column_count; i++) {
		buf_char(out, '"');
		buf_json_text(out, rows->names[i]);
		buf_text(out, "\",");
	}
	list_close(out);
}

static void put_collected(struct buf *out, const struct report *report,
			  const struct collected *collected)
{
	const struct evidence *evidence = collected->evidence;
	object_open(out, NULL);
	object_text(out, "id", evidence->id);
	object_u64(out, "version", evidence->version);
	object_text(out, "title", evidence->title);
	object_text(out, "question", evidence->question);
	object_text(out, "shows", evidence->shows);
	object_text(out, "limits", evidence->limits);
	object_text(out, "observer", observer_name(evidence->observer));
	object_text(out, "outcome", outcome_name(collected->outcome));
	object_u64(out, "row_count", collected->rows.row_count);
	if (collected->judges)
		object_u64(out, "deviations", collected->deviations);
	object_text(out, "sha256", collected->sha256);
	object_text(out, "query_sha256", evidence->query_sha256);
	object_time(out, "expires", collected->expires_us, "Z");
	if (collected->problem[0] != '\0')
		object_text(out, "problem", collected->problem);
	put_coverage(out, &collected->coverage);
	if (report->reviews_problem[0] == '\0') /* absent is unknown */
		put_review(out, collected);
	put_columns(out, &collected->rows);
	put_rows(out, &collected->rows, report->ask.json_rows_max);
	object_end(out);
}

/* ---- controls ---- */

static void put_references(struct buf *out, const struct report *report,
			   const size_t *evidence, size_t count)
{
	list_open(out, "evidence");
	for (size_t i = 0; i < count; i++)
		list_text(out, report->compliance->evidence[evidence[i]].id);
	list_close(out);
}

static void put_control(struct buf *out, const struct report *report,
			const struct control *control)
{
	object_open(out, NULL);
	object_text(out, "id", control->id);
	object_text(out, "title", control->title);
	object_text(out, "strength", strength_name(control->strength));
	object_text(out, "outcome", outcome_name(report_outcome(report, control)));
	object_text(out, "shows", control->shows);
	object_text(out, "missing", control->missing);
	put_references(out, report, control->evidence, control->evidence_count);
	object_end(out);
}

static void put_beyond(struct buf *out, const struct framework *framework)
{
	list_open(out, "beyond");
	for (size_t i = 0; i < framework->beyond_count; i++) {
		object_open(out, NULL);
		object_text(out, "id", framework->beyond[i].id);
		object_text(out, "title", framework->beyond[i].title);
		object_text(out, "why", framework->beyond[i].why);
		object_end(out);
	}
	list_close(out);
}

static void put_framework(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	object_open(out, "framework");
	object_text(out, "name", framework->name);
	object_text(out, "title", framework->title);
	object_text(out, "edition", framework->edition);
	object_text(out, "published", framework->published);
	object_text(out, "reviewed", framework->reviewed);
	object_text(out, "source", framework->source);
	object_text(out, "sha256", framework->sha256);
	object_text(out, "note", framework->note);
	object_end(out);
	list_open(out, "controls");
	for (size_t i = 0; i < framework->control_count; i++)
		put_control(out, report, &framework->controls[i]);
	list_close(out);
	put_beyond(out, framework);
}

/* ---- a document ---- */

static void put_section(struct buf *out, const struct report *report,
			const struct section *section)
{
	object_open(out, NULL);
	object_text(out, "title", section->title);
	object_text(out, "text", section->text);
	put_references(out, report, section->evidence, section->evidence_count);
	list_open(out, "blanks");
	for (size_t i = 0; i < section->blank_count; i++)
		list_text(out, section->blanks[i]);
	list_close(out);
	object_end(out);
}

static void put_document(struct buf *out, const struct report *report)
{
	const struct framework *document = report->framework;
	const struct report_subject *subject = &report->ask.subject;
	object_open(out, "document");
	object_text(out, "name", document->name);
	object_text(out, "title", document->title);
	object_text(out, "purpose", document->purpose);
	object_text(out, "sha256", document->sha256);
	object_text(out, "about_host", subject->host);
	object_text(out, "about_user", subject->user);
	object_text(out, "about_incident", report->incident);
	object_end(out);
	list_open(out, "sections");
	for (size_t i = 0; i < document->section_count; i++)
		put_section(out, report, &document->sections[i]);
	list_close(out);
}

/* ---- around them ---- */

static void put_gaps(struct buf *out, const struct observed *observed)
{
	list_open(out, "gaps");
	for (size_t i = 0; i < observed->gap_count; i++) {
		const struct gap_record *gap = &observed->gaps[i];
		object_open(out, NULL);
		object_time(out, "start", gap->start, "Z");
		object_time(out, "end", gap->end, "Z");
		object_text(out, "reason", gap->reason);
		object_text(out, "sensor", gap->sensor);
		object_bool(out, "blind", coverage_is_blind(gap));
		if (gap->count != UNKNOWN_U64)
			object_u64(out, "count", gap->count);
		object_end(out);
	}
	list_close(out);
}

static void put_fleet(struct buf *out, const struct report_fleet *fleet)
{
	object_open(out, "fleet");
	object_text(out, "chosen", fleet->chosen);
	object_text(out, "limits", report_fleet_limits);
	list_open(out, "sensors");
	for (size_t i = 0; i < fleet->count; i++) {
		const struct report_sensor *sensor = &fleet->sensors[i];
		object_open(out, NULL);
		object_text(out, "sensor", sensor->name);
		object_text(out, "site", sensor->site);
		object_text(out, "tags", sensor->tags);
		object_time(out, "told_since", sensor->first_us, "Z");
		object_time(out, "told_until", sensor->last_us, "Z");
		object_end(out);
	}
	list_close(out);
	object_end(out);
}

static void put_chain(struct buf *out, const struct report_chain *chain)
{
	object_open(out, "audit");
	object_bool(out, "checked", chain->is_checked);
	if (chain->problem[0] != '\0')
		object_text(out, "problem", chain->problem);
	if (chain->is_checked) {
		object_u64(out, "records", chain->verdict.records);
		object_u64(out, "first", chain->verdict.first);
		object_u64(out, "last", chain->verdict.last);
		object_u64(out, "checkpoints", chain->verdict.checkpoints);
		object_u64(out, "held", chain->verdict.held);
		object_u64(out, "faults", chain->verdict.faults);
		object_bool(out, "in_doubt", chain->verdict.is_in_doubt);
		object_text(out, "key", chain->verdict.key);
	}
	list_open(out, "said");
	for (size_t i = 0; i < chain->fault_count; i++) {
		object_open(out, NULL);
		object_bool(out, "notice", chain->faults[i].is_notice);
		object_text(out, "text", chain->faults[i].text);
		object_end(out);
	}
	list_close(out);
	object_end(out);
}

void report_json(const struct report *report, struct buf *out)
{
	const struct report_ask *ask = &report->ask;
	object_open(out, NULL);
	object_text(out, "record", "report");
	object_text(out, "software", "Breakwater " BREAKWATER_VERSION);
	object_text(out, "host", ask->host);
	object_time(out, "since", ask->since_us, "Z");
	object_time(out, "until", ask->until_us, "Z");
	object_time(out, "made", ask->now_us, "Z");
	if (ask->fleet != NULL)
		put_fleet(out, ask->fleet);
	if (framework_is_document(report->framework))
		put_document(out, report);
	else
		put_framework(out, report);
	put_gaps(out, &report->observed);
	put_chain(out, &report->chain);
	list_open(out, "evidence");
	for (size_t i = 0; i < report->collected_count; i++)
		put_collected(out, report, &report->collected[i]);
	list_close(out);
	object_close(out);
	buf_char(out, '\n');
}

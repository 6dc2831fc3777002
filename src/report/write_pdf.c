/*
 * write_pdf.c: a report on paper.
 */
#include <stdio.h>
#include <string.h>

#include "report/model.h"
#include "report/pdf.h"
#include "report/words.h"

enum { LINE_MAX_BYTES = 1024, ROWS_SHOWN = 500 };

struct writing {
	struct pdf *pdf;
	const struct report *report;
	char line[LINE_MAX_BYTES];
};

static const char *when(int64_t at_us, char out[static TIME_TEXT_MAX])
{
	record_time_text(at_us, out);
	out[strlen("2026-01-31T12:00")] = '\0';
	out[strlen("2026-01-31")] = ' ';
	return out;
}

/* ---- the head ---- */

static const char *name_of(struct writing *w)
{
	const struct framework *framework = w->report->framework;
	bool has_edition = framework->edition != NULL;
	snprintf(w->line, sizeof(w->line), "%s%s%s", framework->title,
		 has_edition ? " " : "", has_edition ? framework->edition : "");
	return w->line;
}

static void put_mapping(struct writing *w)
{
	const struct framework *framework = w->report->framework;
	if (framework_is_document(framework)) {
		pdf_text(w->pdf, framework->purpose);
		return;
	}
	pdf_text(
		w->pdf,
		"This is evidence for an assessor: what was seen, how much of the time "
		"was observed, what deviates, and what is missing. It is no statement "
		"that a requirement is met.");
	snprintf(w->line, sizeof(w->line), "Mapping of %s, reviewed %s. %s",
		 framework->source, framework->reviewed,
		 framework->note != NULL ? framework->note : "");
	pdf_note(w->pdf, w->line);
}

static void put_about(struct writing *w)
{
	const struct report_subject *subject = &w->report->ask.subject;
	if (subject->host == NULL && subject->user == NULL && subject->incident == NULL)
		return;
	snprintf(w->line, sizeof(w->line), "About%s%s%s%s%s%s.",
		 subject->host != NULL ? " the address " : "",
		 subject->host != NULL ? subject->host : "",
		 subject->user != NULL ? " the user " : "",
		 subject->user != NULL ? subject->user : "",
		 subject->incident != NULL ? " the incident " : "",
		 subject->incident != NULL ? w->report->incident : "");
	pdf_text(w->pdf, w->line);
}

static const char *sensor_cell(void *self, size_t row, size_t column)
{
	struct writing *w = self;
	const struct report_sensor *sensor = &w->report->ask.fleet->sensors[row];
	if (column < 3)
		return column == 0 ? sensor->name
				   : (column == 1 ? sensor->site : sensor->tags);
	return when(column == 3 ? sensor->first_us : sensor->last_us, w->line);
}

/* Whose records it is made of. */
static void put_sensors(struct writing *w)
{
	static const char *const titles[] = { "Sensor", "Site", "Tags", "Told from",
					      "until" };
	const struct report_fleet *fleet = w->report->ask.fleet;
	if (fleet == NULL)
		return;
	snprintf(w->line, sizeof(w->line), "%zu of a fleet, of %s. %s", fleet->count,
		 fleet->chosen, report_fleet_limits);
	pdf_heading(w->pdf, 2, "Sensors");
	pdf_text(w->pdf, w->line);
	pdf_table(w->pdf,
		  &(struct pdf_table){ titles, 5, fleet->count, w, sensor_cell });
}

static void put_head(struct writing *w)
{
	const struct report *report = w->report;
	char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX], made[TIME_TEXT_MAX];
	pdf_heading(w->pdf, 1, name_of(w));
	snprintf(w->line, sizeof(w->line),
		 "What was observed at the ports of %s from %s to %s (UTC). Made %s by "
		 "Breakwater %s.",
		 report->ask.host, when(report->ask.since_us, since),
		 when(report->ask.until_us, until), when(report->ask.now_us, made),
		 BREAKWATER_VERSION);
	pdf_text(w->pdf, w->line);
	put_about(w);
	put_mapping(w);
}

static void put_chain(struct writing *w)
{
	const struct report_chain *chain = &w->report->chain;
	pdf_heading(w->pdf, 2, "Audit chain");
	if (!chain->is_checked)
		snprintf(w->line, sizeof(w->line), "Not checked: %s",
			 chain->problem[0] != '\0' ? chain->problem : "no folder");
	else
		snprintf(
			w->line, sizeof(w->line),
			"%llu records, %llu to %llu; %llu faults; signed up to %llu by "
			"key %s.",
			(unsigned long long)chain->verdict.records,
			(unsigned long long)chain->verdict.first,
			(unsigned long long)chain->verdict.last,
			(unsigned long long)chain->verdict.faults,
			(unsigned long long)chain->verdict.held, chain->verdict.key);
	pdf_text(w->pdf, w->line);
	for (size_t i = 0; i < chain->fault_count; i++) {
		snprintf(w->line, sizeof(w->line), "%s: %.900s",
			 chain->faults[i].is_notice ? "Note" : "Fault",
			 chain->faults[i].text);
		pdf_text(w->pdf, w->line);
	}
}

/* ---- controls ---- */

static const char *references(struct writing *w, const struct control *control)
{
	size_t len = 0;
	w->line[0] = '\0';
	for (size_t i = 0; i < control->evidence_count && len < sizeof(w->line); i++)
		len += (size_t)snprintf(
			w->line + len, sizeof(w->line) - len, "%s%s", i > 0 ? ", " : "",
			w->report->compliance->evidence[control->evidence[i]].id);
	return w->line;
}

static const char *control_cell(void *self, size_t row, size_t column)
{
	struct writing *w = self;
	const struct control *control = &w->report->framework->controls[row];
	switch (column) {
	case 0:
		return control->id;
	case 1:
		return control->title;
	case 2:
		return strength_name(control->strength);
	case 3:
		return outcome_name(report_outcome(w->report, control));
	case 4:
		return references(w, control);
	case 5:
		return control->shows;
	default:
		return control->missing;
	}
}

static const char *beyond_cell(void *self, size_t row, size_t column)
{
	const struct writing *w = self;
	const struct control_beyond *beyond = &w->report->framework->beyond[row];
	return column == 0 ? beyond->id : column == 1 ? beyond->title : beyond->why;
}

static void put_controls(struct writing *w)
{
	static const char *const titles[] = { "Control",      "About",    "Strength",
					      "Outcome",      "Evidence", "It shows",
					      "Still missing" };
	static const char *const beyond[] = { "Control", "About", "Why not" };
	const struct framework *framework = w->report->framework;
	pdf_heading(w->pdf, 2, "Controls");
	pdf_table(w->pdf, &(struct pdf_table){ titles, 7, framework->control_count, w,
					       control_cell });
	if (framework->beyond_count == 0)
		return;
	pdf_heading(w->pdf, 2, "What a port monitor can't show");
	pdf_table(w->pdf, &(struct pdf_table){ beyond, 3, framework->beyond_count, w,
					       beyond_cell });
}

/* ---- evidence ---- */

struct shown {
	const struct exhibit *rows;
};

static const char *row_cell(void *self, size_t row, size_t column)
{
	return exhibit_cell(((struct shown *)self)->rows, row, column);
}

static void put_rows(struct writing *w, const struct exhibit *rows)
{
	struct shown shown = { rows };
	if (rows->row_count == 0) {
		pdf_text(w->pdf, "No rows.");
		return;
	}
	size_t count = rows->row_count < ROWS_SHOWN ? rows->row_count : ROWS_SHOWN;
	pdf_table(w->pdf,
		  &(struct pdf_table){ (const char *const *)rows->names,
				       rows->column_count, count, &shown, row_cell });
	if (count == rows->row_count)
		return;
	snprintf(w->line, sizeof(w->line),
		 "%zu more rows are in the CSV of the bundle, and in --format csv.",
		 rows->row_count - count);
	pdf_text(w->pdf, w->line);
}

static void put_review(struct writing *w, const struct collected *collected)
{
	struct buf words = { 0 };
	words_review(&words, w->report, collected);
	pdf_text(w->pdf,
		 buf_cstr(&words) != NULL ? buf_cstr(&words) : "Not enough memory.");
	buf_free(&words);
}

static void put_evidence(struct writing *w, const struct collected *collected)
{
	const struct evidence *evidence = collected->evidence;
	char expires[TIME_TEXT_MAX];
	snprintf(w->line, sizeof(w->line), "%s  %s", evidence->id, evidence->title);
	pdf_heading(w->pdf, 2, w->line);
	pdf_text(w->pdf, evidence->question);
	snprintf(w->line, sizeof(w->line),
		 "%s %zu rows, %llu deviate. Observed %.1f %% of the time.",
		 outcome_sentence(collected->outcome), collected->rows.row_count,
		 (unsigned long long)collected->deviations,
		 100 * coverage_ratio(&collected->coverage));
	pdf_text(w->pdf, w->line);
	if (collected->problem[0] != '\0')
		pdf_text(w->pdf, collected->problem);
	put_review(w, collected);
	pdf_note(w->pdf, evidence->shows);
	pdf_note(w->pdf, evidence->limits);
	snprintf(
		w->line, sizeof(w->line),
		"Version %u, counts until %s. SHA-256 of the rows %s, of the query %s.",
		evidence->version, when(collected->expires_us, expires),
		collected->sha256, evidence->query_sha256);
	pdf_note(w->pdf, w->line);
	put_rows(w, &collected->rows);
}

/* ---- a document ---- */

static void put_blank(struct writing *w, const char *label)
{
	snprintf(w->line, sizeof(w->line),
		 "%.400s: ______________________________________________", label);
	pdf_text(w->pdf, w->line);
}

/* Once; later sections refer to it. */
static void put_evidence_of(struct writing *w, size_t section, size_t place)
{
	const struct report *report = w->report;
	const struct evidence *evidence = &report->compliance->evidence[place];
	if (!document_has_before(report->framework, section, place)) {
		put_evidence(w, report_collected(report, evidence));
		return;
	}
	snprintf(w->line, sizeof(w->line), "See above: %s", evidence->title);
	pdf_text(w->pdf, w->line);
}

static void put_sections(struct writing *w)
{
	const struct framework *document = w->report->framework;
	for (size_t i = 0; i < document->section_count; i++) {
		const struct section *section = &document->sections[i];
		pdf_heading(w->pdf, 2, section->title);
		if (section->text != NULL)
			pdf_text(w->pdf, section->text);
		for (size_t j = 0; j < section->blank_count; j++)
			put_blank(w, section->blanks[j]);
		for (size_t j = 0; j < section->evidence_count; j++)
			put_evidence_of(w, i, section->evidence[j]);
	}
}

/* ---- gaps ---- */

static const char *gap_cell(void *self, size_t row, size_t column)
{
	struct writing *w = self;
	const struct gap_record *gap = &w->report->observed.gaps[row];
	if (column == 2)
		return gap->reason;
	record_time_text(column == 0 ? gap->start : gap->end, w->line);
	return w->line;
}

static void put_gaps(struct writing *w)
{
	static const char *const titles[] = { "From", "To", "Reason" };
	size_t count = w->report->observed.gap_count;
	pdf_heading(w->pdf, 2, "Times of which something is not known");
	if (count == 0)
		pdf_text(w->pdf, "None within what was observed.");
	else
		pdf_table(w->pdf, &(struct pdf_table){ titles, 3, count, w, gap_cell });
}

void report_pdf(const struct report *report, struct buf *out)
{
	struct writing w = { .report = report };
	name_of(&w);
	w.pdf = pdf_open(w.line, w.line);
	if (w.pdf == NULL) {
		out->failed = true;
		return;
	}
	put_head(&w);
	put_sensors(&w);
	put_chain(&w);
	if (framework_is_document(report->framework)) {
		put_sections(&w);
		put_gaps(&w);
	} else {
		put_controls(&w);
		put_gaps(&w);
		for (size_t i = 0; i < report->collected_count; i++)
			put_evidence(&w, &report->collected[i]);
	}
	out->failed |= !pdf_close(w.pdf, out);
}

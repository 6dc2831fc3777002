/*
 * write_html_controls.c: what a report says and what it doesn't, its controls, and what
 * no port monitor can show; or the sections of a document.
 */
#include <stdio.h>

#include "report/words.h"
#include "report/write_html.h"

/* ---- what it says ---- */

void page_reading(struct buf *out, const struct report *report)
{
	page_section(out, "reading", "What this report says, and what it doesn’t");
	buf_text(
		out,
		"<p>Each piece of evidence is a stored question to the records of "
		"Breakwater, with its answer, how much of the time was observed, and a "
		"hash of each. Asked again of the same records, it gives the same "
		"answer. Whether a requirement is met is for an assessor to say: "
		"nothing here claims it.</p>\n"
		"<p>How strongly the evidence speaks for a control:</p>\n"
		"<dl class=\"strengths\">\n");
	html_term(out, "direct",
		  "The records show what the control asks for, on hosts on which "
		  "Breakwater ran.");
	html_term(out, "partial",
		  "They show a part of it; what is missing is said, and has to come "
		  "from elsewhere.");
	html_term(out, "supporting",
		  "They help to judge it, and show none of it by themselves.");
	html_close(out, "dl");
	if (report->framework->note != NULL)
		html_element(out, "p", NULL, report->framework->note);
	html_close(out, "section");
}

/* ---- controls ---- */

static void put_references(struct buf *out, const struct report *report,
			   const size_t *evidence, size_t count)
{
	html_open(out, "p", "of");
	for (size_t i = 0; i < count; i++) {
		buf_text(out, i > 0 ? " " : "");
		html_link(out, "evidence", evidence[i],
			  report->compliance->evidence[evidence[i]].id);
	}
	html_close(out, "p");
}

static void put_said(struct buf *out, const char *label, const char *text)
{
	html_open(out, "p", NULL);
	html_element(out, "b", NULL, label);
	buf_html_text(out, text);
	html_close(out, "p");
}

/* Roles are said again, as a narrow screen stacks its cells. */
static void put_control(struct buf *out, const struct report *report,
			const struct control *control)
{
	buf_text(out, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
	html_element(out, "span", "id", control->id);
	buf_html_text(out, control->title);
	buf_text(out, "</th>\n<td role=\"cell\">");
	page_outcome(out, report_outcome(report, control));
	html_element(out, "p", "strength", strength_name(control->strength));
	put_references(out, report, control->evidence, control->evidence_count);
	buf_text(out, "</td>\n<td role=\"cell\">");
	put_said(out, "Shows: ", control->shows);
	put_said(out, "Missing: ", control->missing);
	buf_text(out, "</td></tr>\n");
}

static void put_beyond(struct buf *out, const struct framework *framework)
{
	static const char *const heads[] = { "Control", "Why" };
	if (framework->beyond_count == 0)
		return;
	page_section(out, "beyond", "What no port monitor can show");
	html_table_open(out, "beyond", NULL);
	html_heads(out, heads, 2);
	for (size_t i = 0; i < framework->beyond_count; i++) {
		const struct control_beyond *row = &framework->beyond[i];
		buf_text(out, "<tr><th scope=\"row\">");
		html_element(out, "span", "id", row->id);
		buf_html_text(out, row->title);
		buf_text(out, "</th>");
		html_element(out, "td", NULL, row->why);
		buf_text(out, "</tr>\n");
	}
	html_table_close(out);
	html_close(out, "section");
}

void page_controls(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	page_section(out, "controls", "Controls");
	buf_text(out,
		 "<table class=\"controls\" role=\"table\"><thead "
		 "role=\"rowgroup\"><tr role=\"row\">"
		 "<th scope=\"col\" role=\"columnheader\">Control</th>"
		 "<th scope=\"col\" role=\"columnheader\">Outcome, strength, "
		 "evidence</th>"
		 "<th scope=\"col\" role=\"columnheader\">What the evidence shows, "
		 "and what is missing</th></tr></thead>\n"
		 "<tbody role=\"rowgroup\">\n");
	for (size_t i = 0; i < framework->control_count; i++)
		put_control(out, report, &framework->controls[i]);
	html_table_close(out);
	html_close(out, "section");
	put_beyond(out, framework);
}

/* ---- a document ---- */

static void put_blanks(struct buf *out, const struct section *section)
{
	if (section->blank_count == 0)
		return;
	html_open(out, "dl", "blanks");
	for (size_t i = 0; i < section->blank_count; i++)
		html_term(out, section->blanks[i], "");
	html_close(out, "dl");
}

static void put_evidence(struct buf *out, const struct report *report, size_t at)
{
	const struct section *section = &report->framework->sections[at];
	for (size_t i = 0; i < section->evidence_count; i++) {
		size_t place = section->evidence[i];
		const struct evidence *evidence = &report->compliance->evidence[place];
		if (!document_has_before(report->framework, at, place)) {
			page_collected(out, report, report_collected(report, evidence),
				       3);
			continue;
		}
		html_open(out, "p", NULL);
		buf_text(out, "See above: ");
		html_link(out, "evidence", place, evidence->title);
		html_close(out, "p");
	}
}

void page_document(struct buf *out, const struct report *report)
{
	const struct framework *document = report->framework;
	char name[32];
	for (size_t i = 0; i < document->section_count; i++) {
		const struct section *section = &document->sections[i];
		snprintf(name, sizeof(name), "section-%zu", i + 1);
		page_section(out, name, section->title);
		if (section->text != NULL)
			html_element(out, "p", NULL, section->text);
		put_blanks(out, section);
		put_evidence(out, report, i);
		html_close(out, "section");
	}
}

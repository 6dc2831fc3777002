/*
 * formats.c: see formats.h.
 */
#include "report/formats.h"

#include <string.h>

#include "report/compliance.h"
#include "report/list.h"

static const struct report_format formats[] = {
	{ "html", report_html, "text/html; charset=utf-8", ".html", false },
	{ "pdf", report_pdf, "application/pdf", ".pdf", false },
	{ "json", report_json, "application/json", ".json", false },
	{ "csv", report_csv, "text/csv; charset=utf-8", ".csv", false },
	{ "oscal", report_oscal, "application/json", ".oscal.json", true },
	{ "hdf", report_hdf, "application/json", ".hdf.json", true },
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

const struct report_format *report_format(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const struct report_format *report_format_at(size_t i)
{
	return i < FORMATS ? &formats[i] : NULL;
}

bool compliance_has(const struct compliance *compliance, const char *name,
		    bool *is_document)
{
	const struct framework *framework = compliance_framework(compliance, name);
	*is_document = framework != NULL && framework_is_document(framework);
	return framework != NULL;
}

bool compliance_needs_subject(const struct compliance *compliance, const char *name)
{
	const struct framework *framework = compliance_framework(compliance, name);
	return framework != NULL && framework->subject != SUBJECT_ALL;
}

static void put_formats(struct buf *out, bool with_controls)
{
	list_open(out, "formats");
	for (size_t i = 0; i < FORMATS; i++)
		if (with_controls || !formats[i].is_of_controls)
			buf_printf(out, "\"%s\",", formats[i].name);
	list_close(out);
}

static void put_report(struct buf *out, const struct framework *framework,
		       bool is_fleets)
{
	bool is_document = framework_is_document(framework);
	object_open(out, NULL);
	object_text(out, "name", framework->name);
	object_text(out, "title", framework->title);
	object_bool(out, "document", is_document);
	object_text(out, "edition", framework->edition);
	object_text(out, "reviewed", framework->reviewed);
	object_text(out, "purpose", framework->purpose);
	if (!is_document)
		object_u64(out, "controls", framework->control_count);
	if (framework->subject != SUBJECT_ALL)
		object_text(out, "about", subject_name(framework->subject));
	put_formats(out, !is_document && !is_fleets);
	object_end(out);
}

void compliance_list_json(const struct compliance *compliance, bool is_fleets,
			  struct buf *out)
{
	object_open(out, NULL);
	list_open(out, "reports");
	for (size_t i = 0; i < compliance->framework_count; i++)
		put_report(out, &compliance->frameworks[i], is_fleets);
	list_close(out);
	object_close(out);
	buf_char(out, '\n');
}

void compliance_list_names(const struct compliance *compliance, struct buf *out)
{
	for (size_t i = 0; i < compliance->framework_count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "",
			   compliance->frameworks[i].name);
}

/*
 * formats.h: as what a report can be written, and which reports there are.
 */
#pragma once

#include "report/report.h"

struct report_format {
	const char *name;
	void (*write)(const struct report *report, struct buf *out);
	const char *type;    /* media type */
	const char *suffix;  /* of a file's name */
	bool is_of_controls; /* a document has none */
};

#define REPORT_FORMATS_ALLOWED      "html, pdf, json, csv, oscal or hdf"
#define REPORT_FORMATS_OF_DOCUMENTS "html, pdf, json or csv"

/* NULL: there is none of that name. */
const struct report_format *report_format(const char *name);
/* Each of them; NULL: there are no more. */
const struct report_format *report_format_at(size_t i);

/* Whether there is such a framework or document, and whether it is a document. */
bool compliance_has(const struct compliance *compliance, const char *name,
		    bool *is_document);

/* Whether it is about somebody or something that has to be told. */
bool compliance_needs_subject(const struct compliance *compliance, const char *name);

/* {"reports":[...]}: name, title, edition, what it needs to be told, formats. */
void compliance_list_json(const struct compliance *compliance, bool is_fleets,
			  struct buf *out);

/* The names alone, for messages: "cis, dora, ...". */
void compliance_list_names(const struct compliance *compliance, struct buf *out);
